"""What explain says of a timeline: every entry, who leads when, and what a slowdown overloads."""

from __future__ import annotations

import pytest

from simab.explain.explanation import explain
from simab.explain.timeline_text import leading_sentence, timeline_sentences
from simab.scenario.answers_over_time import AnswersOverTime
from simab.scenario.epochs import MOST_EPOCHS, epochs
from tests.world.building import SECOND, scenario, variant

HOUR = 3600 * SECOND


def success(probability):
    return {"kind": "success", "probability": probability}


def of(*timeline, **parts):
    return scenario(timeline=list(timeline), **({"horizon": "2d"} | parts))


def conditions(**fields):
    return {"kind": "conditions"} | fields


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (
            conditions(name="slow disk", at="2h", ramp="1h", lasts="3h", fade="1h", latency_times=3)
            | {"variants": ["a"]},
            "“slow disk”: after 2 h, rising for 1 h, for 3 h, then fading for 1 h, requests to “a” "
            "take 3 times as long.",
        ),
        (
            conditions(at="8h", lasts="30min", repeats_every="12h", error_rate=0.3),
            "After 8 h, for 30 min, again every 12 h, 30 % of requests fail that would not "
            "otherwise.",
        ),
        (
            conditions(quality=success(0.5), segments=["users"], instance=0),
            "At the start, to the end, answers to requests of “users” at instance 0 have a success "
            "rate of 0.5.",
        ),
        (
            {"kind": "weights", "at": "4h", "weights": {"a": 1, "b": 0}, "name": "on call"},
            "“on call”: after 4 h somebody else sets weights: “a” 1 and “b” 0.",
        ),
        (
            {"kind": "metrics_outage", "at": "4h", "lasts": "1h", "windows": "lost"},
            "For 1 h, beginning after 4 h, no metrics are published: windows are lost.",
        ),
    ],
)
def test_an_entry_in_words(entry, text):
    assert next(timeline_sentences(of(entry))) == text


def test_a_date_in_place_of_a_time():
    """Through the night in which Berlin's clocks go forward: 7 h after 20:00 it is 4:00."""
    made = of(
        conditions(at="7h", error_rate=0.1), starts_at="2026-03-28T20:00", time_zone="Europe/Berlin"
    )
    assert next(timeline_sentences(made)).startswith("On Sun 29 Mar at 04:00, to the end, 10 %")


def test_who_leads_when():
    made = of(
        conditions(at="12h", quality=success(0.2), variants=["b"]),
        variants={"a": variant(quality=success(0.5)), "b": variant(quality=success(0.6))},
    )
    assert leading_sentence(made) == (
        "By the mean of each span, this one is better: “b” from the start and “a” from 12 h."
    )
    assert [(each.since_ns, each.until_ns) for each in epochs(made)] == [
        (0, 12 * HOUR),
        (12 * HOUR, 48 * HOUR),
    ]
    assert not leading_sentence(of(conditions(at="12h", quality=success(0.2))))


def test_nobody_leads_where_the_metric_does_not_exist():
    """A variant that calls nothing positive has no precision."""
    usual, low = (
        {
            "kind": "classifier",
            "positive_scores": {"kind": "quantiles", "values": [0.3, highest]},
            "negative_scores": {"kind": "quantiles", "values": [0.1, 0.6 * highest]},
        }
        for highest in (0.9, 0.4)
    )
    made = of(
        conditions(at="12h", quality=low),
        variants={name: variant(quality=usual) for name in "ab"},
        labels={"positive_share": 0.3},
        objective={"control": "a", "candidate": "b", "metric": "precision"}
        | {"smallest_effect": 0.01},
    )
    said = leading_sentence(made)
    assert said.endswith("undefined from 12 h.")


def test_seasons_are_cut_evenly():
    """No instant divides them; the truths of the epochs are those of the spans."""
    strength = {"kind": "points", "points": {"0h": 0, "24h": 1, "48h": 0}}
    made = of(conditions(strength=strength, quality=success(0.2), variants=["b"]))
    found = epochs(made)
    assert len(found) == MOST_EPOCHS
    edges = [found[0].since_ns, *(each.until_ns for each in found)]
    held = AnswersOverTime(made).between(edges)["b"]
    assert [each.truths["b"].success_rate for each in found] == [each.success_rate for each in held]


