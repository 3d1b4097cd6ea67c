"""The warning of rounds that begin before late labels come: by hand, and an integral."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simab.explain import warnings
from simab.explain.recorded_shares import shown_between
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

LATE = {
    "delay": {"kind": "constant", "value": "1s"},
    "negative": {"delay": {"kind": "constant", "value": "2min"}},
}


def of(labels: dict[str, Any] | None = None, several: bool = True, **fields: Any) -> Scenario:
    """Two candidates as good as the control, in rounds of 400 labels each at ten a second."""
    equal = variant(quality={"kind": "success", "probability": 0.5}, workers=8)
    test = {"kind": "fixed_horizon", "labelled_requests": 400} | fields.pop("test", {})
    policy = {"kind": "rounds", "experiment": test} | fields
    return scenario(
        {"old": equal, "one": equal, "two": equal | {"deployed": False}},
        horizon="20min",
        objective={
            "control": "old",
            "candidates": ["one", "two"] if several else ["one"],
            "metric": "success_rate",
            "smallest_effect": 0.1,
        },
        labels=LATE if labels is None else labels,
        policies={"rounds": policy},
    )


def said(described: Scenario) -> list[str]:
    """The warnings of it."""
    return [each for each in warnings(described) if "only those that come soon" in each]


def test_a_new_variant_has_its_successes_alone() -> None:
    """400 labels take 40 s, before any failure is known; all of them are after two minutes."""
    (text,) = said(of())
    assert "“rounds” counts labels at once" in text
    assert "looks 50 points better in its round. Write `settle: 2min`." in text


def test_failures_that_come_first_speak_against_who_is_new() -> None:
    """After a minute and a half of two there are 10 s of successes, and 40 s of failures."""
    early = LATE | {
        "negative": {"delay": {"kind": "constant", "value": "1s"}},
        "positive": {"delay": {"kind": "constant", "value": "2min"}},
    }
    (text,) = said(of(early, settle="90s"))
    assert "counts labels from 90s after an update on" in text.replace("1min30s", "90s")
    assert f"looks {100 * (0.5 - 10 / 50):g} points worse" in text


@pytest.mark.parametrize(
    "described",
    [
        of(settle="2min"),
        of({"delay": {"kind": "exponential", "mean": "10min"}}),
        of(several=False),
        of(LATE, test={"immature": {"kind": "wait", "after": "5min"}}),
    ],
    ids=["settled", "alike", "one round", "waits"],
)
def test_it_is_silent_where_labels_are_alike(described: Scenario) -> None:
    assert not said(described)


def test_the_share_of_a_span_is_an_integral() -> None:
    """Successes at once, failures after exponential delays of mean m: from s to s + l of ages."""
    mean, since, lasts, share = 120.0, 60.0, 200.0, 0.3
    described = of(
        {
            "delay": {"kind": "constant", "value": "0s"},
            "negative": {"delay": {"kind": "exponential", "mean": "2min"}},
        }
    )
    failures = lasts - mean * (math.exp(-since / mean) - math.exp(-(since + lasts) / mean))
    expected = share * lasts / (share * lasts + (1 - share) * failures)
    found = shown_between(described, "one", share, since * 1e9, (since + lasts) * 1e9)
    assert found == pytest.approx(expected, rel=1e-3)
