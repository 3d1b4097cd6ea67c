"""Kayenta's judge: the verdict on a metric, the score of several, and how often it is wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from simab.errors import InvalidInput
from simab.policies.kayenta.classifier import Classification, MetricAnalysis, classify, prepare
from simab.policies.kayenta.judge import JudgedMetric, group_scores, judge

HIGH, LOW, PASS = Classification.HIGH, Classification.LOW, Classification.PASS
NODATA, NODATA_FAIL = Classification.NODATA, Classification.NODATA_FAIL_METRIC
NAN = math.nan

# Thirty values around 10, the same shifted by 10, and others around 10.
TEN = NormalDist(10, 2).samples(30, seed=1)
TWENTY = [value + 10 for value in NormalDist(10, 2).samples(30, seed=2)]
OTHER_TEN = NormalDist(10, 2).samples(30, seed=3)

POSTED_EXPERIMENT = [100.0] * 7 + [1.0] * 3
POSTED_CONTROL = [1.0] * 10


def analysis(**fields: Any) -> MetricAnalysis:
    return MetricAnalysis.model_validate(fields)


def classification(experiment: list[float], control: list[float], **fields: Any) -> Classification:
    return classify(experiment, control, analysis(**fields)).classification


@pytest.mark.parametrize(
    ("experiment", "control", "direction", "expected"),
    [
        (OTHER_TEN, TEN, "either", PASS),
        (TWENTY, TEN, "either", HIGH),
        (TEN, TWENTY, "either", LOW),
        (TWENTY, TEN, "increase", HIGH),
        (TWENTY, TEN, "decrease", PASS),
        (TEN, TWENTY, "increase", PASS),
        (TEN, TWENTY, "decrease", LOW),
        ([1, 1, 1], [1, 1], "either", PASS),
        ([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], "either", PASS),
        ([0, 1, 1, 1, 1], [1, 1, 1, 1, 1], "either", PASS),
        ([10, 10, 10], [1, 1, 1], "either", HIGH),
        ([1, 1, 1], [10, 10, 10], "either", LOW),
    ],
)
def test_a_metric_is_high_low_or_passes(
    experiment: list[float], control: list[float], direction: str, expected: Classification
) -> None:
    """The kinds of data of the original's own suite: apart, alike, tied, identical, constant."""
    assert classification(experiment, control, direction=direction) is expected


def test_the_numbers_posted_for_the_original() -> None:
    """Seven of ten values 100 times the control's pass: spinnaker/spinnaker#6278, R agrees."""
    verdict = classify(POSTED_EXPERIMENT, POSTED_CONTROL)
    measured = (verdict.low, verdict.high, verdict.estimate)
    assert measured == pytest.approx((6.825022991538781e-05, 99.0, 98.99992904170193), rel=1e-4)
    assert verdict.classification is PASS


def test_the_shared_truth_holds(shared: Path) -> None:
    """The entries i-kayenta-CI and i-kayenta-fpr."""
    path = shared / "truth" / "policies.json"
    tables = json.loads(path.read_text(encoding="utf-8"))["tables"]
    entries = {entry["id"]: entry for entry in tables}
    entry = entries["i-kayenta-CI"]
    verdict = classify(entry["setting"]["experiment"], entry["setting"]["control"])
    assert (verdict.low, verdict.high, verdict.estimate) == pytest.approx(
        entry["expected"][:3], rel=entry["tolerance"]["rel"]
    )
    assert verdict.classification == entry["expected"][3]
    entry = entries["i-kayenta-fpr"]
    assert false_alarms_of_independent_data() == pytest.approx(entry["expected"], abs=5e-6)


@pytest.mark.parametrize(
    ("fields", "expected", "critical"),
    [
        ({}, NODATA, False),
        ({"critical": True}, NODATA, True),
        ({"must_have_data": True}, NODATA_FAIL, False),
        ({"must_have_data": True, "critical": True}, NODATA, True),
    ],
)
@pytest.mark.parametrize(("experiment", "control"), [([], [1.0]), ([1.0], [NAN, NAN])])
def test_no_data_is_no_verdict_or_a_failed_metric(
    experiment: list[float],
    control: list[float],
    fields: dict[str, bool],
    expected: Classification,
    critical: bool,
) -> None:
    """On either side; a critical metric without data fails everything."""
    verdict = classify(experiment, control, analysis(**fields))
    assert (verdict.classification, verdict.critical) == (expected, critical)


def test_missing_values_are_removed_or_zeros() -> None:
    """Replaced, an all-missing series is a series of zeros."""
    assert list(prepare([1.0, NAN, 3.0], analysis())) == [1.0, 3.0]
    assert list(prepare([1.0, NAN, 3.0], analysis(nan_strategy="replace"))) == [1.0, 0.0, 3.0]
    assert classification([5.0] * 9, [NAN] * 9, nan_strategy="replace") is HIGH
    assert classification([], [5.0] * 9, nan_strategy="replace") is PASS


