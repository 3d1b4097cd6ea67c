"""What functions that play studies are given: which policies, where rows go, and who plays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simab.errors import InvalidInput
from simab.run.simulation import choose_policy
from simab.scenario.models import Scenario
from simab.study.parameters import plain
from simab.world.control import Decider

__all__ = ["chosen_policies", "require_places"]


def chosen_policies(
    scenario: Scenario, policies: Sequence[str] | Mapping[str, Decider] | None
) -> Mapping[str, Decider]:
    """The policies by name: all of the scenario, some of them, or objects of one's own.

    Raises:
        InvalidInput: an unknown name, two alike, or what is not a policy.
    """
    if policies is None:
        return scenario.policies
    if isinstance(policies, str) or not callable(getattr(policies, "__iter__", None)):
        raise InvalidInput(
            f"policies = {policies!r}: must be a list of names, or a mapping from names to "
            f"policies; write [{policies!r}] for a single one"
        )
    if isinstance(policies, Mapping):
        _require_names(policies)
        return {name: _own(scenario, name, policy) for name, policy in policies.items()}
    chosen = [choose_policy(scenario, name) for name in policies]
    names = [name for name, _ in chosen]
    if len(set(names)) < len(names):
        raise InvalidInput(
            f"policies = {names}: two policies have one name; give a mapping from names to policies"
        )
    return dict(chosen)


def _require_names(policies: Mapping[Any, Decider]) -> None:
    for name in policies:
        if not (isinstance(name, str) and name):
            raise InvalidInput(f"policies: the name {name!r} must be a text; write {str(name)!r}")
        if name != plain(name):
            raise InvalidInput(
                f"policies: the name {name!r} holds half of a surrogate pair, which UTF-8 cannot "
                "write; take another name"
            )


def require_places(executor: object, store: object) -> None:
    """Raises InvalidInput where these are not what rows can be played on, or kept in."""
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InvalidInput(
            f"executor = {executor!r}: must be a concurrent.futures.Executor; "
            "simab.study.local_processes(2) gives one"
        )
    if store is not None and not callable(getattr(store, "update", None)):
        raise InvalidInput(
            f"store = {store!r}: must be a mutable mapping; give a dict, or "
            "simab.study.SqliteStore(path) to keep rows in a file"
        )


def _own(scenario: Scenario, name: str, policy: str | Decider) -> Decider:
    if isinstance(policy, type) or not (
        isinstance(policy, str) or callable(getattr(policy, "decide", None))
    ):
        raise InvalidInput(
            f"policies: {name} = {policy!r}: a policy is an object with a method "
            "decide(state, observation); give one, or the name of one in the scenario"
        )
    return choose_policy(scenario, policy)[1]
