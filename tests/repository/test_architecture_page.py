"""The tree in docs/architecture.md and the real tree are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HEADING = "## The tree"


def listed(page: str) -> dict[str, str]:
    """Path and sentence of each line of the ```text block below the heading."""
    block = re.search(
        rf"^{re.escape(HEADING)}\s*?\n(?:(?!^#).)*?^```text\n(.*?)^```",
        page,
        re.MULTILINE | re.DOTALL,
    )
    assert block, f"no ```text block below {HEADING!r}"
    tree: dict[str, str] = {}
    for line in filter(None, map(str.strip, block.group(1).splitlines())):
        path, _, sentence = line.partition(" ")
        assert sentence.strip(), f"{path}: what is it? (path, spaces, a short sentence)"
        assert path not in tree, f"{path} is listed twice"
        tree[path] = sentence.strip()
    return tree


def differences(root: Path, tree: dict[str, str]) -> list[str]:
    """What one of the two trees has and the other has not."""
    gone = [f"{path} is listed and does not exist" for path in tree if not (root / path).exists()]
    unlisted = []
    for file in sorted((root / "simab").rglob("*.py")):
        path = file.relative_to(root).as_posix()
        # A folder's own line speaks for its __init__.py.
        names = {path, path.removesuffix("__init__.py")}
        if not names & tree.keys():
            unlisted.append(f"{path} exists and is not listed")
    return gone + unlisted


def test_the_page_lists_every_module_and_nothing_else(repository: Path) -> None:
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert differences(repository, listed(page)) == []


PAGE = """# Architecture

## The tree

Every module:

```text
simab/             the public face
simab/units.py     durations and rates
```
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    (tmp_path / "simab").mkdir()
    for name in ("__init__.py", "units.py"):
        (tmp_path / "simab" / name).touch()
    return tmp_path


def test_equal_trees_have_no_differences(small: Path) -> None:
    assert differences(small, listed(PAGE)) == []


def test_a_new_module_is_noticed(small: Path) -> None:
    (small / "simab" / "draws.py").touch()
    assert differences(small, listed(PAGE)) == ["simab/draws.py exists and is not listed"]


def test_a_removed_module_is_noticed(small: Path) -> None:
    (small / "simab" / "units.py").unlink()
    assert differences(small, listed(PAGE)) == ["simab/units.py is listed and does not exist"]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (PAGE.replace("```text", "```"), "no ```text block"),
        (PAGE.replace("Every module:", "## Another heading"), "no ```text block"),
        (PAGE.replace("durations and rates", ""), "what is it"),
        (PAGE.replace("simab/units.py", "simab/       "), "what is it|twice"),
    ],
)
def test_a_page_that_cannot_be_read_says_why(page: str, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        listed(page)