def test_outliers_are_kept_unless_asked() -> None:
    """Beyond three interquartile ranges and the 1st and 99th percentile, which 100 values have."""
    values = [float(number % 10) for number in range(198)] + [400.0, -400.0]
    assert prepare(values, analysis()).size == 200
    assert prepare(values, analysis(outliers="remove")).size == 198
    assert prepare(values, analysis(outliers="remove", outlier_factor=100)).size == 200
    assert prepare([], analysis(outliers="remove")).size == 0


def test_few_values_have_no_outliers() -> None:
    """The 99th percentile of fewer than a hundred values is the largest: nothing is beyond."""
    assert prepare([1.0] * 50 + [1e9], analysis(outliers="remove")).size == 51


@pytest.mark.parametrize(
    ("effect_size", "expected"),
    [
        ({"allowed_increase": 1.9}, HIGH),
        ({"allowed_increase": 2.1}, PASS),
        ({"measure": "cles", "allowed_increase": 0.99}, HIGH),
        ({"measure": "cles"}, HIGH),
        ({"measure": "cles", "allowed_increase": 1.01}, PASS),
    ],
)
def test_a_significant_increase_must_also_be_large_enough(
    effect_size: dict[str, Any], expected: Classification
) -> None:
    """The means' ratio is about 2, and every pair is won."""
    assert classification(TWENTY, TEN, effect_size=effect_size) is expected


@pytest.mark.parametrize(
    ("effect_size", "expected"),
    [
        ({"allowed_decrease": 0.55}, LOW),
        ({"allowed_decrease": 0.45}, PASS),
        ({"measure": "cles", "allowed_decrease": 0.01}, LOW),
    ],
)
def test_so_must_a_decrease(effect_size: dict[str, Any], expected: Classification) -> None:
    """The means' ratio is about a half, and no pair is won."""
    assert classification(TEN, TWENTY, effect_size=effect_size) is expected


def test_a_ratio_that_does_not_exist_excuses_nothing() -> None:
    """A control without any error has mean 0."""
    verdict = classify([3.0, 4.0, 5.0] * 5, [0.0] * 15, analysis(critical=True))
    assert math.isnan(verdict.effect)
    assert (verdict.classification, verdict.critical) == (HIGH, True)


@pytest.mark.parametrize(
    ("experiment", "control", "effect_size", "critical"),
    [
        (TWENTY, TEN, {}, True),
        (TWENTY, TEN, {"critical_increase": 3.0}, False),
        (TEN, TWENTY, {}, True),
        (TEN, TWENTY, {"critical_decrease": 0.3}, False),
    ],
)
def test_a_critical_metric_is_critical_from_its_critical_effect_on(
    experiment: list[float], control: list[float], effect_size: dict[str, float], critical: bool
) -> None:
    """Below it the metric fails as any other."""
    verdict = classify(experiment, control, analysis(critical=True, effect_size=effect_size))
    assert verdict.classification in (HIGH, LOW)
    assert verdict.critical is critical


def judged(*results: tuple[str, Classification] | tuple[str, Classification, bool]) -> Any:
    """Metrics of the groups named, already classified."""
    metrics = []
    for number, (groups, result, *critical) in enumerate(results):
        verdict = classify([], [])  # any verdict, for its fields
        verdict = type(verdict)(result, "said so", bool(critical and critical[0]))
        metrics.append(JudgedMetric(f"m{number}", tuple(groups.split()), verdict))
    return metrics


@pytest.mark.parametrize(
    ("results", "weights", "score"),
    [
        ([("a", PASS), ("a", HIGH)], {"a": 100}, 50.0),
        ([("a", PASS), ("b", LOW)], {"a": 80, "b": 20}, 80.0),
        ([("a", PASS), ("b", HIGH)], {}, 50.0),
        ([("a", PASS), ("b", PASS), ("c", HIGH)], {"a": 40}, 70.0),
        ([("a b", PASS), ("b", HIGH)], {"a": 50, "b": 50}, 75.0),
        ([("a", PASS), ("a", PASS), ("a", HIGH)], {"a": 100}, 66.67),
        ([("a", PASS), ("a", NODATA), ("a", PASS)], {"a": 100}, 100.0),
        ([("a", PASS), ("a", NODATA_FAIL)], {"a": 100}, 50.0),
        ([("a", HIGH), ("b", NODATA), ("a", HIGH)], {"a": 60, "b": 40}, 40.0),
        ([("a", PASS)], {"a": 60, "nobody": 40}, 60.0),
    ],
    ids=[
        "half of a group",
        "weights",
        "no weights: equal ones",
        "unlisted groups share the rest",
        "a metric in two groups",
        "two decimals",
        "no data is left out",
        "unless it must be there",
        "a group without data counts as 100",
        "a weight without a metric is lost",
    ],
)
def test_the_score_is_the_weighted_share_of_passed_metrics(
    results: Any, weights: dict[str, float], score: float
) -> None:
    """By group, worked out by hand."""
    result = judge(judged(*results), group_weights=weights, pass_score=95, marginal_score=75)
    assert result.score == score


