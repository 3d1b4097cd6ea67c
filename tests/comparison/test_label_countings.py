"""How far each way of counting young requests is off: by closed forms, and as it is said."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import simab
from simab.report.convergence_text import signed_text
from simab.report.label_countings import counting_finding, counting_words, countings_table
from simab.result.convergence_result import convergence_json, read_saved_convergence
from simab.result.studied_convergence import CountingBias, StudiedConvergence
from simab.text import typeset
from simab.text.lists import listed

HORIZON_S, SHARE, DELAYS_S, WINDOW_S = 400.0, 0.4, {"slow": 120.0, "fast": 30.0}, 50.0
LATE = """
title: Two equal pages, one of which converts sooner
endpoint:
  variants:
    slow: {weight: 1, workers: 50, latency: {kind: constant, value: 1ms},
           quality: {kind: success, probability: 40%}}
    fast: {weight: 1, workers: 50, latency: {kind: constant, value: 1ms},
           quality: {kind: success, probability: 40%}}
traffic: {visitors: {rate: 20/s}}
labels:
  variants:
    slow: {positive: {delay: {kind: exponential, mean: 120s}}}
    fast: {positive: {delay: {kind: exponential, mean: 30s}}}
controller: {interval: 10s}
metrics: {period: 10s}
objective: {control: slow, candidate: fast, metric: success_rate, smallest_effect: 0.02}
horizon: 400s
policies:
  hasty: {kind: fixed_horizon, labelled_requests: 1000, immature: {kind: so_far}}
  also hasty: {kind: fixed_horizon, labelled_requests: 2000, immature: {kind: so_far}}
  early: {kind: fixed_horizon, labelled_requests: 1000, immature: {kind: window, within: 50s}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> simab.Convergence:
    file = tmp_path_factory.mktemp("late") / "late.yaml"
    file.write_text(LATE, encoding="utf-8")
    return simab.convergence(simab.load(file), replications=60)


def matured(mean_s: float) -> float:
    """The share of positives of 0 to 400 s that has arrived at the end; ages are even."""
    return 1.0 - mean_s / HORIZON_S * -math.expm1(-HORIZON_S / mean_s)


def converted(mean_s: float) -> float:
    """The share of positives that arrive within 50 s."""
    return -math.expm1(-WINDOW_S / mean_s)


EXPECTED = {
    ("so_far", ""): SHARE * (matured(DELAYS_S["fast"]) - matured(DELAYS_S["slow"])),
    ("weight", "own"): 0.0,
    ("weight", "control"): SHARE * (matured(DELAYS_S["fast"]) / matured(DELAYS_S["slow"]) - 1.0),
    ("window", ""): SHARE * (converted(DELAYS_S["fast"]) - converted(DELAYS_S["slow"])),
}


def way(found: simab.Convergence, kind: str, law: str = "") -> CountingBias:
    ways = found.result.found.countings or ()
    return next(each for each in ways if (each.kind, each.law) == (kind, law))


@pytest.mark.parametrize(("kind", "law"), EXPECTED, ids="-".join)
def test_a_bias_is_that_of_the_closed_form(found: simab.Convergence, kind: str, law: str) -> None:
    each, expected = way(found, kind, law), EXPECTED[kind, law]
    error = (each.high[-1] - each.low[-1]) / 4.0
    assert each.bias[-1] == pytest.approx(expected, abs=4.0 * error)
    assert error < 0.004, "it would see a bias of a hundredth"


def test_rules_that_count_alike_are_one_way(found: simab.Convergence) -> None:
    assert way(found, "so_far").rules == ("hasty", "also hasty")
    assert way(found, "as_arrived").rules == ()
    assert way(found, "window").age_s == WINDOW_S


def test_what_arrives_first_is_off_as_the_labels_that_there_are(found: simab.Convergence) -> None:
    """Negatives count at once here, and positives when they arrive: p M / (p M + 1 - p)."""
    shares = [
        SHARE * matured(DELAYS_S[name]) / (SHARE * matured(DELAYS_S[name]) + 1.0 - SHARE)
        for name in ("slow", "fast")
    ]
    each = way(found, "as_arrived")
    error = (each.high[-1] - each.low[-1]) / 4.0
    expected = shares[1] - shares[0]
    assert each.bias[-1] == pytest.approx(expected, abs=4.0 * error + 0.002)


def test_what_is_saved_is_read_again(found: simab.Convergence) -> None:
    text = convergence_json(found.result)
    again = read_saved_convergence(text.encode(), "convergence.json")
    assert convergence_json(again) == text
    assert way(found, "so_far") in (again.found.countings or ())


def test_labels_that_are_not_late_have_no_ways(tmp_path: Path) -> None:
    start, end = LATE.index("labels:"), LATE.index("controller:")
    file = tmp_path / "at_once.yaml"
    file.write_text(LATE[:start] + LATE[end:], encoding="utf-8")
    at_once = simab.convergence(simab.load(file), replications=2).result
    assert at_once.found.countings is None
    assert "countings" not in convergence_json(at_once)


def test_the_runs_are_the_same_with_workers(found: simab.Convergence) -> None:
    with ThreadPoolExecutor(2) as two:
        again = simab.convergence(found.scenario, replications=60, executor=two)
    assert convergence_json(again.result) == convergence_json(found.result)


def drawn(found: simab.Convergence, seed: int) -> StudiedConvergence:
    """Ways with biases, intervals and gaps that no run would give."""
    numbers, result = np.random.default_rng(seed), found.result.found
    ways = []
    for each in result.countings or ():
        bias = numbers.choice([0.0, 0.05, -0.02]) + numbers.normal(0.0, 0.01, len(each.bias))
        wide = np.where(numbers.random(len(bias)) < 0.25, math.nan, 0.01)
        low, high = tuple((bias - wide).tolist()), tuple((bias + wide).tolist())
        ways.append(replace(each, bias=tuple(bias.tolist()), low=low, high=high))
    return replace(result, countings=tuple(ways))


@pytest.mark.parametrize("seed", range(30))
def test_the_sentence_says_what_the_numbers_have(found: simab.Convergence, seed: int) -> None:
    result = drawn(found, seed)
    said = counting_finding(result)
    quarter = min(range(len(result.times_s)), key=lambda at: abs(result.times_s[at] - 100.0))
    for at in (quarter, len(result.times_s) - 1):
        when = typeset.duration(result.times_s[at])
        known = [each for each in result.countings or () if math.isfinite(each.low[at])]
        same = [each for each in known if each.kind != "window"]
        off = [each for each in same if abs(each.bias[at]) > 1.7 * 0.01]
        clean = [counting_words(each, result) for each in same if each not in off]
        sentence = next((each for each in said.split("After ") if each.startswith(when)), "")
        if off:
            worst = max(off, key=lambda each: abs(each.bias[at]))
            words = counting_words(worst, result)
            assert f"count {words}: by {signed_text(result.metric, worst.bias[at])}" in sentence
        assert ("furthest off" in sentence) == bool(off)
        assert ("no bias shows" in sentence) == bool(clean)
        assert not clean or f" count {listed(clean, 'or')}" in sentence


def test_the_table_has_every_way_and_who_counts_so(found: simab.Convergence) -> None:
    result = found.result.found
    rows = countings_table(result).rows
    assert [row[0].text for row in rows] == [
        counting_words(each, result) for each in result.countings or ()
    ]
    assert [row[0].note for row in rows][:2] == ["", "as “hasty” and “also hasty”"]
