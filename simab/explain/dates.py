"""When something happens in a run: after how long from its start, or at which date."""

from __future__ import annotations

from simab import units
from simab.scenario.models import Scenario
from simab.text.dates import after
from simab.text.durations import duration_text

__all__ = ["when"]


def when(scenario: Scenario, at_ns: int) -> str:
    """An instant as an adverb: "at the start", "after 2 h", "on Sun 1 Mar at 09:00"."""
    if scenario.start is None:
        return f"after {duration_text(units.seconds(at_ns))}" if at_ns else "at the start"
    at = after(scenario.start, units.seconds(at_ns))
    return f"on {at:%a} {at.day} {at:%b} at {at:%H:%M}"
