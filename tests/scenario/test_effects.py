"""Scenarios in which the candidate's true metric lies by a given effect above the control's."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simab.policies.metrics import OF_EARNINGS, OF_REQUESTS
from simab.profiles.quality import Classifier, JointOutcomes
from simab.scenario import Scenario, changed, load, with_effect
from simab.scenario.changes.effects import EffectRefused
from tests.effort import examples
from tests.scenario.world_facts import discordance, effect_of, joint_scenario, truth_by_variant
from tests.strategies import scenarios

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"

ROWS: list[dict[str, Any]] = [
    {"label": 1, "scores": {"old": 0.9, "new": 0.6, "third": 0.2}, "count": 70},
    {"label": 1, "scores": {"old": 0.2, "new": 0.7, "third": 0.8}, "count": 9},
    {"label": 0, "scores": {"old": 0.1, "new": 0.8, "third": 0.4}, "count": 4},
    {"label": 0, "scores": {"old": 0.6, "new": 0.3, "third": 0.4}, "count": 6},
    {"label": 0, "scores": {"old": 0.1, "new": 0.2, "third": 0.1}, "count": 111},
]


@pytest.fixture(scope="module")
def churn() -> Scenario:
    """The founding example."""
    return load(SHIPPED / "churn.yaml")


@pytest.mark.parametrize(
    "metric",
    [
        "accuracy",
        "precision",
        "recall",
        "positive_rate",
        "f1",
        "roc_auc",
        "roc_auc_binary",
        "brier",
    ],
)
@pytest.mark.parametrize("part", [-1.0, -0.7, -0.1, 0.0, 0.3, 0.999, 1.0])
def test_two_columns_reach_every_effect_up_to_their_own(metric: str, part: float) -> None:
    """From minus to plus the difference that they have as described, exact to 1e-12."""
    scenario = joint_scenario(ROWS, metric)
    largest = effect_of(scenario)
    assert largest != 0
    made = with_effect(scenario, part * largest)
    assert effect_of(made) == pytest.approx(part * largest, abs=1e-12)
    if part == 0:
        assert effect_of(made) == 0


def test_mixed_columns_are_answered_differently_as_often_as_before(churn: Scenario) -> None:
    """As many rows of each label have one right and the other wrong: exact fractions."""
    before = discordance(churn)
    for effect in (-0.02, 0.0, 0.01, 0.0227):
        made = with_effect(churn, effect)
        after = discordance(made)
        for label in (0, 1):
            assert after[label, True, True] == before[label, True, True]
            assert after[label, False, False] == before[label, False, False]
            one, other = (label, True, False), (label, False, True)
            assert after.get(one, 0) + after.get(other, 0) == before.get(one, 0) + before.get(
                other, 0
            )


def test_the_mixture_of_the_founding_example_is_as_by_hand(churn: Scenario) -> None:
    """Churn's rows (1, 0, 1): 2 and (1, 1, 0): 3 half and half: 2.5 of 334 each way."""
    after = discordance(with_effect(churn, 0.0))
    assert after[1, True, False] == after[1, False, True] == Fraction(5, 2 * 334)
    assert after[0, True, False] == after[0, False, True] == Fraction(1, 2 * 334)


def test_a_third_column_stays_as_it_is() -> None:
    """Also where it is the column of a variant whose column is mixed."""
    scenario = joint_scenario(ROWS, third={"column": "third"}, twin={"column": "new"})
    before = truth_by_variant(scenario)
    made = with_effect(scenario, 0.0)
    after = truth_by_variant(made)
    assert after["old"] == after["new"]
    for name in ("third", "twin"):
        assert after[name].success_rate == before[name].success_rate
        assert after[name].brier == pytest.approx(before[name].brier, abs=1e-15)


@pytest.mark.parametrize("thresholds", [(0.3, 0.7), (0.65, 0.35), (0.5, 1.0), (1.0, 0.25)])
def test_columns_with_thresholds_of_their_own_keep_their_predictions(
    thresholds: tuple[float, float],
) -> None:
    """Scores move with the threshold; what is predicted positive stays so, on each row."""
    old, new = thresholds
    scenario = joint_scenario(
        ROWS, old={"column": "old", "threshold": old}, new={"column": "new", "threshold": new}
    )
    before, after = discordance(scenario), discordance(with_effect(scenario, 0.0))
    for label in (0, 1):
        one, other = (label, True, False), (label, False, True)
        half = (before.get(one, Fraction(0)) + before.get(other, Fraction(0))) / 2
        assert after.get(one, 0) == after.get(other, 0) == half
        for both in ((label, True, True), (label, False, False)):
            assert after.get(both, 0) == before.get(both, 0)


