"""Naive rules fail through the whole simulator as theory says that they must, and others do not.

Counts are compared with binomial laws at a level of 1e-4 a comparison: what happens by chance once
in ten thousand changes of the draws.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
from scipy import stats

from simab.report import formatting
from simab.text import typeset
from simab.theory.controllers import check_failure_probability
from validation.markdown import plain
from validation.naive.rules import (
    Row,
    kayenta_in_a_queue,
    naive_section,
    overlapping,
    sticky_canary,
    welch_in_a_queue,
)
from validation.naive.single_checks import single_checks

LEVEL = 1e-4


def bounds(trials: int, share: float) -> tuple[float, float]:
    """Counts between which a binomial count lies, but for one time in ten thousand."""
    law = stats.binom(trials, share)
    return float(law.ppf(LEVEL / 2)), float(law.isf(LEVEL / 2))


def is_what_was_assumed(row: Row) -> bool:
    low, high = bounds(row.trials, row.assumed)
    return low <= row.count <= high


def test_a_healthy_candidate_fails_one_check_in_five_of_fifty_requests() -> None:
    """40 runs of 143 checks: 1 - .995^50 = 22.2 % of those that hold exactly 50 requests."""
    counted = single_checks(40, None)
    assert counted.checks == 40 * 143
    exact = check_failure_probability(50, 0.005, 0.99)
    assert exact == pytest.approx(1 - 0.995**50)
    low, high = bounds(counted.checks_at_50, exact)
    assert low <= counted.failed_at_50 <= high
    assert counted.checks_at_50 > 200  # enough to tell it from 10 %
    assert low > 0.1 * counted.checks_at_50


@cache
def overlapping_rows() -> dict[tuple[str, str], Row]:
    """1,000 rollouts of each rule and window."""
    return {(row.rule, row.setting): row for row in overlapping(None, 1000)}


@pytest.mark.long
@pytest.mark.parametrize("rule", ["Flagger", "Argo"])
def test_overlapping_windows_break_the_binomial_formula(rule: str) -> None:
    """Windows of their own keep it; those of four intervals promote less often than it says."""
    rows = overlapping_rows()
    assert is_what_was_assumed(rows[rule, "reads 5 min every 5 min"])
    shared = rows[rule, "reads 20 min every 5 min"]
    low, _ = bounds(shared.trials, shared.assumed)
    assert shared.count < low


@pytest.mark.long
def test_a_busy_queue_inflates_kayentas_false_alarms() -> None:
    """400 runs each: the idle queue keeps to 0.19 %, the busy one has at least ten times that."""
    busy, idle = kayenta_in_a_queue(None, 400)
    _, high = bounds(idle.trials, idle.assumed)
    assert idle.count <= high
    assert busy.count > bounds(busy.trials, 10 * busy.assumed)[1]


@pytest.mark.long
def test_a_t_test_of_single_requests_is_wrong_in_a_busy_queue_and_of_means_is_not() -> None:
    """600 runs, 30 tests of means: its rejections of a true null against the nominal 5 %."""
    rows = {(row.rule, row.setting.split()[0]): row for row in welch_in_a_queue(None, 600)}
    single = rows["Welch on single requests", "busy"]
    assert single.share > 0.5
    assert is_what_was_assumed(rows["Welch on single requests", "nearly"])
    for queue in ("busy", "nearly"):
        means = rows["Welch on means of twenty runs", queue]
        assert means.trials == 30
        assert means.count <= bounds(means.trials, means.assumed)[1]


def test_a_cookie_keeps_clients_and_without_one_they_are_drawn_anew() -> None:
    """1 - (1 - w)^r of the clients' r-th requests with a cookie, w without, at any r."""
    rows = sticky_canary(None)
    assert all(is_what_was_assumed(row) for row in rows)
    assert max(row.share for row in rows) > 0.8


def test_the_sentences_say_what_the_rows_say() -> None:
    """With made-up counts: each figure of a sentence is that of its row."""
    settings = {
        "Flagger": ("reads 5 min every 5 min", "reads 20 min every 5 min"),
        "Argo": ("reads 5 min every 5 min", "reads 20 min every 5 min"),
        "Kayenta, one metric": ("busy queue", "nearly idle"),
        "Welch on single requests": ("busy queue", "nearly idle"),
        "Welch on means of twenty runs": ("busy queue", "nearly idle"),
        "check of 99 %": ("exactly 50 requests", "50 requests on average"),
    }
    canary = f"canary at {typeset.percent(0.1)}"
    requests = ("request 1 of each client", "request 20 of each client")
    settings |= {f"{canary} {way}": requests for way in ("with a cookie", "without one")}
    rows = [
        Row("made up", rule, setting, "happened", 100 + 10 * at + 5 * second, 1000, 0.5, "a coin")
        for at, (rule, pair) in enumerate(settings.items())
        for second, setting in enumerate(pair)
    ]
    text = naive_section(rows)
    first = naive_section(rows).splitlines()
    for row in rows:
        written = plain(formatting.proportion(row.proportion))
        assert any(
            line.startswith(f"| {plain(row.rule)} | {row.setting} |") and written in line
            for line in first
        )
    # 10.5 % and 11.5 % of 1,000, as in the table; each ratio by both ends of its interval.
    for row in rows[1:4:2]:
        assert f"{plain(formatting.proportion(row.proportion).value)} against 50.0 %" in text
    kayenta = rows[4].proportion
    assert f"{kayenta.low / 0.5:.0f} to {kayenta.high / 0.5:.0f} times" in text
    assert f"{rows[5].count} of 1,000 runs" in text
    assert "16 % go to the candidate where a cookie keeps them there, 18 % where none" in text
    assert math.isclose(rows[0].share, 0.1)
