"""How far intervals are from what is asked for: Student's one by one, and those of the report."""

from __future__ import annotations

import numpy as np
import pytest

from simab.analyse.precision import narrowing, reported_excess
from simab.result.columns import RunLimits
from simab.scenario.precision import Precision
from simab.stats.intervals import mean_interval
from tests.analyse.outcome_rows import rows
from tests.analyse.test_requirements import truth

LIMITS = {"w": RunLimits(requests=1000.0)}
ASKED = (Precision("requests_on_worse", 10.0),)


def test_costs_that_no_run_has_shown_are_not_taken_for_impossible() -> None:
    """200 runs without any: Student's interval has no width; 3.7 / 200 of 1000 may be at most."""
    own = {"w": {"p": rows(requests_on_worse=[0] * 200)}}
    truths = {"w": truth(gain=-0.02, worse=True)}
    assert narrowing(ASKED, truths, own, 200)[-1] == 0.0
    most = 1000 * (1 - 0.025 ** (1 / 200))
    assert reported_excess(ASKED, truths, own, LIMITS) == pytest.approx(most / 2 / 10)


def test_costs_that_no_run_can_have_are_known() -> None:
    """Where no variant is worse, nothing is asked."""
    own = {"w": {"p": rows(requests_on_worse=[0] * 200)}}
    assert reported_excess(ASKED, {"w": truth(gain=0.0, worse=False)}, own, LIMITS) == 0.0


def test_the_widest_interval_of_all_policies_counts() -> None:
    """After each run; the one of a policy that is not meant does not."""
    draws = np.random.default_rng(3)
    wide, narrow = ([int(each) for each in draws.normal(500, sd, 60)] for sd in (90, 9))
    own = {"w": {"wide": rows(requests_on_worse=wide), "narrow": rows(requests_on_worse=narrow)}}
    truths = {"w": truth(gain=-0.02, worse=True)}

    def half_width(values: list[int]) -> float:
        interval = mean_interval(values).interval
        return (interval.high - interval.low) / 2

    found = narrowing(ASKED, truths, own, 60)
    assert found[39] == pytest.approx(half_width(wide[:40]) / 10)
    alone = narrowing((Precision("requests_on_worse", 10.0, policy="narrow"),), truths, own, 60)
    assert alone[39] == pytest.approx(half_width(narrow[:40]) / 10)
    part = narrowing((Precision("requests_on_worse", 0.1, relative=True),), truths, own, 60)
    assert part[39] == pytest.approx(half_width(wide[:40]) / np.mean(wide[:40]) / 0.1)


def test_a_replication_that_failed_is_left_out() -> None:
    """The interval after it is that of those before; the places of the others stay."""
    whole = rows(requests_on_worse=[100, 200, 300, 400, 500])
    truths = {"w": truth(gain=-0.02, worse=True)}
    found = narrowing(ASKED, truths, {"w": {"p": [whole[0], whole[1], whole[4]]}}, 5)
    assert found[3] == found[1]
    ends = mean_interval([100, 200, 500]).interval
    assert found[4] == pytest.approx((ends.high - ends.low) / 2 / 10)
