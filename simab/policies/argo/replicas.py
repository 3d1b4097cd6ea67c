"""The split that replica counts can give, where Argo Rollouts has no traffic router.

Source: argo-rollouts utils/replicaset/canary.go, approximateWeightedCanaryStableReplicaCounts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

__all__ = ["replica_counts"]


def replica_counts(replicas: int, weight: int, *, surge: bool) -> tuple[int, int]:
    """Canary and stable replicas that come nearest to a weight of 0 to 100.

    They add up to `replicas`, or to one more with `surge` where that comes nearer; on a tie the
    larger canary wins. Between 1 and 99 neither is 0, unless only one replica may run, or unless
    the source finds no counts at all: then the canary has none and the weight is not followed (as
    with 10 replicas at 95 % without surge, where neither 9 nor 10 canaries are considered).
    """
    canary, total = min(
        _options(replicas, weight, surge=surge),
        key=lambda option: abs(100 * option[0] / option[1] - weight),  # the first of equal ones
        default=(0, replicas),
    )
    return canary, total - canary


def _options(replicas: int, weight: int, *, surge: bool) -> Iterator[tuple[int, int]]:
    floor, rest = divmod(replicas * weight, 100)
    ceiling = floor + (rest > 0)
    none_allowed = weight in (0, 100) or (replicas == 1 and not surge)
    if ceiling < replicas or none_allowed:
        yield ceiling, replicas
    if not _is_tied(replicas, weight) and (floor > 0 or none_allowed):
        yield floor, replicas
    if surge:
        yield ceiling, replicas + 1
        if not _is_tied(replicas + 1, weight) and (floor > 0 or none_allowed):
            yield floor, replicas + 1


def _is_tied(replicas: int, weight: int) -> bool:
    """Whether the source takes rounding up and down as equally near.

    It asks floating-point numbers, so that 50 replicas at 29 % (14.499999999999998) are not a tie.
    """
    return math.modf(replicas * (weight / 100))[0] == 0.5
