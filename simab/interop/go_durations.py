"""Durations as Go and Prometheus write them: "1h30m", "40s", "2w"."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from simab import units
from simab.documents.located import LocatedValue

__all__ = ["duration", "optional_duration"]

_UNITS_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h|d|w)")


def duration(located: LocatedValue, *, bare_seconds: bool = False) -> str:
    """A duration as simab writes it; a bare number is seconds where the tool takes one.

    Raises:
        InvalidFiles: it is none.
    """
    text = located.text()
    remedy = "Write for example 40s, 5m or 1h30m."
    if bare_seconds and re.fullmatch(r"[0-9]{1,9}", text):
        text = f"{text}s"
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise located.wrong("must be a duration", remedy)
    total_ns = int(sum(Decimal(number) * _UNITS_NS[unit] for number, unit in parts))
    if total_ns > units.LONGEST_DURATION_NS:
        raise located.wrong("is longer than 366 days", remedy)
    return f"{total_ns}ns"


def optional_duration(located: LocatedValue | None, *, bare_seconds: bool = False) -> str | None:
    """The same where it may be absent."""
    return None if located is None else duration(located, bare_seconds=bare_seconds)