def test_half_of_the_metrics_without_data_make_it_0() -> None:
    """Not one fewer."""
    fields: dict[str, Any] = {"group_weights": {}, "pass_score": 95, "marginal_score": 75}
    assert judge(judged(("a", PASS), ("a", NODATA)), **fields).score == 0.0
    assert judge(judged(("a", PASS), ("a", PASS), ("a", NODATA)), **fields).score == 100.0


def test_one_critical_failure_makes_it_0() -> None:
    """However well the others do."""
    metrics = judged(*[("a", PASS)] * 9, ("a", HIGH, True))
    result = judge(metrics, group_weights={"a": 100}, pass_score=95, marginal_score=75)
    assert (result.score, result.verdict) == (0.0, "Fail")
    assert result.reason == "critical m9 is High: said so"


@pytest.mark.parametrize(
    ("passed", "verdict"), [(100, "Pass"), (95, "Pass"), (94, "Marginal"), (75, "Marginal")]
)
def test_both_thresholds_are_inclusive(passed: int, verdict: str) -> None:
    """Exactly 95 passes, exactly 75 is marginal, 74 fails."""
    metrics = judged(*[("a", PASS)] * passed, *[("a", HIGH)] * (100 - passed))
    fields: dict[str, Any] = {"group_weights": {}, "pass_score": 95, "marginal_score": 75}
    assert judge(metrics, **fields).verdict == verdict
    assert judge([*metrics[1:], *judged(("a", HIGH))], **fields).score == passed - 1


def test_a_group_s_score_is_told() -> None:
    """For a report."""
    scores = group_scores(judged(("a", PASS), ("a", HIGH), ("b", NODATA)))
    assert scores == {"a": 50.0, "b": 100.0}


@pytest.mark.parametrize("series", [[math.inf], [[1.0, 2.0]]])
def test_a_series_that_is_none_is_refused(series: Any) -> None:
    """Infinite values and tables."""
    with pytest.raises(InvalidInput, match="one datapoint a window"):
        classify(series, [1.0])


def test_the_judge_s_constants_cannot_be_set() -> None:
    """As in the original: the level and the tolerance are no fields."""
    with pytest.raises(ValidationError, match="confidence"):
        analysis(confidence=0.9)


def false_alarms_of_independent_data() -> float:
    """2 Phi(-z / 0.75): the interval's end must pass a quarter of the estimate."""
    normal = NormalDist()
    return 2 * normal.cdf(-normal.inv_cdf(0.99) / 0.75)


def false_alarms(correlation: float, replications: int, datapoints: int = 60) -> float:
    """Share of pairs of equal autoregressive normal series, around 100, that are not passed.

    Around 0 the ratio of means, which must be at least 1 for High, would hide half of them.
    """
    draws = np.random.default_rng(20_250_408)
    wrong = 0
    for _ in range(replications):
        noise = draws.normal(size=(2, datapoints)) * math.sqrt(1 - correlation**2)
        series = noise.copy()
        series[:, 0] = draws.normal(size=2)
        for number in range(1, datapoints):
            series[:, number] += correlation * series[:, number - 1]
        wrong += classify(100.0 + series[0], 100.0 + series[1]).classification is not PASS
    return wrong / replications


def band(share: float, replications: int) -> float:
    """Four Monte Carlo standard errors."""
    return 4 * math.sqrt(share * (1 - share) / replications)


@pytest.mark.long
def test_independent_windows_raise_few_false_alarms() -> None:
    """0.19 % a metric, a tenth of what the 98 % level suggests; 1,500 pairs tell it from 2 %."""
    expected = false_alarms_of_independent_data()
    assert expected == pytest.approx(0.0019, abs=5e-5)
    measured = false_alarms(0.0, 1_500)
    assert measured == pytest.approx(expected, abs=band(expected, 1_500))
    assert measured < 0.02 - band(0.02, 1_500)


def test_dependent_windows_raise_many() -> None:
    """31 % of 60 windows at a correlation of .8, by another implementation of judge and series."""
    measured = false_alarms(0.8, 300)
    assert measured == pytest.approx(0.31, abs=band(0.31, 300))


@pytest.mark.long
@pytest.mark.parametrize(
    ("correlation", "expected", "rounding"),
    [(0.0, 0.00192, 0), (0.5, 0.064, 5e-4), (0.8, 0.31, 5e-3)],
)
def test_false_alarms_in_long(correlation: float, expected: float, rounding: float) -> None:
    """As above with 4,000 pairs; the published figures are rounded and have their own error."""
    measured = false_alarms(correlation, 4_000)
    assert measured == pytest.approx(expected, abs=2 * band(expected, 4_000) + rounding)


def test_a_single_datapoint_each_is_never_passed() -> None:
    """Any difference at all is High or Low: there is no sample size below which it abstains."""
    assert classification([1.001], [1.0]) is HIGH
    assert classification([1.0], [1.001]) is LOW
