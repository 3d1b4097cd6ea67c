"""What a rule measured at a look, with its bound, whether it acted on it or not."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LookReading"]


@dataclass(frozen=True, slots=True)
class LookReading:
    """One analysis of a look: its name, what it read beside its bound, and what came of it.

    `passed` is whether it speaks for the candidate: None where it leaves that open.
    """

    name: str
    reading: str
    passed: bool | None
