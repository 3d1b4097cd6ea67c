"""The hours that a clock shows somewhere, one after the other, with all changes of the clock."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import Final, TypeAlias

__all__ = ["hours_by_the_clock"]

ClockHour: TypeAlias = tuple[int, int, date, int]
"""When an hour begins and ends, in ns from the start of a run; its day, and which hour it is."""
_HOUR_S: Final = 3_600
_BEFORE_S: Final = 2 * 86_400
_NS: Final = 10**9


def hours_by_the_clock(start: datetime, horizon_ns: int) -> Iterator[ClockHour]:
    """The hours from two days before a start to two days after the horizon.

    They are read off the clock: an hour that is put back by less than itself lasts longer, one that
    comes again later is there twice, and one that is skipped is not there.
    """
    zone, start_s = start.tzinfo, start.timestamp()
    start_ns = round(start_s * 1e6) * 1_000
    since_s = math.floor(start_s) - _BEFORE_S
    end_s = since_s + horizon_ns // _NS + 2 * _BEFORE_S
    shown = datetime.fromtimestamp(since_s, zone)
    at_s = since_s
    while at_s < end_s:
        at_s, after = _next_change(at_s, zone)
        if (after.date(), after.hour) != (shown.date(), shown.hour):
            edges_ns = since_s * _NS - start_ns, at_s * _NS - start_ns
            yield (*edges_ns, shown.date(), shown.hour)
            since_s, shown = at_s, after


def _next_change(at_s: int, zone: tzinfo | None) -> tuple[int, datetime]:
    """When the clock shows its next hour, or is changed before that; and what it shows then."""
    now = datetime.fromtimestamp(at_s, zone)
    full_s = at_s + _HOUR_S - (60 * now.minute + now.second)
    after = datetime.fromtimestamp(full_s, zone)
    if after.utcoffset() == now.utcoffset():
        return full_s, after
    before_s = at_s
    while full_s - before_s > 1:
        middle_s = (before_s + full_s) // 2
        if datetime.fromtimestamp(middle_s, zone).utcoffset() == now.utcoffset():
            before_s = middle_s
        else:
            full_s = middle_s
    return full_s, datetime.fromtimestamp(full_s, zone)
