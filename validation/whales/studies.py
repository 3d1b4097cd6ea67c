"""Offers whose revenue is that of few large orders: which are played, and their rows.

Writes verdicts.csv in reports/whales.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from simab.profiles.quality import NumericReward
from simab.profiles.rewards import QuantileRewards
from simab.scenario import Scenario, load, with_changes
from validation.places import SCENARIOS, say
from validation.played_rules import Cell, Version, cells_csv, play_cells

__all__ = [
    "CANDIDATES",
    "EQUAL",
    "GAINS",
    "PLACE",
    "SHAPES",
    "Candidate",
    "offer",
    "play_whales",
    "quality_of",
]

PLACE: Final = "reports/whales"
_RUNS: Final = 1000
_RUNS_OF_GAINS: Final = 300
_FILE: Final = SCENARIOS / "whales.yaml"
_CONCENTRATION: Final = 10
_CV: Final = 3
SHAPES: Final = ("as recorded", "with whales")
"""Orders and customers as the file has them; or lognormal orders, of customers who differ."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a new offer does to the share of visits that buy, and to the amounts, as factors."""

    buyers: float
    amounts: float

    @property
    def gains(self) -> bool:
        """Whether it earns more than the control."""
        return self.buyers * self.amounts > 1.0 + 1e-9


_FACTOR: Final = 0.884 / 0.573
CANDIDATES: Final[Mapping[str, Candidate]] = MappingProxyType(
    {
        "equal": Candidate(1.0, 1.0),
        "more buyers, smaller orders": Candidate(_FACTOR, 1.0 / _FACTOR),
        "more buyers": Candidate(_FACTOR, 1.0),
        "larger orders": Candidate(1.0, _FACTOR),
    }
)
"""The first two earn what the control earns, the others as much more as the women's e-mail did."""
EQUAL: Final = tuple(name for name, each in CANDIDATES.items() if not each.gains)
GAINS: Final = tuple(name for name, each in CANDIDATES.items() if each.gains)


def quality_of(scenario: Scenario, variant: str) -> NumericReward:
    """What a variant earns."""
    quality = scenario.endpoint.variants[variant].quality
    assert isinstance(quality, NumericReward)
    return quality


def offer(shape: str, candidate: str) -> Scenario:
    """The scenario of the file with one of the shapes and one of the candidates."""
    scenario, made = load(_FILE), CANDIDATES[candidate]
    recorded = quality_of(scenario, "current")
    changes: dict[str, Any] = {}
    if shape != SHAPES[0]:
        changes["traffic.customers.propensities"] = {
            "probability": {"concentration": _CONCENTRATION}
        }
    for variant, factors in (("current", Candidate(1.0, 1.0)), ("new", made)):
        path = f"endpoint.variants.{variant}.quality"
        changes[f"{path}.earning_share"] = recorded.earning_share * factors.buyers
        changes[f"{path}.distribution"] = _orders(shape, recorded, factors.amounts)
    return with_changes(scenario, changes)


def _orders(shape: str, recorded: NumericReward, factor: float) -> dict[str, Any]:
    """The law of amounts, multiplied."""
    law = recorded.distribution
    assert isinstance(law, QuantileRewards)
    if shape == SHAPES[0]:
        return {"kind": "quantiles", "values": [factor * each for each in law.values]}
    return {"kind": "lognormal", "mean": factor * law.mean_reward, "cv": _CV}


def play_whales(
    folder: Path,
    executor: Executor | None = None,
    runs: int = _RUNS,
    runs_of_gains: int = _RUNS_OF_GAINS,
) -> None:
    """Play every test on every offer and write verdicts.csv below a folder."""
    cells: list[Cell] = []
    for shape in SHAPES:
        for name, candidate in CANDIDATES.items():
            number = runs if name == "equal" else runs_of_gains
            say(f"revenue {shape}, {name}: {number} runs a test")
            effect = candidate.buyers * candidate.amounts - 1.0
            version = Version(shape, name, round(effect, 6), offer(shape, name), number)
            cells += play_cells(version, executor=executor)
    target = folder / PLACE / "verdicts.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(cells_csv(cells), encoding="utf-8")
