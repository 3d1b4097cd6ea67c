"""Play a replication under a policy: look at every tick, ask the policy, carry its actions out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simab.draws import Draws
from simab.world.answers import checked_decision
from simab.world.blueprint import Blueprint
from simab.world.control import Decider, DecisionLog, PolicyRaised, RunData
from simab.world.session import Session

__all__ = ["play"]


def play(
    blueprint: Blueprint,
    policy: Decider | None,
    draws: Draws,
    *,
    engine: str,
    record_requests: bool = False,
) -> tuple[RunData, DecisionLog]:
    """Play a scenario once; without a policy there are no looks.

    Raises:
        InvalidInput: no such engine.
        PolicyRaised: with what the policy raised.
    """
    session = Session(blueprint, draws, engine=engine, record_requests=record_requests)
    try:
        if policy is not None:
            _conduct(session, policy)
        return session.close()
    finally:
        session.abandon()


def _conduct(session: Session, policy: Decider) -> None:
    state: Any = None
    has_ended = _end_of(policy)
    interval_ns, horizon_ns = session.blueprint.interval_ns, session.blueprint.horizon_ns
    for tick_ns in range(interval_ns, horizon_ns, interval_ns):
        session.advance(tick_ns)
        observation = session.observe()
        try:
            actions, state = checked_decision(policy.decide(state, observation))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # SystemExit and the like as well
            raise PolicyRaised(error) from None
        session.act(actions)
        if has_ended(state):
            return  # what is left is played at once


def _end_of(policy: Decider) -> Callable[[Any], bool]:
    """What says that a policy asks for nothing any more; one of the user's own is asked on."""
    own = type(policy).__module__.partition(".")[0] != __name__.partition(".")[0]
    return _never if own else getattr(policy, "has_ended", _never)


def _never(_: Any) -> bool:
    return False
