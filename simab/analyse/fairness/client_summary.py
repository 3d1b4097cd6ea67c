"""What clients, groups of them, and instances met, over many runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.measure import RunFairness
from simab.analyse.fairness.over_runs import mean_over_runs
from simab.analyse.fairness.people import GROUP_FIELDS
from simab.analyse.fairness.studied import RuleStudied
from simab.result.estimates import Mean
from simab.result.studied_split import GroupFairness, PeopleFairness, PlaceFairness
from simab.stats.intervals import mean_p_value
from simab.stats.multiplicity import holm

__all__ = ["groups_of", "people_over_runs", "places_over_runs"]

Floats = NDArray[np.float64]

_FEWEST_RUNS: Final = 5
_FEWEST_CASES: Final = 5


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
        jain_by_draws=mean("jain_by_draws"),
        gini_by_draws=mean("gini_by_draws"),
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
    """p-values by group and field, that it is as all others together, adjusted for all of them.

    Of two groups the one comparison stands with both. A share of which few cases are expected in a
    group is not tested: no case in any run would have no spread, and look certain.
    """
    found: dict[tuple[int, int], float] = {}
    runs, groups = values.shape[:2]
    if runs < _FEWEST_RUNS or groups < 2:
        return found
    for at, field in _compared():
        for place in range(groups if groups > 2 else 1):
            difference = _differences(values, at, place)
            if difference is not None and _has_cases(values, at, place, field):
                p_value = mean_p_value(difference)
                if math.isfinite(p_value):
                    found[place, at] = p_value
    adjusted = holm(list(found.values())).tolist() if found else []
    tests = dict(zip(found, adjusted, strict=True))
    if groups == 2:
        tests |= {(1, at): p_value for (_, at), p_value in tests.items()}
    return tests


def _differences(values: Floats, at: int, place: int) -> Floats | None:
    """By run: the group's value less that of all others by their requests; None if some lack it."""
    weights, own = values[:, :, 0], values[:, :, at]
    if not np.isfinite(own).all():
        return None
    others = np.arange(values.shape[1]) != place
    rest = (own * weights)[:, others].sum(axis=1) / weights[:, others].sum(axis=1)
    difference: Floats = own[:, place] - rest
    return difference


def _has_cases(values: Floats, at: int, place: int, field: str) -> bool:
    """Whether a share has enough cases, and requests without, in the group and in the others."""
    weights = values[:, :, 0].sum(axis=0)
    if field == "latency_s":
        return bool((weights >= _FEWEST_CASES * len(values)).all())
    share = float((values[:, :, at] * values[:, :, 0]).sum() / weights.sum())
    rest = weights.sum() - weights[place]
    fewest = min(share, 1.0 - share) * min(float(weights[place]), float(rest))
    return fewest >= _FEWEST_CASES * 10


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
    """Shares and load over all runs, also those in which it had no request; latencies if it had."""
    instance = None if number < 0 else number
    own = [
        next(
            (each for each in run.places if (each.variant, each.instance) == (variant, instance)),
            None,
        )
        for run in runs
    ]
    totals = [int(run.windows.requests.sum()) for run in runs]
    shares = [
        (each.requests if each else 0) / total
        for each, total in zip(own, totals, strict=True)
        if total
    ]
    busy = [(each.busy_s if each else 0.0) / studied.horizon_s for each in own]
    there = [each for each in own if each is not None]
    return PlaceFairness(
        variant=variant,
        instance=instance,
        request_share=mean_over_runs(shares, most=1.0),
        busy_workers=mean_over_runs(busy),
        p50_s=mean_over_runs([each.p50_s for each in there]),
        p95_s=mean_over_runs([each.p95_s for each in there]),
        p99_s=mean_over_runs([each.p99_s for each in there]),
    )
