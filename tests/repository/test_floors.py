"""The import contracts in pyproject.toml hold, and the check notices what they forbid."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
import tomllib
from itertools import combinations, pairwise
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CONTRACTS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["contracts"]
# From the cli down, without the floors that may be absent.
FLOORS = [floor for floor in CONTRACTS[0]["layers"] if "(" not in floor]
SIBLINGS = [pair for floor in FLOORS for pair in combinations(floor.split(" | "), 2)]
STEPS_UP = [
    (below, above)
    for upper, lower in pairwise(FLOORS)
    for above in upper.split(" | ")
    for below in lower.split(" | ")
]
OUTSIDE_LIBRARIES = [
    library
    for contract in CONTRACTS
    if contract["type"] == "forbidden"
    for library in contract["forbidden_modules"]
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the packages and of their contracts, to plant things in."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("simab", "validation"):
        shutil.copytree(REPOSITORY / package, tmp_path / package, ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def plant(copy: Path, floor: str, statement: str) -> None:
    module = copy / "simab" / f"{floor}.py"
    if not module.exists():
        module = copy / "simab" / floor / "__init__.py"
    with module.open("a", encoding="utf-8") as file:
        file.write(f"\n{statement}\n")


def check(copy: Path) -> tuple[int, str]:
    """The exit code and the words of the floors check, run in `copy`."""
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    run = subprocess.run(
        [command, "--no-cache", "--no-logo"], cwd=copy, capture_output=True, text=True, check=False
    )
    return run.returncode, " ".join((run.stdout + run.stderr).split())


def test_the_tree_as_it_is_passes(copy: Path) -> None:
    code, said = check(copy)
    assert code == 0, said
    assert "0 broken" in said


def test_units_may_not_import_the_command_line(copy: Path) -> None:
    plant(copy, "units", "import simab.cli")
    code, said = check(copy)
    assert code == 1
    assert "Imports only point down BROKEN" in said
    assert "simab.units is not allowed to import simab.cli" in said


def test_no_floor_may_import_the_one_above_it(copy: Path) -> None:
    """Nor a sibling the other: planted all at once, each is named."""
    forbidden = [*STEPS_UP, *SIBLINGS]
    for below, above in forbidden:
        plant(copy, below, f"def to_{above}():\n    import simab.{above}")
    code, said = check(copy)
    assert code == 1
    missed = [
        (below, above)
        for below, above in forbidden
        if f"simab.{below} is not allowed to import simab.{above}" not in said
    ]
    assert missed == []


def test_two_modules_of_a_room_may_not_import_each_other(copy: Path) -> None:
    """Not even inside a function, where Python would not mind."""
    plant(copy, "policies/metrics", "def back():\n    import simab.policies.limits")
    code, said = check(copy)
    assert code == 1
    assert "Nothing imports in a circle BROKEN" in said
    assert ".limits" in said


def test_an_outside_library_stays_in_its_home(copy: Path) -> None:
    """Planted all at once, each is named."""
    for library in OUTSIDE_LIBRARIES:
        plant(copy, "units", f"import {library}")
    code, said = check(copy)
    assert code == 1
    missed = [
        library
        for library in OUTSIDE_LIBRARIES
        if f"simab.units is not allowed to import {library}" not in said
    ]
    assert missed == []


def test_a_new_module_must_name_its_floor(copy: Path) -> None:
    (copy / "simab" / "attic.py").write_text('"""A module on no floor."""\n', encoding="utf-8")
    code, said = check(copy)
    assert code == 1
    assert re.search(r"not listed as layers: - simab\.attic", said)
