"""The page of a study of convergence in a real browser: whole, and without findings of axe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import simab
from simab.report.convergence_page import convergence_page
from tests.report.test_browser import COMPLAINTS, WIDTHS, chromium, shown
from tests.study.building import small

__all__ = ["chromium"]

DELAYED = {"labels": {"delay": {"kind": "exponential", "mean": "20s"}, "never": 0.1}}


@pytest.fixture(scope="module")
def page() -> str:
    """With labels that are late, and latencies that vary."""
    scenario = small(**DELAYED)
    return convergence_page(simab.convergence(scenario, replications=12).result)


@pytest.mark.long
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_whole_and_accessible(
    page: str,
    width: int,
    chromium: Any,
    tmp_path: Path,
) -> None:
    """Nothing is cut off or one over the other, and axe-core finds nothing, light and dark."""
    axe_playwright = pytest.importorskip("axe_playwright_python")
    (axe,) = Path(axe_playwright.__file__).parent.rglob("axe.min.js")
    with shown(chromium, width, tmp_path) as show:
        seen, said = show(page)
        assert seen.evaluate(COMPLAINTS) == []
        assert all(each.startswith("file:") for each in said)
        seen.evaluate(axe.read_text("utf-8"))
        for scheme in ("light", "dark"):
            seen.emulate_media(color_scheme=scheme)
            found = seen.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [each["id"] for each in found["violations"]] == []
