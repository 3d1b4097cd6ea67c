"""Records as rows of a table: one value a column, `key[variant]` where each variant has its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

from simab.result.run_summary import RunSummary

__all__ = ["by_variant", "outcome_columns"]

_COLUMNS: Final = tuple(each.name for each in fields(RunSummary))


def outcome_columns(row: RunSummary) -> dict[str, Any]:
    """A run's row by column, what was served by each variant at the end."""
    return by_variant({name: getattr(row, name) for name in _COLUMNS}, ("requests_served",))


def by_variant(row: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The row with a column `key[variant]` for each variant in place of these keys, at its end."""
    flat = {key: value for key, value in row.items() if key not in keys}
    return flat | {
        f"{key}[{variant}]": value for key in keys for variant, value in row[key].items()
    }
