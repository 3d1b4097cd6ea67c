"""The truth of a scenario: which variant is better and what is right, without simulating."""

from __future__ import annotations

from typing import Any

import pytest

from simab.analyse import truth_of_scenario
from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant


def successes(*probabilities: float, smallest_effect: float = 0.01) -> Scenario:
    variants = {
        name: variant(quality={"kind": "success", "probability": probability})
        for name, probability in zip("abc", probabilities, strict=False)
    }
    objective = {
        "control": "a",
        "candidate": "b",
        "metric": "success_rate",
        "smallest_effect": smallest_effect,
    }
    return scenario(variants, objective=objective)


def guesses(*scores: float) -> Scenario:
    """Variants that give one score to every row; all labels are 1, so the Brier score is known."""
    names = "abc"[: len(scores)]
    variants = {
        name: variant(quality={"kind": "joint_table", "table": "rows", "column": name})
        for name in names
    }
    objective = {"control": "a", "candidate": "b", "metric": "brier", "smallest_effect": 0.01}
    rows = [{"label": 1, "scores": dict(zip(names, scores, strict=True)), "count": 1}]
    return scenario(variants, objective=objective, outcome_tables={"rows": {"rows": rows}})


@pytest.mark.parametrize(
    ("played", "better", "gain"),
    [
        (successes(0.5, 0.75), "b", 0.25),
        (successes(0.75, 0.5), "a", -0.25),
        (guesses(1.0, 0.5), "a", -0.25),
        (guesses(0.5, 1.0), "b", 0.25),
    ],
)
def test_the_metric_says_which_is_better(played: Scenario, better: str, gain: float) -> None:
    """A gain is how much better a variant is, whichever way the metric goes."""
    truth = truth_of_scenario(played)
    worse = "ab".replace(better, "")
    assert (truth.best, truth.worse) == (better, (worse,))
    assert truth.gains == {"a": 0.0, "b": gain}
    assert (truth.judgement(better), truth.judgement(worse)) == ("right", "wrong")


@pytest.mark.parametrize("played", [successes(0.7, 0.7), guesses(0.5, 0.5)])
def test_of_equal_variants_none_is_worse_and_keeping_is_right(played: Scenario) -> None:
    """An A/A scenario: promoting is a false promotion (design, section 6)."""
    truth = truth_of_scenario(played)
    assert (truth.best, truth.worse, truth.gains["b"]) == ("a", (), 0.0)
    assert (truth.judgement("a"), truth.judgement("b")) == ("right", "wrong")
    assert {truth.shortfall(name) for name in "ab"} == {0.0}


# gains of b (and c) over a; the smallest effect that matters is 0.02
JUDGED = [
    ((0.020,), "wrong right"),  # 0.925 - 0.905 in floats is a hair below 0.02
    ((0.030,), "wrong right"),
    ((0.005,), "neither neither"),
    ((0.0199,), "neither neither"),
    ((0.0,), "right wrong"),
    ((-0.005,), "right wrong"),
    ((-0.1,), "right wrong"),
    ((0.0, 0.05), "wrong wrong right"),
    ((0.05, 0.05), "wrong right right"),
    ((0.0, 0.0), "right wrong wrong"),
    ((0.04, 0.05), "wrong neither right"),
    ((0.03, 0.05), "wrong wrong right"),
    ((0.005, 0.05), "wrong wrong right"),
    ((0.005, 0.019), "neither neither neither"),
    ((0.005, 0.024), "wrong neither right"),
    ((-0.01, 0.01), "neither wrong neither"),
    ((0.05, -0.05), "wrong right wrong"),
]


@pytest.mark.parametrize(("gains", "judged"), JUDGED, ids=str)
def test_right_is_the_best_and_between_lies_what_is_too_small_to_matter(
    gains: tuple[float, ...], judged: str
) -> None:
    """Better by what matters, not better, and in between, which counts as neither."""
    played = successes(0.905, *(0.905 + gain for gain in gains), smallest_effect=0.02)
    truth = truth_of_scenario(played)
    assert " ".join(truth.judgement(name) for name in "abc"[: len(gains) + 1]) == judged
    assert truth.judgement(None) == "neither"


def test_a_variant_that_is_not_deployed_is_missed_by_nobody() -> None:
    """Unless it is the candidate, or a policy deploys it."""
    played = successes(0.5, 0.5, 0.9)
    quality = {"kind": "success", "probability": 0.9}
    variants = {"a": variant(), "b": variant(), "c": variant(quality=quality, deployed=False)}
    truth = truth_of_scenario(scenario(variants, objective=played.objective.model_dump()))
    assert truth.contenders == ("a", "b")
    assert truth.judgement("a") == "right"


