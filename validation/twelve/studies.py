"""Twelve rules on one scenario: its report, and what each does with four kinds of candidate.

Writes reports/twelve_policies: the report over all worlds, and README.md, rates.csv and
versions.csv of four of them.
"""

from __future__ import annotations

import shlex
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.comparison import compare
from simab.scenario import Scenario, load
from simab.scenario.world_names import BROKEN, DESCRIBED, EQUAL, EXCHANGED
from simab.scenario.worlds import worlds_of
from simab.scenario.worlds.derived import BROKEN_ERROR_RATE
from simab.units import seconds
from validation.candidate_rates import rates_of, read_rates, write_rates
from validation.places import SCENARIOS, made_or_committed, say
from validation.played_rules import Version, cells_csv, cells_of, read_cells
from validation.twelve.page import short_table, twelve_page

__all__ = [
    "SCENARIO",
    "four_versions",
    "play_twelve_policies",
    "write_twelve_policies",
]

NAME: Final = "twelve_policies"
SCENARIO: Final = SCENARIOS / f"{NAME}.yaml"
_VERSIONS: Final = {DESCRIBED: "better", EQUAL: "equal", EXCHANGED: "worse", BROKEN: "broken"}
"""The worlds of the study that the page is about, and what the candidate is there."""


def four_versions(scenario: Scenario) -> list[Version]:
    """The scenario as it is, and with an equal, a worse and a broken candidate."""
    probabilities = [
        variant.model_dump()["quality"]["probability"]
        for variant in scenario.endpoint.variants.values()
    ]
    gain = round(probabilities[1] - probabilities[0], 6)
    effects = {DESCRIBED: gain, EQUAL: 0.0, EXCHANGED: -gain, BROKEN: BROKEN_ERROR_RATE}
    worlds = worlds_of(scenario, names=list(_VERSIONS))
    return [
        Version(
            NAME,
            _VERSIONS[world.name],
            effects[world.name],
            world.scenario,
            scenario.study.replications,
        )
        for world in worlds
    ]


def play_twelve_policies(folder: Path, executor: Executor) -> None:
    """Play all worlds, write the report, and the rows of the four versions."""
    target = folder / "reports" / NAME
    scenario, rates, cells = load(SCENARIO), [], []
    count, seed = str(scenario.study.replications), str(scenario.study.seed)
    say(f"{NAME}: {count} replications a rule and world")
    words = ["simab", "compare", f"scenarios/{NAME}.yaml", "--replications", count]
    words += ["--seed", seed, "--out", "DIR"]
    study = compare(scenario, executor=executor, command=shlex.join(words))
    study.report(target)
    (target / "study.json").unlink()  # megabytes; the page's command makes it again
    names = {version: world for world, version in _VERSIONS.items()}
    for version in four_versions(scenario):
        runs = study.played[names[version.version]]
        control = scenario.objective.control
        rates += [
            rates_of(version.version, rule, control, rows, one_is_worse=bool(runs.truth.worse))
            for rule, rows in runs.rows.items()
        ]
        cells += cells_of(version, runs.rows)
    (target / "versions.csv").write_text(cells_csv(cells), encoding="utf-8")
    (target / "rates.csv").write_text(write_rates(rates), encoding="utf-8")


def write_twelve_policies(folder: Path) -> str:
    """Write the page from the rows of the last play; README's table."""
    rows = made_or_committed(folder, f"reports/{NAME}/rates.csv")
    cells = read_cells(made_or_committed(folder, f"reports/{NAME}/versions.csv"))
    page = twelve_page(read_rates(rows), cells, seconds(load(SCENARIO).horizon), BROKEN_ERROR_RATE)
    target = folder / "reports" / NAME
    target.mkdir(parents=True, exist_ok=True)
    (target / "README.md").write_text(page, encoding="utf-8")
    return short_table(read_rates(rows))
