"""What a study is to play: cells of worlds, policies and replications, and each row's identity.

A row is keyed by the content of everything that can change it: the world's scenario without its
words and without the other policies, the variants that these may end with, the policy, the seed,
the replication, and the code that plays and that decides. Of a policy that simab does not ship, the
files of its classes count as well.
"""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from simab.analyse.truth import contenders
from simab.description import Description
from simab.errors import InvalidInput
from simab.scenario.memory import MOST_STUDY_ROWS
from simab.scenario.models import Scenario
from simab.scenario.parts import MOST_REPLICATIONS
from simab.scenario.played import played_text
from simab.scenario.world_names import DESCRIBED
from simab.study.playing import Measure
from simab.study.row_code import LIBRARIES, playing_digest, policy_digests
from simab.world.control import Decider

__all__ = ["Cell", "StudyPlan"]


class Cell(NamedTuple):
    """One run of a study: a policy in a world, with the random numbers of seed and replication."""

    world: str
    policy: str
    seed: int
    replication: int


@dataclass(frozen=True)
class StudyPlan:
    """Every policy in every world, as many replications of each.

    A world is what may be true of the endpoint: a scenario under a name. All cells of a replication
    have the same random numbers, so that policies and worlds are compared on the same clients. The
    policies are those of the plan; those in the scenarios say what else may be deployed. Where a
    world in `policies_by_world` has policies of its own, they have the names of the plan's. With a
    `measure` runs have no rows, and no store keeps what it makes of them (`measured_runs`).

    Raises:
        InvalidInput: no world, no policy, no replication, or more runs than are kept.
    """

    worlds: Mapping[str, Scenario]
    policies: Mapping[str, Decider]
    replications: int
    seed: int
    engine: str
    policies_by_world: Mapping[str, Mapping[str, Decider]] = field(default_factory=dict)
    measure: Measure | None = None

    def __post_init__(self) -> None:
        if not self.worlds:
            raise InvalidInput("worlds = {}: a study plays at least one world; give a scenario")
        if not self.policies:
            raise InvalidInput("policies = []: a study compares at least one policy; name one")
        if type(self.replications) is not int:
            raise InvalidInput(
                f"replications = {self.replications!r}: must be a whole number; ask for 200, say"
            )
        if not 1 <= self.replications <= MOST_REPLICATIONS:
            raise InvalidInput(
                f"replications = {self.replications}: must be from 1 to {MOST_REPLICATIONS:,}; "
                "ask for 200, say"
            )
        rows = self.replications * len(self.policies) * len(self.worlds)
        if rows > MOST_STUDY_ROWS:
            raise InvalidInput(
                f"replications = {self.replications:,}: {rows:,} runs of all policies, "
                f"at most {MOST_STUDY_ROWS:,} are kept; ask for fewer"
            )

    @classmethod
    def of_scenario(
        cls,
        scenario: Scenario,
        policies: Mapping[str, Decider],
        replications: int,
        seed: int,
        engine: str = "compiled",
    ) -> StudyPlan:
        """A plan of one world, which is as the scenario describes it."""
        return cls({DESCRIBED: scenario}, policies, replications, seed, engine)

    def cells(self) -> Iterator[Cell]:
        """All cells in the order of their rows: by world, then policy, then replication."""
        for world in self.worlds:
            for policy in self.policies:
                for replication in range(self.replications):
                    yield Cell(world, policy, self.seed, replication)

    def policy(self, world: str, name: str) -> Decider:
        """The policy of that name that plays in a world."""
        return self.policies_by_world.get(world, self.policies)[name]

    @cached_property
    def world_hashes(self) -> Mapping[str, str]:
        """SHA-256 of what is played in each world, in hexadecimal; equal ones are one world."""
        return {name: _sha256(played_text(scenario)) for name, scenario in self.worlds.items()}

    @cached_property
    def _contenders(self) -> dict[str, Sequence[str]]:
        """By world: which variant is best is asked of all that its policies may end with."""
        return {name: contenders(scenario) for name, scenario in self.worlds.items()}

    @cached_property
    def _groups(self) -> dict[tuple[str, str], str]:
        """Digest by world and policy of all that decides their rows but the random numbers."""
        usual = {name: _content(policy) for name, policy in self.policies.items()}
        own = {
            world: {name: _content(policy) for name, policy in policies.items()}
            for world, policies in self.policies_by_world.items()
        }
        return {
            (world, policy): _digest(
                {
                    "scenario": self.world_hashes[world],
                    "contenders": self._contenders[world],
                    "policy": own.get(world, usual)[policy],
                    "code": playing_digest(),
                    "libraries": LIBRARIES,
                }
            )
            for world in self.worlds
            for policy in self.policies
        }

    def row_key(self, cell: Cell) -> str:
        """The identity of one row: the same key always means the same result."""
        group = self._groups[cell.world, cell.policy]
        return _sha256(f"{group} {cell.seed} {cell.replication}")


def _content(policy: Decider) -> Any:
    """What a policy is, as plain data: its class, its parameters, and the source of one's own."""
    owner = type(policy)
    content: list[Any] = [f"{owner.__module__}.{owner.__qualname__}"]
    content.append(_described(policy) if isinstance(policy, Description) else _state(policy))
    return [*content, *policy_digests(owner)]


def _described(policy: Description) -> Any:
    try:
        fields = policy.model_dump(mode="json")
        json.dumps(fields)
    except Exception:  # noqa: BLE001  # a class of one's own may have fields that JSON cannot hold
        return _state(policy)
    return fields


def _state(policy: object) -> str:
    """What an object of one's own holds, in `__dict__`, in slots or as its pickle says."""
    try:
        return pickle.dumps(policy, protocol=4).hex()
    except Exception:  # noqa: BLE001  # a pickle may fail in any way; such a policy plays here only
        pass
    try:
        return repr(policy.__getstate__())
    except Exception as error:  # noqa: BLE001
        raise InvalidInput(
            f"policies: {type(policy).__name__}: what it holds cannot be read ({error}), and rows "
            "are kept by what a policy is; let pickle, or __getstate__ and repr, read it"
        ) from None


def _digest(data: Any) -> str:
    return _sha256(json.dumps(data, separators=(",", ":"), ensure_ascii=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
