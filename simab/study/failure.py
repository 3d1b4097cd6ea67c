"""A replication that failed: which, and why; the study goes on without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simab.errors import SimabError
from simab.scenario.world_names import DESCRIBED

__all__ = ["Failure", "ends_the_study"]

_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """A replication without an outcome, because its policy raised `error` (type and message).

    `world` is the one in which it was played.
    """

    policy: str
    replication: int
    error: str
    world: str = DESCRIBED

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


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # the exception is the user's as well, and so is its text
        return "(its message cannot be read)"
