"""Warnings of labels and ways of counting them that show what is not there: by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simab.explain.explanation import explain
from simab.explain.recorded_shares import recorded_of, shown_share
from simab.policies.immature import Immature, SoFar, Wait, Weight, Window
from simab.scenario.models import Scenario
from tests.world.building import SECOND, scenario, variant

SLOW_S, FAST_S, WHOLE_S = 120.0, 30.0, 400.0
SOONER = {
    "variants": {
        "a": {"positive": {"delay": {"kind": "exponential", "mean": "120s"}}},
        "b": {"positive": {"delay": {"kind": "exponential", "mean": "30s"}}},
    }
}


def of(labels: dict[str, Any], *, sample: int = 4000, **immature: dict[str, Any]) -> Scenario:
    """Two variants with 40 % of conversions, ten requests a second each, tested once."""
    success = variant(
        latency={"kind": "constant", "value": "1ms"},
        quality={"kind": "success", "probability": 0.4},
    )
    policies = {
        name: {"kind": "fixed_horizon", "labelled_requests": sample, "immature": each}
        for name, each in immature.items()
    }
    pair = {"a": success, "b": success}
    return scenario(pair, labels=labels, horizon="1h", policies=policies)


def matured(mean_s: float) -> float:
    return 1.0 - mean_s / WHOLE_S * -math.expm1(-WHOLE_S / mean_s)


@pytest.mark.parametrize(
    ("immature", "expected"),
    [
        (SoFar(), 0.2),  # half of .4, of all answers
        (Window(within="1h"), 0.2),
        (Weight(), 0.2),
        (None, 0.2 / 0.8),
        (Wait(after="1h"), 0.2 / 0.8),
    ],
)
def test_what_is_never_labelled_is_negative_where_all_answers_count(
    immature: Immature | None, expected: float
) -> None:
    made = of({"variants": {"b": {"positive": {"never": 0.5}}}}, hasty={"kind": "so_far"})
    assert recorded_of(made, "b", immature).recorded == pytest.approx(expected)
    assert recorded_of(made, "a", immature).recorded == pytest.approx(0.4)


def test_a_variant_whose_labels_are_lost_is_warned_of_as_each_rule_counts() -> None:
    labels = {"variants": {"b": {"never": 0.5}}}
    assert not explain(of(labels, patient={"kind": "as_arrived"})).warnings
    said = explain(of(labels, hasty={"kind": "so_far"}, patient={"kind": "as_arrived"})).warnings
    (found,) = [each for each in said if "however many" in each]
    assert found.startswith(
        "Labels as “hasty” counts labels by `so_far` make “b” look 20 points worse against “a” "
        "than it is, however many have come: they say 40 % and 20 %, where 40 % and 40 % are true."
    )


@pytest.mark.parametrize(
    ("immature", "expected"),
    [
        (SoFar(), (0.4 * matured(SLOW_S), 0.4 * matured(FAST_S))),
        (Weight(), (0.4, 0.4)),
        (Weight(law="control"), (0.4, 0.4 * matured(FAST_S) / matured(SLOW_S))),
        (Window(within="50s"), (0.4 * -math.expm1(-50 / 120), 0.4 * -math.expm1(-50 / 30))),
        (
            None,
            tuple(0.4 * matured(each) / (0.4 * matured(each) + 0.6) for each in (SLOW_S, FAST_S)),
        ),
    ],
)
def test_what_is_shown_of_the_young(
    immature: Immature | None, expected: tuple[float, float]
) -> None:
    made = of(SOONER, hasty={"kind": "so_far"})
    shown = [shown_share(made, each, 0.4, immature, WHOLE_S * SECOND) for each in "ab"]
    assert shown == pytest.approx(expected, rel=1e-4)


def test_nothing_is_shown_of_the_young_where_a_rule_waits() -> None:
    made = of(SOONER | {"attribution_window": "100s"}, waits={"kind": "wait"})
    in_time = 0.4 * -math.expm1(-100 / 120)
    shown = shown_share(made, "a", 0.4, Wait(), WHOLE_S * SECOND)
    assert shown == pytest.approx(in_time, rel=1e-4)


@pytest.mark.parametrize(
    ("immature", "points"),
    [
        ({"kind": "so_far"}, 100 * 0.4 * (matured(FAST_S) - matured(SLOW_S))),
        ({"kind": "weight"}, None),
        ({"kind": "wait", "after": "50min"}, None),
    ],
)
def test_a_rule_that_is_misled_is_warned_of(immature: dict[str, Any], points: float | None) -> None:
    """The sample of 4,000 comes after 400 s; what is off then is said."""
    found = explain(of(SOONER, rule=immature))
    said = [each for each in found.warnings if "of two equal variants" in each]
    power = [each for each in found.sentences if "tests once" in each]
    if points is None:
        assert not said
        assert "with probability" in power[0]
        return
    (only,) = said
    assert f"“b” looks {points:.2g} points better than “a” after 6 min 40 s, as their" in only
    assert only.startswith("“rule” counts labels by `so_far`: of two equal")
    assert "with probability" not in power[0]
    assert "shows a difference of its own" in power[0]


def test_the_control_s_law_and_labels_as_they_come_mislead_too() -> None:
    ways = {"by control": {"kind": "weight", "law": "control"}, "plain": {"kind": "as_arrived"}}
    said = explain(of(SOONER, **ways)).warnings
    assert any("“by control” counts labels by `weight` by the control's law:" in s for s in said)
    assert any("“plain” counts labels by `as_arrived`: of two" in each for each in said)


def test_a_window_asks_another_question() -> None:
    early = {"kind": "window", "within": "50s"}
    (said,) = explain(of(SOONER, early=early)).warnings
    assert said.startswith(
        "“early” asks another question than success_rate: who is recorded as positive within 50s, "
        "13.63 % of “a” and 32.44 % of “b”, where 40 % and 40 % are positive in all."
    )


def test_delays_that_are_alike_mislead_nobody() -> None:
    """Young requests look worse than they are, but both alike."""
    alike = {"positive": {"delay": {"kind": "exponential", "mean": "120s"}}}
    ways = {"hasty": {"kind": "so_far"}, "early": {"kind": "window", "within": "50s"}}
    assert not explain(of(alike, **ways)).warnings
