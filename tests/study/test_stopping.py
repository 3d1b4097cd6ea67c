"""A study that stops by itself: its rows are those of a fixed count, found from rows or by time."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

import simab
from simab.errors import InvalidInput
from simab.scenario.precision import Precision, precision_of
from simab.stats.intervals import share_interval
from simab.stats.look_ahead import look_ahead
from simab.study import Stop, stopping
from tests.study.building import small

POLICIES = ("test", "majority", "schedule")
ASKED = Precision("power", 0.09, policy="test")


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("false_promotion <= 0.5 points", Precision("false_promotion", 0.005)),
        ("power('test') <= 1 point", Precision("power", 0.01, policy="test")),
        ("requests_on_worse<=200", Precision("requests_on_worse", 200.0)),
        ('regret("test") <= 5% of the mean', Precision("regret", 0.05, True, "test")),
        ("error_share <= 0.01 points", Precision("error_share", 0.0001)),
    ],
)
def test_a_precision_is_read_as_it_is_written(text: str, precision: Precision) -> None:
    found = precision_of(text, POLICIES)
    assert found == precision


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("false_promotion <= 5%", "half-width of one is in points"),
        ("false_promotion <= 0.005", "half-width of one is in points"),
        ("regret <= 5 points", "not a share"),
        ("time_to_decision <= 5min", "is not a precision|is a quantile"),
        ("time_to_decision <= 5", "is a quantile of runs"),
        ("false_promotion <= 0 points", "must be positive"),
        ("false_promotion >= 5 points", "is not a precision"),
        ("false_promotion(\"tset\") <= 5 points", "no policy 'tset' plays.*test"),
        ("power_ <= 5 points", "there is no quantity.*power"),
        ("__import__('os') <= 5 points", "no quantity"),
    ],
)  # fmt: skip
def test_what_is_no_precision_is_refused(text: str, words: str) -> None:
    """With what was meant, or an example."""
    with pytest.raises(InvalidInput, match=words):
        precision_of(text, POLICIES)


def compared(**arguments: Any) -> simab.Study:
    return simab.compare(small(), policies=["test"], worlds=["described"], **arguments)


def test_it_stops_at_the_first_count_that_stays_precise() -> None:
    """Recomputed from its rows: the report's interval is as narrow, and was all the way ahead."""
    study = compared(stop=Stop((ASKED,)))
    assert study.precise
    found = study.plan.replications
    ends = [row.ends_with == "b" for row in study.rows["test"]]
    assert len(ends) == found
    narrow = []
    for count in range(100, found + 1):
        interval = share_interval(sum(ends[:count]), count)
        narrow.append(interval.high - interval.low <= 2 * ASKED.half_width)
    ahead = next(n for n in range(100, found + 1) if n + look_ahead(n) == found)
    assert all(narrow[ahead - 100 :])
    assert ahead == 100 or not narrow[ahead - 101]


def test_its_result_is_that_of_a_fixed_count_whoever_plays() -> None:
    """Byte by byte, and the same count in threads, from a store, or played in one go."""
    alone = compared(stop=Stop((ASKED,)))
    count = alone.plan.replications
    rows: dict[str, Any] = {}
    fixed = compared(replications=count, store=rows)
    assert alone.result == fixed.result
    with ThreadPoolExecutor(3) as executor:
        assert compared(stop=Stop((ASKED,)), executor=executor).result == fixed.result
    compared(replications=count + 50, store=rows)
    assert compared(stop=Stop((ASKED,)), store=rows).result == fixed.result


def test_at_most_bounds_it_and_says_that_it_is_not_precise() -> None:
    """As many as that, and `precise` is False; without a precision it is None."""
    study = compared(stop=Stop((Precision("power", 0.001),), at_most=120))
    assert (study.plan.replications, study.precise) == (120, False)
    assert compared(replications=2).precise is None


def test_a_quantity_that_no_world_is_about_is_precise_at_once() -> None:
    """There is nothing to estimate: here no candidate is worse."""
    study = compared(stop=Stop((Precision("promotes_a_worse", 0.001),)))
    assert study.plan.replications == 105


def test_a_budget_ends_at_the_largest_complete_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock runs out in the midst: the result is that of what is complete in every cell."""
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(ticks)))
    monkeypatch.setattr("simab.study.sending.time", clock)
    monkeypatch.setattr(stopping, "time", clock)
    study = simab.compare(small(), worlds=["described"], stop=Stop(budget_s=12.0))
    count = study.plan.replications
    assert 1 <= count < 100
    assert {len(rows) for rows in study.rows.values()} == {count}
    monkeypatch.undo()
    again = simab.compare(small(), worlds=["described"], replications=count)
    assert study.result == again.result


def test_a_budget_that_is_over_before_anything_is_complete_is_refused() -> None:
    """With what to do; what was finished stays in the store."""
    with pytest.raises(InvalidInput, match="not one replication was finished"):
        compared(stop=Stop(budget_s=1e-9))
