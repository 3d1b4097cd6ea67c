"""Text that may hold anything, made safe to show: no character of it steers a screen or a file."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["json_escaped", "spreadsheet_safe", "steers", "visible", "without_controls"]

# Control characters (C0 but tab and line feed, DEL, C1), the marks that turn the direction of what
# follows (Unicode Standard Annex 9), and lone surrogates, which no encoding can write.
_STEERING: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def steers(text: str) -> bool:
    """Whether any character of the text would steer a terminal."""
    return _STEERING.search(text) is not None


def visible(text: str) -> str:
    r"""The text with what would steer a terminal written out: `\x1b[31m` shows as itself.

    Line feeds and tabs stay. Names, titles and messages of exceptions come from files and from
    other people's code, and a terminal obeys what it is sent.
    """
    return _STEERING.sub(lambda found: _escape(found[0]), text)


def without_controls(text: str) -> str:
    """The text with a replacement character in place of each steering one, for pages."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)


def json_escaped(document: str) -> str:
    r"""A JSON document with its steering characters escaped (`\u009b`): the same values when read.

    Outside of strings a document has none, so nothing but the spelling of its strings changes.
    """
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def spreadsheet_safe(text: str) -> str:
    """The text as a CSV cell that no spreadsheet takes for a formula.

    One that begins with `=`, `+`, `-`, `@`, a tab or a line break gets an apostrophe before it, and
    so does one that begins with an apostrophe: taking the first apostrophe away gives every text
    back (OWASP, CSV Injection). Numbers are not texts and stay as they are.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
