"""Argo's analysis run and replica split against the tool written out a second time."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simab.policies.argo.analysis import AnalysisRun, MetricResult, advance, start
from simab.policies.argo.metrics import ArgoMetric
from simab.policies.argo.replicas import replica_counts
from tests.policies.argo_model import Counters, ModelRun, Settings, desired, reconciled
from tests.policies.fake_metrics import FakeMetrics, observation, requests

SECOND = 1_000_000_000
PERIOD_S = 10
WINDOWS = {
    "S": requests([10.0] * 10),
    "F": requests([10.0] * 10, failed=10),
    "I": requests([10.0] * 10, failed=5),
    "E": requests(),
}
SUCCESS, FAILURE = "result[0] < 0.1", "result[0] > 0.9"
CONDITIONS = {
    "both": {"success_condition": SUCCESS, "failure_condition": FAILURE},
    "success": {"success_condition": SUCCESS},
    "failure": {"failure_condition": FAILURE},
    "none": {},
    "guarded": {"success_condition": f"len(result) == 0 || {SUCCESS}"},
    "whole number": {"success_condition": "asInt(result[0]) == 0"},
}
VERDICTS = {  # of S, F, I (half of the requests fail) and E (no request)
    "both": ("Successful", "Failed", "Inconclusive", "Error"),
    "success": ("Successful", "Failed", "Failed", "Error"),
    "failure": ("Successful", "Failed", "Successful", "Error"),
    "none": ("Successful",) * 4,
    "guarded": ("Successful", "Failed", "Failed", "Successful"),
    "whole number": ("Successful", "Failed", "Successful", "Error"),
}


@st.composite
def metric_settings(draw: st.DrawFn) -> Settings:
    """A metric that the tool takes as valid."""
    interval = draw(st.none() | st.integers(1, 45))
    count = draw(st.none() | st.integers(0, 1 if interval is None else 8))
    largest = count or 8
    return Settings(
        conditions=draw(st.sampled_from(sorted(CONDITIONS))),
        interval=interval,
        initial_delay=draw(st.sampled_from([0, 0, 0, 5, 30, 90])),
        count=count,
        failure_limit=draw(st.integers(-1, min(largest, 4))),
        inconclusive_limit=draw(st.integers(0, min(largest, 4))),
        error_limit=draw(st.integers(0, 5)),
        success_limit=draw(st.sampled_from([0, 0, 1, 2, 4])),
        dry=draw(st.sampled_from([False, False, False, True])),
    )


def in_simab(it: Settings, of: str) -> ArgoMetric:
    """The same metric as a policy describes it."""
    data: dict[str, Any] = {
        "metric": "error_rate",
        "of": of,
        "window": f"{PERIOD_S}s",
        "initial_delay": f"{it.initial_delay}s",
        "interval": None if it.interval is None else f"{it.interval}s",
        "count": it.count,
        "failure_limit": it.failure_limit,
        "inconclusive_limit": it.inconclusive_limit,
        "consecutive_error_limit": it.error_limit,
        "consecutive_success_limit": it.success_limit,
        "dry_run": it.dry,
        **CONDITIONS[it.conditions],
    }
    return ArgoMetric.model_validate(data)


# Mostly healthy windows, for runs that last.
scripts = st.text(alphabet="SSSSSSSIFE", min_size=40, max_size=40)
analyses = st.tuples(
    st.lists(st.tuples(metric_settings(), st.booleans()), min_size=1, max_size=4),
    st.tuples(scripts, scripts),
    st.integers(0, 25),
    st.lists(st.integers(1, 120), min_size=1, max_size=12),
)
Analysis = tuple[list[tuple[Settings, bool]], tuple[str, str], int, list[int]]


def compare_runs(drawn: Analysis) -> None:
    """The same state of every metric and of the run at every look, however far apart they are."""
    metrics, (of_new, of_old), begin, steps = drawn
    letters = {"candidate": of_new, "control": of_old}
    whose = {f"m{i}": "control" if flag else "candidate" for i, (_, flag) in enumerate(metrics)}
    specification = {f"m{i}": it for i, (it, _) in enumerate(metrics)}
    ours = {name: in_simab(it, whose[name]) for name, it in specification.items()}

    def verdict(name: str, second: int) -> str:
        newest = second // PERIOD_S - 1
        script = letters[whose[name]]
        letter = script[newest] if 0 <= newest < len(script) else "E"
        return VERDICTS[specification[name].conditions]["SFIE".index(letter)]

    model, run = ModelRun(specification, begin, verdict), None
    windows = {
        (variant, number): WINDOWS[letter]
        for variant, script in (("new", of_new), ("old", of_old))
        for number, letter in enumerate(script)
    }
    now = begin
    model.second(now)
    for step in (0, *steps):
        for second in range(now + 1, now + step + 1):
            model.second(second)
        now += step
        shown = FakeMetrics(
            windows=windows,
            published_until_ns=now // PERIOD_S * PERIOD_S * SECOND,
            period_ns=PERIOD_S * SECOND,
        )
        seen = observation(shown, now_ns=now * SECOND)
        run = start(ours, seen) if run is None else advance(run, ours, seen)
        assert run.phase.value == model.phase
        for name, result in run.results.items():
            assert_alike(result, model.status.get(name), run)


def assert_alike(result: MetricResult, status: Counters | None, run: AnalysisRun) -> None:
    """Every counter; a metric without a measurement has no status in the tool."""
    if status is None:
        assert result.last is None
        assert result.phase.value == ("Successful" if run.phase.completed else "Pending")
        return
    assert result.last is not None
    assert (result.phase.value, result.last.phase.value) == (status.phase, status.last)
    assert (result.count, result.successful, result.failed) == (
        status.count,
        status.successful,
        status.failed,
    )
    assert (result.inconclusive, result.error) == (status.inconclusive, status.error)
    assert (result.consecutive_error, result.consecutive_success) == (
        status.errors_on_end,
        status.successes_on_end,
    )
    assert result.finished_ns == status.finished * SECOND


splits = st.tuples(
    st.integers(1, 120),
    st.lists(st.integers(0, 100), min_size=1, max_size=6),
    st.integers(0, 40),
    st.integers(0, 40),
)


def compare_splits(drawn: tuple[int, list[int], int, int]) -> None:
    """The pods that the controller's passes come to after each weight are the split played here."""
    replicas, weights, surge, unavailable = drawn
    unavailable = min(unavailable if surge else max(unavailable, 1), replicas)
    counts = (0, replicas)
    for weight in weights:
        wanted = desired(replicas, weight, surge)
        for _ in range(10 * replicas + 10):
            following = reconciled(counts, wanted, (replicas, surge, unavailable))
            if following == counts:
                break
            counts = following
        assert counts == wanted == replica_counts(replicas, weight, surge=surge > 0)


