"""The A/A study and the power curves of all policies: what is played, and its rows.

Writes verdicts.csv and guardrails.csv in reports/policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.scenario import Scenario, load
from validation.candidates import equal, with_errors, with_probability_gain
from validation.places import SCENARIOS, say
from validation.played_rules import Cell, Version, cells_csv, play_cells
from validation.policies.guardrails import play_guardrail_rates

__all__ = [
    "AA",
    "PLACE",
    "ROLLOUTS",
    "TESTS",
    "load_studies",
    "play_guardrails",
    "play_policies",
    "versions",
]

TESTS: Final = "policies_aa"
ROLLOUTS: Final = "rollouts_aa"
PLACE: Final = "reports/policies"
AA: Final = "equal"
BLIND: Final = "less right"
GAINS: Final = (-0.02, 0.01, 0.02, 0.03)
ERROR_RATES: Final = (0.0, 0.01, 0.02, 0.04, 0.06)
LESS_RIGHT: Final = -0.02
REPLICATIONS_OF_A_POINT: Final = 200
REPLICATIONS_OF_BLINDNESS: Final = 100


def load_studies() -> dict[str, Scenario]:
    """The two A/A scenarios, by name."""
    return {name: load(SCENARIOS / f"{name}.yaml") for name in (TESTS, ROLLOUTS)}


def versions(name: str, scenario: Scenario) -> Iterator[Version]:
    """All that is played of one of the two scenarios: A/A first, then the points of the curves."""
    yield Version(name, AA, 0.0, equal(scenario), scenario.study.replications)
    if name == TESTS:
        for gain in GAINS:
            moved = with_probability_gain(scenario, gain)
            yield Version(name, f"right {gain:+.0%}", gain, moved, REPLICATIONS_OF_A_POINT)
        return
    healthy = scenario.endpoint.variants[scenario.objective.control].error_rate
    for rate in ERROR_RATES:
        failing = with_errors(scenario, rate)
        effect = round(rate - healthy, 6)
        yield Version(name, f"5XX {rate:.0%}", effect, failing, REPLICATIONS_OF_A_POINT)
    worse = with_probability_gain(scenario, LESS_RIGHT)
    yield Version(name, BLIND, LESS_RIGHT, worse, REPLICATIONS_OF_BLINDNESS)


def play_policies(folder: Path, executor: Executor) -> None:
    """Play both studies and write verdicts.csv below a folder."""
    cells: list[Cell] = []
    for name, scenario in load_studies().items():
        for version in versions(name, scenario):
            say(f"{name}, {version.version}: {version.replications} replications a rule")
            cells += play_cells(version, executor=executor)
    target = folder / PLACE / "verdicts.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(cells_csv(cells), encoding="utf-8")


def play_guardrails(folder: Path, executor: Executor) -> None:
    """Play the candidates at the edge of their guardrail and write guardrails.csv."""
    play_guardrail_rates(folder, load_studies()[TESTS], executor)
