"""How often a gate passes what is exactly at its bound: over all looks at one store of runs.

Two policies whose value is known in closed form, with the requirement's bound set to it. A fixed
horizon test has one look at a Poisson number of labels that take turns between two equal variants,
so its false promotions are a finite sum of binomials. A split that is never changed sends a Poisson
number of requests to the worse variant.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import numpy as np
from scipy.stats import binom, norm, poisson

from simab.comparison import compare
from simab.result.requirement_result import Compliance, JudgedRequirement
from simab.result.run_summary import RunSummary
from simab.scenario.models import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.stats.intervals import share_interval

__all__ = ["AT_ITS_BOUND", "LOOKS", "GateError", "exact_promotion", "gate_error"]

LOOKS: Final = (50, 100, 200, 400)
"""Replications at each look; those before are in the store."""

_RATE: Final = 10.0  # requests a second
_LOOK_S: Final = 10.0
_LATENCY_S: Final = 0.001
_SAMPLE: Final = 20  # labels an arm, fewer than which decide nothing
_ALPHA: Final = 0.1
_RIGHT: Final = 0.5
_GATES_A_TASK: Final = 5


@dataclass(frozen=True, slots=True)
class GateError:
    """Gates of a policy at its bound: how many passed, and failed, at any look.

    `kind` is of requirement (`AT_ITS_BOUND`). `seen` is the mean of all runs, of which `bound` is
    the expectation: shares or requests.
    """

    kind: str
    bound: float
    seen: float
    runs: int
    gates: int
    passed: int
    failed: int

    @property
    def interval(self) -> tuple[float, float]:
        """Where the rate of false passes lies, at 95 %."""
        found = share_interval(self.passed, self.gates)
        return found.low, found.high


@cache
def exact_promotion() -> float:
    """How often the test promotes: over the labels at its look, and the right answers of each arm.

    The pooled z-test of two proportions, as Fleiss, Levin and Paik have it (2003, section 2).
    """
    mean = _RATE * (_LOOK_S - _LATENCY_S)
    total, critical = 0.0, norm.isf(_ALPHA / 2)
    for labels in range(2 * _SAMPLE, int(poisson.isf(1e-15, mean))):
        first, second = labels - labels // 2, labels // 2
        a, b = np.arange(first + 1)[:, None], np.arange(second + 1)[None, :]
        share = (a + b) / labels
        spread = np.sqrt(share * (1 - share) * (1 / first + 1 / second))
        with np.errstate(divide="ignore", invalid="ignore"):
            promotes = (b / second - a / first) / spread > critical
        weight = binom.pmf(a, first, _RIGHT) * binom.pmf(b, second, _RIGHT)
        total += float(poisson.pmf(labels, mean) * weight[promotes].sum())
    return total


def gate_error(
    kind: str,
    gates: int,
    looks: Sequence[int] = LOOKS,
    *,
    seed: int = 1,
    executor: Executor | None = None,
) -> GateError:
    """So many gates of one kind (`AT_ITS_BOUND`), each with a store and seeds of its own.

    A gate counts as passed if it did at any look, as it may stop there.
    """
    seeds = [seed * 1_000_000 + gate for gate in range(gates)]
    play = partial(_gate, kind, tuple(looks))
    found = executor.map(play, seeds, chunksize=_GATES_A_TASK) if executor else map(play, seeds)
    judged = list(found)
    says = [{each.compliance for each in gate} for gate in judged]
    return GateError(
        kind=kind,
        bound=AT_ITS_BOUND[kind]()[0],
        seen=float(np.mean([gate[-1].estimate for gate in judged])),
        runs=gates * looks[-1],
        gates=gates,
        passed=sum(Compliance.PASSES in each for each in says),
        failed=sum(Compliance.FAILS in each for each in says),
    )


def _gate(kind: str, looks: Sequence[int], seed: int) -> list[JudgedRequirement]:
    """What one gate says at each look, over a store of its own."""
    bound, policy, requirement = AT_ITS_BOUND[kind]()
    scenario = _scenario(policy, requirement | {"at_most": bound}, equal=kind == "share")
    store: dict[str, RunSummary] = {}
    found: list[JudgedRequirement] = []
    for replications in looks:
        study = compare(
            scenario, worlds=[DESCRIBED], replications=replications, seed=seed, store=store
        )
        found += study.result.judged
    return found


def _share() -> tuple[float, dict[str, Any], dict[str, Any]]:
    policy = {"kind": "fixed_horizon", "labelled_requests": _SAMPLE, "alpha": _ALPHA}
    return exact_promotion(), policy, {"quantity": "false_promotion"}


def _mean() -> tuple[float, dict[str, Any], dict[str, Any]]:
    policy = {"kind": "manual_schedule", "steps": [{"at": "1d", "weights": {}}]}
    requests = _RATE * (1.5 * _LOOK_S - _LATENCY_S) / 2
    return requests, policy, {"quantity": "requests_on_worse"}


AT_ITS_BOUND: Final = {"share": _share, "mean": _mean}
"""The kinds of requirement: how often something happens, and a mean over runs."""


def _scenario(policy: dict[str, Any], requirement: dict[str, Any], *, equal: bool) -> Scenario:
    """Ten requests a second, one look after ten; the variants take turns, or share at random."""
    quality = {"kind": "success", "probability": _RIGHT}
    worse = quality if equal else quality | {"probability": _RIGHT / 2}
    variant = {"workers": 100, "latency": {"kind": "constant", "value": f"{_LATENCY_S}s"}}
    routing = "smooth_weighted_round_robin" if equal else "weighted_random"
    return Scenario.model_validate(
        {
            "title": "A policy at its bound",
            "endpoint": {
                "variants": {
                    "a": variant | {"quality": quality},
                    "b": variant | {"quality": worse},
                },
                "variant_routing": routing,
            },
            "traffic": {"users": {"rate": f"{_RATE:g}/s"}},
            "metrics": {"period": "5s", "publication_delay": "0s"},
            "controller": {"interval": f"{_LOOK_S}s"},
            "objective": {
                "control": "a",
                "candidate": "b",
                "metric": "success_rate",
                "smallest_effect": 0.01,
            },
            "horizon": f"{1.5 * _LOOK_S}s",
            "policies": {"rule": policy},
            "requirements": [requirement],
        }
    )
