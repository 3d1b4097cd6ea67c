"""What a result says of the replications that failed: one entry a policy, and how to replay one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from simab.result import FailedPolicy
from simab.study.failure import Failure

__all__ = ["failed_policies"]


def failed_policies(
    failures: Sequence[Failure], *, replications: int, seed: int, in_file: Mapping[str, Any]
) -> tuple[FailedPolicy, ...]:
    """One entry a policy: how many failed of how many, the first of them and how to replay it.

    `in_file` holds the policies that the scenario describes; others are the caller's own objects.
    """
    ordered = sorted(failures, key=lambda failure: (failure.policy, failure.replication))
    entries = []
    for name, group in groupby(ordered, key=lambda failure: failure.policy):
        failed = list(group)
        first = failed[0]
        command = (
            f"simab run FILE --policy {shlex.quote(name)} --replication {first.replication} "
            f"--seed {seed}"
            if name in in_file
            else f"simab.simulate(scenario, policy=..., replication={first.replication}, "
            f"seed={seed})"
        )
        entries.append(
            FailedPolicy(
                policy=name,
                failed=len(failed),
                replications=replications,
                first_replication=first.replication,
                error=first.error,
                replay=command,
            )
        )
    return tuple(entries)
