"""The JSON and the codes of Prometheus's HTTP interface."""

from __future__ import annotations

import json
import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.prometheus.effort import Effort
from simab.prometheus.queries import MOST_STEPS, answer_query
from tests.prometheus.held import Held, counting


@pytest.fixture
def held() -> Held:
    return Held({"m": [counting(15, [0, 1, 2.5, 4, math.nan], variant="a")]}, now_ms=60_500)


def test_an_instant_vector(held: Held) -> None:
    assert held.ask("m", time="45") == (
        200,
        {
            "status": "success",
            "data": {
                "resultType": "vector",
                "result": [{"metric": {"__name__": "m", "variant": "a"}, "value": [45, "4"]}],
            },
        },
    )


def test_the_present_is_asked_for_unless_a_time_is_given(held: Held) -> None:
    assert held.ask("m").body["data"]["result"][0]["value"] == [60.5, "NaN"]
    assert held.ask("m", time="1970-01-01T01:00:30+01:00").body["data"]["result"][0]["value"] == [
        30,
        "2.5",
    ]


def test_after_the_present_the_present_is_answered_with_a_warning(held: Held) -> None:
    """Clients that ask at each query for their own clock's time would else see nothing."""
    body = held.ask("m", time="1700000000.5").body
    assert body["data"]["result"][0]["value"] == [60.5, "NaN"]
    assert "after the present of the simulation, 60.500" in body["warnings"][0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        ("+3.e1", 30),
        (".5", 0.5),
        ("-1", -1),
        ("1970-01-01T00:00:30Z", 30),
        ("1970-01-01T00:00:30.123456789+00:00", 30.123),
        ("1970-01-01T01:00:30+01:00", 30),
        *(
            (each, None)
            for each in ("3_0", " 30", "30 ", "30\n", "\u0663", "0x1e", "inf", "nan", "")
        ),
        ("1970-W01-4T00:00:30Z", None),
        ("1970-01-01T00:00Z", None),
        ("1970-01-01 00:00:30Z", None),
        ("19700101T000030Z", None),
        ("1970-01-01T00:00:30", None),
        ("1970-01-01T00:00:61Z", None),
    ],
)
def test_times_are_written_as_for_prometheus(held: Held, text: str, seconds: float | None) -> None:
    asked = {"query": "time()", "start": text, "end": "31", "step": "40"}
    answer = answer_query(held, "/query_range", asked)
    if seconds is None:
        assert (answer.status, answer.body["errorType"]) == (400, "bad_data")
    else:
        assert answer.body["data"]["result"][0]["values"][0][0] == seconds


@pytest.mark.parametrize("step", ["1_0", " 10", "1 0s", "10 s", "\u0661s"])
def test_lengths_are_written_as_for_prometheus(held: Held, step: str) -> None:
    asked = {"query": "time()", "start": "0", "end": "30", "step": step}
    assert answer_query(held, "/query_range", asked).status == 400


def test_far_before_the_present_then_is_answered_with_a_warning(held: Held) -> None:
    """As for clients whose own clock the simulation has left behind."""
    held.now_ms = 345_000
    assert "warnings" not in held.ask("m", time="45").body
    body = held.ask("m", time="44.999").body
    assert body["data"]["result"][0]["value"] == [44.999, "2.5"]
    assert "time is 300 s before the present of the simulation, 345.000" in body["warnings"][0]


def test_nothing_is_an_empty_vector_and_says_what_there_is(held: Held) -> None:
    body = held.ask("sum(m{variant=~'b.*'})").body
    assert body["data"] == {"resultType": "vector", "result": []}
    assert body["infos"] == ['no series of m has variant=~"b.*"; there are a']