def test_one_column_with_two_thresholds_is_mixed_too() -> None:
    """A model against itself with another threshold is what teams compare."""
    scenario = joint_scenario(ROWS, new={"column": "old", "threshold": 0.15})
    made = with_effect(scenario, 0.0)
    truth = truth_by_variant(made)
    assert truth["old"] == truth["new"]


def test_the_effect_as_described_is_the_scenario_as_described(churn: Scenario) -> None:
    """So that a world that adds nothing is seen to."""
    assert with_effect(churn, effect_of(churn)) is churn


def success(probability: float) -> Scenario:
    scenario = load(SHIPPED / "minimal.yaml")
    return changed(scenario, "endpoint.variants.current.quality.probability", probability)


@pytest.mark.parametrize(("control", "effect", "candidate"), [(0.9, 0.02, 0.92), (0.9, -0.9, 0.0)])
def test_a_probability_is_moved(control: float, effect: float, candidate: float) -> None:
    """To the number that people would write."""
    made = with_effect(success(control), effect)
    assert made.endpoint.variants["new"].quality.probability == candidate
    assert made.endpoint.variants["current"].quality.probability == control


@pytest.mark.parametrize("effect", [0.11, -0.91])
def test_no_probability_is_below_0_or_above_1(effect: float) -> None:
    """And the refusal says where the control is."""
    with pytest.raises(EffectRefused, match=r"0\.9"):
        with_effect(success(0.9), effect)


def rewards(control: dict[str, Any], candidate: dict[str, Any] | None = None) -> Scenario:
    scenario = load(SHIPPED / "order_value.yaml")
    data = scenario.model_dump(mode="json")
    both = data["endpoint"]["variants"]
    both["current"]["quality"] = {"kind": "numeric_reward", **control}
    both["new"]["quality"] = {"kind": "numeric_reward", **(candidate or control)}
    return Scenario.model_validate(data)


@pytest.mark.parametrize(
    "distribution",
    [
        {"kind": "normal", "mean": 3.0, "standard_deviation": 2.0},
        {"kind": "lognormal", "mean": 45.0, "cv": 0.8},
        {"kind": "quantiles", "values": [0.0, 10.0, 100.0]},
        {"kind": "quantiles", "values": [-5.0, 10.0, 100.0]},
    ],
    ids=["normal", "lognormal", "amounts", "losses too"],
)
@pytest.mark.parametrize("share", [1.0, 0.08])
@pytest.mark.parametrize("effect", [-0.2, 0.0, 0.3])
def test_a_mean_reward_is_moved(distribution: dict[str, Any], share: float, effect: float) -> None:
    """Over all answers, those that earn nothing included."""
    scenario = rewards({"distribution": distribution, "earning_share": share})
    made = with_effect(scenario, effect)
    assert effect_of(made) == pytest.approx(effect, abs=1e-12)
    quality = made.endpoint.variants["new"].quality
    assert quality.earning_share == share
    if distribution["kind"] == "lognormal":
        assert quality.distribution.cv == distribution["cv"]


def test_the_share_that_earns_is_moved_where_the_candidate_differs_in_it() -> None:
    """Order value: 0.3 more of 45 an order are 8 % + 0.3 / 45 of answers with an order."""
    scenario = load(SHIPPED / "order_value.yaml")
    made = with_effect(scenario, 0.3)
    quality = made.endpoint.variants["new"].quality
    assert quality.earning_share == pytest.approx(0.08 + 0.3 / 45, abs=1e-15)
    assert quality.distribution == scenario.endpoint.variants["current"].quality.distribution
    with pytest.raises(EffectRefused):
        with_effect(scenario, -3.7)  # less than nothing


