"""Differences between policies run by run: what is compared, by what, and what may be said."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from simab.analyse import RunSummary
from simab.analyse.paired import paired_differences
from simab.result import PairedDifference
from simab.stats.cost_intervals import cost_mean, zero_mean_p_value
from simab.stats.intervals import paired_difference
from simab.stats.multiplicity import holm
from simab.stats.paired_shares import tango_interval
from simab.stats.proportions import mcnemar_exact
from tests.analyse.outcome_rows import rows

HORIZON_S = 6 * 3600.0


def drawn(seed: int, count: int = 60, undecided: float = 0.1) -> list[RunSummary]:
    """A rule that is right in 60 % of its runs."""
    draw = np.random.default_rng(seed)
    return rows(
        correct=(draw.random(count) < 0.6).tolist(),
        requests_on_worse=draw.integers(0, 900, count).tolist(),
        decided_s=[
            None if draw.random() < undecided else time_s
            for time_s in draw.uniform(60, HORIZON_S, count).tolist()
        ],
    )


def of(found: list[PairedDifference], quantity: str) -> PairedDifference:
    return next(each for each in found if each.quantity.startswith(quantity))


def test_right_decisions_are_compared_by_tango_and_mcnemar() -> None:
    """Only the runs in which one of the two is right count for or against."""
    first, second = drawn(1), drawn(2)
    only_second = sum(b.correct and not a.correct for a, b in zip(first, second, strict=True))
    only_first = sum(a.correct and not b.correct for a, b in zip(first, second, strict=True))
    found = of(paired_differences({"x": first, "y": second}, HORIZON_S), "correct")
    interval = tango_interval(only_second, only_first, 60)
    assert found.difference == pytest.approx((only_second - only_first) / 60)
    assert (found.low, found.high) == (interval.low, interval.high)
    assert found.p_value == mcnemar_exact(only_second, only_first).p_value


def test_requests_are_compared_within_what_a_run_had() -> None:
    """The interval of costs between -1000 and +1000, and the test that agrees with it."""
    first, second = drawn(1), drawn(2)
    found = of(paired_differences({"x": first, "y": second}, HORIZON_S), "requests")
    own = [[each.requests_on_worse for each in each_rows] for each_rows in (first, second)]
    differences = np.subtract(own[1], own[0])
    expected = cost_mean(differences, -1000, 1000)
    assert (found.first, found.second, found.pairs) == ("x", "y", 60)
    assert found.difference == pytest.approx(differences.mean())
    assert (found.low, found.high) == (expected.interval.low, expected.interval.high)
    assert found.approximate == expected.approximate
    assert found.p_value == zero_mean_p_value(differences)
    assert found.variance_reduction == paired_difference(*own).variance_reduction


def test_times_are_restricted_to_the_horizon_and_say_so() -> None:
    """A run without a decision counts as the horizon and no more; both numbers stand beside it."""
    first, second = rows(decided_s=[60.0] * 30), rows(decided_s=[120.0] * 20 + [None] * 10)
    found = of(paired_differences({"x": first, "y": second}, 3600.0), "decision_time")
    assert found.quantity == "decision_time_within_horizon_s"
    assert (found.restricted_to_s, found.undecided) == (3600.0, (0, 10))
    assert found.difference == pytest.approx((20 * 60 + 10 * 3540) / 30)
    assert -3600 <= found.low <= found.difference <= found.high <= 3600


@pytest.mark.parametrize("late", [(16, 0), (0, 16), (30, 30)])
def test_times_that_are_mostly_unknown_are_not_compared(late: tuple[int, int]) -> None:
    """Over half of the runs of either policy undecided: no difference, whatever the horizon is.

    The horizon would be most of such a difference: +4 h within 6 h is +22 h within 24 h.
    """
    first, second = (rows(decided_s=[None] * many + [60.0] * (30 - many)) for many in late)
    for horizon_s in (6 * 3600.0, 24 * 3600.0):
        found = of(paired_differences({"x": first, "y": second}, horizon_s), "decision_time")
        assert all(map(math.isnan, (found.difference, found.low, found.high, found.p_value)))
        assert not found.differs
        assert found.reason.startswith(f"{late[0]} and {late[1]} of 30 runs are undecided")


def test_equal_rows_say_how_often_they_may_yet_differ() -> None:
    """No run differed in 60: up to 1 - .025^(1/60) = 6 % of runs may, so no interval is a point."""
    for each in paired_differences({"x": drawn(1), "y": drawn(1)}, HORIZON_S):
        assert each.difference == 0.0
        assert math.isnan(each.variance_reduction)
        assert each.reason.startswith("no run differed in 60 runs: up to 6 %")
        assert each.low < 0 < each.high
        assert not each.differs


def test_nothing_lies_outside_what_is_possible() -> None:
    """19 of 20 runs differ: +95 points, and the interval ends at +100 (t said +105)."""
    first = rows(correct=[False] * 20, requests_on_worse=[1000] * 19 + [0])
    second = rows(correct=[True] * 19 + [False], requests_on_worse=[0] * 20)
    right, requests, _ = paired_differences({"x": first, "y": second}, HORIZON_S)
    assert right.difference == 0.95
    assert 0.6 < right.low < 0.95 < right.high < 1
    assert -1000 <= requests.low < -950 < requests.high < 0


def test_all_comparisons_of_a_study_are_adjusted_together() -> None:
    """Holm over every pair and quantity that has a p-value; the others take no part."""
    study = {str(seed): drawn(seed) for seed in range(3)}
    study["late"] = drawn(9, undecided=0.9)
    found = paired_differences(study, HORIZON_S)
    tested = [each for each in found if not math.isnan(each.p_value)]
    assert len(found) == 18
    assert len(tested) == 15
    expected = holm([each.p_value for each in tested])
    assert [each.adjusted_p_value for each in tested] == pytest.approx(expected.tolist())
    assert all(each.differs <= (each.adjusted_p_value <= 0.05) for each in tested)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_few_runs_tell_nothing_apart_however_they_end(count: int) -> None:
    """With 5 runs the least p-value of signs is 2 / 2^5 = .0625: over 5 % even for one pair."""
    first = rows(correct=[False] * count, requests_on_worse=[900] * count, decided_s=[9.0] * count)
    second = rows(correct=[True] * count, requests_on_worse=[1] * count, decided_s=[99.0] * count)
    assert not any(each.differs for each in paired_differences({"x": first, "y": second}, 3600))


def test_a_clear_difference_is_called_one() -> None:
    """60 runs of 60 on one side: the test is not so careful that it says nothing."""
    first = rows(correct=[False] * 60, requests_on_worse=list(range(800, 860)))
    second = rows(correct=[True] * 60, requests_on_worse=list(range(60)))
    found = paired_differences({"x": first, "y": second}, 3600)
    assert of(found, "correct").differs
    assert of(found, "requests").differs


def equal_rules(draw: np.random.Generator, rules: int, count: int) -> dict[str, list[RunSummary]]:
    """Rules of one law: right in 60 % of runs, costly where wrong, each run drawn anew."""
    study = {}
    for number in range(rules):
        right = draw.random(count) < 0.6
        cost = np.minimum(100 * draw.lognormal(0, 1, count) + 500 * ~right, 1000)
        times_s = 1800 * draw.lognormal(0, 1, count)
        study[str(number)] = rows(
            correct=right.tolist(),
            requests_on_worse=cost.tolist(),
            decided_s=[None if time_s > HORIZON_S else time_s for time_s in times_s.tolist()],
        )
    return study


def falsely_told(rules: int, count: int, studies: int) -> float:
    """Share of studies of equal rules in which any difference is stated."""
    draw = np.random.default_rng(rules * 1000 + count)
    return float(
        np.mean(
            [
                any(
                    each.differs
                    for each in paired_differences(equal_rules(draw, rules, count), HORIZON_S)
                )
                for _ in range(studies)
            ]
        )
    )


@pytest.mark.parametrize(("rules", "count"), [(2, 2), (2, 20), (3, 20)])
def test_equal_rules_are_seldom_told_apart(rules: int, count: int) -> None:
    """At most 5 % of studies, with 4 standard errors for 200 of them."""
    assert falsely_told(rules, count, 200) <= 0.05 + 4 * math.sqrt(0.05 * 0.95 / 200)


@pytest.mark.long
@pytest.mark.parametrize("count", [2, 5, 20, 100, 400])
@pytest.mark.parametrize("rules", [2, 3, 5])
def test_the_error_rate_of_a_whole_study_is_held(rules: int, count: int) -> None:
    """At most 5 % of studies of equal rules state any difference, of 400, with 3 errors."""
    assert falsely_told(rules, count, 400) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize("count", [1, 2, 5, 6, 20, 21])
def test_up_to_twenty_policies_are_compared_pair_by_pair_and_more_with_the_first(
    count: int,
) -> None:
    """Sentences about the best policy need every pair; beyond twenty there are too many."""
    names = [f"policy {number}" for number in range(count)]
    same = drawn(3, 4, 0.0)
    found = paired_differences(dict.fromkeys(names, same), HORIZON_S)
    pairs = [(each.first, each.second) for each in found if each.quantity == "correct"]
    every = list(combinations(names, 2))
    assert pairs == (every if count <= 20 else [pair for pair in every if pair[0] == names[0]])
    assert all(math.isfinite(each.difference) for each in found)


def test_runs_that_one_of_the_two_did_not_finish_are_left_out() -> None:
    """Pairs are of one replication; none in common gives no difference and no error."""
    first, second = drawn(1, 10, 0.0), drawn(2, 10, 0.0)
    found = paired_differences({"x": first[:7], "y": second[3:]}, HORIZON_S)
    assert {each.pairs for each in found} == {4}
    for each in paired_differences({"x": first[:4], "y": second[6:]}, HORIZON_S):
        assert (each.pairs, each.differs) == (0, False)
        assert math.isnan(each.difference)
