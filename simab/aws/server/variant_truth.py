"""What is so of the variants of an endpoint: their weights, requests, latencies and errors."""

from __future__ import annotations

from typing import Any, Final

from simab.aws.live_endpoint import LiveEndpoint
from simab.world.run_counts import RequestColumn, time_sum_ns

__all__ = ["series_of", "variant_of"]

_RECENT_NS: Final = 300 * 10**9
_STEP_NS: Final = 30 * 10**9
_STEPS: Final = 60
_TAIL: Final = 0.95


def variant_of(endpoint: LiveEndpoint, world: str) -> dict[str, Any]:
    """One variant that is deployed, named as in the scenario; during an update fleets have several.

    `share` is that of all requests that went by weight since the endpoint serves, and
    `share_since_change` of those since the present shares are in force; both are null while there
    is none. Latency and errors are those of the last five minutes.
    """
    session = endpoint.serving
    observed, counts = session.observe(), session.run_counts
    pending = observed if session.pending is None else session.pending
    number = counts.blueprint.number_of(world)
    windows = _windows(endpoint)
    recent = max(windows - _RECENT_NS // counts.blueprint.period_ns, 0)
    latest = counts.request_totals(number, recent, windows)
    served = latest.answered + latest.failed
    assigned = counts.requests[:, :, RequestColumn.ASSIGNED].sum(axis=0)
    since_change = session.assigned_since_change()[1]
    return {
        "name": endpoint.name_of(world),
        "config": endpoint.config_of(world),
        "played_by": world,
        "weight": observed.weights[world],
        "desired_weight": pending.weights.get(world, 0.0),
        "instances": observed.instances[world],
        "desired_instances": pending.instances.get(world, 0),
        "requests": int(counts.requests[:, number, RequestColumn.INVOCATIONS].sum()),
        "share": _ratio(int(assigned[number]), int(assigned.sum())),
        "assigned_since_change": since_change.get(world, 0),
        "share_since_change": _ratio(since_change.get(world, 0), sum(since_change.values())),
        "latency_mean_ms": None if not served else latest.latency_sum_ns / served / 1e6,
        "latency_p95_ms": None if not served else latest.latency_quantile_ns(_TAIL) / 1e6,
        "error_rate": _ratio(latest.failed + latest.rejected, latest.invocations),
    }


def series_of(endpoint: LiveEndpoint) -> dict[str, Any]:
    """Requests and mean latency by step, the newest last, of all variants that have had requests.

    A step without a request has a latency of null.
    """
    session = endpoint.serving
    counts = session.run_counts
    per_step = _STEP_NS // counts.blueprint.period_ns
    last = _windows(endpoint) // per_step
    first = max(last - _STEPS, 0)
    found: dict[str, Any] = {}
    for world in (each for name in endpoint.names for each in endpoint.played(name)):
        number = counts.blueprint.number_of(world)
        rows = counts.requests[first * per_step : last * per_step, number]
        steps = rows.reshape(last - first, per_step, rows.shape[-1])
        columns = RequestColumn.ANSWERED, RequestColumn.FAILED
        served = steps[:, :, columns].sum(axis=(1, 2)).tolist()
        latency_ns = [time_sum_ns(step, RequestColumn.LATENCY_SUM_NS) for step in steps]
        found[world] = {
            "requests": steps[:, :, RequestColumn.INVOCATIONS].sum(axis=1).tolist(),
            "latency_mean_ms": [
                round(sum_ns / count / 1e6, 3) if count else None
                for sum_ns, count in zip(latency_ns, served, strict=True)
            ],
        }
    return {"step_s": _STEP_NS // 10**9, "first_step": first, "variants": found}


def _windows(endpoint: LiveEndpoint) -> int:
    """How many windows of the counts have ended by now."""
    session = endpoint.serving
    return session.now_ns // session.run_counts.blueprint.period_ns


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
