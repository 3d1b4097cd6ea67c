"""The A/A study and the power curves of all policies: what is played, and its rows.

Writes verdicts.csv and guardrails.csv in reports/policies.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, NamedTuple

from simab.scenario import Scenario, load
from simab.scenario.changes import changed, with_effect
from simab.scenario.sweeps import EFFECT
from simab.sweeping import sweep
from validation.places import SCENARIOS, say
from validation.played_rules import Cell, Version, cells_csv, cells_of
from validation.policies.guardrails import play_guardrail_rates

__all__ = [
    "AA",
    "PLACE",
    "ROLLOUTS",
    "TESTS",
    "Curve",
    "curves",
    "load_studies",
    "play_curve",
    "play_guardrails",
    "play_policies",
    "scenario_at",
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


class Curve(NamedTuple):
    """A sweep of one field of a scenario; `version` names what is played at a value of it."""

    scenario: str
    path: str
    values: tuple[float, ...]
    replications: int
    version: str

    def named(self, value: float) -> str:
        """What the cells at this value carry."""
        return self.version.format(value)


def curves(name: str, scenario: Scenario) -> Iterator[Curve]:
    """All that is played of one of the two scenarios: A/A first, then the points of the curves."""
    yield Curve(name, EFFECT, (0.0,), scenario.study.replications, AA)
    if name == TESTS:
        yield Curve(name, EFFECT, GAINS, REPLICATIONS_OF_A_POINT, "right {:+.0%}")
        return
    path = f"endpoint.variants.{scenario.objective.candidate}.error_rate"
    yield Curve(name, path, ERROR_RATES, REPLICATIONS_OF_A_POINT, "5XX {:.0%}")
    yield Curve(name, EFFECT, (LESS_RIGHT,), REPLICATIONS_OF_BLINDNESS, BLIND)


def scenario_at(scenario: Scenario, effect: float, *, of_errors: bool) -> Scenario:
    """The scenario in which the candidate is right, or fails, so much more often."""
    if not of_errors:
        return with_effect(scenario, effect)
    healthy = scenario.endpoint.variants[scenario.objective.control].error_rate
    path = f"endpoint.variants.{scenario.objective.candidate}.error_rate"
    return changed(scenario, path, round(healthy + effect, 12))


def play_curve(scenario: Scenario, curve: Curve, *, executor: Executor | None = None) -> list[Cell]:
    """The cells of all points of a sweep, of all rules each."""
    found = sweep(
        scenario,
        vary={curve.path: curve.values},
        replications=curve.replications,
        executor=executor,
    )
    healthy = scenario.endpoint.variants[scenario.objective.control].error_rate
    cells: list[Cell] = []
    for point, value in zip(found.points, curve.values, strict=True):
        effect = value if curve.path == EFFECT else round(value - healthy, 6)
        version = Version(
            curve.scenario, curve.named(value), effect, point.scenario, curve.replications
        )
        cells += cells_of(version, found.rows[point.name])
    return cells


def play_policies(folder: Path, executor: Executor) -> None:
    """Play both studies and write verdicts.csv below a folder."""
    cells: list[Cell] = []
    for name, scenario in load_studies().items():
        for curve in curves(name, scenario):
            points = ", ".join(map(curve.named, curve.values))
            say(f"{name}, {points}: {curve.replications} replications a rule")
            cells += play_curve(scenario, curve, executor=executor)
    target = folder / PLACE / "verdicts.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(cells_csv(cells), encoding="utf-8")


def play_guardrails(folder: Path, executor: Executor) -> None:
    """Play the candidates at the edge of their guardrail and write guardrails.csv."""
    play_guardrail_rates(folder, load_studies()[TESTS], executor)
