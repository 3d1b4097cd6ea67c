"""What a policy measured at each of its looks, kept while a run is played."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simab.policies import Action, NextLook, Observation, Policy
from simab.policies.immature import Immature
from simab.policies.look_reading import LookReading
from simab.world.control import Decider, is_shipped

__all__ = ["ReadingAt", "WatchedPolicy", "watched"]


@dataclass(frozen=True, slots=True)
class ReadingAt:
    """What was measured at an instant, in ns from the start."""

    at_ns: int
    reading: LookReading


@dataclass
class WatchedPolicy:
    """A policy of simab's that decides as it does alone, and keeps what it measured."""

    policy: Policy
    kept: list[ReadingAt] = field(default_factory=list)

    @property
    def immature(self) -> Immature | None:
        """The policy's own."""
        return getattr(self.policy, "immature", None)

    def reads_answers(self) -> bool:
        """The policy's own answer."""
        return self.policy.reads_answers()

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """The policy's own answer."""
        actions, after = self.policy.decide(state, observation)
        self.kept += [
            ReadingAt(observation.now_ns, each)
            for each in self.policy.readings(state, after, observation)
        ]
        return actions, after

    def has_ended(self, state: Any) -> bool:
        """The policy's own answer."""
        return self.policy.has_ended(state)

    def next_look(self, state: Any, observation: Observation) -> NextLook | None:
        """The policy's own answer."""
        return self.policy.next_look(state, observation)


def watched(policy: Decider) -> tuple[Decider, list[ReadingAt]]:
    """The policy with a list that fills as it is played; one of the user's own is left alone."""
    if not (isinstance(policy, Policy) and is_shipped(policy)):
        return policy, []
    own = WatchedPolicy(policy)
    return own, own.kept
