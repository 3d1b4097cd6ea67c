"""Play a replication under a policy: look at every tick, ask the policy, carry its actions out."""

from __future__ import annotations

from typing import Any, Protocol, cast

from simab.draws import Draws
from simab.policies import NextLook, Observation
from simab.world.answers import checked_decision
from simab.world.blueprint import Blueprint
from simab.world.control import (
    Decider,
    DecisionLog,
    PolicyRaised,
    RunData,
    SelfPlayed,
    is_shipped,
)
from simab.world.session import Session
from simab.world.waiting import wait

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
    if isinstance(policy, SelfPlayed):
        return _self_played(policy, blueprint, draws, engine, record_requests)
    if policy is not None and is_shipped(policy):
        blueprint = blueprint.counting(getattr(policy, "immature", None))
    session = Session(
        blueprint,
        draws,
        engine=engine,
        record_requests=record_requests,
        reads_answers=_reads_answers(policy),
    )
    try:
        if policy is not None:
            _conduct(session, policy)
        return session.close()
    finally:
        session.abandon()


def _self_played(
    policy: SelfPlayed, blueprint: Blueprint, draws: Draws, engine: str, record_requests: bool
) -> tuple[RunData, DecisionLog]:
    try:
        return policy.played(blueprint, draws, engine=engine, record_requests=record_requests)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # as of any policy
        raise PolicyRaised(error) from None


def _conduct(session: Session, policy: Decider) -> None:
    state: Any = None
    wishes = _wishes_of(policy)
    observation: Observation | None = None
    wanted: NextLook | None = None
    while wait(session, observation, wanted):
        observation = session.observe()
        try:
            actions, state = checked_decision(policy.decide(state, observation))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # SystemExit and the like as well
            raise PolicyRaised(error) from None
        session.act(actions)
        if wishes and wishes.has_ended(state):
            return  # what is left is played at once
        wanted = wishes.next_look(state, observation) if wishes else None


def _reads_answers(policy: Decider | None) -> bool:
    """Whether a policy, simab's own or the user's, says that it asks for answers one by one."""
    asked = getattr(policy, "reads_answers", None)
    return bool(asked()) if callable(asked) else False


class _Wishes(Protocol):
    """What a policy says of the ticks at which it need not be asked."""

    def has_ended(self, state: Any) -> bool: ...

    def next_look(self, state: Any, observation: Observation) -> NextLook | None: ...


def _wishes_of(policy: Decider) -> _Wishes | None:
    """Of simab's own policies; one of the user's is asked at every tick."""
    return cast("_Wishes", policy) if is_shipped(policy) else None
