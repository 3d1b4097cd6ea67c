"""Twelve rules on one scenario: its report, and what each does with four kinds of candidate.

Writes reports/twelve_policies: the report of the version with the effect, and README.md, rates.csv
and versions.csv over all four.
"""

from __future__ import annotations

import shlex
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.analyse import truth_of_scenario
from simab.comparison import compare
from simab.scenario import Scenario, load
from simab.units import seconds
from validation.candidate_rates import rates_of, read_rates, write_rates
from validation.candidates import equal, with_errors, with_probability_gain
from validation.places import SCENARIOS, made_or_committed, say
from validation.played_rules import Version, cells_csv, cells_of, read_cells
from validation.twelve.page import short_table, twelve_page

__all__ = [
    "BROKEN",
    "SCENARIO",
    "four_versions",
    "play_twelve_policies",
    "write_twelve_policies",
]

NAME: Final = "twelve_policies"
SCENARIO: Final = SCENARIOS / f"{NAME}.yaml"
BROKEN: Final = 0.3


def four_versions(scenario: Scenario) -> list[Version]:
    """The scenario as it is, and with an equal, a worse and a broken candidate."""
    count = scenario.study.replications
    qualities = [
        variant.model_dump()["quality"]["probability"]
        for variant in scenario.endpoint.variants.values()
    ]
    gain = round(qualities[1] - qualities[0], 6)
    return [
        Version(NAME, "better", gain, scenario, count),
        Version(NAME, "equal", 0.0, equal(scenario), count),
        Version(NAME, "worse", -gain, with_probability_gain(scenario, -gain), count),
        Version(NAME, "broken", BROKEN, with_errors(scenario, BROKEN), count),
    ]


def play_twelve_policies(folder: Path, executor: Executor) -> None:
    """Play all versions and write their rows, and the report of the better candidate."""
    target = folder / "reports" / NAME
    scenario, rates, cells = load(SCENARIO), [], []
    for version in four_versions(scenario):
        say(f"{NAME}, {version.version}: {version.replications} replications a rule")
        words = ["simab", "compare", f"scenarios/{NAME}.yaml", "--replications"]
        words += [str(version.replications), "--seed", str(scenario.study.seed), "--out", "DIR"]
        study = compare(version.scenario, executor=executor, command=shlex.join(words))
        if version.version == "better":
            study.report(target)
            # Megabytes; the page's command makes it again.
            (target / "study.json").unlink()
        worse = bool(truth_of_scenario(version.scenario).worse)
        control = scenario.objective.control
        rates += [
            rates_of(version.version, rule, control, rows, one_is_worse=worse)
            for rule, rows in study.rows.items()
        ]
        cells += cells_of(version, study.rows)
    (target / "versions.csv").write_text(cells_csv(cells), encoding="utf-8")
    (target / "rates.csv").write_text(write_rates(rates), encoding="utf-8")


def write_twelve_policies(folder: Path) -> str:
    """Write the page from the rows of the last play; README's table."""
    rows = made_or_committed(folder, f"reports/{NAME}/rates.csv")
    cells = read_cells(made_or_committed(folder, f"reports/{NAME}/versions.csv"))
    page = twelve_page(read_rates(rows), cells, seconds(load(SCENARIO).horizon), BROKEN)
    target = folder / "reports" / NAME
    target.mkdir(parents=True, exist_ok=True)
    (target / "README.md").write_text(page, encoding="utf-8")
    return short_table(read_rates(rows))
