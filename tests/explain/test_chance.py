"""Guardrails below what a window of that size can hold by chance."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.explain import warnings
from simab.explain.chance import broken_window_share
from simab.policies.explaining.drawn_windows import mean_beyond_share
from simab.policies.explaining.readings import Mean
from simab.policies.limits import ErrorRateLimit, LatencyLimit
from simab.profiles.durations import Exponential
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

ERRORS = ErrorRateLimit(metric="error_rate", at_most=0.01)
P99 = LatencyLimit.model_validate({"metric": "latency_p99", "at_most": "200ms"})


@pytest.mark.parametrize(("requests", "over"), [(60, 0.005), (3.0, 0.005), (500, 0.009), (60, 0.0)])
def test_errors_and_answers_are_two_poisson_counts(requests: float, over: float) -> None:
    """Thinned Poisson: a window is over 1 % if its errors are more than a 99th of its answers."""
    errors = np.arange(400)
    many = stats.poisson.pmf(errors, requests * over)
    fewer = stats.poisson.cdf(np.ceil(99 * errors) - 1, requests * (1 - over))
    assert broken_window_share(ERRORS, over, requests) == pytest.approx(float(many @ fewer))


@pytest.mark.parametrize("requests", [5.0, 60.0, 300.0])
def test_a_percentile_is_broken_as_often_as_in_drawn_windows(requests: float) -> None:
    """200,000 drawn windows whose requests are over the limit with chance 0.5 %; 5 sigma."""
    draw, windows = np.random.default_rng(3), 200_000
    many = draw.poisson(requests, windows)
    over = draw.binomial(many, 0.005)
    broken = (many > 0) & (many - over < np.maximum(np.ceil(0.99 * many), 1))
    expected = broken_window_share(P99, 0.005, requests)
    assert abs(broken.mean() - expected) < 5 * np.sqrt(expected * (1 - expected) / windows)


def guarded(guardrail: dict[str, Any], rate: str = "2/s", **parts: Any) -> Scenario:
    fine = variant(error_rate=0.005, latency={"kind": "constant", "value": "100ms"}, workers=50)
    play = scenario({"a": fine, "b": fine}, rate=rate, horizon="1d", **parts)
    data = play.model_dump(mode="json")
    data["objective"]["guardrails"] = [guardrail]
    data["metrics"]["period"] = "1min"
    return Scenario.model_validate(data)


def by_chance(play: Scenario) -> list[str]:
    return [each for each in warnings(play) if "by chance" in each]


def test_the_warning_says_how_often_and_what_to_set() -> None:
    """60 requests at .5 %: one error is over 1 %, two are within 4 %, and three are rare."""
    said = by_chance(guarded({"metric": "error_rate", "at_most": "1%"}))
    assert len(said) == 2
    assert "at most 1 % is broken by chance in 25.9 % of the windows of “a”" in said[0]
    assert "Set at_most to 4 % or metrics.period to " in said[0]


@pytest.mark.parametrize(
    ("guardrail", "rate"),
    [
        ({"metric": "error_rate", "at_most": "6%"}, "2/s"),
        ({"metric": "error_rate", "at_most": "1%"}, "200/s"),
        ({"metric": "error_rate", "at_most": "0.1%"}, "2/s"),
        ({"metric": "latency_p99", "at_most": "100ms"}, "2/s"),
    ],
    ids=["wide", "busy", "broken by what it is", "never over"],
)
def test_a_limit_that_holds_or_is_broken_truly_is_no_chance(
    guardrail: dict[str, Any], rate: str
) -> None:
    """Nothing is said where less than 1 % of the windows break it, or where the variant does."""
    assert by_chance(guarded(guardrail, rate)) == []


def test_what_it_says_to_set_is_enough() -> None:
    """With either remedy the warning is gone, and the next smaller one would not do."""
    said = by_chance(guarded({"metric": "error_rate", "at_most": "1%"}))[0]
    period = said.rsplit("metrics.period to ", 1)[1].rstrip(".")
    assert by_chance(guarded({"metric": "error_rate", "at_most": "4%"})) == []
    assert by_chance(guarded({"metric": "error_rate", "at_most": "3%"})) != []
    longer = guarded({"metric": "error_rate", "at_most": "1%"}).model_dump(mode="json")
    longer["metrics"]["period"] = period
    assert by_chance(Scenario.model_validate(longer)) == []


@pytest.mark.parametrize(("requests", "limit_ms"), [(5.0, 150), (40.0, 120), (2000.0, 104)])
def test_a_mean_of_exponential_latencies_is_broken_as_gamma_says(
    requests: float, limit_ms: int
) -> None:
    """The sum of n latencies of mean 100 ms is gamma, and n is Poisson; within 1 %."""
    law = Mean(Exponential.model_validate({"mean": "100ms"}).table(), limit_ms * 1e6, ">")
    counts = np.arange(1, 10 * requests + 60)
    sums = stats.gamma(counts, scale=100).sf(limit_ms * counts)
    expected = float(stats.poisson.pmf(counts, requests) @ sums)
    assert mean_beyond_share(law, requests) == pytest.approx(expected, rel=0.01)


def test_a_guardrail_on_the_mean_is_warned_of_as_well() -> None:
    """60 latencies of a coefficient of variation of 3 have a mean that strays by 40 %."""
    play = guarded({"metric": "latency_mean", "at_most": "120ms"}).model_dump(mode="json")
    wide = {"kind": "lognormal", "mean": "100ms", "cv": 3}
    for each in play["endpoint"]["variants"].values():
        each["latency"] = wide
    said = by_chance(Scenario.model_validate(play))
    assert len(said) == 2
    assert said[0].startswith("The guardrail latency_mean at most 120ms is broken by chance in")


def test_a_mean_that_waits_break_is_no_chance() -> None:
    """M/M/1 at load 0.5: 100 ms of service and 100 ms of waiting, against 150 ms and 250 ms."""
    for at_most, broken in (("150ms", True), ("250ms", False)):
        play = guarded({"metric": "latency_mean", "at_most": at_most}, rate="10/s")
        data = play.model_dump(mode="json")
        for each in data["endpoint"]["variants"].values():
            each |= {"latency": {"kind": "exponential", "mean": "100ms"}, "workers": 1}
        said = warnings(Scenario.model_validate(data))
        about = [each for each in said if "takes about 200 ms on average" in each]
        assert len(about) == 2 * broken
        assert not (broken and any("by chance" in each for each in said))


def test_a_remedy_of_a_mean_works_when_followed() -> None:
    """Either of the two that are said; then nothing is said of it any more."""
    play = guarded({"metric": "latency_mean", "at_most": "115ms"}, rate="6/s")
    data = play.model_dump(mode="json")
    for each in data["endpoint"]["variants"].values():
        each["latency"] = {"kind": "lognormal", "mean": "100ms", "cv": 3}
    said = by_chance(Scenario.model_validate(data))
    assert len(said) == 2
    for warning in said:
        name = warning.partition("windows of ")[2].partition(",")[0]
        (at_most, period) = re.findall(r"to (\S+?)(?= or |\.$)", warning)[-2:]
        limited = {**data, "objective": {**data["objective"], "guardrails": [
            {"metric": "latency_mean", "at_most": at_most}]}}  # fmt: skip
        longer = {**data, "metrics": {**data["metrics"], "period": period}}
        longer["horizon"] = "6d"
        for followed in (limited, longer):
            left = by_chance(Scenario.model_validate(followed))
            assert not [each for each in left if name in each]
