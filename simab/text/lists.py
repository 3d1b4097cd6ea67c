"""Names and lists inside a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from simab.text.typeset import count

__all__ = ["either", "listed", "listed_few", "named"]


def named(name: str) -> str:
    """A name inside a sentence, in quotes: any word may be the name of a policy."""
    return f"“{name}”"


def listed(parts: Sequence[str], word: str = "and") -> str:
    """Parts of a sentence, joined: a, b and c."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def listed_few(names: Sequence[str], most: int) -> str:
    """Names in quotes, joined; of more than `most` only the first, and how many more."""
    quoted = [named(name) for name in names]
    if len(quoted) > most:
        quoted = [*quoted[: most - 1], f"{count(len(quoted) - most + 1)} more"]
    return listed(quoted)


def either(names: Sequence[str]) -> str:
    """Names joined by or: “a”, “b” or “c”."""
    return listed([named(name) for name in names], "or")
