"""Pages of the same scenario that lie beside a page: links where the files are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["PageBeside", "pages_beside"]

_PAGE: Final = "report.html"
_STUDIES: Final = {
    "": ("which rule to use", "simab-study/"),
    "convergence": ("how many requests it takes", "simab-convergence/"),
    "fairness": ("how traffic is split", "simab-fairness/"),
}
"""By the folder below that of the comparison: what a page is about, and its format."""


@dataclass(frozen=True, slots=True)
class PageBeside:
    """A page to link to: the folder that it has below the comparison, its words, and the way."""

    folder: str
    words: str
    href: str


def pages_beside(directory: Path, scenario_hash: str) -> tuple[PageBeside, ...]:
    """The pages of this scenario that lie where `simab` commands are told to put them side by side.

    That is the page of a comparison in a folder, and those of `convergence` and `fairness` in
    folders of these names below it. Pages of other scenarios are left out.

    Args:
        directory: The folder of the page that is to link to them.
        scenario_hash: The digest of its scenario, which each page shows.
    """
    name = directory.resolve().name
    own = name if name in _STUDIES else ""
    found = []
    for folder, (words, kind) in _STUDIES.items():
        way = "/".join(part for part in (".." if own else "", folder, _PAGE) if part)
        file = directory / way
        if folder != own and file.is_file() and _shows(file, scenario_hash, kind):
            found.append(PageBeside(folder, words, way))
    return tuple(found)


def _shows(file: Path, scenario_hash: str, kind: str) -> bool:
    try:
        page = file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return bool(scenario_hash) and scenario_hash in page and f'"format":"{kind}' in page
