"""Pages link to those of the same scenario that lie beside them, and to no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.report.beside import pages_beside
from simab.report.page import page_of as page_with
from simab.report.page_form import for_page
from simab.result.saved_study import read_result
from tests.report.toy_study import CHURN, build

HASH = "e510a5825e60"
WAYS = {
    "": "report.html",
    "convergence": "convergence/report.html",
    "fairness": "fairness/report.html",
}


def laid(root: Path, *folders: str, scenario: str = HASH, kind: str = "study") -> None:
    """Pages of a scenario in these folders below the root."""
    for folder in folders:
        (root / folder).mkdir(exist_ok=True)
        held = f'"format":"simab-{folder or kind}/1"'
        page = f"<dd>{scenario}</dd><script>{held}</script>"
        (root / folder / "report.html").write_text(page, encoding="utf-8")


@pytest.mark.parametrize("own", WAYS)
def test_each_page_links_to_the_two_others(tmp_path: Path, own: str) -> None:
    """By ways that lead from its own folder to theirs."""
    laid(tmp_path, *WAYS)
    directory = tmp_path / own
    found = pages_beside(directory, HASH)
    assert [each.folder for each in found] == [name for name in WAYS if name != own]
    for each in found:
        assert (directory / each.href).resolve() == (tmp_path / WAYS[each.folder]).resolve()


def test_what_is_not_there_or_of_another_scenario_is_not_linked(tmp_path: Path) -> None:
    """Nor does a page link to itself, in a folder of any name."""
    assert pages_beside(tmp_path / "nowhere", HASH) == ()
    laid(tmp_path, "", "fairness")
    laid(tmp_path, "convergence", scenario="another")
    assert [each.folder for each in pages_beside(tmp_path, HASH)] == ["fairness"]
    assert [each.folder for each in pages_beside(tmp_path / "fairness", HASH)] == [""]


def test_a_page_of_another_kind_is_not_the_comparison(tmp_path: Path) -> None:
    """A sensitivity has the scenario's digest too; and a page without one matches nothing."""
    laid(tmp_path, "", kind="sensitivity")
    assert pages_beside(tmp_path / "fairness", HASH) == ()
    laid(tmp_path, "")
    assert pages_beside(tmp_path / "fairness", "") == ()


def test_the_folder_that_one_is_in_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--out .` in the folder of a page finds the others as `--out ../fairness` does."""
    laid(tmp_path, "", "fairness")
    monkeypatch.chdir(tmp_path / "fairness")
    assert [each.folder for each in pages_beside(Path(), HASH)] == [""]


def test_the_page_has_its_links_and_none_without(tmp_path: Path) -> None:
    """In its head, escaped as all text is."""
    laid(tmp_path, "convergence")
    study = for_page(read_result(build(CHURN[:2])))
    page = page_with(study, "", pages_beside(tmp_path, HASH))
    assert '<a href="convergence/report.html">how many requests it takes</a>' in page
    assert "Of the same scenario" not in page_with(study, "")
