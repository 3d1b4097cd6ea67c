"""What a result says of replications that failed, by world and policy, and how to replay one."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from simab.result import FailedPolicy
from simab.scenario.world_names import DESCRIBED
from simab.study.failure import Failure

__all__ = ["failed_policies", "in_order"]


def failed_policies(
    failures: Sequence[Failure],
    *,
    replications: int,
    seed: int,
    in_file: Mapping[str, Any],
    scenarios: Mapping[str, str] = MappingProxyType({}),
) -> tuple[FailedPolicy, ...]:
    """One entry a world and policy: how many failed of how many, the first, how to replay it.

    `in_file` holds the policies that the scenario describes; others are the caller's own objects.
    `scenarios` says in Python what is played in a world that `worlds_of` does not know.
    """
    entries = []
    by_policy = groupby(in_order(failures), key=lambda each: (each.world, each.policy))
    for (world, name), group in by_policy:
        failed = list(group)
        first = failed[0]
        entries.append(
            FailedPolicy(
                policy=name,
                world=world,
                failed=len(failed),
                replications=replications,
                first_replication=first.replication,
                error=first.error,
                replay=_replay(first, seed, scenarios.get(world), in_file=name in in_file),
            )
        )
    return tuple(entries)


def in_order(failures: Iterable[Failure]) -> tuple[Failure, ...]:
    """By world, policy and replication, whichever came first."""
    return tuple(sorted(failures, key=lambda each: (each.world, each.policy, each.replication)))


def _replay(failure: Failure, seed: int, scenario: str | None, *, in_file: bool) -> str:
    """The command, or the call, that plays a failed replication again."""
    number = failure.replication
    if scenario is not None:
        policy = repr(failure.policy) if in_file else "..."
        return f"simab.simulate({scenario}, policy={policy}, replication={number}, seed={seed})"
    if not in_file:
        asked = "scenario"
        if failure.world != DESCRIBED:
            asked = f"worlds_of(scenario, names=[{failure.world!r}])[0].scenario"
        return f"simab.simulate({asked}, policy=..., replication={number}, seed={seed})"
    words = ["simab", "run", "FILE", "--policy", failure.policy]
    if failure.world != DESCRIBED:
        words += ["--world", failure.world]
    return shlex.join([*words, "--replication", str(number), "--seed", str(seed)])
