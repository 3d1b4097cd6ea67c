"""Make the reports of the shipped scenarios again, and what README shows of them.

Run it with: python reports/remake.py [FOLDER [PART ...]]. Written into the repository by default,
all parts (churn, twelve_policies, policies, intervals) in about ten minutes on two cores; the same
code and versions give the same bytes, so that `git diff` then shows what a change changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

# The modules beside this one, also where Python does not look beside a script (-P).
sys.path.insert(0, str(Path(__file__).resolve().parent))

from founding_example import make_founding_example
from interval_page import make_coverage
from policy_studies import make_policies
from twelve_policies import make_twelve_policies, short_table

from simab.study import local_processes

REPOSITORY: Final = Path(__file__).resolve().parent.parent
WORKERS: Final = 2
PARTS: Final = ("churn", "twelve_policies", "policies", "intervals")


def remake(folder: Path, parts: Sequence[str] = PARTS) -> None:
    """Write these parts of reports/, docs/churn.svg and README.md below a folder."""
    tables = {}
    with local_processes(WORKERS) as executor:
        if "churn" in parts:
            tables["churn"] = make_founding_example(folder, executor)
        if "twelve_policies" in parts:
            tables["twelve policies"] = short_table(make_twelve_policies(folder, executor))
        if "policies" in parts:
            make_policies(folder, executor)
    if "intervals" in parts:
        make_coverage(folder, _outcomes(folder))
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for name, table in tables.items():
        readme = with_table(readme, name, table)
    (folder / "README.md").write_text(readme, encoding="utf-8")


def _outcomes(folder: Path) -> Path:
    """The rows of twelve rules: those just made, or the committed ones."""
    place = Path("reports") / "twelve_policies" / "outcomes.csv"
    return folder / place if (folder / place).exists() else REPOSITORY / place


def with_table(page: str, name: str, table: str) -> str:
    """The page with the table of that name between its two marks."""
    marks = (f"<!-- {name} table: {end} -->" for end in ("begin", "end"))
    begin, end = (re.escape(mark) for mark in marks)
    shown, places = re.subn(
        f"({begin}\n).*?({end})", lambda found: found[1] + table + found[2], page, flags=re.DOTALL
    )
    if places != 1:
        raise ValueError(f"{places} places for the table {name}: there must be one")
    return shown


if __name__ == "__main__":
    remake(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY, sys.argv[2:] or PARTS)
