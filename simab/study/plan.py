"""What a study is to play, and the identity of each of its rows.

A row is keyed by the content of everything that can change it: the scenario without its words and
without the other policies, the policy, the seed, the replication and simab's version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import simab
from simab.description import Description
from simab.errors import InvalidInput
from simab.scenario.models import Scenario
from simab.world.control import Decider

__all__ = ["StudyPlan"]

_WORDS: Final = frozenset({"title", "question", "policies", "study"})


@dataclass(frozen=True)
class StudyPlan:
    """Policies x replications on one scenario.

    Raises:
        InvalidInput: no policy, or no replication.
    """

    scenario: Scenario
    policies: Mapping[str, Decider]
    replications: int
    seed: int
    engine: str

    def __post_init__(self) -> None:
        if not self.policies:
            raise InvalidInput("policies = []: a study compares at least one policy; name one")
        if self.replications < 1:
            raise InvalidInput(
                f"replications = {self.replications}: must be at least 1; ask for 200, say"
            )

    @cached_property
    def scenario_hash(self) -> str:
        """SHA-256 of what is played, in hexadecimal."""
        data = self.scenario.model_dump(mode="json")
        return _sha256({name: value for name, value in data.items() if name not in _WORDS})

    def row_key(self, policy: str, replication: int) -> str:
        """The identity of one row: the same key always means the same result."""
        return _sha256(
            {
                "scenario": self.scenario_hash,
                "policy": _content(self.policies[policy]),
                "seed": self.seed,
                "replication": replication,
                "version": simab.__version__,
            }
        )


def _content(policy: Decider) -> Any:
    """What a policy is, as plain data: its parameters, or for one's own class what it holds."""
    kind = f"{type(policy).__module__}.{type(policy).__qualname__}"
    if isinstance(policy, Description):
        return [kind, policy.model_dump(mode="json")]
    return [kind, repr(sorted(getattr(policy, "__dict__", {}).items()))]


def _sha256(data: Any) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()
