"""What each variant and each of its instances carried in one run, and how long answers took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.analyse.fairness.routed import Routed
from simab.world.run_counts import Status

__all__ = ["PlaceLoad", "places_of"]

_QUANTILES = (0.5, 0.95, 0.99)


class PlaceLoad(NamedTuple):
    """A variant (`instance` None) or an instance of it; latencies in seconds, NaN without any."""

    variant: str
    instance: int | None
    requests: int
    busy_s: float
    p50_s: float
    p95_s: float
    p99_s: float


def places_of(routed: Routed, names: Sequence[str], horizon_ns: int) -> tuple[PlaceLoad, ...]:
    """Every variant that had requests, each followed by its instances."""
    found = []
    for number, name in enumerate(names):
        own = routed.variant == number
        if own.any():
            found.append(_load(routed, own, (name, None), horizon_ns))
            found += [
                _load(
                    routed, own & (routed.instance == instance), (name, int(instance)), horizon_ns
                )
                for instance in np.unique(routed.instance[own])
            ]
    return tuple(found)


def _load(
    routed: Routed, own: NDArray[np.bool_], place: tuple[str, int | None], horizon_ns: int
) -> PlaceLoad:
    """Workers are busy with what is in flight until the horizon; latencies are of answers."""
    begun = own & (routed.started_ns >= 0) & (routed.status != Status.REJECTED)
    until_ns = np.where(routed.finished_ns >= 0, routed.finished_ns, horizon_ns)
    busy_ns = np.minimum(until_ns, horizon_ns) - routed.started_ns
    served = begun & (routed.finished_ns >= 0)
    took_ns = (routed.finished_ns - routed.arrived_ns)[served]
    quantiles = [float("nan")] * len(_QUANTILES)
    if took_ns.size:
        values_ns = np.quantile(took_ns, _QUANTILES, method="higher")
        quantiles = [float(each) / 1e9 for each in values_ns]
    return PlaceLoad(*place, int(own.sum()), float(busy_ns[begun].sum()) / 1e9, *quantiles)
