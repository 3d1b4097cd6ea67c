"""Hypothesis strategies: small scenarios of every shape, and scripts of what a policy may ask.

Times are multiples of a unit, 100 ms or 1 us. With the shorter one requests arrive every few
hundred nanoseconds, so that arrivals, completions and control events often fall on one instant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

import tests.strategies
from simab.errors import InvalidInput
from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Hold,
    HoldReason,
    Promote,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from simab.world import Blueprint
from tests.world.building import Script

NAMES = ("a", "b", "c")
WEIGHTS = st.sampled_from([0.0, 1.0, 3.0, 0.5])
UNITS_NS = st.sampled_from([100_000_000, 1_000])


def _span(unit_ns: int, units: float) -> str:
    return f"{round(unit_ns * units)}ns"


def durations(unit_ns: int) -> st.SearchStrategy[dict[str, Any]]:
    """Latency profiles around a unit."""
    means = st.floats(0.1, 6).map(lambda units: _span(unit_ns, units))
    return st.one_of(
        st.builds(lambda value: {"kind": "constant", "value": value}, means),
        st.builds(lambda mean: {"kind": "exponential", "mean": mean}, means),
        st.builds(lambda mean: {"kind": "lognormal", "mean": mean, "cv": 1.5}, means),
        st.builds(lambda mean: {"kind": "gamma", "mean": mean, "cv": 0.5}, means),
        st.just(
            {
                "kind": "samples",
                "values": [_span(unit_ns, units) for units in (0, 1, 1, 2.5)],
            }
        ),
    )


def _qualities(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    if kind == "success":
        chances = st.sampled_from([0.0, 0.7, 1.0])
        return st.builds(lambda chance: {"kind": "success", "probability": chance}, chances)
    if kind == "joint_table":
        return st.builds(
            lambda column: {"kind": "joint_table", "table": "rows", "column": column},
            st.sampled_from(["one", "other"]),
        )
    scores = st.sampled_from(
        [{"kind": "beta", "alpha": 2, "beta": 3}, {"kind": "quantiles", "values": [0.1, 0.6, 1]}]
    )
    return st.builds(
        lambda positive, negative: {
            "kind": "classifier",
            "positive_scores": positive,
            "negative_scores": negative,
        },
        scores,
        scores,
    )


@st.composite
def _variant(draw: st.DrawFn, unit_ns: int, kind: str) -> dict[str, Any]:
    limit = draw(st.sampled_from([None, 0, 1, 3]))
    return {
        "weight": draw(WEIGHTS),
        "instances": draw(st.integers(1, 3)),
        "workers": draw(st.integers(1, 3)),
        "instance_routing": draw(st.sampled_from(["random", "least_outstanding_requests"])),
        "latency": draw(durations(unit_ns)),
        "quality": draw(_qualities(kind)),
        "error_rate": draw(st.sampled_from([0.0, 0.0, 0.2, 1.0])),
        "deployed": draw(st.booleans()),
        **({} if limit is None else {"queue_limit": limit}),
    }


@st.composite
def _segment(draw: st.DrawFn, unit_ns: int) -> dict[str, Any]:
    per_s = draw(st.sampled_from([0.3, 0.6, 1.0])) * 1e9 / unit_ns
    segment: dict[str, Any] = {"rate": f"{per_s:.0f}/s", "clients": draw(st.integers(1, 50))}
    match draw(st.integers(0, 3)):
        case 0:
            segment["targets"] = {"a": 0.2, "b": 0.3}
        case 1:
            segment["paired_targets"] = draw(st.sampled_from([["a", "b"], ["c"]]))
    return segment


@st.composite
def scenario_data(draw: st.DrawFn) -> dict[str, Any]:
    """A scenario as a file would hold it: 2 or 3 variants, 1 to 3 segments, up to 400 requests."""
    unit_ns = draw(UNITS_NS)

    def span(low: int, high: int) -> str:
        return _span(unit_ns, draw(st.integers(low, high)))

    kind = draw(st.sampled_from(["success", "joint_table", "classifier"]))
    variants = {name: draw(_variant(unit_ns, kind)) for name in NAMES}
    variants["a"] |= {"weight": 1.0, "deployed": True}
    segments = {
        name: draw(_segment(unit_ns)) for name in ("x", "y", "z")[: draw(st.integers(1, 3))]
    }
    kinds = ["weighted_random", "sticky_hash", "smooth_weighted_round_robin"]
    return {
        "title": "drawn",
        "endpoint": {
            "variants": variants,
            "variant_routing": draw(st.sampled_from(kinds)),
            "weight_update": span(0, 25),
            "provisioning": span(0, 25),
        },
        "traffic": segments,
        "labels": {
            "delay": draw(durations(unit_ns)),
            "never": draw(st.sampled_from([0.0, 0.3])),
            "positive_share": 0.4,
        },
        "metrics": {"period": span(7, 30), "publication_delay": span(0, 20)},
        "controller": {"interval": span(5, 20)},
        "objective": {
            "control": "a",
            "candidate": "b",
            "metric": "success_rate" if kind == "success" else "accuracy",
            "smallest_effect": 0.05,
        },
        "horizon": span(40, 130),
        "policies": {
            "other": {"kind": "fixed_horizon", "labelled_requests": 20},
            "still": {"kind": "manual_schedule", "steps": [{"at": "366d", "promote": "b"}]},
        },
        "outcome_tables": {
            "rows": {
                "rows": [
                    {"label": 1, "scores": {"one": 0.9, "other": 0.3}, "count": 3},
                    {"label": 1, "scores": {"one": 0.2, "other": 0.8}, "count": 1},
                    {"label": 0, "scores": {"one": 0.6, "other": 0.0}, "count": 2},
                    {"label": 0, "scores": {"one": 0.1, "other": 0.5}, "count": 4},
                ]
            }
        },
    }


def scenarios() -> st.SearchStrategy[Scenario]:
    """Validated scenarios."""
    return scenario_data().map(Scenario.model_validate)


def actions(names: Sequence[str]) -> st.SearchStrategy[Action]:
    """Anything that a policy may ask, sensible or not."""
    name = st.sampled_from(names)
    return st.one_of(
        st.builds(SetWeights, st.dictionaries(name, WEIGHTS, min_size=1)),
        st.builds(SetInstances, name, st.integers(0, 4)),
        st.builds(AddVariant, name, WEIGHTS),
        st.builds(RemoveVariant, name),
        st.builds(Promote, name),
        st.just(RollBack()),
        st.sampled_from([Conclude(), Hold(HoldReason.SAMPLE_RATIO)]),
    )


class Play(NamedTuple):
    """All that a run is made of: the scenario, what is asked at which tick, and its draws."""

    scenario: Scenario
    script: dict[int, list[Action]]
    seed: int
    replication: int

    def on(self, engine: str, **changes: Any) -> Run:
        """The run, with its request records unless told otherwise."""
        arguments = {
            "policy": Script(self.script),
            "seed": self.seed,
            "replication": self.replication,
            "record_requests": True,
        }
        scenario = changes.pop("scenario", self.scenario)
        return simulate(scenario, engine=engine, **(arguments | changes))


def _can_be_played(scenario: Scenario) -> bool:
    """Not so where a profile's spread is beyond all bounds, which shows when it is tabulated."""
    try:
        Blueprint.of(scenario)
    except InvalidInput:
        return False
    return True


@st.composite
def plays(draw: st.DrawFn) -> Play:
    """A scenario of this file or of the shelf that all tests share, with actions for its ticks."""
    shelf = tests.strategies.scenarios(max_requests=150, max_variants=4).filter(_can_be_played)
    scenario = draw(scenarios() | shelf)
    asked = st.lists(actions(list(scenario.endpoint.variants)), min_size=1, max_size=2)
    script = draw(st.dictionaries(st.integers(1, 8), asked, max_size=6))
    return Play(scenario, script, draw(seeds), draw(seeds))


seeds = st.integers(0, 2**64 - 1)
