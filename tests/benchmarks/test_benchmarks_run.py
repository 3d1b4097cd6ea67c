"""Every row of the benchmark plays and yields figures. What it costs is not a test's business."""

from __future__ import annotations

import importlib
import importlib.util
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

# `workers` plays thousands of runs, `memory` starts six interpreters, `cold-start` compiles:
# seconds each, nothing new.
LONG = ("by-rate", "by-routing", "tick", "studies", "calls", "kinds", "check")
QUICK = (
    "simpy",
    "ciw",
    "heap",
    "sfc64",
    "by-recording",
    "statistics",
    *(pytest.param(name, marks=pytest.mark.long) for name in LONG),
)


@pytest.fixture(scope="module")
def catalogue(repository: Path) -> Iterator[ModuleType]:
    """The package, loaded from its folder: the tests never put the checkout on sys.path."""
    folder = repository / "benchmarks"
    place = importlib.util.spec_from_file_location(
        "benchmarks", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert place is not None
    sys.modules["benchmarks"] = importlib.util.module_from_spec(place)
    yield importlib.import_module("benchmarks.catalogue")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", QUICK)
def test_a_row_yields_figures(catalogue: ModuleType, name: str) -> None:
    if name == "ciw":
        pytest.importorskip("ciw", reason="pip install -e .[benchmarks]")
    figures = list(catalogue.ROWS[name](catalogue.Effort(repeats=1, scale=1e-4)))
    assert figures
    assert all(math.isfinite(value) for figure in figures for value in figure.values)


@pytest.mark.long
def test_the_command_plays_against_cimba(repository: Path) -> None:
    # Its own process: Cimba has to be there before Numba compiles anything.
    pytest.importorskip("cimba", reason="pip install -e .[benchmarks]")
    command = [sys.executable, "-m", "benchmarks", "--only", "cimba", "--scale", "1e-4"]
    done = subprocess.run(
        [*command, "--repeats", "1"], cwd=repository, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Cimba / simab" in done.stdout


def test_every_row_says_what_it_measures(catalogue: ModuleType) -> None:
    assert all(catalogue.question(row) for row in catalogue.ROWS.values())


def test_the_page_holds_every_figure_and_its_verdict(catalogue: ModuleType) -> None:
    figures = importlib.import_module("benchmarks.figures")
    page = importlib.import_module("benchmarks.page")
    figure = figures.Figure("Cimba / simab", "x", (4.0, 6.0, 5.5), figures.at_least(5))
    text = page.page({"cimba": [figure]}, catalogue.Effort(), ("0.1", "0.2"))
    assert "| Cimba / simab | 5.5 | 4 | 6 | x | 3 | at least 5 | met |" in text
    assert "1 of 1 targets met" in text


def test_a_target_is_missed_on_the_wrong_side_of_its_bound(catalogue: ModuleType) -> None:
    figures = importlib.import_module("benchmarks.figures")
    assert figures.Figure("tick", "us", (26.0,), figures.at_most(25)).verdict == "missed"
    assert figures.Figure("Cimba / simab", "x", (4.9,), figures.at_least(5)).verdict == "missed"
