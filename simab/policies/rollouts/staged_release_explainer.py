"""What is said of releases in stages before they are played: of a baseline unlike the control."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import Setting
from simab.policies.rollouts.guarded_release import GuardedRelease
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.policies.rollouts.staged_release import StagedRelease
from simab.text.lists import listed, named

__all__ = ["GuardedReleaseExplainer", "SequentialAlertsExplainer"]


Released = TypeVar("Released", bound=StagedRelease)


class StagedReleaseExplainer(Explainer[Released]):
    """What it compares with in the control's place should answer as the control does."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """A baseline of another quality, latency or error rate."""
        baseline = self.policy.baseline
        unlike = () if baseline is None else setting.unlike(setting.control, baseline)
        if baseline is None or not unlike:
            return
        control = named(setting.control)
        has = "has another" if len(unlike) == 1 else "has other values of"
        text = (
            f"{self.name} compares the candidate with {named(baseline)}, which {has} "
            f"{listed(unlike)} than {control}: what it finds says little of the difference to "
            f"{control}. Give both the same, or leave out baseline."
        )
        yield PolicyWarning(Topic.BASELINE, text)


class GuardedReleaseExplainer(StagedReleaseExplainer[GuardedRelease]):
    """What is said of any release in stages."""


class SequentialAlertsExplainer(StagedReleaseExplainer[SequentialAlerts]):
    """What is said of any release in stages."""