def test_a_slowdown_that_overloads_is_said_and_another_is_not():
    """A load of .4 at even weights, 20 requests a second of 40 ms: three times as much is 1.2."""
    sentences = explain(of(conditions(name="disk", latency_times=3, variants=["a"]))).sentences
    assert (
        "At the full strength of “disk” “a” is overloaded with 50 % of the traffic: its load is "
        "1.20 in place of 0.40, and its queue grows as long as that lasts."
    ) in sentences
    assert not any(
        "overloaded" in each for each in explain(of(conditions(latency_times=1.2))).sentences
    )


def test_no_sentence_says_that_nothing_saturates_where_a_slowdown_overloads() -> None:
    """Neither of a segment that is a fourth of the requests: .4 * (1 + 3 / 4 * 8) = 2.8."""
    traffic = {"web": {"rate": "5/s"}, "mobile": {"rate": "15/s"}}
    slow = conditions(name="disk", latency_times=9, segments=["mobile"])
    sentences = explain(of(slow, traffic=traffic)).sentences
    (average,) = [each for each in sentences if "highest load" in each]
    assert average.startswith("On average no variant saturates, and the highest load is 0.40 (")
    assert any(
        "“a” is overloaded with 50 % of the traffic: its load is 2.80" in s for s in sentences
    )
    light = conditions(latency_times=9, segments=["web"], variants=["a"])
    loads = [each for each in explain(of(light, traffic=traffic)).sentences if "in place" in each]
    assert ["its load is 1.20 in place of 0.40" in each for each in loads] == [True]


def test_one_slow_instance_is_overloaded_where_each_request_draws_its_own() -> None:
    """Where the least busy takes it, the others help."""
    slow = conditions(name="disk", latency_times=3, variants=["a"], instance=1)
    pair = {"a": variant(instances=2), "b": variant(instances=2)}
    (said,) = [
        each
        for each in explain(of(slow, variants=pair, rate="40/s")).sentences
        if "overloaded" in each
    ]
    assert "instance 1 of “a” is overloaded with 50 % of the traffic: its load is 1.20" in said
    shared = {"a": variant(instances=2, instance_routing="least_outstanding_requests")}
    made = of(slow, variants=shared | {"b": variant(instances=2)}, rate="40/s")
    assert not any("overloaded" in each for each in explain(made).sentences)


def test_what_conditions_fail_gets_no_label():
    """Of what fails at one time and another, the mean over the run is left."""

    def labelled(*timeline):
        return [row.labelled_per_hour for row in explain(of(*timeline)).truth]

    before = labelled()
    always = conditions(error_rate=0.8)
    assert labelled(always) == pytest.approx([0.2 * each for each in before])
    half = conditions(error_rate=0.8, at="1d")
    assert labelled(half) == pytest.approx([0.6 * each for each in before])
    both = [0.2 * 0.6 * each for each in before]
    ramped = conditions(error_rate=0.8, strength={"kind": "points", "points": {"0s": 0, "2d": 1}})
    assert labelled(always, ramped) == pytest.approx(both)
    other = conditions(error_rate=1, variants=["b"])
    assert labelled(other) == pytest.approx([before[0], 0.0])


def test_labels_that_conditions_take_are_missed():
    """All would have come in time, of a fifth none does."""
    waits = {"test": {"kind": "fixed_horizon", "labelled_requests": 9_000}}
    sure = of(policies=waits, traffic={"all": {"rate": "0.2/s"}}, horizon="30h")
    failing = sure.model_copy(update={"timeline": of(conditions(error_rate=0.8)).timeline})
    missed = "waits for 9,000 labelled requests a variant"
    assert not any(missed in each for each in explain(sure).warnings)
    assert any(missed in each for each in explain(failing).warnings)
