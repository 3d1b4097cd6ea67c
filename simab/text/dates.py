"""The date at which a run starts, and how dates are written."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["UTC_NAME", "after", "date_text", "start_of", "start_of_saved", "zone_of"]

UTC_NAME: Final = "UTC"


def start_of(starts_at: str, time_zone: str = UTC_NAME) -> datetime | None:
    """A start as a scenario gives it, where its clients live; None where none is given."""
    if not starts_at:
        return None
    given = datetime.fromisoformat(starts_at)
    zone = ZoneInfo(time_zone)
    if given.tzinfo is None:
        return given.replace(tzinfo=zone)
    return given if time_zone == UTC_NAME else given.astimezone(zone)


def start_of_saved(starts_at: object, time_zone: object) -> datetime | None:
    """The same of a saved result; None too where another hand wrote what is no date or zone."""
    try:
        return start_of(str(starts_at or ""), str(time_zone or UTC_NAME))
    except (ValueError, LookupError):
        return None


def zone_of(start: datetime | None) -> str:
    """What a date's hash and equality leave out: two of one instant are equal in all zones."""
    return "" if start is None else f"{start.isoformat()} {start.tzinfo}"


def after(start: datetime, seconds: float) -> datetime:
    """So many seconds later, by the clock there.

    Through seconds since 1970, or hours that daylight saving skips would count.
    """
    return datetime.fromtimestamp(start.timestamp() + seconds, start.tzinfo)


def date_text(at: datetime) -> str:
    """As Sun 1 Mar 2026, 09:00."""
    return f"{at:%a} {at.day} {at:%b} {at.year}, {at:%H:%M}"
