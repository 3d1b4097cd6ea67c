"""The worlds that every study has, by name, and what the candidate is like in each.

Which of them a scenario plays is said in `simab.scenario.world_names`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["BROKEN", "DESCRIBED", "EQUAL", "EXCHANGED", "SLOW", "TITLES"]

DESCRIBED: Final = "described"
EQUAL: Final = "equal"
EXCHANGED: Final = "exchanged"
BROKEN: Final = "broken"
SLOW: Final = "slow"
TITLES: Final[Mapping[str, str]] = {
    DESCRIBED: "as described",
    EQUAL: "equally good",
    EXCHANGED: "exchanged",
    BROKEN: "broken",
    SLOW: "three times as slow",
}
"""What the candidate is like in the worlds that every study has."""
