"""What explain says of arrivals that change, against rates and loads worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from simab.explain import explain
from simab.explain.arrivals_text import changing_rates
from tests.world.building import scenario, variant

CALM, SURGE = {"times": 0.5, "lasts": "30min"}, {"times": 4, "lasts": "5min"}


def said(arrivals: dict[str, Any], word: str, *, service: str = "100ms", **parts: Any) -> list[str]:
    """The sentences with a word, of 5 requests a second to two variants of one worker each."""
    latency = {"kind": "constant", "value": service}
    pair = {name: variant(latency=latency) for name in "ab"}
    traffic = {"users": {"rate": "5/s", "arrivals": arrivals}}
    made = scenario(pair, traffic=traffic, **({"horizon": "4h"} | parts))
    return [sentence for sentence in explain(made).sentences if word in sentence]


def test_a_rate_that_changes_by_chance_alone_has_no_busiest_hour() -> None:
    """All hours are alike on average."""
    assert not said({"modulation": {"states": [CALM, SURGE]}}, "busiest")
    spike = [{"at": "1h", "lasts": "1h", "times": 2}]
    (sentence,) = said({"modulation": {"states": [CALM, SURGE]}, "spikes": spike}, "busiest")
    # Chance multiplies by (0.5 * 30 + 4 * 5) / 35 = 1 on average.
    assert "begins after 1 h, with 10 requests a second, and the quietest at the start" in sentence


@pytest.mark.parametrize(
    ("service", "saturated"),
    [("40ms", []), ("60ms", []), ("110ms", ["load 1.10 in place of 0.28"] * 2)],
)
def test_what_saturates_only_while_most_requests_come(service: str, saturated: list[str]) -> None:
    """20 requests a second in place of 5 on average, half of them to each variant."""
    found = said({"modulation": {"states": [CALM, SURGE]}}, "While", service=service)
    assert len(found) == len(saturated)
    for sentence, load in zip(found, saturated, strict=True):
        assert "While “users” sends 20 requests a second, “" in sentence
        assert f"saturates at 50 % of the traffic: {load} on average." in sentence


def test_what_a_report_says_of_rates_has_no_word_of_loads() -> None:
    """Hours and chance; nothing of a rate that stays."""
    spike = [{"at": "1h", "lasts": "1h", "times": 2}]
    arrivals = {"modulation": {"states": [CALM, SURGE]}, "spikes": spike}
    traffic = {"users": {"rate": "5/s", "arrivals": arrivals}}
    assert [*changing_rates(scenario(traffic=traffic, horizon="4h"))] == [
        "The busiest hour begins after 1 h, with 10 requests a second, and the quietest at the "
        "start, with 5 requests a second.",
        "By chance “users” sends 2.5 requests a second in 86 % of the time (30 min at a time) and "
        "20 requests a second in 14 % of the time (5 min at a time).",
    ]
    assert not [*changing_rates(scenario(horizon="4h"))]


def test_windows_of_the_quietest_hour_without_a_request_are_counted() -> None:
    """5 requests a second times .004 to each half: .01 a second, .6 a minute, e^-.6 = .549."""
    spike = [{"at": "0s", "lasts": "1h", "times": 0.004}]
    metrics = {"period": "60s"}
    (sentence,) = said({"spikes": spike}, "windows are empty", metrics=metrics)
    assert "“b” gets 0.6 requests a window of 1min where it has 50 % of the traffic" in sentence
    assert "55 % of its windows are empty" in sentence
    busy = [{"at": "0s", "lasts": "1h", "times": 0.5}]
    assert not said({"spikes": busy}, "windows are empty", metrics=metrics)


def test_a_segment_that_is_silent_in_the_busiest_hour_has_no_bursts_there() -> None:
    """3 requests a second of web from the second hour on, when b2b has stopped."""
    steps = {"web": {"0s": 0, "2h": 3}, "b2b": {"0s": 1, "2h": 0}}
    traffic = {
        name: {
            "rate": "5/s",
            "arrivals": {"shape": {"kind": "points", "points": points, "between": "constant"}},
        }
        for name, points in steps.items()
    }
    found = explain(scenario(traffic=traffic, horizon="4h")).sentences
    assert any("The busiest hour begins after 2 h, with 15 requests" in each for each in found)


def test_the_hour_that_ends_with_the_run_is_one_of_them() -> None:
    """From minute 61 to the end at minute 74 the rate is 50 times as high."""
    spike = [{"at": "61min", "lasts": "13min", "times": 50}]
    (sentence,) = said({"spikes": spike}, "busiest hour", horizon="74min")
    # 47 of its minutes are as ever: (47 + 13 * 50) / 60 * 5 requests a second.
    assert "The busiest hour begins after 14 min, with 58.1 requests a second" in sentence
