"""What is said of a blue/green deployment before it is played: short bakes, alarms by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simab import units
from simab.policies.cloudwatch.alarms import Alarm
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.explaining.course import Course
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic, decides_unseen
from simab.policies.explaining.false_alarms import ChanceRules, Readings, together
from simab.policies.explaining.harm import Harm, windows_of
from simab.policies.explaining.readings import (
    COMPARISONS,
    Marked,
    Mean,
    Reading,
    ceilings,
    error_share,
    floors,
    percentile,
)
from simab.policies.explaining.setting import Answering, Setting
from simab.text.lists import named

__all__ = ["BlueGreenExplainer"]

_SIGNS: Final = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}


class BlueGreenExplainer(Explainer[BlueGreen]):
    """The datapoints of a step come after its bake, when the next step is in force already."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Of each alarm whose datapoints on the last step come too late to roll it back."""
        wait, served = self.policy.wait_interval, setting.served_unseen
        baked = -(-wait // setting.interval) * setting.interval
        for alarm_name, alarm in self.policy.alarms.items():
            more = (alarm.needed[0] - 1) * alarm.period
            earliest = setting.first_seen(alarm.period) + more - served
            if baked < earliest:
                needed = alarm.period + more + setting.publication_delay - served
                text = decides_unseen(
                    f"{self.name} bakes each step for {units.format_duration(wait)}",
                    f"the datapoints that alarm {named(alarm_name)} needs are published ... after "
                    "the bake begins",
                    earliest,
                    "what the last step does rolls nothing back",
                    f"Set wait_interval to at least {units.format_duration(needed)}, or shorten "
                    "the alarm",
                )
                yield PolicyWarning(Topic.UNSEEN, text)

    def chance_rules(self, setting: Setting) -> ChanceRules | None:
        """Its alarms; None where one leaves out periods by their requests, which is not drawn."""
        if any(alarm.minimum_requests is not None for alarm in self.policy.alarms.values()):
            return None
        return _Alarms(self.policy)


@dataclass(frozen=True)
class _Alarms(ChanceRules):
    policy: BlueGreen

    def readings(self, answers: Answering) -> Readings:
        found = {
            name: _reading(alarm, answers, f"alarm {named(name)}")
            for name, alarm in self.policy.alarms.items()
        }
        return {name: each for name, each in found.items() if each is not None}

    def harms(self, setting: Setting, readings: Readings) -> tuple[float, Sequence[Harm]]:
        return together(_harm(setting, self.policy, *each) for each in readings.items())

    def tolerant(self, more: int) -> tuple[ChanceRules, str] | None:
        if len(self.policy.alarms) != 1:
            return None
        ((name, alarm),) = self.policy.alarms.items()
        needed, evaluated = (each + more for each in alarm.needed)
        wider = {"datapoints_to_alarm": needed, "evaluation_periods": evaluated}
        alarms = {name: alarm.model_copy(update=wider)}
        words = f"datapoints_to_alarm to {needed} of {evaluated} evaluation_periods"
        return _Alarms(self.policy.model_copy(update={"alarms": alarms})), words


def _reading(alarm: Alarm, variant: Answering, words: str) -> Reading | None:
    """A CloudWatch alarm; None for counts of requests, which say nothing of a variant."""
    compare, law = COMPARISONS[_SIGNS[alarm.comparison]], None
    if alarm.metric == "Invocation5XXErrors" and alarm.statistic == "Average":
        law = error_share(variant, lambda share: compare(share, alarm.threshold))
    elif alarm.metric == "Invocation5XXErrors" and alarm.statistic == "Sum":
        law = Marked(variant.error_rate, lambda errors, _: compare(errors, alarm.threshold), True)
    elif alarm.metric == "ModelLatency":
        return _latency_alarm(alarm, variant, words)
    return None if law is None else Reading(words, law, alarm.of)


def _latency_alarm(alarm: Alarm, variant: Answering, words: str) -> Reading | None:
    sign = _SIGNS[alarm.comparison]
    if alarm.statistic == "Average":
        law = Mean(variant.latency.table(), alarm.threshold * 1e3, sign)
        return Reading(words, law, alarm.of)
    if alarm.statistic in ("Sum", "SampleCount"):
        return None
    edges_us = (floors() if sign.startswith(">") else ceilings()) / 1e3
    ends = {"Minimum": 0.0, "Maximum": 1.0}
    probability = ends.get(alarm.statistic)
    if probability is None:
        probability = float(alarm.statistic[1:]) / 100
    breaking = COMPARISONS[sign](edges_us, alarm.threshold)
    return Reading(words, percentile(variant, probability, breaking), alarm.of)


def _course(setting: Setting, policy: BlueGreen) -> Course:
    """Each bake from its first look to its last."""
    course = Course(setting)
    course.wait(max(policy.start_after - course.now_ns, 0))
    course.deploy()
    instances = setting.variants[setting.candidate].instances
    for share in policy.traffic.shares(instances):
        course.ask(course.pair(1.0 - share, share))
        first_ns = course.now_ns
        course.wait(policy.wait_interval)
        course.spans.append((first_ns, course.now_ns))
    return course


def _harm(setting: Setting, policy: BlueGreen, name: str, reading: Reading) -> Harm | None:
    """M of the N newest datapoints, in those that a look of a bake sees, or finds standing."""
    alarm, course = policy.alarms[name], _course(setting, policy)
    windows, expected = windows_of(course, reading, course.now_ns)
    size = alarm.period // setting.period
    if size < 1:
        return None
    (to_alarm, evaluated), missing = alarm.needed, alarm.treat_missing_data
    points = []
    for at in range(0, len(expected) // size * size, size):
        broken, served = windows.read(at, at + size)
        points.append(broken | ~served if missing == "breaching" else broken)
    if not points:
        return None
    totals = np.cumsum([np.zeros(points[0].shape, dtype=int), *points], axis=0)
    rolled_back, seen = np.zeros(points[0].shape, dtype=bool), [(0.0, 0.0)]
    for first_ns, last_ns in course.spans:
        # A look before the bake may leave the alarm standing: its newest datapoint counts.
        start = max(setting.published(first_ns) // size, 1)
        until = min(setting.published(last_ns) // size, len(points))
        for end in range(start, until + 1):
            rolled_back |= totals[end] - totals[max(end - evaluated, 0)] >= to_alarm
            requests = float(expected[(end - 1) * size : end * size].sum())
            seen.append((float(points[end - 1].mean()), requests))
    return Harm(reading, rolled_back, *max(seen)) if max(seen)[1] else None
