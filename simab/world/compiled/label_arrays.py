"""The course of labels as plain arrays for the compiled kernel; without rows where it is plain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.profiles.quantile_table import QuantileTable
from simab.world.label_plan import LabelPlan, LabelRule

__all__ = ["LabelArrays", "label_arrays_of"]

_RULE: Final = np.dtype(
    [
        ("delay_table", np.int64),
        ("zero", np.int64),  # a reward of 0 in the variant's units
        # The last word of what happens, where it may happen:
        ("may_never", np.int64),
        ("never_up_to", np.uint64),
        ("may_wrong", np.int64),
        ("wrong_up_to", np.uint64),
        ("may_revised", np.int64),  # wrong at least at first
        ("revised_up_to", np.uint64),
    ]
)
_COURSE: Final = np.dtype(
    [
        ("window_ns", np.int64),  # or NO_WINDOW
        ("batch_every_ns", np.int64),
        ("batch_at_ns", np.int64),
        ("draws", np.int64),  # whether anything reads the words of the label
        ("may_again", np.int64),
        ("again_up_to", np.uint64),
        ("again_table", np.int64),
        ("revised_table", np.int64),
        ("counting", np.int64),
        ("counted_after_ns", np.int64),
    ]
)
_OUTAGE: Final = np.dtype([("since_ns", np.int64), ("until_ns", np.int64), ("loses", np.int64)])


class LabelArrays(NamedTuple):
    """One row of `course`, or none; of variant v, `rules[2 v]` is of negatives, the next not."""

    course: NDArray[np.void]
    rules: NDArray[np.void]
    outages: NDArray[np.void]


def label_arrays_of(plan: LabelPlan | None, row_of: Callable[[QuantileTable], int]) -> LabelArrays:
    """Pack a plan; `row_of` keeps a table and says in which row."""
    if plan is None:
        return LabelArrays(np.zeros(0, _COURSE), np.zeros(0, _RULE), np.zeros(0, _OUTAGE))
    course = np.zeros(1, dtype=_COURSE)
    rules = np.zeros(2 * len(plan.rules), dtype=_RULE)
    both = [rule for of_variant in plan.rules for rule in of_variant]
    for place, rule in enumerate(both):
        _pack_rule(rules[place], rule, plan.zeros[place // 2], row_of(rule.delay))
    course["window_ns"] = plan.window_ns
    course["batch_every_ns"], course["batch_at_ns"] = plan.batch_every_ns, plan.batch_at_ns
    course["draws"] = plan.again_below > 0 or any(rule.revised_below > 0 for rule in both)
    course["may_again"], course["again_up_to"] = _up_to(plan.again_below)
    course["again_table"] = row_of(plan.again_after)
    course["revised_table"] = row_of(plan.revised_after)
    course["counting"] = plan.counting
    course["counted_after_ns"] = plan.counted_after_ns
    outages = np.zeros(len(plan.outages), dtype=_OUTAGE)
    outages["since_ns"] = [each.since_ns for each in plan.outages]
    outages["until_ns"] = [each.until_ns for each in plan.outages]
    outages["loses"] = [each.loses for each in plan.outages]
    return LabelArrays(course, rules, outages)


def _pack_rule(record: np.void, rule: LabelRule, zero: int, table: int) -> None:
    record["delay_table"], record["zero"] = table, zero
    record["may_never"], record["never_up_to"] = _up_to(rule.never_below)
    record["may_wrong"], record["wrong_up_to"] = _up_to(rule.wrong_below)
    record["may_revised"], record["revised_up_to"] = _up_to(rule.revised_below)


def _up_to(bound: int) -> tuple[bool, np.uint64]:
    """Whether there is a word below a bound that may be 2**64, and the last one."""
    return bound > 0, np.uint64(max(bound - 1, 0))
