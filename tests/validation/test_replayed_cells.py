"""A part of each study, played again: the same numbers end as the committed ones did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import simab
from validation.played_rules import play_cells, read_cells
from validation.policies.studies import ROLLOUTS, TESTS, curves, load_studies, play_curve
from validation.twelve.studies import SCENARIO, four_versions

REPLICATIONS = 8


@pytest.mark.long
@pytest.mark.parametrize("name", [TESTS, ROLLOUTS])
def test_the_first_replications_of_every_cell_end_as_committed(name: str, repository: Path) -> None:
    """A replication depends on its number alone, not on how many are played."""
    committed = read_cells(repository / "reports" / "policies" / "verdicts.csv")
    kept = {(cell.version, cell.rule): cell for cell in committed if cell.scenario == name}
    scenario = load_studies()[name]
    for curve in curves(name, scenario):
        for cell in play_curve(scenario, curve._replace(replications=REPLICATIONS)):
            before = kept.pop((cell.version, cell.rule))
            assert cell.verdicts == before.verdicts[:REPLICATIONS], (cell.version, cell.rule)
            assert len(before.verdicts) == curve.replications
    assert kept == {}


@pytest.mark.long
def test_the_first_replications_of_the_twelve_end_as_committed(repository: Path) -> None:
    """The better, the equal, the worse and the broken candidate."""
    committed = read_cells(repository / "reports" / "twelve_policies" / "versions.csv")
    kept = {(cell.version, cell.rule): cell.verdicts for cell in committed}
    for version in four_versions(simab.load(SCENARIO)):
        for cell in play_cells(replace(version, replications=REPLICATIONS)):
            assert cell.verdicts == kept[version.version, cell.rule][:REPLICATIONS]


@pytest.mark.long
def test_the_first_replications_of_the_scripts_end_as_committed(
    repository: Path, tmp_path: Path
) -> None:
    """One after the other, where two were played at once."""
    pytest.importorskip("boto3")
    from simab.aws import script_policy
    from validation.promotion_scripts import PLACE

    folder = repository / "scenarios" / "boto3"
    scripts = {
        name: script_policy(folder / f"{name}.py", endpoint="prod")
        for name in ("promote_naive", "promote_careful")
    }
    study = simab.compare(
        simab.load(folder / "promotion.yaml"),
        policies=scripts,
        worlds=["described", "equal"],
        replications=2,
    )
    study.report(tmp_path, examples=False)

    def rows(place: Path) -> list[str]:
        lines = (place / "outcomes.csv").read_text(encoding="utf-8").splitlines()
        wanted = [
            f"{world},{name},{number},"
            for world in ("described", "equal")
            for name in scripts
            for number in range(2)
        ]
        return [line for start in wanted for line in lines if line.startswith(start)]

    assert len(rows(tmp_path)) == 8
    assert rows(tmp_path) == rows(repository / PLACE)
