"""Small scenarios and scripted policies, for tests that say only what matters to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.policies import Action, Observation
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from simab.world.run_counts import ARRAYS
from simab.world.session import ENGINES

SECOND = 1_000_000_000

# Thousands of runs against theory: the slow plane has the same bits (test_engines_agree), and so
# the same statistics.
WITHOUT_REFERENCE = pytest.mark.parametrize(
    "engine", [name for name in ENGINES if name != "reference"]
)


ONE_WORLD = dict.fromkeys(("equal", "exchanged", "broken", "slow"))
"""The world that a scenario describes, and no other."""


def variant(**fields: Any) -> dict[str, Any]:
    """A variant with exponential service of 40 ms and nine right answers in ten."""
    plain = {
        "latency": {"kind": "exponential", "mean": "40ms"},
        "quality": {"kind": "success", "probability": 0.9},
    }
    return plain | fields


def scenario(
    variants: Mapping[str, dict[str, Any]] | None = None,
    *,
    rate: str = "20/s",
    horizon: str = "2min",
    endpoint: Mapping[str, Any] | None = None,
    **parts: Any,
) -> Scenario:
    """A scenario; control and candidate are the first two variants, looks are every 10 s."""
    variants = {"a": variant(), "b": variant()} if variants is None else variants
    names = list(variants)
    if len(names) == 1:
        variants, names = {**variants, "idle": variant(weight=0)}, [names[0], "idle"]
    whole = {
        "title": "a test",
        "endpoint": {"variants": dict(variants), **(endpoint or {})},
        "traffic": {"users": {"rate": rate}},
        "metrics": {"period": "10s", "publication_delay": "0s"},
        "controller": {"interval": "10s"},
        "objective": {
            "control": names[0],
            "candidate": names[1],
            "metric": "success_rate",
            "smallest_effect": 0.01,
        },
        "horizon": horizon,
        "policies": {"still": {"kind": "manual_schedule", "steps": [_NEVER]}},
        "worlds": ONE_WORLD,
    }
    return Scenario.model_validate(whole | parts)


_NEVER = {"at": "366d", "weights": {}}


@dataclass
class Script:
    """A policy that takes given actions at given ticks (the first is 1) and keeps what it saw."""

    actions: Mapping[int, Sequence[Action]] = field(default_factory=dict)
    seen: list[Observation] = field(default_factory=list)

    def decide(self, state: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        """The actions of this tick; the state counts the ticks."""
        tick = (state or 0) + 1
        self.seen.append(observation)
        return self.actions.get(tick, ()), tick


def record(scenario: Scenario, engine: str, **arguments: Any) -> Run:
    """A run with its request records."""
    return simulate(scenario, engine=engine, record_requests=True, **arguments)


def never() -> ManualSchedule:
    """A policy that does nothing."""
    return ManualSchedule.model_validate({"steps": [_NEVER]})


def assert_same(one: Run, other: Run, *, records: bool = True) -> None:
    """Every number of two runs is equal: counts, decisions, splits and request records."""
    for name in ARRAYS:
        np.testing.assert_array_equal(
            getattr(one.data.run_counts, name), getattr(other.data.run_counts, name), err_msg=name
        )
    assert one.totals == other.totals
    frames = ["windows", "decisions", "splits", "scalings", *(["requests"] if records else [])]
    for name in frames:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
