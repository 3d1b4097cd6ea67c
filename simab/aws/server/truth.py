"""What is so in the world of an account: for the control path, the page and the saved state."""

from __future__ import annotations

from typing import Any, Final

from simab.aws.account import Account
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.server.variant_truth import series_of, variant_of
from simab.run.frames import describe_action
from simab.units import seconds
from simab.version import VERSION
from simab.world.control import DecisionEntry

__all__ = ["FORMAT", "state_of"]

FORMAT: Final = "simab-account/1"
_SHOWN_DECISIONS: Final = 100


def state_of(account: Account, *, over: bool, speed: float) -> dict[str, Any]:
    """Time, endpoints and alarms, in plain data; `over` is whether the horizon was reached.

    Times are in seconds from the start, or of their unit where they end in one. Nothing here is
    delayed as metrics are.
    """
    return {
        "format": FORMAT,
        "simab_version": VERSION,
        "scenario": account.scenario.title,
        "seed": account.seed,
        "replication": account.replication,
        "speed": speed,
        "now": account.timeline.now.isoformat(),
        "seconds": seconds(account.timeline.now_ns),
        "over": over,
        "endpoints": [_endpoint(each) for each in account.endpoints.values()],
        "alarms": [
            {
                "name": name,
                "state": str(alarm.state),
                "since": alarm.updated.isoformat(),
                "reason": alarm.reason,
            }
            for name, alarm in sorted(account.alarms.items())
        ],
    }


def _endpoint(endpoint: LiveEndpoint) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": endpoint.name,
        "config": endpoint.config.name,
        "status": str(endpoint.state),
        "created": endpoint.created.isoformat(),
        "modified": endpoint.modified.isoformat(),
    }
    session = endpoint.session
    if session is None:
        return found
    pending, since = session.pending, session.assigned_since_change()[0]
    decisions = session.decisions[-_SHOWN_DECISIONS:]
    return {
        **found,
        "in_service_s": seconds(endpoint.began_ns),
        "update_ends_s": None if pending is None else seconds(endpoint.began_ns + pending.at_ns),
        "shares_changed_s": seconds(endpoint.began_ns + since),
        "variants": [variant_of(endpoint, world) for world in session.observe().weights],
        "series": series_of(endpoint),
        "decisions": [_decision(endpoint, entry) for entry in decisions],
    }


def _decision(endpoint: LiveEndpoint, entry: DecisionEntry) -> dict[str, Any]:
    """What was asked for; variants by the scenario's names, as two fleets may share others."""
    return {
        "seconds": seconds(endpoint.began_ns + entry.at_ns),
        "action": describe_action(entry.action),
        "refusal": entry.refusal,
    }
