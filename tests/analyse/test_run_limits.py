"""What no run can exceed, where what happens during a run lets requests fail or answers drift."""

from __future__ import annotations

import math

import pytest

from simab.analyse import summary_of, truth_of_scenario
from simab.analyse.run_limits import limits_of_study
from simab.result.columns import COLUMNS
from simab.run.simulation import simulate
from tests.world.building import scenario, variant

OUTAGE = {"kind": "conditions", "at": "30s", "lasts": "10s", "error_rate": 0.6}


def success(probability):
    return {"kind": "success", "probability": probability}


@pytest.mark.parametrize("timeline", [[], [OUTAGE]])
def test_requests_can_fail_in_an_outage(timeline):
    """A share of 0 is certain only without one."""
    made = scenario(timeline=timeline)
    limits = limits_of_study([], made, truth_of_scenario(made))
    assert limits.can_fail is bool(timeline)


def test_regret_is_limited_by_the_largest_shortfall_of_any_time():
    """Both are equally good at the start and by the mean from then on: not in every window."""
    drift = {"kind": "conditions", "lasts": "30min", "repeats_every": "1h"}
    made = scenario(
        {name: variant(quality=success(0.5)) for name in "ab"},
        horizon="2h",
        rate="1/s",
        timeline=[
            drift | {"variants": ["a"], "quality": success(0.7)},
            drift | {"variants": ["b"], "at": "30min", "quality": success(0.7)},
        ],
    )
    truth = truth_of_scenario(made)
    assert max(map(truth.shortfall, truth.values)) == pytest.approx(0, abs=1e-9)
    rows = [summary_of(simulate(made, seed=each), truth) for each in range(3)]
    limits = limits_of_study(rows, made, truth)
    most = COLUMNS["regret"].most(limits)
    assert limits.shortfall == pytest.approx(0.2)
    assert all(0 < row.regret <= most for row in rows)
    assert math.isfinite(most)
