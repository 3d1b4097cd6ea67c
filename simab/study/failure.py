"""A replication that failed: which, and why; the study goes on without it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from simab.errors import SimabError
from simab.result import FailedPolicy

__all__ = ["Failure", "ends_the_study", "failed_policies"]

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Failure:
    """A replication without an outcome, because its policy raised `error` (type and message).

    `world` is empty until the study says in which of its worlds the replication was played.
    """

    policy: str
    replication: int
    error: str
    world: str = ""

    @classmethod
    def of(cls, policy: str, replication: int, error: BaseException) -> Failure:
        """The failure that an exception stands for, its message on one line and cut to measure."""
        text = " ".join(f"{type(error).__name__}: {_message(error)}".rstrip(": ").split())
        text = text.encode("utf-8", "backslashreplace").decode()  # as reports are written
        text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
        return cls(policy, replication, text)


def ends_the_study(error: BaseException) -> bool:
    """Whether going on is pointless: the input is wrong for all replications."""
    return isinstance(error, SimabError)


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


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # the exception is the user's as well, and so is its text
        return "(its message cannot be read)"
