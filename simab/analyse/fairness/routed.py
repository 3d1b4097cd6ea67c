"""The requests of a run that went by the weights, as arrays, and the shares asked for meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.policies import AddVariant, Promote, RemoveVariant, RollBack, SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world.control import SplitEntry
from simab.world.records import COPY, RECORD_COLUMNS
from simab.world.request_sessions import sessions_of_run

__all__ = [
    "AskedPhase",
    "Routed",
    "asked_phases",
    "by_session",
    "left_out_segments",
    "routed_requests",
]

Integers = NDArray[np.int64]
_MOVES = (SetWeights, AddVariant, RemoveVariant, Promote, RollBack)


@dataclass(frozen=True, slots=True, eq=False)
class AskedPhase:
    """From `since_ns` to `until_ns` the shares asked for were `shares`, shape (variants,).

    `instances` are how many instances of each variant took requests, shape (variants,), and
    `control` is the number of the control. `asked_ns` is when a policy asked for these weights;
    None for those of the start.
    """

    since_ns: int
    until_ns: int
    shares: NDArray[np.float64]
    instances: Integers
    control: int
    asked_ns: int | None = None

    @property
    def splits(self) -> bool:
        """Whether two variants or more had a weight."""
        return int((self.shares > 0.0).sum()) > 1


@dataclass(frozen=True, slots=True, eq=False)
class Routed:
    """Requests in order of arrival; `client` numbers the clients of all segments through.

    `variants` is how many variants the scenario has, and `clients` how many clients; `rows` are
    those of the records. Shapes of arrays: (requests,). `correct` is -1 where it is not known.
    """

    variants: int
    clients: int
    rows: Integers
    client: Integers
    segment: Integers
    variant: Integers
    instance: Integers
    arrived_ns: Integers
    started_ns: Integers
    finished_ns: Integers
    status: Integers
    correct: Integers

    def between(self, since_ns: int, until_ns: int) -> slice:
        """Which of them came from an instant on, before another."""
        first, last = np.searchsorted(self.arrived_ns, [since_ns, until_ns], side="left")
        return slice(int(first), int(last))

    def counted(self, which: slice | NDArray[np.bool_]) -> Integers:
        """How many of some went to each variant, shape (variants,)."""
        found: Integers = np.bincount(self.variant[which], minlength=self.variants)
        return found


def routed_requests(run: Run) -> Routed:
    """The requests whose variant the router chose: no copies, none of segments that name targets.

    A record does not say whether a request named its variant, so a segment of which some do is left
    out whole, and so are the requests that a script makes.
    """
    records = run.data.records
    assert records is not None, "a run without request records"
    blueprint = run.data.run_counts.blueprint
    column = dict(zip(RECORD_COLUMNS, records.T, strict=True))
    left_out = left_out_segments(run.scenario)
    free = np.array([each.name not in left_out and not each.called for each in blueprint.segments])
    kept = (column["attempt"] != COPY) & free[column["segment"]] & (column["variant"] >= 0)
    before = np.array(blueprint.clients_before)
    return Routed(
        variants=len(blueprint.variants),
        clients=blueprint.clients_before[len(run.scenario.traffic)],
        rows=np.flatnonzero(kept),
        client=(column["client"] + before[column["segment"]])[kept],
        **{
            name: column[name][kept]
            for name in (
                *("segment", "variant", "instance", "arrived_ns", "started_ns", "finished_ns"),
                *("status", "correct"),
            )
        },
    )


def by_session(routed: Routed, run: Run) -> Routed:
    """The same requests, with their sessions in the place of clients.

    A request of a segment without sessions is one of its own.
    """
    records, blueprint = run.data.records, run.data.run_counts.blueprint
    assert records is not None, "a run without request records"
    draws = Draws(run.seed, run.replication)
    numbers = sessions_of_run(records, blueprint, draws)[routed.rows]
    found, dense = np.unique(numbers, return_inverse=True)
    return replace(routed, client=dense, clients=len(found))


def left_out_segments(scenario: Scenario) -> tuple[str, ...]:
    """The segments of which some requests name their variant."""
    return tuple(
        name for name, each in scenario.traffic.items() if each.targets or each.paired_targets
    )


def asked_phases(run: Run) -> list[AskedPhase]:
    """The spans of constant shares asked for, in order; changes of instances begin none."""
    names = list(run.scenario.endpoint.variants)
    control = names.index(run.scenario.objective.control)
    found: list[AskedPhase] = []
    splits = run.decision_log.splits
    ends = [*(each.at_ns for each in splits[1:]), run.scenario.horizon]
    for split, until_ns in zip(splits, ends, strict=True):
        shares = _shares(split, names)
        if found and np.array_equal(found[-1].shares, shares):
            found.append(replace(found.pop(), until_ns=until_ns))
        elif until_ns > split.at_ns:
            instances = np.array([split.instances.get(name, 0) for name in names], dtype=np.int64)
            asked_ns = _asked_ns(run, split.at_ns)
            found.append(AskedPhase(split.at_ns, until_ns, shares, instances, control, asked_ns))
    return found


def _asked_ns(run: Run, at_ns: int) -> int | None:
    """When the last change of weights was asked for that was carried out by an instant."""
    known = [
        each.at_ns
        for each in run.decision_log.decisions
        if each.accepted and each.at_ns <= at_ns and isinstance(each.action, _MOVES)
    ]
    return known[-1] if known else None


def _shares(split: SplitEntry, names: Sequence[str]) -> NDArray[np.float64]:
    weights = np.array([split.weights.get(name, 0.0) for name in names])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
