"""What is true of the variants' answers over a run: mixtures of qualities, by segment and time.

Shares of qualities are means over requests, by the rates of the segments, between two instants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.profiles import QualityProfile, Truth, truth_of
from simab.profiles.outcomes import OutcomeSampler
from simab.profiles.rate_curve import Curve, Knot
from simab.profiles.strength import lasting, values_at
from simab.profiles.truth import mixed_truth
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rates import rate_curve_per_s, share_by_weights
from simab.scenario.serving import Variant
from simab.scenario.timeline import Conditions

__all__ = ["AnswersOverTime", "answers_change", "quality_shares", "variant_truths"]

_INNER, _OUTER = (math.sqrt(3 / 7 + sign * 2 / 7 * math.sqrt(6 / 5)) for sign in (-1, 1))
_NODES: Final = np.array([-_OUTER, -_INNER, _INNER, _OUTER])
_WEIGHTS: Final = np.array([18 + sign * math.sqrt(30) for sign in (-1, 1, 1, -1)]) / 36
"""Gauss and Legendre's, in closed form: the same on every machine. Exact for polynomials up to
degree 7: a rate times three strengths, all in straight pieces."""
_ALWAYS: Final = 1.0
Floats = NDArray[np.float64]
_Answers: TypeAlias = tuple[QualityProfile, float]
"""Answers of a quality, and the mean square of what their clients' rewards are multiplied by."""


def answers_change(scenario: UncheckedScenario) -> bool:
    """Whether what a variant answers depends on the time or on the segment."""
    by_segment = any(segment.quality for segment in scenario.traffic.values())
    return by_segment or bool(scenario.other_answers)


def quality_shares(scenario: UncheckedScenario, variant: str) -> list[tuple[float, QualityProfile]]:
    """By which qualities a variant answers over the whole run, with the share of each."""
    if not answers_change(scenario):
        return [(1.0, scenario.endpoint.variants[variant].quality)]
    qualities, shares = AnswersOverTime(scenario).shares_of(variant)
    return [(share, each) for share, each in zip(shares, qualities, strict=True) if share > 0]


def variant_truths(scenario: UncheckedScenario) -> dict[str, Truth]:
    """The truth of each variant, as an experiment that decides at the start is judged by it."""
    if answers_change(scenario) or scenario.largest_factor > 1.0:
        return AnswersOverTime(scenario).judged_from(0)
    return {
        name: truth_of(scenario.sampler(variant.quality))
        for name, variant in scenario.endpoint.variants.items()
    }


