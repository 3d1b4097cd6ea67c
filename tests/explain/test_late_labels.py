"""What explain and check say of labels by outcome, through a window, wrong or never: by hand."""

from __future__ import annotations

import math

import pytest

from simab.explain.explanation import explain
from simab.explain.label_arrival import arrival_law
from simab.explain.recorded_shares import recorded_of
from simab.policies.immature import SoFar, Wait, Weight, Window
from tests.world.building import scenario, variant

HOUR_NS = 3_600 * 10**9


def of(labels, probability=0.1):
    """Two variants of quality success with the same probability."""
    success = variant(quality={"kind": "success", "probability": probability})
    return scenario({"a": success, "b": success}, horizon="10d", labels=labels, rate="1/s")


def hours(value):
    return {"kind": "constant", "value": f"{value}h"}


def test_never_by_outcome_changes_what_is_recorded():
    """Half of the successes of b never come: 5 of 95 are left of what were 10 of 100."""
    made = of({"variants": {"b": {"positive": {"never": 0.5}}}})
    assert recorded_of(made, "a").recorded == pytest.approx(0.1)
    found = recorded_of(made, "b")
    assert found.labelled == pytest.approx(0.95)
    assert found.recorded == pytest.approx(0.05 / 0.95)
    (said,) = [text for text in explain(made).warnings if "however many" in text]
    assert "4.7 points worse" in said
    assert "10 % and 5.263 %" in said


def test_a_window_loses_the_slow_ones():
    """Exponential of a day, a window of a day: 1 - 1/e of the successes are recorded."""
    slow = {"kind": "exponential", "mean": "1d"}
    made = of({"attribution_window": "1d", "variants": {"a": {"positive": {"delay": slow}}}})
    assert recorded_of(made, "a").recorded == pytest.approx(0.1 * (1 - math.exp(-1)), rel=1e-5)
    assert recorded_of(made, "b").recorded == pytest.approx(0.1)


def test_wrong_labels_mix_the_classes():
    """A tenth of the failures recorded as successes, a fifth of the successes as failures."""
    made = of({"positive": {"wrong": 0.2}, "negative": {"wrong": 0.1}})
    assert recorded_of(made, "a").recorded == pytest.approx(0.1 * 0.8 + 0.9 * 0.1)
    assert not [text for text in explain(made).warnings if "however many" in text]


def test_the_share_of_positives_is_that_over_segments():
    """A third of the answers of b are to a segment of .4, two thirds of .1: .2 are positive."""
    success = variant(quality={"kind": "success", "probability": 0.1})
    others = {"b": {"kind": "success", "probability": 0.4}}
    made = scenario(
        {"a": success, "b": success},
        horizon="1d",
        labels={"positive": {"never": 0.5}},
        traffic={"some": {"rate": "1/s", "quality": others}, "more": {"rate": "2/s"}},
    )
    assert recorded_of(made, "a").recorded == pytest.approx(0.05 / 0.95)
    assert recorded_of(made, "b").recorded == pytest.approx(0.1 / 0.9)


@pytest.mark.parametrize(
    ("immature", "short_h"),
    [
        (None, 0.1 * 8 + 0.9 * 4),  # successes after 2 h, failures when the window closes after 6
        (SoFar(), 10),
        (Wait(), 4),
        (Wait(after="8h"), 2),
        (Window(within="3h"), 7),
        (Weight(), 8),
    ],
)
def test_how_far_ten_hours_reach_under_each_treatment(immature, short_h):
    """Of a request an hour so many count after ten hours, on average."""
    made = of({"attribution_window": "6h", "positive": {"delay": hours(2)}})
    law = arrival_law(made, immature)
    assert law.mean_shortfall(10 * HOUR_NS) / HOUR_NS == pytest.approx(short_h, rel=1e-9)


def test_labels_of_no_kind_are_explained_as_before():
    """One delay and one share: no sentence more."""
    plain = of({"delay": hours(1), "never": 0.1})
    assert not [text for text in explain(plain).sentences if "positives" in text]
    assert recorded_of(plain, "a").labelled == 0.9