def test_a_variant_that_a_policy_adds_is_a_contender() -> None:
    """It may get all traffic: what is best and what is right speak of it."""
    quality = {"kind": "success", "probability": 0.95}
    variants = {"a": variant(), "b": variant(), "c": variant(quality=quality, deployed=False)}
    steps = [{"at": "20s", "add": "c"}, {"at": "60s", "promote": "c"}]
    adding = {"addc": {"kind": "manual_schedule", "steps": steps}}
    truth = truth_of_scenario(scenario(variants, policies=adding))
    assert truth.contenders == ("a", "b", "c")
    assert truth.best == "c"
    assert truth.judgement("a") == "wrong"


@pytest.mark.parametrize(
    ("played", "shortfalls"),
    [
        (successes(0.5, 0.75, 0.25), {"a": 0.25, "b": 0.0, "c": 0.5}),
        (guesses(1.0, 0.5, 0.75), {"a": 0.0, "b": 0.25, "c": 0.0625}),
        (guesses(0.5, 0.25, 1.0), {"a": 0.25, "b": 0.5625, "c": 0.0}),
    ],
)
def test_a_shortfall_is_what_a_variant_misses_of_the_best_one(
    played: Scenario, shortfalls: dict[str, float]
) -> None:
    """The best of all variants on the endpoint, a third one included."""
    truth = truth_of_scenario(played)
    found = {name: truth.shortfall(name) for name in shortfalls}
    assert found == pytest.approx(shortfalls, abs=1e-12)


ERRORS = {"metric": "error_rate", "at_most": 0.01}
LATENCY = {"metric": "latency_p99", "at_most": "20s"}


def guarded(
    *guardrails: dict[str, Any], control: float = 0.8, rate: str = "4/s", **candidate: Any
) -> Scenario:
    """A candidate of 0.9 with fields of its own; one worker takes 200 ms."""
    fields = {"latency": {"kind": "constant", "value": "200ms"}}
    variants = {
        "a": variant(quality={"kind": "success", "probability": control}, **fields),
        "b": variant(quality={"kind": "success", "probability": 0.9}, **fields, **candidate),
    }
    objective = {
        "control": "a",
        "candidate": "b",
        "metric": "success_rate",
        "smallest_effect": 0.01,
        "guardrails": guardrails,
    }
    return scenario(variants, objective=objective, rate=rate)


OVERLOADED = "“b” cannot carry all traffic as the scenario deploys it: its load would be"


@pytest.mark.parametrize(
    ("played", "breaks"),
    [
        (
            guarded(ERRORS, error_rate=0.05),
            "“b” fails 5 % of its requests, over the guardrail of 1 %",
        ),
        (guarded(ERRORS, error_rate=0.01), ""),
        (guarded(LATENCY, error_rate=0.05), ""),
        (guarded(error_rate=0.05), ""),
        (
            guarded(LATENCY, rate="6/s"),
            f"{OVERLOADED} 1.20",
        ),
        (
            guarded(LATENCY, rate="5/s"),
            f"{OVERLOADED} 1.00",
        ),
        (guarded(LATENCY, rate="6/s", instances=2), ""),
        (guarded(rate="6/s"), ""),
    ],
)
def test_a_better_candidate_that_breaks_a_guardrail_is_not_to_be_promoted(
    played: Scenario, breaks: str
) -> None:
    """By what it is: its own errors, or a load of 1 and more at all traffic; only if guarded."""
    truth = truth_of_scenario(played)
    assert truth.breaks.get("b", "") == breaks
    assert truth.gains["b"] > 0
    assert truth.judgement("b") == ("wrong" if breaks else "right")
    assert truth.judgement("a") == ("right" if breaks else "wrong")


def slow(at_most: str, metric: str = "latency_p99", **candidate: Any) -> Scenario:
    """A candidate of 0.9 against 0.8 with its own latency beside one limit; 2 arrive a second."""
    quick = {"latency": {"kind": "constant", "value": "20ms"}}
    variants = {
        "a": variant(quality={"kind": "success", "probability": 0.8}, **quick),
        "b": variant(quality={"kind": "success", "probability": 0.9}, **quick | candidate),
    }
    objective = {
        "control": "a",
        "candidate": "b",
        "metric": "success_rate",
        "smallest_effect": 0.01,
        "guardrails": [{"metric": metric, "at_most": at_most}],
    }
    return scenario(variants, objective=objective, rate="2/s", horizon="10min")


CONSTANT_900 = {"latency": {"kind": "constant", "value": "900ms"}, "workers": 8}
EXPONENTIAL = {"latency": {"kind": "exponential", "mean": "100ms"}, "workers": 8}


@pytest.mark.parametrize(
    ("played", "breaks"),
    [
        (slow("400ms", **CONSTANT_900), "“b” takes 900 ms at p99 by itself, over the guardrail"),
        (slow("400ms", "latency_p50", **CONSTANT_900), "“b” takes 900 ms at p50 by itself"),
        (slow("400ms", "latency_mean", **CONSTANT_900), "“b” takes 900 ms on average by itself"),
        (slow("900ms", **CONSTANT_900), ""),
        (slow("1s", **CONSTANT_900), ""),
        # An exponential's p99 is 4.605 times its mean.
        (slow("450ms", **EXPONENTIAL), "“b” takes 461 ms at p99 by itself"),
        (slow("99ms", "latency_mean", **EXPONENTIAL), "“b” takes 100 ms on average by itself"),
    ],
)
def test_a_latency_limit_is_judged_by_the_service_alone(played: Scenario, breaks: str) -> None:
    """Whoever waits for nobody takes as long as the profile says: mean and percentiles."""
    truth = truth_of_scenario(played)
    assert truth.breaks.get("b", "").startswith(breaks)
    assert ("b" in truth.breaks) == bool(breaks)
    assert truth.judgement("b") == ("wrong" if breaks else "right")


