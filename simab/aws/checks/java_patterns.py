"""Regular expressions of service models, which are Java's, as expressions of Python.

They differ in how they name sets of characters, in what a dot means and in a few escapes.
What cannot be said in Python is not translated: such a pattern is not checked.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Final

__all__ = ["compiled", "translated"]

_TOKEN: Final = re.compile(
    r"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|\\(?P<negated>[pP])(?:\{(?P<braced>\w+)\}|(?P<letter>\w))"
    r"|(?P<other>\\.|&&|--|.)",
    re.DOTALL,
)
# Of ASCII alone, as Java's are unless a flag says otherwise.
_POSIX: Final = {
    "ASCII": r"\x00-\x7f",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Graph": r"\x21-\x7e",
    "Lower": "a-z",
    "Print": r"\x20-\x7e",
    "Upper": "A-Z",
}
_ANY_BUT_LINE_ENDS: Final = r"[^\n\r\x85\u2028\u2029]"
_OUTSIDE_SETS: Final = {".": _ANY_BUT_LINE_ENDS, r"\z": r"\Z", r"\Z": r"(?=[\n\r\x85]?\Z)"}


class _Untranslatable(ValueError):
    """Something that Python's expressions cannot say."""


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern for `fullmatch`; nothing if it cannot be said in Python."""
    try:
        return re.compile(translated(pattern), re.ASCII)
    except (ValueError, re.error):
        return None


def translated(pattern: str) -> str:
    """The same expression as Python writes it.

    Raises:
        ValueError: it uses something that has no equal there.
    """
    parts: list[str] = []
    in_set = False
    for token in _TOKEN.finditer(pattern):
        if token["pair"]:
            parts.append(_joined_surrogates(token["pair"]))
        elif token["negated"]:
            name = token["braced"] or token["letter"]
            parts.append(_characters(name, negated=token["negated"] == "P", in_set=in_set))
        elif in_set:
            if token["other"] in {"[", "&&", "--"}:
                raise _Untranslatable(f"sets of sets: {pattern[:200]}")
            parts.append(token["other"])
            in_set = token["other"] != "]"
        else:
            parts.append(_OUTSIDE_SETS.get(token["other"], token["other"]))
            in_set = token["other"] == "["
    return "".join(parts)


def _joined_surrogates(pair: str) -> str:
    """Two escapes that name one character above U+FFFF."""
    high, low = int(pair[2:6], 16), int(pair[8:12], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _characters(name: str, *, negated: bool, in_set: bool) -> str:
    r"""What `\p{name}` stands for."""
    ranges = _POSIX.get(name) or _of_category(name)
    if not in_set:
        return f"[{'^' * negated}{ranges}]"
    if negated:
        raise _Untranslatable(f"\\P{{{name}}} in a set")
    return ranges


@cache
def _of_category(name: str) -> str:
    """The ranges of a category of Unicode, such as `L` or `Lu`."""
    if not re.fullmatch("[A-Z][a-z]?", name):
        raise _Untranslatable(f"\\p{{{name}}}")
    runs = re.finditer(f"(?:{name if len(name) == 2 else name + '[a-z]'})+", _categories())
    ranges = [f"\\U{run.start() // 2:08x}-\\U{run.end() // 2 - 1:08x}" for run in runs]
    if not ranges:
        raise _Untranslatable(f"\\p{{{name}}}")
    return "".join(ranges)


@cache
def _categories() -> str:
    """The category of every character, two letters each."""
    return "".join(map(unicodedata.category, map(chr, range(sys.maxunicode + 1))))
