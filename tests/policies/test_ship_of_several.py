"""One decision by many metrics on several candidates: who is shipped, and how often wrongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from scipy import stats

import simab
from simab.explain import explain
from simab.policies import Observation, Promote
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.scenario.models import Scenario
from tests.policies.fake_metrics import FakeMetrics, confusion, observation
from tests.world.building import scenario, variant

NAMES = ("one", "two", "three")
METRICS = [
    {"metric": "recall", "role": "success"},
    {"metric": "success_rate", "role": "success"},
    {"metric": "precision", "role": "guardrail", "margin": 0.1},
]
LABELS = 1000


def rule(metrics: Sequence[Mapping[str, Any]] = METRICS, **fields: Any) -> ShipByMetrics:
    plain = {"labelled_requests": LABELS, "metrics": list(metrics), "alpha": 0.1}
    return ShipByMetrics.model_validate(plain | fields)


def seen_of(cells: Mapping[str, Sequence[int]], **fields: Any) -> Observation:
    """Confusion counts of the control `old` and of candidates."""
    labels = {name: confusion(*own) for name, own in cells.items()}
    several = tuple(name for name in cells if name != "old")
    weights = dict.fromkeys(cells, 1.0)
    plain: dict[str, Any] = {"weights": weights, "candidate": several[0], "several": several}
    return observation(FakeMetrics(labels), **(plain | fields))


def decided(policy: ShipByMetrics, seen: Observation) -> Promote:
    (action,), _ = policy.decide(None, seen)
    assert isinstance(action, Promote)
    return action


EQUAL = (300, 100, 100, 500)


def test_the_largest_gain_in_the_first_success_metric_is_shipped() -> None:
    """Recall of .75 against .85 and .9; the other has more right answers, and less recall."""
    cells = {"old": EQUAL, "one": (340, 60, 60, 540), "two": (360, 80, 40, 520)}
    action = decided(rule(), seen_of(cells))
    assert action.variant == "two"
    assert action.because.startswith("ship: better: recall 0.9 against 0.75, better p = ")
    assert action.because.endswith("(2 candidates: holm)")


def test_of_several_that_are_no_better_each_is_spoken_of() -> None:
    """And the control kept; a guardrail stops whom it concerns alone."""
    cells = {"old": EQUAL, "one": EQUAL, "two": (360, 240, 40, 360)}
    action = decided(rule(), seen_of(cells))
    assert action.variant == "old"
    assert action.because.startswith("keep: one: no gain shown: ")
    assert "; two: better: recall 0.9 against 0.75" in action.because
    assert "guardrail not cleared: precision 0.6 against 0.75" in action.because


def test_readings_are_at_the_levels_that_decide() -> None:
    """By Holm the better has alpha / 2, and once it may be shipped the p-value of .03 has alpha."""
    cells = {"old": (400, 96, 96, 408), "one": (420, 80, 80, 420), "two": (450, 50, 50, 450)}
    seen, found = seen_of(cells), dict[str, list[tuple[bool, str]]]()
    for correction in ("holm", "bonferroni"):
        success = [{"metric": "success_rate", "role": "success"}]
        policy = rule(success, correction=correction, alpha=0.05)
        _, state = policy.decide(None, seen)
        found[correction] = [
            (each.passed, each.reading.split("(level ")[1])
            for each in policy.readings(None, state, seen)
        ]
    assert found["holm"] == [(True, "0.05)"), (True, "0.025)")]
    assert found["bonferroni"] == [(False, "0.025)"), (True, "0.025)")]


def test_levels_are_shared_by_the_correction() -> None:
    """A p-value of .04, twice .02: below .1, not below a third; next to a sure one below .05."""
    success = [{"metric": "success_rate", "role": "success"}] * 1
    p_value = stats.norm.sf((840 - 808) / 1000 / np.sqrt(0.824 * 0.176 * 2 / 1000))
    assert 0.025 < p_value < 0.1 / 3
    like = {"old": (400, 96, 96, 408), "one": (420, 80, 80, 420)}
    several = {**like, "two": like["old"], "three": like["old"]}
    for correction, shipped in (("none", "one"), ("holm", "one"), ("bonferroni", "one")):
        assert decided(rule(success, correction=correction), seen_of(several)).variant == shipped
        strict = rule(success, correction=correction, alpha=0.05)
        expected = "one" if correction == "none" else "old"
        assert decided(strict, seen_of(several)).variant == expected
    sure = {**several, "two": (470, 30, 30, 470), "three": (470, 30, 30, 470)}
    policy = rule(success, alpha=0.05)
    assert decided(policy, seen_of(sure)).variant == "two"
    _, state = policy.decide(None, seen_of(several))
    names = [each.name for each in policy.readings(None, state, seen_of(several))]
    assert names == [f"success success_rate, {name}" for name in NAMES]


def test_readings_have_the_levels_that_decided() -> None:
    """By Holm next to two sure ones a p-value of .03 passes at .05; by Bonferroni not at .0167."""
    success = [{"metric": "success_rate", "role": "success"}]
    cells = {"old": (400, 96, 96, 408), "one": (420, 80, 80, 420)}
    seen = seen_of(cells | dict.fromkeys(NAMES[1:], (470, 30, 30, 470)))
    for correction, level, passed in (("holm", "0.05", True), ("bonferroni", "0.0167", False)):
        policy = rule(success, alpha=0.05, correction=correction)
        _, state = policy.decide(None, seen)
        found = policy.readings(None, state, seen)
        assert [each.passed for each in found] == [passed, True, True]
        assert found[0].reading.endswith(f"(level {level})")


def test_it_waits_for_the_labels_of_all() -> None:
    """And asks to be woken by them."""
    cells = {"old": EQUAL, "one": EQUAL, "two": (300, 100, 100, 499)}
    actions, state = rule().decide(None, seen_of(cells))
    assert actions == ()
    awaited = rule().next_look(state, seen_of(cells))
    assert awaited.labelled == ((("old",), 1000), (("one",), 1000), (("two",), 1000))


@pytest.mark.parametrize("correction", ["holm", "bonferroni"])
def test_equal_candidates_are_shipped_with_alpha_at_most(correction: str) -> None:
    """Three of them, two success metrics each that depend on each other: 800 draws.

    Not far below: with candidates that share a control and metrics that are alike, at least an
    eighth of alpha and at most alpha.
    """
    policy, runs = rule(METRICS[:2], correction=correction), 800
    rng = np.random.default_rng(11)
    drawn = rng.multinomial(LABELS, [0.3, 0.1, 0.1, 0.5], (runs, 4))
    found = 0
    for cells in drawn.tolist():
        action = decided(policy, seen_of(dict(zip(("old", *NAMES), cells, strict=True))))
        found += action.variant != "old"
    assert found <= stats.binom.ppf(0.9999, runs, 0.1)
    assert found >= stats.binom.ppf(0.0001, runs, 0.1 / 8)
    alone = rule(METRICS[:2], correction="none")
    more = sum(
        decided(alone, seen_of(dict(zip(("old", *NAMES), cells, strict=True)))).variant != "old"
        for cells in drawn.tolist()
    )
    assert more > stats.binom.ppf(0.9999, runs, 0.1)


def test_candidates_at_the_margin_of_a_guardrail_are_shipped_with_alpha_at_most() -> None:
    """Recall is far better, and precision worse by the whole margin, of all three: 1,000 draws."""
    policy, runs = rule([METRICS[0], METRICS[2]]), 1000
    rng = np.random.default_rng(12)
    control = rng.multinomial(LABELS, [0.3, 0.1, 0.1, 0.5], runs)  # precision .75
    share = 0.36 / 0.65 - 0.36
    worse = rng.multinomial(LABELS, [0.36, share, 0.04, 1 - 0.4 - share], (runs, 3))
    found = 0
    for own, others in zip(control.tolist(), worse.tolist(), strict=True):
        cells = {"old": own, **dict(zip(NAMES, others, strict=True))}
        found += decided(policy, seen_of(cells)).variant != "old"
    assert found <= stats.binom.ppf(0.9999, runs, 0.1)
    assert found >= stats.binom.ppf(0.0001, runs, 0.1 / 4)


def played(**shares: float) -> Scenario:
    """Four variants at equal weights, decided after 2,000 labels each."""
    policy = {
        "kind": "ship_decision",
        "labelled_requests": 2000,
        "metrics": [{"metric": "success_rate", "role": "success"}],
    }
    quick = {"kind": "constant", "value": "1ms"}
    return scenario(
        {
            name: variant(latency=quick, quality={"kind": "success", "probability": share})
            for name, share in shares.items()
        },
        rate="100/s",
        horizon="3min",
        objective={
            "control": "old",
            "candidates": list(NAMES),
            "metric": "success_rate",
            "smallest_effect": 0.03,
        },
        policies={"decide": policy},
    )


def test_what_is_said_of_it() -> None:
    """Holm's smallest level; and it chooses among all."""
    said = " ".join(explain(played(old=0.5, one=0.5, two=0.5, three=0.5)).sentences)
    assert "1 success metric of each of 3 candidates at least, by Holm, at 0.0167" in said
    assert "alone, and never" not in said


@pytest.mark.long
def test_in_runs_the_best_is_shipped_and_of_equal_ones_few() -> None:
    """300 runs each: `two` is better by .06 and `one` by .03, or all are equal."""
    found = {}
    for name, shares in (("better", (0.53, 0.56, 0.5)), ("equal", (0.5, 0.5, 0.5))):
        described = played(old=0.5, **dict(zip(NAMES, shares, strict=True)))
        study = simab.compare(described, worlds=["described"], replications=300, seed=4)
        found[name] = study.outcomes.decided_for.value_counts()
    assert found["better"].get("two", 0) >= stats.binom.ppf(0.0001, 300, 0.9)
    assert 300 - found["equal"].get("old", 0) <= stats.binom.ppf(0.9999, 300, 0.05)
