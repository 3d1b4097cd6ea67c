"""What the parts of a saved result must have in common: lengths of series, and names.

Types say what a value is; a file that was edited may still lack a variant, or a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sized

from simab.result.reader import Reader

__all__ = ["require_length", "require_names", "require_one_of"]


def require_length(reader: Reader, key: str, values: Sized, length: int) -> None:
    """Raises InvalidInput, with the place, unless the list under a key has so many values."""
    if len(values) != length:
        raise reader.child(key).invalid(
            f"holds {len(values)} {'value' if len(values) == 1 else 'values'} where {length} belong"
        )


def require_names(reader: Reader, key: str, found: Collection[str], names: Collection[str]) -> None:
    """Raises InvalidInput, with the place, unless the object under a key has these names."""
    for name in names:
        if name not in found:
            raise reader.child(key).missing(name)


def require_one_of(reader: Reader, key: str, value: str, names: Collection[str]) -> None:
    """Raises InvalidInput, with the place, unless the text under a key is one of the names."""
    if value not in names:
        listed = ", ".join(repr(name) for name in names)
        raise reader.child(key).invalid(f"must be one of {listed}")