# M/D/1 at a load of 0.8: the mean time in the system is 0.4 + 0.4 * 0.8 / (2 * 0.2) = 1.2 s.
QUEUEING = {"latency": {"kind": "constant", "value": "400ms"}, "workers": 1}
TWENTY = QUEUEING | {"workers": 20}


@pytest.mark.parametrize(
    ("played", "breaks"),
    [
        (slow("700ms", "latency_mean", **QUEUEING), "on average, over the guardrail of 700 ms"),
        (slow("500ms", "latency_p99", **QUEUEING), "at p99, over the guardrail of 500 ms"),
        (slow("5s", "latency_mean", **QUEUEING), ""),
        (slow("400ms", "latency_p99", **TWENTY), ""),
        (slow("1%", "error_rate", queue_limit=0, **QUEUEING), "over the guardrail of 1 %"),
        (slow("99%", "error_rate", queue_limit=0, **QUEUEING), ""),
    ],
)
def test_what_hangs_on_queueing_is_judged_by_a_run_with_all_traffic(
    played: Scenario, breaks: str
) -> None:
    """The service alone keeps each limit; the sentence says that a run was played."""
    why = truth_of_scenario(played).breaks.get("b", "")
    assert why.endswith(breaks)
    assert why.startswith("in a run with all traffic “b” ") == bool(breaks)


def test_the_control_is_not_blamed_for_a_guardrail_that_it_breaks_itself() -> None:
    """It is there already; the truth says that it breaks the limit."""
    truth = truth_of_scenario(slow("10ms"))
    assert set(truth.breaks) == {"a", "b"}
    assert (truth.judgement("a"), truth.judgement("b"), truth.best) == ("right", "wrong", "a")


def tables(rows: list[dict[str, Any]], metric: str) -> Scenario:
    variants = {
        name: variant(quality={"kind": "joint_table", "table": "rows", "column": name})
        for name in "ab"
    }
    objective = {"control": "a", "candidate": "b", "metric": metric, "smallest_effect": 0.01}
    return scenario(variants, objective=objective, outcome_tables={"rows": {"rows": rows}})


def row(label: int, a: float, b: float, count: int) -> dict[str, Any]:
    return {"label": label, "scores": {"a": a, "b": b}, "count": count}


def test_the_churn_rows_give_the_published_metrics() -> None:
    """The walk-through's 334 rows: F1 .841 and .818, accuracy .958 and .952 (design, section 1)."""
    churn = [
        row(0, 0, 0, 282), row(0, 0, 1, 1), row(0, 1, 1, 3), row(1, 0, 0, 9),
        row(1, 0, 1, 2), row(1, 1, 0, 3), row(1, 1, 1, 34),
    ]  # fmt: skip
    truth = truth_of_scenario(tables(churn, "f1"))
    assert truth.values["a"]["f1"] == pytest.approx(2 * 37 / (2 * 37 + 3 + 11))
    assert truth.values["b"]["f1"] == pytest.approx(2 * 36 / (2 * 36 + 4 + 12))
    assert truth.values["a"]["accuracy"] == pytest.approx(320 / 334)
    assert truth.values["b"]["accuracy"] == pytest.approx(318 / 334)
    assert (truth.best, truth.judgement("a")) == ("a", "right")


def test_a_lower_brier_score_is_better() -> None:
    """The Brier score is a loss: 0 is perfect (Brier 1950)."""
    truth = truth_of_scenario(tables([row(1, 0.5, 1.0, 1), row(0, 0.5, 0.0, 1)], "brier"))
    assert (truth.values["a"]["brier"], truth.values["b"]["brier"]) == (0.25, 0.0)
    assert (truth.best, truth.gains["b"]) == ("b", 0.25)


def test_equal_columns_of_a_table_are_an_exact_tie() -> None:
    """Equal rows give equal metrics to the last bit, so an A/A table is seen as one."""
    truth = truth_of_scenario(tables([row(1, 0.3, 0.3, 7), row(0, 0.1, 0.1, 3)], "accuracy"))
    assert (truth.gains["b"], truth.worse) == (0.0, ())


def test_an_undefined_objective_is_refused_with_a_remedy() -> None:
    """Recall divides by the positives; without any, neither variant is better nor equal."""
    with pytest.raises(InvalidInput, match=r"objective\.metric = recall: undefined for a.*choose"):
        truth_of_scenario(tables([row(0, 0, 1, 5)], "recall"))
