"""Small tables in HTML, for notebooks: every text in them is escaped, and steers nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from simab.text.untrusted import without_controls

__all__ = ["html_paragraph", "html_table"]


def html_table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with a caption; the first cell of a row names it."""
    head = "".join(f'<th scope="col">{_text(each)}</th>' for each in headings)
    body = "".join(
        f'<tr><th scope="row">{_text(first)}</th>'
        + "".join(f"<td>{_text(each)}</td>" for each in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f"<table><caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def html_paragraph(sentence: str) -> str:
    """A sentence as a paragraph of its own."""
    return f"<p>{_text(sentence)}</p>"


def _text(text: str) -> str:
    return escape(without_controls(text))
