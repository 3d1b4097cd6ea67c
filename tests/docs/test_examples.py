"""The examples in README.md and docs/ do what they show.

The ```python blocks of a page are run as one script, in order; ```python fragment is only parsed.
A ```yaml scenario NAME block is written to NAME, beside the script, and must load. The script
finds a copy of `scenarios/` beside it, too.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    page
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
    if page.exists()
]
FENCE = re.compile(r"^(`{3,})([^`\n]*)\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the words after the fence, its text, and the line its text starts on."""

    words: tuple[str, ...]
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    return [
        Block(tuple(found[2].split()), found[3], page.count("\n", 0, found.start(3)) + 1)
        for found in FENCE.finditer(page)
    ]


def is_scenario(block: Block) -> bool:
    return block.words[:2] == ("yaml", "scenario")


def scenario_name(block: Block) -> str:
    return block.words[2] if len(block.words) > 2 else f"line-{block.line}.yaml"


def script(page: str) -> str:
    """The Python blocks, each on the lines it has in the page, so that a traceback points there."""
    lines: list[str] = []
    for block in blocks(page):
        if block.words[:1] != ("python",):
            continue
        compile(block.text, f"line {block.line}", "exec")
        if "fragment" not in block.words:
            lines += [""] * (block.line - 1 - len(lines))
            lines += block.text.splitlines()
    return "\n".join(lines) + "\n"


def run_page(page: str, name: str, folder: Path) -> None:
    """Write the page's scenarios into `folder`, then run its Python there."""
    for block in filter(is_scenario, blocks(page)):
        (folder / scenario_name(block)).write_text(block.text, encoding="utf-8")
    code = script(page)
    if not code.strip():
        return
    if (REPOSITORY / "scenarios").is_dir():
        shutil.copytree(REPOSITORY / "scenarios", folder / "scenarios")
    file = folder / f"{Path(name).stem}.py"
    file.write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, file], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"the Python of {name} (same line numbers) fails:\n{run.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_the_python_of_the_page_runs(page: Path, tmp_path: Path) -> None:
    run_page(page.read_text(encoding="utf-8"), page.name, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_the_scenarios_of_the_page_are_played(page: Path, tmp_path: Path) -> None:
    """A study reads a scenario once more, from the text that workers and caches have of it."""
    for block in filter(is_scenario, blocks(page.read_text(encoding="utf-8"))):
        import simab

        file = tmp_path / scenario_name(block)
        file.write_text(block.text, encoding="utf-8")
        scenario = simab.load(file)
        if scenario.policies:
            name = next(iter(scenario.policies))
            found = simab.compare(scenario, policies=[name], replications=1)
            assert not found.result.failures, f"{page.name}, {file.name}"


PAGE = """# A page

```yaml scenario small.yaml
a: 1
```

```python
from pathlib import Path
text = Path("small.yaml").read_text()
```

```python fragment
undefined_name.method(...)
```

```python
assert text == "a: 1\\n"
{last}
```
"""


def test_blocks_run_in_order_beside_their_scenarios(tmp_path: Path) -> None:
    run_page(PAGE.format(last="pass"), "page.md", tmp_path)


def test_a_failing_block_is_noticed_at_its_line(tmp_path: Path) -> None:
    page = PAGE.format(last="1 / 0")
    line = page.splitlines().index("1 / 0") + 1
    with pytest.raises(AssertionError, match=rf"page\.py\", line {line}(?s:.*)ZeroDivisionError"):
        run_page(page, "page.md", tmp_path)


def test_a_fragment_must_still_be_python(tmp_path: Path) -> None:
    with pytest.raises(SyntaxError):
        run_page("```python fragment\ndef (:\n```\n", "page.md", tmp_path)
