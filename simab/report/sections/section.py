"""What a section of the page is: its key, its heading, when it applies, and what it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from simab.result import StudyResult

__all__ = ["Content", "Numbers", "Section"]

Numbers: TypeAlias = Iterator[int]
"""The numbers of figures, which count through the page: each figure takes the next."""
Content: TypeAlias = Mapping[str, Any]
"""Figures, tables and sentences by the names that the section's template gives them."""


def _always(_: StudyResult) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Section:
    """One section: `key` is its anchor, and its template is `templates/sections/<key>.html.jinja`.

    `content` makes what the template shows beside the result itself, which is there as `study`.
    """

    key: str
    heading: str
    content: Callable[[StudyResult, Numbers], Content]
    applies: Callable[[StudyResult], bool] = _always
