"""Kayenta's score of a canary: the verdicts on its metrics, weighted by group, against thresholds.

The judge NetflixACAJudge-v1.0 of Spinnaker's Kayenta (spinnaker/kayenta@a69573be).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, Literal

from simab.policies.kayenta.classifier import Classification, MetricVerdict

__all__ = ["JudgedMetric", "Judgement", "group_scores", "judge"]

Verdict = Literal["Pass", "Marginal", "Fail"]

_NODATA_SHARE: Final = 0.5
_COUNTED: Final = frozenset(Classification) - {Classification.NODATA}


@dataclass(frozen=True, slots=True)
class JudgedMetric:
    """A metric's name, the groups that it counts in, and the verdict on it."""

    name: str
    groups: tuple[str, ...]
    verdict: MetricVerdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A score from 0 to 100, what the thresholds make of it, and why it is what it is."""

    score: float
    verdict: Verdict
    reason: str


def judge(
    metrics: Sequence[JudgedMetric],
    *,
    group_weights: Mapping[str, float],
    pass_score: float,
    marginal_score: float,
) -> Judgement:
    """Score the metrics; both thresholds are inclusive.

    A critical failure, half of the metrics without data, or no metric at all makes the score 0.
    """
    score, reason = _score(metrics, group_weights)
    if score >= pass_score:
        return Judgement(score, "Pass", reason)
    return Judgement(score, "Marginal" if score >= marginal_score else "Fail", reason)


def group_scores(metrics: Sequence[JudgedMetric]) -> dict[str, float]:
    """Percentage of passed metrics by group; a group without any data counts as 100.

    Metrics with Nodata are left out, those that must have data and have none count as failed.
    """
    found: dict[str, list[Classification]] = {}
    for metric in metrics:
        for group in metric.groups:
            found.setdefault(group, []).append(metric.verdict.classification)
    scores = {}
    for group, classifications in found.items():
        counted = [each for each in classifications if each in _COUNTED]
        passed = counted.count(Classification.PASS)
        scores[group] = 100.0 * passed / len(counted) if counted else 100.0
    return scores


def _score(
    metrics: Sequence[JudgedMetric], group_weights: Mapping[str, float]
) -> tuple[float, str]:
    for metric in metrics:
        verdict = metric.verdict
        if verdict.critical and verdict.classification is not Classification.PASS:
            return 0.0, f"critical {_reading(metric)}"
    classifications = [metric.verdict.classification for metric in metrics]
    if classifications.count(Classification.NODATA) >= _NODATA_SHARE * len(metrics):
        return 0.0, "half of the metrics or more have no data"
    scores = group_scores(metrics)
    weights = _weights(list(scores), group_weights)
    total = sum(
        score * weight / 100.0 for score, weight in zip(scores.values(), weights, strict=True)
    )
    failed = [
        _reading(metric)
        for metric in metrics
        if metric.verdict.classification is not Classification.PASS
    ]
    return _rounded(total), "; ".join(failed) or "every metric passes"


def _weights(groups: Sequence[str], given: Mapping[str, float]) -> list[float]:
    """Weight of each group; those without one share equally what the given ones leave of 100."""
    unlisted = [group for group in groups if group not in given]
    share = (100.0 - sum(given.values())) / len(unlisted) if unlisted else 0.0
    return [given.get(group, share) for group in groups]


def _reading(metric: JudgedMetric) -> str:
    return f"{metric.name} is {metric.verdict.classification}: {metric.verdict.reason}"


def _rounded(score: float) -> float:
    """Two decimals, halves up, as written in decimal (Kayenta's MathUtils.round)."""
    return float(Decimal(repr(score)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))
