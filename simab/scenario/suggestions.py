"""Remedies that name what is allowed, with the nearest spelling first."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ["nearest", "remedy_for_name"]

_MOST_LISTED = 24
_MOST_COMPARED = 200  # spellings are slow to compare


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The name that was probably meant, as a question and a space; nothing where none is near.

    None either where there are too many names to compare them all.
    """
    by_lower = {name.lower(): name for name in reversed(list(allowed))}
    if len(by_lower) > _MOST_COMPARED:
        return ""
    near = get_close_matches(given.lower(), by_lower, n=1, cutoff=0.6)
    return f"Did you mean {by_lower[near[0]]}? " if near else ""


def remedy_for_name(given: str, allowed: Iterable[str], what: str = "Allowed here") -> str:
    """The allowed names as a sentence, after the one that was probably meant."""
    names = list(allowed)
    guess = nearest(given, names)
    if not names:
        return f"{guess}{what}: nothing."
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return f"{guess}{what}: {', '.join(names[:_MOST_LISTED])}{more}."
