"""docs/tree.md is what the modules say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.repository import tree

SETTINGS = """
[[tool.importlinter.contracts]]
id = "floors"
layers = ["(cli)", "world | units"]
"""
MODULES = {
    "simab/__init__.py": "The public face.",
    "simab/units.py": "Durations and rates. In the units that people write.",
    "simab/world/__init__.py": "The simulated\nworld",
    "simab/world/z.py": "Last | but one.",
    "simab/world/a/__init__.py": "A folder.",
    "simab/world/a/b.py": "In the folder.",
    "simab/cli/__init__.py": "The command line.",
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for name, docstring in MODULES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f'"""{docstring}"""\n', encoding="utf-8")
    return tmp_path


def test_the_page_is_as_the_modules_say(repository: Path) -> None:
    """Written again by `python tests/repository/tree.py`."""
    written = (repository / "docs" / "tree.md").read_text(encoding="utf-8")
    assert written == tree.page(repository)


def test_every_module_is_on_the_page(repository: Path) -> None:
    listed = {path for path, _ in tree.entries(repository)}
    modules = (repository / "simab").rglob("*.py")
    paths = {each.relative_to(repository).as_posix() for each in modules}
    assert {path.removesuffix("__init__.py") for path in paths} == listed


def test_floors_come_from_the_ground_up_and_folders_after_modules(small: Path) -> None:
    assert list(tree.entries(small)) == [
        ("simab/", "The public face"),
        ("simab/world/", "The simulated world"),
        ("simab/world/z.py", r"Last \| but one"),
        ("simab/world/a/", "A folder"),
        ("simab/world/a/b.py", "In the folder"),
        ("simab/units.py", "Durations and rates"),
        ("simab/cli/", "The command line"),
    ]


def test_a_module_that_says_nothing_is_named(small: Path) -> None:
    (small / "simab" / "units.py").write_text("", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"units\.py: its first line"):
        tree.page(small)