@dataclass(frozen=True, eq=False)
class AnswersOverTime:
    """The truths of a scenario whose answers change, over any span of its run."""

    scenario: UncheckedScenario

    def judged_from(self, since_ns: int) -> dict[str, Truth]:
        """What a decision at an instant is judged by: the mean over requests from then on.

        Over the requests that go by the weights, if any do: no ending moves the others. What is
        there once for a while counts, from when it has begun, by what is left of it at the end.
        """
        since_ns = min(since_ns, self.scenario.horizon - 1)
        found = self._truths((since_ns, self.scenario.horizon), judged=True)
        return {name: truths[0] for name, truths in found.items()}

    def between(self, edges_ns: Sequence[int]) -> dict[str, list[Truth]]:
        """What held in each of the spans between rising instants, by variant.

        The AUC is NaN where the objective is another metric.
        """
        return self._truths(tuple(edges_ns), judged=False)

    def shares_of(self, name: str) -> tuple[list[QualityProfile], list[float]]:
        """The qualities of a variant's answers in a run, and the share of requests of each."""
        parts, shares = self._shares(name, (0, self.scenario.horizon), judged=False)
        return [quality for quality, _ in parts], shares[0].tolist()

    def _truths(self, edges_ns: tuple[int, ...], *, judged: bool) -> dict[str, list[Truth]]:
        found = {}
        for name in self.scenario.endpoint.variants:
            parts, shares = self._shares(name, edges_ns, judged=judged)
            found[name] = [self._mixed(parts, row, judged=judged) for row in shares.tolist()]
        return found

    def _mixed(
        self, answers: Sequence[_Answers], shares: Sequence[float], *, judged: bool
    ) -> Truth:
        parts = []
        for (quality, squared_factor), share in zip(answers, shares, strict=True):
            if share > 0:
                sampler, truth = self._known(quality)
                parts.append((share, sampler, truth.multiplied(squared_factor)))
        return mixed_truth(parts, with_roc_auc=judged or self._asks_for_roc_auc)

    def _known(self, quality: QualityProfile) -> tuple[OutcomeSampler, Truth]:
        for known, sampler, truth in self._samplers:
            if known is quality or known == quality:
                return sampler, truth
        sampler = self.scenario.sampler(quality)
        self._samplers.append((quality, sampler, truth_of(sampler)))
        return self._samplers[-1][1:]

    @property
    def _asks_for_roc_auc(self) -> bool:
        return self.scenario.objective.metric == "roc_auc"

    @cached_property
    def _samplers(self) -> list[tuple[QualityProfile, OutcomeSampler, Truth]]:
        return []

    def _shares(
        self, name: str, edges_ns: tuple[int, ...], *, judged: bool
    ) -> tuple[list[_Answers], Floats]:
        """A variant's answers, and the share of each, shape (spans, answers)."""
        scenario, variant = self.scenario, self.scenario.endpoint.variants[name]
        nodes, weights, firsts = self._quadrature(edges_ns)
        answers: list[_Answers] = []
        columns: list[Floats] = []
        for segment_name, segment in scenario.traffic.items():
            left = weights * self._rate(segment_name, nodes)
            differ = segment.propensities
            squared_factor = 1.0 if differ is None else differ.mean_squared_factor
            if judged:
                left = left * self._moved[segment_name]
            for entry in reversed(scenario.other_answers):
                if entry.quality is not None and entry.hits(segment_name, name):
                    strength = self._strength(entry, variant, nodes, judged=judged)
                    answers.append((entry.quality, squared_factor))
                    columns.append(left * strength)
                    left = left * (1.0 - strength)
            answers.append((segment.quality.get(name, variant.quality), squared_factor))
            columns.append(left)
        sums = np.add.reduceat(np.stack(columns, axis=1), firsts, axis=0)
        whole = sums.sum(axis=1, keepdims=True)
        # Where no request comes, the mean over time would be that over none: any will do.
        none = np.zeros_like(sums)
        none[:, -1] = 1.0
        return answers, np.divide(sums, whole, out=none, where=whole > 0)

    def _strength(
        self, entry: Conditions, variant: Variant, nodes: Floats, *, judged: bool
    ) -> Floats:
        scenario = self.scenario
        curve = entry.strength_over(scenario.start, scenario.horizon).knots
        part = _ALWAYS
        if entry.instance is not None:
            part = 1.0 / variant.instances if entry.instance < variant.instances else 0.0
        if judged and not entry.repeats:
            curve = lasting(curve)
        return part * values_at(curve, nodes)

    def _rate(self, name: str, nodes: Floats) -> Floats:
        return values_at(self._rates[name], nodes)

    def _quadrature(self, edges_ns: tuple[int, ...]) -> tuple[Floats, Floats, NDArray[np.int64]]:
        """Instants, their weights, and the first instant of each span."""
        first, last = edges_ns[0], edges_ns[-1]
        knots = {knot.at_ns for curve in self._curves for knot in curve}
        inside = {each for each in knots if first < each < last}
        bounds = np.array(sorted(inside | set(edges_ns)), dtype=np.int64)
        half = np.diff(bounds)[:, None] / 2.0
        nodes = bounds[:-1, None] + half * (1.0 + _NODES)
        firsts = np.searchsorted(bounds, edges_ns[:-1]) * len(_NODES)
        return nodes.ravel(), (half * _WEIGHTS).ravel(), firsts

    @cached_property
    def _moved(self) -> dict[str, float]:
        """The share of each segment's requests that goes by the weights; 1 where none does."""
        found = {name: share_by_weights(segment) for name, segment in self.scenario.traffic.items()}
        return found if any(found.values()) else dict.fromkeys(found, _ALWAYS)

    @cached_property
    def _rates(self) -> dict[str, Curve]:
        traffic = self.scenario.traffic.items()
        return {name: rate_curve_per_s(self.scenario, segment) for name, segment in traffic}

    @cached_property
    def _curves(self) -> list[Sequence[Knot]]:
        scenario = self.scenario
        found: list[Sequence[Knot]] = [*self._rates.values()]
        for entry in scenario.other_answers:
            knots = entry.strength_over(scenario.start, scenario.horizon).knots
            found += [knots] if entry.repeats else [knots, lasting(knots)]
        return found
