"""Moves a replication to the tick at which a policy has to be asked again."""

from __future__ import annotations

from simab.policies import NextLook, Observation
from simab.world.session import Session

__all__ = ["wait"]


def wait(session: Session, shown: Observation | None, wanted: NextLook | None) -> bool:
    """Move to the first tick at which what is wanted holds, or the endpoint is not as shown.

    False where no tick is left before the horizon.
    """
    interval_ns, horizon_ns = session.blueprint.interval_ns, session.blueprint.horizon_ns
    tick_ns = session.now_ns + interval_ns
    if tick_ns >= horizon_ns:
        return False
    if wanted is not None and shown is not None and not session.differs_from(shown):
        latest_ns = _latest_ns(session, wanted)
        labels_decide = wanted.labelled and session.changes_ahead
        if latest_ns > tick_ns and not labels_decide:
            ticks = range(tick_ns, min(latest_ns + interval_ns, horizon_ns), interval_ns)
            tick_ns = session.first_labelled(ticks, wanted.labelled)
    session.advance(tick_ns)
    return True


def _latest_ns(session: Session, wanted: NextLook) -> int:
    """The time at which the policy has to look, whatever labels come."""
    latest_ns = session.blueprint.horizon_ns
    published_ns = session.next_publication_ns if wanted.published else None
    changes_ns = session.update_ends_ns, session.scales_ns, session.others_ask_ns
    for each_ns in (wanted.at_ns, *changes_ns, published_ns):
        if each_ns is not None and each_ns < latest_ns:
            latest_ns = each_ns
    return latest_ns