@given(analyses)
@settings(max_examples=60)
def test_an_analysis_run_is_that_of_the_tool(drawn: Analysis) -> None:
    """Up to four metrics with any limits and clocks, on any history of windows."""
    compare_runs(drawn)


@given(splits)
@settings(max_examples=300)
def test_the_split_of_replicas_is_that_of_the_tool(drawn: tuple[int, list[int], int, int]) -> None:
    """Any sequence of weights, with any surge and any number of pods that may be missing."""
    compare_splits(drawn)


@pytest.mark.long
@given(analyses)
@settings(max_examples=1_500, deadline=None)
def test_thousands_of_analysis_runs_are_those_of_the_tool(drawn: Analysis) -> None:
    """The same in the long session."""
    compare_runs(drawn)


@pytest.mark.long
@given(splits)
@settings(max_examples=5_000, deadline=None)
def test_thousands_of_splits_are_those_of_the_tool(drawn: tuple[int, list[int], int, int]) -> None:
    """The same in the long session."""
    compare_splits(drawn)


def test_every_split_of_a_small_fleet() -> None:
    """One to 60 replicas at every weight, with and without surge: none differs."""
    for replicas in range(1, 61):
        for weight in range(101):
            for surge in (0, 1):
                counts = replica_counts(replicas, weight, surge=surge > 0)
                assert counts == desired(replicas, weight, surge), (replicas, weight, surge)
