"""Which ways of counting young requests a study of convergence compares, and how far each is off.

Every way sees the same requests under the same weights, and is held against all labels at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simab.analyse.convergence.over_runs import difference_bias
from simab.analyse.convergence.record import ConvergenceRecord
from simab.policies.immature import AsArrived, Immature, SoFar, Wait, Weight, Window
from simab.profiles.quality import Success
from simab.result.studied_convergence import CountingBias
from simab.scenario import Scenario
from simab.scenario.rules.qualities import qualities_of_roles
from simab.units import seconds

__all__ = ["ComparedCounting", "compared_countings", "counting_biases"]


@dataclass(frozen=True, slots=True)
class ComparedCounting:
    """A way of counting young requests, its name, and the rules of the file that count so."""

    name: str
    immature: Immature
    rules: tuple[str, ...]


def compared_countings(scenario: Scenario, rules: Sequence[str]) -> list[ComparedCounting]:
    """As labels arrive; then what rules of the file do, and what needs no number where it fits.

    `rules` are those of the file that are asked about.
    """
    used: dict[Immature, list[str]] = {AsArrived(): []}
    for immature in _usual(scenario):
        used.setdefault(immature, [])
    for name in rules:
        policy = scenario.policies[name]
        if hasattr(policy, "immature"):
            used.setdefault(_settled(policy.immature, scenario), []).append(name)
    return [ComparedCounting(_name(each), each, tuple(names)) for each, names in used.items()]


def _usual(scenario: Scenario) -> list[Immature]:
    found: list[Immature] = []
    if all(isinstance(each, Success) for each in qualities_of_roles(scenario)):
        found += [SoFar(), Weight(), Weight(law="control")]
    if scenario.labels.attribution_window is not None:
        found.append(_settled(Wait(), scenario))
    return found


def _settled(immature: Immature | None, scenario: Scenario) -> Immature:
    """What a file leaves out said in full, so that equal ones are equal."""
    if isinstance(immature, Wait) and immature.after is None:
        return immature.model_copy(update={"after": scenario.labels.attribution_window})
    return immature or AsArrived()


def _name(immature: Immature) -> str:
    words = [f"{value}" for name, value in immature if name != "kind" and value is not None]
    return " ".join([immature.kind, *words])


def counting_biases(
    countings: Sequence[ComparedCounting],
    runs: Mapping[str, Sequence[ConvergenceRecord]],
    oracle: Sequence[ConvergenceRecord],
) -> tuple[CountingBias, ...]:
    """How far each is off at each instant, in the runs that both have.

    `runs` holds those of each counting, by its name; the first metric of all is what is asked for.
    """
    by_replication = {each.replication: each for each in oracle}
    found = []
    for counting in countings:
        pairs = [
            (each.metrics[0].difference, by_replication[each.replication].metrics[0].difference)
            for each in runs[counting.name]
            if each.replication in by_replication
        ]
        if pairs:
            seen, all_labels = np.array(pairs).transpose(1, 0, 2)
            found.append(_bias(counting, seen, all_labels))
    return tuple(found)


def _bias(
    counting: ComparedCounting, seen: NDArray[np.float64], oracle: NDArray[np.float64]
) -> CountingBias:
    immature = counting.immature
    said: dict[str, Any] = {"kind": immature.kind, "rules": counting.rules}
    if isinstance(immature, Wait | Window):
        age_ns = immature.after if isinstance(immature, Wait) else immature.within
        said["age_s"] = seconds(age_ns or 0)
    if isinstance(immature, Weight):
        said["law"] = immature.law
    return CountingBias(**said, **difference_bias(seen, oracle))
