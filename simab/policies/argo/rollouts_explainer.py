"""What is said of an Argo rollout before it is played: analyses without data, limits by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simab import units
from simab.policies.argo.analysis import ERROR_RETRY_NS
from simab.policies.argo.conditions import NoVerdict, comparison_of, holds
from simab.policies.argo.metrics import LATENCY_UNITS_NS, ArgoMetric
from simab.policies.argo.rollouts import ArgoRollouts
from simab.policies.argo.rollouts_course import analyses_started, course_of
from simab.policies.explaining.course import Course
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.false_alarms import ChanceRules, Readings, together
from simab.policies.explaining.harm import MOST_WINDOWS, Harm, windows_of
from simab.policies.explaining.readings import (
    COMPARISONS,
    Marked,
    Mean,
    Reading,
    Values,
    Verdicts,
    ceilings,
    error_share,
    floors,
    percentile,
)
from simab.policies.explaining.setting import Answering, Setting
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.text.lists import named

__all__ = ["ArgoRolloutsExplainer"]


class ArgoRolloutsExplainer(Explainer[ArgoRollouts]):
    """An analysis that begins with the first weight measures before there is anything."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Of each metric whose measurements without data abort the rollout."""
        period = setting.period
        first = setting.visible_after() if setting.candidate_serves else setting.first_seen(period)
        for number, metrics, served in analyses_started(setting, self.policy):
            earliest = first - served
            safe = max(setting.visible_after() - served, earliest)
            for metric_name, metric in metrics.items():
                errors = metric.consecutive_error_limit
                suffered = metric.initial_delay + errors * ERROR_RETRY_NS
                if suffered < earliest and _errs_on_nothing(metric) and not metric.dry_run:
                    text = (
                        f"{self.name} measures {named(metric_name)} from step {number} on, but the "
                        "first window with traffic of the candidate is visible "
                        f"{units.format_duration(earliest)} after that at the earliest: "
                        f"{errors + 1} measurements without data, one every "
                        f"{units.format_duration(ERROR_RETRY_NS)}, abort the rollout. Set "
                        f"initial_delay to at least {units.format_duration(safe)}, or let the "
                        "condition ask for `len(result) == 0`."
                    )
                    yield PolicyWarning(Topic.UNSEEN, text)

    def chance_rules(self, setting: Setting) -> ChanceRules | None:
        """Its metrics; None where an analysis without data aborts every rollout.

        Nor where a measurement may be left open by its requests, which is not drawn.
        """
        analyses = [step.analysis or {} for step in self.policy.steps]
        if self.policy.background is not None:
            analyses.append(self.policy.background.metrics)
        metrics = [metric for analysis in analyses for metric in analysis.values()]
        if any(metric.minimum_requests is not None for metric in metrics):
            return None
        return None if any(self.warnings(setting)) else _Metrics(self.policy)


@dataclass(frozen=True)
class _Metrics(ChanceRules):
    policy: ArgoRollouts

    def readings(self, answers: Answering) -> Readings:
        analyses = [step.analysis for step in self.policy.steps]
        background = self.policy.background
        analyses.append(None if background is None else background.metrics)
        found = {
            metric: _reading(metric, answers, f"metric {named(name)}")
            for analysis in analyses
            for name, metric in (analysis or {}).items()
            if metric.failure_limit >= 0 and not metric.dry_run
        }
        return {metric: each for metric, each in found.items() if each is not None}

    def harms(self, setting: Setting, readings: Readings) -> tuple[float, Sequence[Harm]]:
        """Of each analysis and metric, more failed measurements than its limit."""
        found = course_of(setting, self.policy)
        return together(
            _analysed(setting, found.course, readings[metric], metric, instants)
            for metric, instants in found.measured
            if metric in readings and instants
        )


def _reading(metric: ArgoMetric, variant: Answering, words: str) -> Reading | None:
    """A metric of Argo whose failing is one comparison with a number; None for any other."""
    condition = metric.failure_condition or metric.success_condition
    comparison = None if condition is None else comparison_of(condition)
    if metric.of == "ratio" or metric.metric == "requests" or comparison is None:
        return None
    sign, number = comparison
    fails = metric.failure_condition is not None

    def breaking(values: Values) -> Verdicts:
        verdicts: Verdicts = COMPARISONS[sign](metric.scale * values, number)
        return verdicts if fails else ~verdicts

    if metric.metric == "error_rate":
        return Reading(words, error_share(variant, breaking), metric.of)
    if metric.metric == "success_rate_of_requests":
        law = Marked(variant.error_rate, lambda errors, all_: breaking((all_ - errors) / all_))
        return Reading(words, law, metric.of)
    unit_ns = LATENCY_UNITS_NS[metric.latency_unit]
    if metric.metric == "latency_mean":
        opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
        limit_ns = number * unit_ns / metric.scale
        mean = Mean(variant.latency.table(), limit_ns, sign if fails else opposite[sign])
        return Reading(words, mean, metric.of)
    probability = LATENCY_PROBABILITIES[metric.metric]
    middles = (floors() + ceilings() + 1) / 2.0 / unit_ns
    return Reading(words, percentile(variant, probability, breaking(middles)), metric.of)


def _analysed(
    setting: Setting,
    course: Course,
    reading: Reading,
    metric: ArgoMetric,
    instants: Sequence[int],
) -> Harm | None:
    windows, expected = windows_of(course, reading, instants[-1])
    size = -(-metric.window // setting.period)
    failed = streak = np.zeros(1, dtype=np.int64)
    over = np.zeros(1, dtype=bool)
    seen: list[tuple[float, float]] = []
    for at_ns in instants[:MOST_WINDOWS]:
        until = min(setting.published(at_ns), len(expected))
        since = max(until - size, 0)
        if expected[since:until].sum() == 0:
            continue
        broken, served = windows.read(since, until)
        seen.append((float(broken.mean()), float(expected[since:until].sum())))
        failed = failed + (broken & ~over)
        streak = (streak + (served & ~broken)) * ~broken
        if metric.consecutive_success_limit:
            over = over | (streak >= metric.consecutive_success_limit)
    return Harm(reading, failed > metric.failure_limit, *max(seen)) if seen else None


def _errs_on_nothing(metric: ArgoMetric) -> bool:
    """Whether a measurement without data is an Error."""
    try:
        for condition in (metric.success_condition, metric.failure_condition):
            if condition is not None:
                holds(condition, ())
    except NoVerdict:
        return True
    return False
