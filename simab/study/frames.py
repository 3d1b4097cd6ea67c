"""Rows of runs, and what policies do over them, as pandas frames: of studies of all kinds alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from simab.result import PolicyResult
from simab.result.columns import COLUMNS, VARIANT_COLUMNS
from simab.result.flat_rows import by_variant, outcome_table
from simab.result.json_form import dumped
from simab.result.run_summary import RunSummary

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Where", "outcomes_frame", "summary_frame", "whole_numbers"]

Where: TypeAlias = Mapping[str, Any]
"""The columns that say of what a row is: its world, or a point with its settings."""

_WHOLE: Final = dict.fromkeys(("requests_to_decision", "clients_on_worse"), "Int64")
"""Whole numbers that some runs lack: a file has them without a decimal point."""
_NO_NUMBERS: Final = frozenset(
    {
        "parameters", "non_default", "decision_time_ecdf", "rule", "misleads", "refused", "looks",
        "spread",
    }
)  # fmt: skip
"""What a table of a policy's numbers leaves out; `spread` stands beside the means."""


def outcomes_frame(rows: Iterable[tuple[Where, RunSummary]]) -> pd.DataFrame:
    """One row a run: of what it is, how it ended, when, and what it cost."""
    import pandas as pd

    names, values = outcome_table(rows)
    frame = pd.DataFrame(values, columns=names)
    unknown = [name for name in COLUMNS if name in frame and frame[name].isna().all()]
    return frame.astype(dict.fromkeys(unknown, float))  # NaN, as CSV reads it, and not None


def whole_numbers(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Outcomes whose whole numbers are written as such, though some runs lack them."""
    return outcomes.astype(_WHOLE)


def summary_frame(policies: Iterable[tuple[Where, PolicyResult]]) -> pd.DataFrame:
    """One row a policy in a world or at a point: its numbers, flattened (`correct_share`)."""
    import pandas as pd

    rows = [
        {**where, **by_variant(_numbers(dumped(policy)), VARIANT_COLUMNS)}
        for where, policy in policies
    ]
    frame = pd.json_normalize(rows, sep="_")
    return frame.rename(columns=lambda name: name.removeprefix("verdicts_"))


def _numbers(policy: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's numbers, those of how a column is spread beside its mean."""
    numbers = {name: value for name, value in policy.items() if name not in _NO_NUMBERS}
    for name, spread in policy["spread"].items():
        numbers[name] = policy[name] | spread
    return numbers
