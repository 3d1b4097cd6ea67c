"""A run look by look: a policy plays it through a `Session`, and each look is handed out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simab.errors import InvalidInput
from simab.policies import Action, Observation, Policy, Refusal
from simab.policies.look_reading import LookReading
from simab.run.session import Session
from simab.world.answers import checked_decision
from simab.world.control import Decider

__all__ = ["Look", "looks"]


@dataclass(frozen=True, slots=True)
class Look:
    """What a policy saw at a tick, what it measured and asked for, and what was refused."""

    observation: Observation
    readings: Sequence[LookReading]
    actions: Sequence[Action]
    refused: Sequence[Refusal]


def looks(session: Session, policy: Decider) -> Iterator[Look]:
    """Play a policy, and give each look of the controller once its actions are asked for.

    The policy is asked at every tick; a run of a study asks it where it wants to be asked, with the
    same result. It ends before the horizon; `session.close()` plays the rest.

    Raises:
        InvalidInput: the policy answers with something else than actions.
    """
    state: Any = None
    while True:
        session.advance(session.now_ns + session.interval_ns)
        if session.ended:
            return
        observation = session.observe()
        try:
            actions, after = checked_decision(policy.decide(state, observation))
        except InvalidInput as error:
            raise InvalidInput(f"policy {type(policy).__name__}: {error}") from None
        readings: Sequence[LookReading] = ()
        if isinstance(policy, Policy):
            readings = policy.readings(state, after, observation)
        refused = session.act(actions)
        state = after
        yield Look(observation, readings, tuple(actions), refused)
