"""What explain says of arrivals that change, against rates and loads worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simab.explain import explain
from simab.explain.arrivals_text import changing_rates
from simab.scenario.rates import at_busiest_minute
from tests.world.building import scenario, variant

CALM, SURGE = {"times": 0.5, "lasts": "30min"}, {"times": 4, "lasts": "5min"}


def users(arrivals: dict[str, Any]) -> dict[str, Any]:
    return {"users": {"rate": "5/s", "arrivals": arrivals}}


def said(arrivals: dict[str, Any], word: str, *, service: str = "100ms", **parts: Any) -> list[str]:
    """The sentences with a word, of 5 requests a second to two variants of one worker each."""
    latency = {"kind": "constant", "value": service}
    pair = {name: variant(latency=latency) for name in "ab"}
    made = scenario(pair, traffic=users(arrivals), **({"horizon": "4h"} | parts))
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
    traffic = users({"modulation": {"states": [CALM, SURGE]}, "spikes": spike})
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


def test_what_saturates_for_minutes_of_a_busiest_hour_that_it_carries() -> None:
    """30 times as much for 5 minutes is (55 + 5 * 30) / 60 = 3.42 times as much in the hour."""
    spike = [{"at": "1h", "lasts": "5min", "times": 30}]
    quick = {"service": "20ms"}
    (minute, _) = said({"spikes": spike}, "busiest minute", **quick)
    assert minute == (
        "In the busiest minute, which begins after 1 h, 150 requests a second come, and “a” "
        "saturates at 50 % of the traffic: load 1.50 in place of 0.17 by the mean of the busiest "
        "hour."
    )
    (average,) = said({"spikes": spike}, "highest load", **quick)
    assert average == (
        "On average no variant saturates, and the highest load is 0.17 (“a” at 50 % of the "
        "traffic); for a while one does."
    )
    assert not said({"spikes": spike}, "busiest minute", service="12ms")


def test_the_busiest_minute_lies_in_the_middle_of_a_rise_and_a_fall() -> None:
    """From 1 to 61 times within a minute and back: 46 times on average around the summit."""
    spike = [{"at": "1h", "lasts": "1ns", "times": 61, "ramp": "1min"}]
    found = at_busiest_minute(scenario(traffic=users({"spikes": spike}), horizon="4h"))
    assert found[0] == pytest.approx(3_630e9, abs=2)
    assert found[1].traffic["users"].rate == pytest.approx(5 * 46)


def test_a_trace_has_its_busiest_minute(tmp_path: Path) -> None:
    """Twelve of thirteen requests in the second minute: .2 a second."""
    file = tmp_path / "trace.csv"
    file.write_text("t_s\n0\n" + "\n".join(str(60 + each) for each in range(12)) + "\n")
    traffic = {"users": {"trace": {"file": str(file), "time": "t_s"}}}
    found = at_busiest_minute(scenario(traffic=traffic, horizon="10min"))
    assert (found[0], found[1].traffic["users"].rate) == (60 * 10**9, pytest.approx(0.2))
