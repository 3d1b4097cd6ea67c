"""What is said of a manual schedule before it is played: steps after the end, or refused."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.setting import Setting
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.text.lists import listed, named

__all__ = ["ManualScheduleExplainer"]


class ManualScheduleExplainer(Explainer[ManualSchedule]):
    """A step acts at its time on what is deployed then."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Steps after the end, and steps on variants that are not there."""
        yield from (PolicyWarning(Topic.TOO_LATE, text) for text in self._too_late(setting))
        yield from (PolicyWarning(Topic.REFUSED, text) for text in self._refused(setting))

    def _too_late(self, setting: Setting) -> Iterator[str]:
        for number, step in enumerate(self.policy.steps, start=1):
            if step.at >= setting.horizon:
                yield (
                    f"Step {number} of {self.name} is at {units.format_duration(step.at)}, "
                    f"not before the horizon of {units.format_duration(setting.horizon)}: "
                    "it never happens."
                )

    def _refused(self, setting: Setting) -> Iterator[str]:
        there = set(setting.weights)
        for number, step in enumerate(self.policy.steps, start=1):
            there |= {step.add} if step.add is not None else set()
            asked = {each for each in (step.promote, step.remove, *(step.weights or ())) if each}
            if asked - there:
                absent = listed([named(each) for each in sorted(asked - there)])
                yield (
                    f"Step {number} of {self.name} names {absent}, not deployed at that "
                    "time: the endpoint refuses it. Add the variant in a step before."
                )
            there.discard(step.remove or "")
