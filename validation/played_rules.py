"""Cells of a study: one rule at one true effect, played often, with one letter a replication.

The letters are kept in a table, so that any replications can be played again and compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simab.analyse import Verdict
from simab.comparison import compare
from simab.scenario import Scenario
from simab.scenario.world_names import DESCRIBED
from simab.stats.interval import Interval
from simab.stats.intervals import quantile_interval, share_interval
from simab.study import WorldRows
from validation.csv_rows import csv_text, read_rows

__all__ = [
    "LETTERS",
    "Cell",
    "Version",
    "batches",
    "cells_csv",
    "cells_of",
    "letters_in",
    "play_cells",
    "read_cells",
]

LETTERS: Final = {
    Verdict.PROMOTED_CANDIDATE: "P",
    Verdict.PROMOTED_OTHER: "O",
    Verdict.KEPT_CONTROL: "K",
    Verdict.ROLLED_BACK: "R",
    Verdict.UNDECIDED: "U",
}
_SAYS: Final = {
    Verdict.PROMOTED_CANDIDATE: "promoted",
    Verdict.PROMOTED_OTHER: "promoted another variant",
    Verdict.KEPT_CONTROL: "kept",
    Verdict.ROLLED_BACK: "rolled back",
    Verdict.UNDECIDED: "undecided",
}
_COLUMNS: Final = ("scenario", "version", "rule", "kind", "effect", "median_s", "verdicts")


@dataclass(frozen=True, slots=True)
class Cell:
    """A rule at one version of a scenario: how each replication ended, by number from 0.

    `effect` is what the version adds to the candidate's figure; `median_s` is the median time to
    the decision, None where it lies beyond the horizon.
    """

    scenario: str
    version: str
    rule: str
    kind: str
    effect: float
    median_s: float | None
    verdicts: str

    def count(self, verdict: Verdict) -> int:
        """How many replications ended so."""
        return self.verdicts.count(LETTERS[verdict])

    @property
    def promoted(self) -> int:
        """Replications that promoted the candidate."""
        return self.count(Verdict.PROMOTED_CANDIDATE)

    @property
    def share(self) -> float:
        """Share of replications that promoted the candidate."""
        return self.promoted / len(self.verdicts)

    @property
    def interval(self) -> Interval:
        """The 95 % interval of that share."""
        return share_interval(self.promoted, len(self.verdicts))


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a scenario to be played, under the names that its cells carry."""

    name: str
    version: str
    effect: float
    scenario: Scenario
    replications: int


def play_cells(
    version: Version, *, executor: Executor | None = None, rules: Sequence[str] | None = None
) -> list[Cell]:
    """One cell for each rule (all of the scenario's by default)."""
    study = compare(
        version.scenario,
        policies=rules,
        worlds=[DESCRIBED],
        replications=version.replications,
        executor=executor,
    )
    return cells_of(version, study.rows)


def cells_of(version: Version, played: WorldRows) -> list[Cell]:
    """The cells of rows that have been played."""
    cells = []
    for rule, rows in played.items():
        times = [row.time_to_decision_s for row in rows]
        median = quantile_interval(times, 0.5).estimate
        cells.append(
            Cell(
                scenario=version.name,
                version=version.version,
                rule=rule,
                kind=version.scenario.policies[rule].kind,
                effect=version.effect,
                median_s=median if median < float("inf") else None,
                verdicts="".join(LETTERS[row.verdict] for row in rows),
            )
        )
    return cells


def cells_csv(cells: Iterable[Cell]) -> str:
    """All cells as CSV, letters included."""
    return csv_text(
        _COLUMNS,
        (
            (
                *(cell.scenario, cell.version, cell.rule, cell.kind, f"{cell.effect:g}"),
                *("" if cell.median_s is None else f"{cell.median_s:g}", cell.verdicts),
            )
            for cell in cells
        ),
    )


def letters_in(cells: Iterable[Cell]) -> str:
    """What each letter of these cells stands for; no letter that none of them holds."""
    used = set().union(*(cell.verdicts for cell in cells))
    said = (f"{letter} {_SAYS[verdict]}" for verdict, letter in LETTERS.items() if letter in used)
    return ", ".join(said)


def read_cells(path: Path) -> list[Cell]:
    """The cells of a file that `cells_csv` wrote."""
    return read_rows(path, Cell)


def batches(replications: int, size: int) -> list[range]:
    """The numbers of the replications in stretches of at most `size`, to be played side by side."""
    return [range(first, min(first + size, replications)) for first in range(0, replications, size)]
