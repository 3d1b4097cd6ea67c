"""What is said of releases in stages before they are played: of a baseline unlike the control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import Setting
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.safe_rollout import SafeRollout
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.staged_release import StagedRelease
from simab.text.lists import listed, named

__all__ = [
    "GuardedReleaseExplainer",
    "SafeRolloutExplainer",
    "SequentialAlertsExplainer",
    "unlike_the_control",
]


Released = TypeVar("Released", bound=StagedRelease | SafeRollout)


def unlike_the_control(
    name: str, baseline: str | None, setting: Setting
) -> Iterator[PolicyWarning]:
    """A baseline of another quality, latency or error rate; `name` is the rule's."""
    unlike = () if baseline is None else setting.unlike(setting.control, baseline)
    if baseline is None or not unlike:
        return
    control = named(setting.control)
    has = "has another" if len(unlike) == 1 else "has other values of"
    text = (
        f"{name} compares the candidate with {named(baseline)}, which {has} "
        f"{listed(unlike)} than {control}: what it finds says little of the difference to "
        f"{control}. Give both the same, or leave out baseline."
    )
    yield PolicyWarning(Topic.BASELINE, text)


class StagedReleaseExplainer(Explainer[Released]):
    """What it compares with in the control's place should answer as the control does."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """A baseline of another quality, latency or error rate."""
        yield from unlike_the_control(self.name, self.policy.baseline, setting)


class SafeRolloutExplainer(StagedReleaseExplainer[SafeRollout]):
    """What is said of any rollout with a baseline."""


class GuardedReleaseExplainer(StagedReleaseExplainer[GuardedRelease]):
    """What is said of any release in stages."""


class SequentialAlertsExplainer(StagedReleaseExplainer[SequentialAlerts]):
    """What is said of any release in stages."""