def classifiers(metric: str, positive: dict[str, Any], negative: dict[str, Any]) -> Scenario:
    data = load(SHIPPED / "minimal.yaml").model_dump(mode="json")
    quality = {"kind": "classifier", "positive_scores": positive, "negative_scores": negative}
    for variant in data["endpoint"]["variants"].values():
        variant["quality"] = quality
    data["labels"]["positive_share"] = 0.3
    data["objective"] |= {"metric": metric}
    data["policies"] = {"all": {"kind": "staged_canary", "bake": "1h", "alarms": [
        {"metric": "error_rate", "at_most": 0.1}]}}  # fmt: skip
    return Scenario.model_validate(data)


@pytest.mark.parametrize(
    ("metric", "effect", "kind"),
    [
        ("accuracy", 0.02, "beta"), ("accuracy", -0.1, "quantiles"), ("f1", 0.02, "quantiles"),
        ("recall", -0.05, "quantiles"), ("precision", 0.03, "quantiles"),
        ("roc_auc", -0.02, "beta"), ("brier", -0.01, "quantiles"), ("brier", 0.02, "beta"),
        ("positive_rate", 0.05, "quantiles"), ("positive_rate", -0.05, "beta"),
    ],
)  # fmt: skip
def test_a_classifier_meets_an_effect_and_never_falls_short(
    metric: str, effect: float, kind: str
) -> None:
    """Scores are whole numbers of 2**-30: within 1e-7, on the far side of 0."""
    if kind == "beta":
        scores = [{"kind": kind, "alpha": 4, "beta": 2}, {"kind": kind, "alpha": 2, "beta": 6}]
    else:
        scores = [
            {"kind": kind, "values": [0.0, 0.4, 0.7, 0.9, 1.0]},
            {"kind": kind, "values": [0.0, 0.1, 0.3, 0.6, 1.0]},
        ]
    scenario = classifiers(metric, *scores)
    made = with_effect(scenario, effect)
    found = effect_of(made)
    assert found == pytest.approx(effect, abs=1e-7)
    assert found * effect >= effect**2
    assert made.endpoint.variants["current"] == scenario.endpoint.variants["current"]
    assert effect_of(with_effect(scenario, 0.0)) == 0


def test_more_than_all_right_is_out_of_reach_for_a_classifier() -> None:
    """The refusal says from where to where effects can be."""
    scenario = classifiers(
        "accuracy",
        {"kind": "beta", "alpha": 4, "beta": 2},
        {"kind": "beta", "alpha": 2, "beta": 6},
    )
    with pytest.raises(EffectRefused, match="differences of accuracy from"):
        with_effect(scenario, 0.5)


@examples(1 / 4)
@given(scenarios(max_requests=20, max_variants=3), st.sampled_from([-0.05, -0.001, 0.0, 0.02]))
def test_an_effect_is_exact_and_all_else_as_described(scenario: Scenario, effect: float) -> None:
    """For every kind of quality that a file can describe, where the effect can be reached."""
    objective, variants = scenario.objective, scenario.endpoint.variants
    assume(objective.metric not in OF_REQUESTS)  # these have tests of their own
    assume(effect_of(scenario) == effect_of(scenario))  # defined
    try:
        made = with_effect(scenario, effect)
    except EffectRefused:
        assume(False)
        return
    control = variants[objective.control].quality
    size = max(1.0, abs(truth_by_variant(made)[objective.control].reward or 0.0))
    exact = 1e-7 if isinstance(control, Classifier) else 1e-12 * size
    if objective.metric not in OF_EARNINGS:
        exact = 1e-7 if isinstance(control, Classifier) else 1e-12
    assert abs(effect_of(made) - effect) <= exact
    if effect == 0:
        assert effect_of(made) == 0
    for name, variant in variants.items():
        quality = made.endpoint.variants[name].quality
        assert made.endpoint.variants[name].model_copy(update={"quality": None}) == (
            variant.model_copy(update={"quality": None})
        )
        if name not in (objective.control, objective.candidate):
            assert quality == variant.quality
            assert truth_by_variant(made)[name].success_rate == pytest.approx(
                truth_by_variant(scenario)[name].success_rate, abs=1e-15, nan_ok=True
            )
        elif name == objective.control and not isinstance(quality, JointOutcomes):
            assert quality == variant.quality
