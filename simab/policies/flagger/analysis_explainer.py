"""What is said of a Flagger canary before it is played: its ticks, its cookies, its checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simab import units
from simab.policies.explaining.explainer import Explainer, PolicyWarning, Topic
from simab.policies.explaining.false_alarms import ChanceRules, Readings
from simab.policies.explaining.harm import Harm
from simab.policies.explaining.readings import (
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
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.analysis_runs import harms_of
from simab.policies.flagger.kept_users import kept_user_sentences
from simab.policies.flagger.metrics import FlaggerMetric, ThresholdRange
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.text.lists import named

__all__ = ["FlaggerAnalysisExplainer"]

_NS_PER_MS: Final = 1e6


class FlaggerAnalysisExplainer(Explainer[FlaggerAnalysis]):
    """A tick is a look of the controller, and passes while the endpoint is Updating."""

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """Ticks that fall between looks, or that pass without a check."""
        interval, update = setting.interval, setting.weight_update
        ticks = f"{self.name} ticks every {units.format_duration(self.policy.interval)}"
        if self.policy.interval < interval:
            text = (
                f"{ticks}, but the controller looks every {units.format_duration(interval)} only: "
                "it ticks as often as that. Shorten controller.interval."
            )
            yield PolicyWarning(Topic.TICKS, text)
        elif self.policy.interval <= update:
            text = (
                f"{ticks}, but a change of weights takes {units.format_duration(update)} "
                "(endpoint.weight_update, as on SageMaker): the tick after each step passes "
                "without a check. Set weight_update to what your router takes, such as 1s."
            )
            yield PolicyWarning(Topic.TICKS, text)

    def sentences(self, setting: Setting) -> Iterator[str]:
        """With session affinity, the candidate's share and load before the promotion."""
        yield from kept_user_sentences(self.policy, self.name, setting)

    def chance_rules(self, setting: Setting) -> ChanceRules | None:
        """Its checks; None where few requests leave one open, which is not drawn."""
        if any(metric.minimum_requests is not None for metric in self.policy.metrics):
            return None
        return _Checks(self.policy)


@dataclass(frozen=True)
class _Checks(ChanceRules):
    policy: FlaggerAnalysis

    def readings(self, answers: Answering) -> Readings:
        """All metrics, since a check fails by any of them; nothing unless all can be read."""
        policy = self.policy
        shifts = policy.step_weight or policy.step_weights
        by_weights = (shifts and not policy.iterations) or policy.matched_share is not None
        if policy.skip_analysis or policy.mirror or policy.session_affinity or not by_weights:
            return {}
        found = {
            place: _reading(each, answers, f"metric {named(each.name)}")
            for place, each in enumerate(policy.metrics)
        }
        known = {place: each for place, each in found.items() if each is not None}
        return known if len(known) == len(found) else {}

    def harms(self, setting: Setting, readings: Readings) -> tuple[float, Sequence[Harm]]:
        """All metrics together, as a check fails by any of them."""
        rolled_back, harms = harms_of(setting, self.policy, list(readings.values()))
        return float(rolled_back.mean()), harms

    def tolerant(self, more: int) -> tuple[ChanceRules, str]:
        threshold = self.policy.threshold + more
        changed = self.policy.model_copy(update={"threshold": threshold})
        return _Checks(changed), f"threshold to {threshold}"

    def certainty(self, name: str, worst: Harm) -> str:
        """Checks that find no data fail: Flagger's "no values found"."""
        checks = worst.blind_checks
        if checks < self.policy.threshold:
            return ""
        often = "the first check comes" if checks == 1 else f"the first {checks} checks come"
        return (
            f"{name} rolls back every candidate: {often} before a window with requests of "
            "the candidate is published, and without data a check fails. Set threshold above "
            f"{checks}, lengthen interval, or shorten metrics.publication_delay or "
            "endpoint.weight_update."
        )


def _reading(metric: FlaggerMetric, variant: Answering, words: str) -> Reading | None:
    """A metric of Flagger; None for labels, counts of requests and ranges of a latency."""
    passing, scale = metric.passing, metric.scale
    if metric.name == "request-success-rate":
        return Reading(words, _success_share(variant, passing, 100.0))
    if metric.name == "request-duration":
        if passing.min is not None or passing.max is None:
            return None
        breaking = floors() // _NS_PER_MS > passing.max
        return Reading(words, percentile(variant, 0.99, breaking))
    match metric.measures:
        case "error_rate":
            return Reading(
                words, error_share(variant, lambda share: _outside(scale * share, passing))
            )
        case "success_rate_of_requests":
            return Reading(words, _success_share(variant, passing, scale))
        case "errors":
            count = Marked(
                variant.error_rate, lambda errors, _: _outside(scale * errors, passing), True
            )
            return Reading(words, count)
        case "latency_mean" if passing.min is None and passing.max is not None:
            limit_ns = passing.max / scale * _NS_PER_MS
            return Reading(words, Mean(variant.latency.table(), limit_ns, ">"))
        case str() as name if name in LATENCY_PROBABILITIES and passing.min is None:
            middles_ms = (floors() + ceilings() + 1) / 2.0 / _NS_PER_MS
            breaking = _outside(scale * middles_ms, passing)
            return Reading(words, percentile(variant, LATENCY_PROBABILITIES[name], breaking))
    return None


def _outside(values: Values, passing: ThresholdRange) -> Verdicts:
    broken = np.zeros(values.shape, dtype=bool)
    if passing.min is not None:
        broken |= values < passing.min
    if passing.max is not None:
        broken |= values > passing.max
    return broken


def _success_share(variant: Answering, passing: ThresholdRange, scale: float) -> Marked:
    return Marked(
        variant.error_rate,
        lambda errors, all_: _outside(scale * ((all_ - errors) / all_), passing),
    )
