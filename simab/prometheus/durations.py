"""Durations as Prometheus writes them, in whole milliseconds: "5m", "1h30m", "500ms"."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_MS", "duration_ms"]

LONGEST_MS: Final = 366 * 86_400_000
_UNITS_MS: Final = {
    "y": 365 * 86_400_000,
    "w": 7 * 86_400_000,
    "d": 86_400_000,
    "h": 3_600_000,
    "m": 60_000,
    "s": 1_000,
    "ms": 1,
}
_WHOLE: Final = re.compile("".join(rf"(?:(\d{{1,12}}){unit})?" for unit in _UNITS_MS), re.ASCII)


def duration_ms(text: str) -> int | None:
    """The length of a duration; None where the text is none, or units are not in falling order."""
    found = _WHOLE.fullmatch(text)
    if found is None or not text:
        return None
    numbers = zip(found.groups(), _UNITS_MS.values(), strict=True)
    return sum(int(number) * unit_ms for number, unit_ms in numbers if number)
