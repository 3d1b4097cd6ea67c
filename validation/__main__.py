"""Make the reports of the shipped scenarios again, and what README shows of them.

Written into the repository by default, all parts in about half an hour on two cores; the same
code and versions give the same bytes, so that `git diff` then shows what a change changed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from validation.places import REPOSITORY
from validation.remaking import PARTS, remake


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m validation", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=REPOSITORY, help="where to write")
    parser.add_argument("part", nargs="*", help=f"what to make: {', '.join(PARTS)}; default: all")
    parser.add_argument(
        "--pages",
        action="store_true",
        help="play nothing: write pages anew from the committed rows, but for the report of "
        "twelve_policies, whose rows are too many to keep",
    )
    arguments = parser.parse_args()
    if unknown := sorted({*arguments.part} - {*PARTS}):
        parser.error(f"no such part: {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    return arguments


if __name__ == "__main__":
    asked = _arguments()
    remake(asked.folder, asked.part or PARTS, play=not asked.pages)
