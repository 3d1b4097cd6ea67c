"""What of a scenario decides how a run goes: all but its words, its policies and what is asked."""

from __future__ import annotations

import json
from typing import Any, Final

from simab.scenario.parts import UncheckedScenario

__all__ = ["NOT_PLAYED", "not_played", "played_data", "played_text"]

NOT_PLAYED: Final = frozenset(
    {
        *("title", "question", "starts_at", "time_zone", "policies", "study", "worlds"),
        *("requirements", "prefer"),
    }
)
"""Fields of a scenario that leave each run as it is; policies are not part of it."""
_DATES: Final = frozenset({"starts_at", "time_zone"})
"""They decide how a run goes where anything goes by the hour of the day."""


def not_played(scenario: UncheckedScenario) -> frozenset[str]:
    """Fields that leave each run of this scenario as it is: dates, too, if none go by the hour."""
    return NOT_PLAYED - _DATES if scenario.goes_by_date else NOT_PLAYED


def played_data(scenario: UncheckedScenario) -> dict[str, Any]:
    """What is played, as plain data: where it is equal, runs of a policy are equal."""
    data = scenario.model_dump(mode="json")
    left_out = not_played(scenario)
    return {name: value for name, value in data.items() if name not in left_out}


def played_text(scenario: UncheckedScenario) -> str:
    """The same in one line of JSON.

    Names stay in order: the order of variants, segments and targets decides who gets which draw.
    """
    return json.dumps(played_data(scenario), separators=(",", ":"), ensure_ascii=True)
