"""What is said of a staged canary before it is played: stages too short, and alarms by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simab import units
from simab.policies.explaining.course import Course
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic, decides_unseen
from simab.policies.explaining.false_alarms import ChanceRules, Readings, together
from simab.policies.explaining.harm import Harm, windows_of
from simab.policies.explaining.readings import Reading, Verdicts, limit_text, of_limit
from simab.policies.explaining.setting import Answering, Setting
from simab.policies.rollouts.staged_canary import StagedCanary

__all__ = ["StagedCanaryExplainer"]


class StagedCanaryExplainer(Explainer[StagedCanary]):
    """A stage ends at a look, and an alarm needs whole windows of the stage, published."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """No alarm can sound where the windows that it needs come after the stage."""
        bake, needed = self.policy.bake, setting.visible_after(self.policy.periods)
        if setting.until_a_look(bake) < needed:
            text = decides_unseen(
                f"{self.name} bakes each stage for {units.format_duration(bake)}",
                "the windows that its alarms need are visible ... after the stage begins",
                needed,
                "no alarm can sound",
                "Lengthen bake, or shorten metrics.period or metrics.publication_delay",
            )
            yield PolicyWarning(Topic.UNSEEN, text)

    def chance_rules(self, setting: Setting) -> ChanceRules | None:
        """Its alarms; None where windows with few requests break none, which is not drawn."""
        if self.policy.minimum_requests is not None:
            return None
        return _Alarms(self.policy)


@dataclass(frozen=True)
class _Alarms(ChanceRules):
    policy: StagedCanary

    def readings(self, answers: Answering) -> Readings:
        return {
            place: of_limit(each, answers, limit_text(each))
            for place, each in enumerate(self.policy.alarms)
        }

    def harms(self, setting: Setting, readings: Readings) -> tuple[float, Sequence[Harm]]:
        return together(_harm(setting, self.policy, each) for each in readings.values())

    def tolerant(self, more: int) -> tuple[ChanceRules, str]:
        periods = self.policy.periods + more
        changed = self.policy.model_copy(update={"periods": periods})
        return _Alarms(changed), f"periods to {periods}"


def _course(setting: Setting, policy: StagedCanary) -> Course:
    """Each stage from the look that sees it in force to the look that ends it."""
    course = Course(setting)
    start = setting.weights
    steps = policy.splits(setting.control, setting.candidate, start)[: len(policy.stages)]
    for weights in steps:
        course.ask(weights)
        seen_ns = course.now_ns
        course.wait(policy.bake)
        course.spans.append((seen_ns, course.now_ns))
    return course


def _harm(setting: Setting, policy: StagedCanary, reading: Reading) -> Harm | None:
    """So many windows on end of a stage, all of them seen before it ends."""
    course, period = _course(setting, policy), setting.period
    windows, expected = windows_of(course, reading, course.now_ns)
    spans = [
        (-(-first_ns // period), min(setting.published(last_ns), len(expected)))
        for first_ns, last_ns in course.spans
    ]
    breached = [
        [windows.read(at, at + 1)[0] for at in range(first, until)] for first, until in spans
    ]
    stages = [_on_end(stage, policy.periods) for stage in breached if stage]
    if not stages:
        return None
    seen = [
        (float(broken.mean()), float(expected[first + at]))
        for (first, _), stage in zip(spans, breached, strict=True)
        for at, broken in enumerate(stage)
    ]
    return Harm(reading, np.any(stages, axis=0), *max(seen))


def _on_end(breached: Sequence[Verdicts], needed: int) -> Verdicts:
    """Which runs have so many breaches in a row."""
    streak = np.zeros(breached[0].shape, dtype=np.int64)
    longest = streak.copy()
    for window in breached:
        streak = (streak + 1) * window
        longest = np.maximum(longest, streak)
    return longest >= needed
