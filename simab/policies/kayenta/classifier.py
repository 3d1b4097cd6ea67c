"""Kayenta's verdict on one metric: is the candidate's series higher or lower than the control's?

The judge NetflixACAJudge-v1.0 of Spinnaker's Kayenta (spinnaker/kayenta@a69573be). Its constants
cannot be configured there, and so they cannot be here: level 0.98, tolerance 0.25.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from simab.description import Description
from simab.errors import InvalidInput
from simab.stats.ranks import location_shift, mann_whitney
from simab.text.numbers import figure_text

__all__ = [
    "CONFIDENCE_LEVEL",
    "TOLERANCE",
    "Classification",
    "EffectSize",
    "MetricAnalysis",
    "MetricVerdict",
    "classify",
    "mean_ratio",
    "prepare",
]

CONFIDENCE_LEVEL: Final = 0.98
TOLERANCE: Final = 0.25
"""The interval must lie beyond this share of the estimated shift: its end past z / 0.75."""

Floats = NDArray[np.float64]


class Classification(StrEnum):
    """What the judge says of one metric (Kayenta's own words)."""

    PASS = "Pass"
    HIGH = "High"
    LOW = "Low"
    NODATA = "Nodata"
    NODATA_FAIL_METRIC = "NodataFailMetric"


class EffectSize(Description):
    """How large a significant difference must be to count, and to count as critical.

    Absent limits are those of no effect: 1 for the ratio of means, 0.5 for `cles`.
    """

    measure: Literal["mean_ratio", "cles"] = "mean_ratio"
    """Ratio of the means, or the share of pairs in which the candidate is higher."""
    allowed_increase: Annotated[float, Field(gt=0)] | None = None
    """The smallest effect that is High."""
    allowed_decrease: Annotated[float, Field(gt=0)] | None = None
    """The largest effect that is Low."""
    critical_increase: Annotated[float, Field(gt=0)] | None = None
    """The smallest effect of a critical metric that sets the whole score to 0."""
    critical_decrease: Annotated[float, Field(gt=0)] | None = None
    """The largest effect of a critical metric that sets the whole score to 0."""

    @property
    def none(self) -> float:
        """The value that means no effect."""
        return 0.5 if self.measure == "cles" else 1.0


class MetricAnalysis(Description):
    """How to judge one metric; the defaults are Kayenta's."""

    direction: Literal["increase", "decrease", "either"] = "either"
    """Which change fails the metric."""
    nan_strategy: Literal["remove", "replace"] = "remove"
    """A window without data is not a datapoint (remove), or the datapoint 0 (replace)."""
    outliers: Literal["keep", "remove"] = "keep"
    """Whether values far outside the quartiles are left out first."""
    outlier_factor: Annotated[float, Field(gt=0)] = 3.0
    """How many interquartile ranges are far."""
    critical: bool = False
    """Whether failing this metric, by the critical effect at least, fails everything."""
    must_have_data: bool = False
    """Whether no data counts as a failure of the metric."""
    effect_size: EffectSize = EffectSize()
    """The size that a significant difference must have."""


@dataclass(frozen=True, slots=True)
class MetricVerdict:
    """A classification with its numbers: the shift, its 98 % interval, the effect, in words why.

    The numbers are NaN where no comparison was needed. `critical` says whether this verdict, if it
    is not Pass, sets the whole score to 0.
    """

    classification: Classification
    reason: str
    critical: bool = False
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    effect: float = math.nan


def classify(
    experiment: ArrayLike, control: ArrayLike, analysis: MetricAnalysis | None = None
) -> MetricVerdict:
    """The verdict on two series of datapoints, one a window; NaN where a window had none."""
    analysis = analysis or MetricAnalysis()
    ours, theirs = prepare(experiment, analysis), prepare(control, analysis)
    if ours.size == 0 or theirs.size == 0:
        return _without_data(ours.size, theirs.size, analysis)
    if np.array_equal(np.sort(ours), np.sort(theirs)):
        return MetricVerdict(Classification.PASS, "the two series are identical")
    if np.unique(np.concatenate((ours, theirs))).size == 1:
        return MetricVerdict(Classification.PASS, "all values are equal")
    estimate, low, high = _shift(ours, theirs)
    effect = _EFFECTS[analysis.effect_size.measure](ours, theirs)
    classification, critical = _compare(estimate, (low, high), effect, analysis)
    shift, start, end, size = (figure_text(each, ".4g") for each in (estimate, low, high, effect))
    reason = (
        f"shift {shift}, 98 % interval {start} to {end}, {analysis.effect_size.measure} {size}, "
        f"{ours.size} and {theirs.size} datapoints"
    )
    return MetricVerdict(classification, reason, critical, estimate, low, high, effect)


def prepare(values: ArrayLike, analysis: MetricAnalysis) -> Floats:
    """The datapoints that are compared: missing ones removed or 0, outliers perhaps left out."""
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 1 or np.isinf(given).any():
        raise InvalidInput(
            f"a series of shape {given.shape} with {int(np.isinf(given).sum())} infinite values: "
            "must be one-dimensional and finite. Give one datapoint a window, NaN for none."
        )
    missing = np.isnan(given)
    remove = analysis.nan_strategy == "remove"
    series = given[~missing] if remove else np.where(missing, 0.0, given)
    if analysis.outliers == "keep" or series.size == 0:
        return series
    below, above = _fences(series, analysis.outlier_factor)
    return series[(series >= below) & (series <= above)]


def mean_ratio(experiment: Floats, control: Floats) -> float:
    """Mean of the experiment over mean of the control; NaN if one of them is 0, as in Kayenta."""
    ours, theirs = float(experiment.mean()), float(control.mean())
    return math.nan if ours == 0.0 or theirs == 0.0 else ours / theirs


def _cles(experiment: Floats, control: Floats) -> float:
    """Share of pairs in which the experiment is higher, ties half (Vargha and Delaney 2000)."""
    return mann_whitney(control, experiment).pairs_won / (experiment.size * control.size)


_EFFECTS: Final[Mapping[str, Callable[[Floats, Floats], float]]] = {
    "mean_ratio": mean_ratio,
    "cles": _cles,
}


def _shift(experiment: Floats, control: Floats) -> tuple[float, float, float]:
    """Hodges-Lehmann estimate and 98 % interval of experiment minus control."""
    if experiment.min() == experiment.max() and control.min() == control.max():
        # Kayenta adds noise of 1e-5 of the values here, so that the ranks have no ties: the
        # samples are then wholly apart, and the interval is their distance, noise aside.
        distance = float(experiment[0] - control[0])
        return distance, distance, distance
    shift = location_shift(control, experiment, level=CONFIDENCE_LEVEL, corrected_estimate=True)
    return shift.estimate, shift.interval.low, shift.interval.high


def _compare(
    estimate: float, interval: tuple[float, float], effect: float, analysis: MetricAnalysis
) -> tuple[Classification, bool]:
    size, band = analysis.effect_size, TOLERANCE * abs(estimate)
    if (
        analysis.direction != "decrease"
        and interval[0] > band
        and _at_least(effect, size.allowed_increase, size.none)
    ):
        critical = _at_least(effect, size.critical_increase, size.none)
        return Classification.HIGH, analysis.critical and critical
    if (
        analysis.direction != "increase"
        and interval[1] < -band
        and _at_most(effect, size.allowed_decrease, size.none)
    ):
        critical = _at_most(effect, size.critical_decrease, size.none)
        return Classification.LOW, analysis.critical and critical
    return Classification.PASS, False


# Written so that NaN keeps the bound: a ratio of means that does not exist does not excuse.
def _at_least(effect: float, bound: float | None, none: float) -> bool:
    return not effect < (none if bound is None else bound)


def _at_most(effect: float, bound: float | None, none: float) -> bool:
    return not effect > (none if bound is None else bound)


def _without_data(ours: int, theirs: int, analysis: MetricAnalysis) -> MetricVerdict:
    reason = f"{ours} and {theirs} datapoints"
    if analysis.nan_strategy == "replace":
        return MetricVerdict(Classification.PASS, reason)
    if analysis.must_have_data and not analysis.critical:
        return MetricVerdict(Classification.NODATA_FAIL_METRIC, reason)
    return MetricVerdict(Classification.NODATA, reason, analysis.critical)


def _fences(series: Floats, factor: float) -> tuple[float, float]:
    """Tukey's fences, widened to the 1st and 99th percentile; quantiles (n + 1) p as in Kayenta."""
    quantiles = np.quantile(series, [0.01, 0.25, 0.75, 0.99], method="weibull")
    first, lower, upper, last = (float(each) for each in quantiles)
    reach = factor * (upper - lower)
    return min(first, lower - reach), max(last, upper + reach)
