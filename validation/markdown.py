"""Text of pages in Markdown: numbers as every editor and terminal shows them."""

from __future__ import annotations

from simab.text import typeset

__all__ = ["plain"]


def plain(text: object) -> str:
    """Numbers with spaces that every editor and terminal shows."""
    return typeset.plain_spaces(str(text))
