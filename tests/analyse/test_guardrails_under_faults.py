"""A guardrail is judged by what a variant is: a fault that befalls all makes none unfit."""

from __future__ import annotations

from typing import Any

from simab.analyse.guardrail_truth import broken_guardrails
from simab.scenario import Scenario
from tests.world.building import scenario, variant

SLOW_FOR_ALL = {"kind": "conditions", "at": "10min", "lasts": "30min", "latency_times": 40}


def guarded(**parts: Any) -> Scenario:
    """Two workers at a load of a tenth, that now and then wait; a limit of a second."""
    served = variant(workers=2, latency={"kind": "exponential", "mean": "100ms"})
    objective = {
        "control": "a",
        "candidate": "b",
        "metric": "success_rate",
        "smallest_effect": 0.01,
        "guardrails": [{"metric": "latency_p99", "at_most": "1s"}],
    }
    return scenario(
        {"a": served, "b": served}, horizon="2h", rate="2/s", objective=objective, **parts
    )


def test_a_fault_of_all_makes_no_variant_unfit() -> None:
    assert broken_guardrails(guarded()) == {}
    assert broken_guardrails(guarded(timeline=[SLOW_FOR_ALL])) == {}


def test_a_run_that_is_cut_is_that_of_the_busiest_hour() -> None:
    """Quiet at first, nine times as much in the last hour, in which its queue breaks the limit."""
    shape = {"kind": "points", "points": {"0s": 0.1, "199h": 0.9}, "between": "constant"}
    traffic = {"users": {"rate": "20/s", "arrivals": {"shape": shape}}}
    made = guarded(traffic=traffic)
    long = made.model_copy(update={"horizon": 200 * 3_600 * 10**9})
    assert list(broken_guardrails(long)) == ["b"]
