"""What a run costs to serve: requests and instance hours at the prices that variants state."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from simab.run.simulation import Run
from simab.world.run_counts import RequestColumn

__all__ = ["instance_time_ns", "serving_cost"]

_HOUR_NS: Final = 3_600 * 10**9


def serving_cost(run: Run) -> float | None:
    """The cost up to the horizon, in the currency of the prices; None where no variant states one.

    A request costs where an instance has finished it by the horizon, answered or failed, and so
    does a mirrored copy; one that is refused costs nothing. A variant without a price costs
    nothing.
    """
    variants = run.scenario.endpoint.variants
    if not any(
        each.cost_per_request is not None or each.cost_per_instance_hour is not None
        for each in variants.values()
    ):
        return None
    finished, time_ns = _finished(run), instance_time_ns(run)
    return math.fsum(
        part
        for name, each in variants.items()
        for part in (
            finished[name] * (each.cost_per_request or 0.0),
            time_ns[name] / _HOUR_NS * (each.cost_per_instance_hour or 0.0),
        )
    )


def instance_time_ns(run: Run) -> Mapping[str, int]:
    """Time that the instances of each variant were in service, added up; at weight 0 too.

    In service is what takes requests if its variant gets any: an instance that is still being
    provisioned is not yet, one that only finishes what it has begun no more.
    """
    total: Counter[str] = Counter()
    splits = run.decision_log.splits
    ends = [(split.instances, split.at_ns) for split in splits]
    for (instances, since_ns), (_, until_ns) in pairwise([*ends, ({}, run.scenario.horizon)]):
        for name, count in instances.items():
            total[name] += count * (until_ns - since_ns)
    return total


def _finished(run: Run) -> Mapping[str, int]:
    """Requests and copies that each variant served to the end, whatever their status."""
    counts = run.data.run_counts
    served = (
        counts.requests[:, :, RequestColumn.INVOCATIONS]
        - counts.requests[:, :, RequestColumn.REJECTED]
    )
    return dict(zip(counts.blueprint.names, served.sum(axis=0).tolist(), strict=True))
