"""What clients, groups of them, and instances met, over many runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.measure import RunFairness
from simab.analyse.fairness.over_runs import mean_over_runs
from simab.analyse.fairness.people import GROUP_FIELDS
from simab.analyse.fairness.studied import RuleStudied
from simab.result.estimates import Mean
from simab.result.fairness_result import GroupFairness, PeopleFairness, PlaceFairness
from simab.stats.intervals import mean_p_value
from simab.stats.multiplicity import holm

__all__ = ["groups_of", "people_over_runs", "places_over_runs"]

Floats = NDArray[np.float64]


def people_over_runs(runs: Sequence[RunFairness]) -> PeopleFairness:
    """Means over the runs."""

    def mean(field: str) -> Mean:
        most = math.inf if field in {"clients", "worse_each"} else 1.0
        return mean_over_runs([float(getattr(run.people, field)) for run in runs], most=most)

    return PeopleFairness(
        clients=mean("clients"),
        met_several=mean("met_several"),
        met_worse=mean("met_worse"),
        worse_each=mean("worse_each"),
        busiest_share=mean("busiest_share"),
        jain_exposure=mean("jain_exposure"),
        gini_exposure=mean("gini_exposure"),
        jain_latency=mean("jain_latency"),
        gini_latency=mean("gini_latency"),
    )


def groups_of(studied: RuleStudied, runs: Sequence[RunFairness]) -> tuple[GroupFairness, ...]:
    """Each group of clients, and in what it differs from the others."""
    values = np.array([run.people.groups for run in runs])  # runs, groups, fields
    tests = _group_tests(values)
    return tuple(
        GroupFairness(
            name=name,
            **{
                field: mean_over_runs(values[:, place, at].tolist())
                for at, field in enumerate(GROUP_FIELDS)
            },
            differs={field: tests[place, at] for at, field in _compared() if (place, at) in tests},
        )
        for place, name in enumerate(studied.groups)
    )


def _compared() -> Iterable[tuple[int, str]]:
    return [(at, field) for at, field in enumerate(GROUP_FIELDS) if field != "requests"]


def _group_tests(values: Floats) -> dict[tuple[int, int], float]:
    """p-values by group and field, that it is as all groups together, adjusted for all of them."""
    found: dict[tuple[int, int], float] = {}
    if values.shape[0] < 2 or values.shape[1] < 2:
        return found
    weights = values[:, :, 0]
    for at, _ in _compared():
        own = values[:, :, at]
        known = np.isfinite(own)
        weighted = np.where(known, own * weights, 0.0)
        for place in range(values.shape[1]):
            others = np.arange(values.shape[1]) != place
            total = np.where(known, weights, 0.0)[:, others].sum(axis=1)
            rest = weighted[:, others].sum(axis=1) / np.where(total > 0, total, np.nan)
            difference = own[:, place] - rest
            difference = difference[np.isfinite(difference)]
            if difference.size > 1 and difference.std() > 0:
                found[place, at] = mean_p_value(difference)
    adjusted = holm(list(found.values())).tolist() if found else []
    return dict(zip(found, adjusted, strict=True))


def places_over_runs(
    studied: RuleStudied, runs: Sequence[RunFairness]
) -> tuple[PlaceFairness, ...]:
    """Variants in their order, each followed by its instances."""
    keys = sorted(
        {
            (each.variant, -1 if each.instance is None else each.instance)
            for run in runs
            for each in run.places
        },
        key=lambda key: (studied.variants.index(key[0]), key[1]),
    )
    return tuple(_place(studied, runs, variant, number) for variant, number in keys)


def _place(
    studied: RuleStudied, runs: Sequence[RunFairness], variant: str, number: int
) -> PlaceFairness:
    instance = None if number < 0 else number
    own, totals = [], []
    for run in runs:
        for each in run.places:
            if (each.variant, each.instance) == (variant, instance):
                own.append(each)
                totals.append(run.windows.requests.sum())

    def mean(value: Callable[[int], float]) -> Mean:
        return mean_over_runs([value(at) for at in range(len(own))])

    return PlaceFairness(
        variant=variant,
        instance=instance,
        request_share=mean(lambda at: own[at].requests / totals[at]),
        busy_workers=mean(lambda at: own[at].busy_s / studied.horizon_s),
        p50_s=mean(lambda at: own[at].p50_s),
        p95_s=mean(lambda at: own[at].p95_s),
        p99_s=mean(lambda at: own[at].p99_s),
    )
