"""Records as rows of a table: one value a column, `key[variant]` where each variant has its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from math import nan
from operator import attrgetter
from typing import Any, Final

from simab.result.run_summary import RunSummary

__all__ = ["by_variant", "outcome_table"]

_SERVED: Final = "requests_served"
_COLUMNS: Final = tuple(each.name for each in fields(RunSummary) if each.name != _SERVED)
_numbers_of: Final = attrgetter(*_COLUMNS)


def outcome_table(
    rows: Iterable[tuple[Mapping[str, Any], RunSummary]],
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and the rows of runs: of what each is, its numbers, what each variant served.

    Columns are in order of their first appearance; what a row lacks is NaN.
    """
    found = list(rows)
    wheres = list(dict.fromkeys(name for where, _ in found for name in where))
    served = list(dict.fromkeys(name for _, row in found for name in row.requests_served))
    values = [
        (
            *[where.get(name, nan) for name in wheres],
            *_numbers_of(row),
            *[row.requests_served.get(name, nan) for name in served],
        )
        for where, row in found
    ]
    return [*wheres, *_COLUMNS, *(f"{_SERVED}[{name}]" for name in served)], values


def by_variant(row: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """The row with a column `key[variant]` for each variant in place of these keys, at its end."""
    flat = {key: value for key, value in row.items() if key not in keys}
    return flat | {
        f"{key}[{variant}]": value for key in keys for variant, value in row[key].items()
    }