def test_a_scalar_and_a_range_vector(held: Held) -> None:
    assert held.ask("1 / 0").body["data"] == {"resultType": "scalar", "result": [60.5, "+Inf"]}
    rows = held.ask("m[31s]", time="45").body["data"]
    assert rows["resultType"] == "matrix"
    assert rows["result"][0]["values"] == [[15, "1"], [30, "2.5"], [45, "4"]]
    assert held.ask("m[100ms]").body["data"] == {"resultType": "matrix", "result": []}


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"query": "1 +"}, 400, "bad_data"),
        ({}, 400, "bad_data"),
        ({"query": "1", "time": "yesterday"}, 400, "bad_data"),
        ({"query": "1", "time": "1e300"}, 400, "bad_data"),
        ({"query": "1", "time": "nan"}, 400, "bad_data"),
        ({"query": "1", "time": "2026-01-05T09:00:00"}, 400, "bad_data"),
        ({"query": "1", "timeout": "soon"}, 400, "bad_data"),
        ({"query": "1", "timeout": "-1"}, 400, "bad_data"),
        ({"query": "1", "lookback_delta": "1m"}, 400, "bad_data"),
        ({"query": "1", "limit": "5"}, 400, "bad_data"),
        ({"query": "unheard_of"}, 422, "execution"),
        ({"query": "m", "timeout": "0"}, 503, "timeout"),
    ],
)
def test_errors_have_prometheus_codes(
    held: Held, parameters: dict[str, str], status: int, kind: str
) -> None:
    answer = answer_query(held, "/query", parameters)
    assert answer.status == status
    assert answer.body["status"] == "error"
    assert answer.body["errorType"] == kind
    assert answer.body["error"]


def test_other_paths_are_refused_by_name(held: Held) -> None:
    answer = answer_query(held, "/series", {})
    assert answer.status == 404
    assert "/api/v1/query and /api/v1/query_range" in answer.body["error"]


def test_a_range_of_instants(held: Held) -> None:
    asked = {"query": "m > 1", "start": "0", "end": "45", "step": "15"}
    answer = answer_query(held, "/query_range", asked)
    assert answer.body["data"] == {
        "resultType": "matrix",
        "result": [
            {"metric": {"__name__": "m", "variant": "a"}, "values": [[30, "2.5"], [45, "4"]]}
        ],
    }
    number = answer_query(held, "/query_range", asked | {"query": "time()", "step": "30s"})
    assert number.body["data"]["result"] == [{"metric": {}, "values": [[0, "0"], [30, "30"]]}]


def test_steps_after_the_present_are_left_out(held: Held) -> None:
    asked = {"query": "vector(1)", "start": "60", "end": "120", "step": "15"}
    answer = answer_query(held, "/query_range", asked)
    assert len(answer.body["data"]["result"][0]["values"]) == 1
    assert "after the present" in answer.body["warnings"][0]


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"start": "10", "end": "5", "step": "1"}, "must not be before start"),
        ({"start": "0", "end": "5", "step": "0"}, "zero or negative"),
        ({"start": "0", "end": "5"}, 'invalid parameter "step"'),
        ({"end": "5", "step": "1"}, 'invalid parameter "start"'),
        ({"start": "0", "end": str(MOST_STEPS), "step": "1"}, "exceeded maximum resolution"),
        ({"start": "-9e12", "end": "9e12", "step": "0.001"}, "exceeded maximum resolution"),
        ({"start": "0", "end": "5", "step": "1", "query": "m[1m]"}, 'type "range vector"'),
    ],
)  # fmt: skip
def test_ranges_that_are_refused(held: Held, parameters: dict[str, str], why: str) -> None:
    answer = answer_query(held, "/query_range", {"query": "m", **parameters})
    assert answer.status == 400
    assert why in answer.body["error"]


@pytest.mark.parametrize(
    ("path", "parameters", "points"),
    [
        ("/query", {"query": "m[1m]"}, 4),
        ("/query", {"query": "m"}, 1),
        ("/query_range", {"query": "m", "start": "15", "end": "60", "step": "15"}, 4),
    ],
)
def test_results_that_are_too_large_are_refused(
    held: Held, monkeypatch: pytest.MonkeyPatch, path: str, parameters: dict[str, str], points: int
) -> None:
    for most, status in ((points, 200), (points - 1, 422)):
        monkeypatch.setattr("simab.prometheus.queries.Effort", partial(Effort, points=most))
        answer = answer_query(held, path, parameters)
        assert answer.status == status
    assert answer.body["error"].startswith("the result would have more points")


@given(
    st.dictionaries(
        st.sampled_from(["query", "time", "timeout", "start", "end", "step"]),
        st.text(alphabet="0123456789.-+:TZme(){}[]=/^ nafisru", max_size=24),
    ),
    st.sampled_from(["/query", "/query_range"]),
)
def test_whatever_is_asked_there_is_an_answer(parameters: dict[str, str], path: str) -> None:
    held = Held({"m": [counting(15, [1, 2])]})
    answer = answer_query(held, path, parameters)
    assert answer.status in (200, 400, 422, 503)
    json.dumps(answer.body, allow_nan=False)
