"""What the clients of one run met: which variants, how long they waited, and by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.routed import AskedPhase, Routed, left_out_segments
from simab.run.simulation import Run
from simab.scenario.client_groups import client_groups
from simab.scenario.models import Scenario
from simab.stats.evenness import gini_coefficient, jain_index
from simab.world.run_counts import Status

__all__ = ["GROUP_FIELDS", "People", "compared_groups", "people_of"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_BUSIEST: float = 0.01
GROUP_FIELDS = ("requests", "candidate_share", "latency_s", "error_share", "right_share")
"""Columns of `People.groups`: a count, shares, and a mean in seconds; NaN where there is none."""


class ComparedGroup(NamedTuple):
    """Clients of a segment from number `first` up to, not including, `last`."""

    title: str
    segment: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Shares of the clients that asked; evenness over these clients (1: all alike, or 0 of Gini).

    `groups` has a row a group of clients, by `GROUP_FIELDS`. The evenness `by_draws` is that of the
    exposure if the variants of each phase were dealt to its requests at random.
    """

    clients: int
    met_several: float
    met_worse: float
    worse_each: float
    busiest_share: float
    jain_exposure: float
    gini_exposure: float
    jain_latency: float
    gini_latency: float
    jain_by_draws: float
    gini_by_draws: float
    groups: Floats


def people_of(
    routed: Routed, run: Run, worse: Sequence[int], phases: Sequence[AskedPhase]
) -> People:
    """What they met; `worse` are numbers of variants, and `phases` those of the run."""
    requests = np.bincount(routed.client, minlength=routed.clients)
    seen = requests > 0
    by_variant = [
        np.bincount(routed.client[routed.variant == number], minlength=routed.clients)
        for number in range(routed.variants)
    ]
    met = np.sum([each > 0 for each in by_variant], axis=0)
    on_worse = np.sum([by_variant[number] for number in worse], axis=0) if worse else 0 * requests
    exposed = on_worse[seen].astype(float)
    dealt = _dealt(routed, worse, phases)[seen].astype(float)
    latency = _mean_latency(routed)
    clients = int(seen.sum())
    busiest = np.sort(requests[seen])[::-1][: max(round(_BUSIEST * clients), 1)]
    return People(
        clients=clients,
        met_several=_share(int((met > 1).sum()), clients),
        met_worse=_share(int((on_worse > 0).sum()), clients),
        worse_each=float(exposed[exposed > 0].mean()) if exposed.any() else float("nan"),
        busiest_share=_share(int(busiest.sum()), int(requests.sum())),
        jain_exposure=_even(jain_index, exposed),
        gini_exposure=_even(gini_coefficient, exposed),
        jain_latency=_even(jain_index, latency),
        gini_latency=_even(gini_coefficient, latency),
        jain_by_draws=_even(jain_index, dealt),
        gini_by_draws=_even(gini_coefficient, dealt),
        groups=_groups(routed, run),
    )


def _dealt(routed: Routed, worse: Sequence[int], phases: Sequence[AskedPhase]) -> Integers:
    """By client: requests on worse variants if each phase dealt them at random, always alike."""
    on_worse = np.isin(routed.variant, list(worse))
    draws = np.random.Generator(np.random.Philox(key=len(on_worse)))
    for phase in phases:
        which = routed.between(phase.since_ns, phase.until_ns)
        on_worse[which] = draws.permutation(on_worse[which])
    found: Integers = np.bincount(routed.client[on_worse], minlength=routed.clients)
    return found


def compared_groups(scenario: Scenario) -> tuple[ComparedGroup, ...]:
    """Segments whose requests all go by the weights; by activity, where clients differ in it."""
    left_out = left_out_segments(scenario)
    found: list[ComparedGroup] = []
    for name, segment in scenario.traffic.items():
        if name in left_out:
            continue
        if segment.activity.equal:
            found.append(ComparedGroup(name, name, 0, segment.clients))
        else:
            found += [
                ComparedGroup(f"{name}, {each.title}", name, each.first, each.last)
                for each in client_groups(segment)
            ]
    return tuple(found)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _even(index, values: Floats) -> float:  # type: ignore[no-untyped-def]
    return float(index(values)) if values.size else float("nan")


def _mean_latency(routed: Routed) -> Floats:
    """Seconds, of each client that had an answer."""
    answered = routed.finished_ns >= 0
    answered &= routed.status != Status.REJECTED
    client = routed.client[answered]
    took_s = (routed.finished_ns - routed.arrived_ns)[answered] / 1e9
    count = np.bincount(client, minlength=routed.clients)
    total = np.bincount(client, weights=took_s, minlength=routed.clients)
    found: Floats = total[count > 0] / count[count > 0]
    return found


def _groups(routed: Routed, run: Run) -> Floats:
    blueprint = run.data.run_counts.blueprint
    candidate = blueprint.names.index(run.scenario.objective.candidate)
    rows = []
    before = dict(zip(run.scenario.traffic, blueprint.clients_before, strict=False))
    for group in compared_groups(run.scenario):
        first = before[group.segment]
        own = (routed.client >= first + group.first) & (routed.client < first + group.last)
        answered = own & (routed.finished_ns >= 0) & (routed.status != Status.REJECTED)
        known = own & (routed.correct >= 0)
        took_ns = (routed.finished_ns - routed.arrived_ns)[answered]
        failed = np.isin(routed.status[own], (Status.FAILED, Status.REJECTED))
        rows.append(
            (
                own.sum(),
                _mean(routed.variant[own] == candidate),
                _mean(took_ns) / 1e9,
                _mean(failed),
                _mean(routed.correct[known]),
            )
        )
    return np.array(rows, dtype=np.float64)


def _mean(values: NDArray[np.generic]) -> float:
    return float(values.mean()) if values.size else float("nan")
