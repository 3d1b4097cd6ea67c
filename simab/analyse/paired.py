"""Differences between policies that met the same clients: intervals of each, tests of all.

An interval is of its pair alone. What may be called a difference is decided for all comparisons of
a study together, so that a study of equal policies finds any in at most 5 % of cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Final

from simab.result import PairedDifference
from simab.result.columns import COLUMNS, Column, RunLimits
from simab.result.run_summary import RunSummary
from simab.stats.cost_intervals import CostMean, cost_mean, unseen_share, zero_mean_p_value
from simab.stats.intervals import paired_difference
from simab.stats.multiplicity import holm
from simab.stats.paired_shares import tango_interval
from simab.stats.proportions import mcnemar_exact

__all__ = [
    "FAMILY_ALPHA",
    "RESTRICTED_TIME",
    "Compared",
    "both_finished",
    "column_compared",
    "paired_differences",
    "share_compared",
    "time_compared",
]

FAMILY_ALPHA: Final = 0.05
RESTRICTED_TIME: Final = "decision_time_within_horizon_s"
_ALL_PAIRS_UP_TO: Final = 20
_MOST_UNDECIDED: Final = 0.5

Pair = tuple[Sequence[RunSummary], Sequence[RunSummary]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A difference with its interval and the p-value of no difference (NaN: not compared).

    A time is restricted to `restricted_to_s`, which `undecided` runs of each policy had not decided
    by.
    """

    mean: CostMean
    p_value: float
    values: tuple[Sequence[float], Sequence[float]]
    restricted_to_s: float = math.nan
    undecided: tuple[int, ...] | None = None


def paired_differences(
    outcomes: Mapping[str, Sequence[RunSummary]], horizon_s: float
) -> list[PairedDifference]:
    """Differences between policies that met the same clients, replication by replication.

    Of up to twenty policies every pair; of more, each against the first. A replication that one of
    the two did not finish is left out. Right decisions are compared by Tango's interval and
    McNemar's exact test, means by `cost_mean` and `zero_mean_p_value`. The time to a decision is
    compared within the horizon: a run that has not decided by then has waited that long, and no
    more is said of it (the restricted mean). It is not compared where more than half of the runs of
    either policy are undecided. `adjusted_p_value` is Holm's over all comparisons returned, and
    `differs` says that it is at most 5 %.
    """
    names = list(outcomes)
    pairs = list(combinations(names, 2))
    if len(names) > _ALL_PAIRS_UP_TO:
        pairs = [pair for pair in pairs if pair[0] == names[0]]
    limits = RunLimits.of([each for rows in outcomes.values() for each in rows], horizon_s)
    compare: dict[str, Callable[[Pair], Compared]] = {
        "correct": _correct,
        **{
            column.key: partial(column_compared, column, limits)
            for column in COLUMNS.values()
            if column.compared
        },
        RESTRICTED_TIME: lambda both: time_compared(both, horizon_s),
    }
    rows = []
    for quantity, compared in compare.items():
        for first, second in pairs:
            found = compared(both_finished(outcomes[first], outcomes[second]))
            rows.append(_row((first, second), quantity, found))
    return _adjusted(rows)


def both_finished(first: Sequence[RunSummary], second: Sequence[RunSummary]) -> Pair:
    """The rows of the replications that both have."""
    both = {each.replication for each in first} & {each.replication for each in second}
    return (
        [each for each in first if each.replication in both],
        [each for each in second if each.replication in both],
    )


def _correct(both: Pair) -> Compared:
    return share_compared(*([each.correct for each in rows] for rows in both))


def share_compared(seen: Sequence[bool], seen_second: Sequence[bool]) -> Compared:
    """How much more often something is so in the second of two runs that had the same clients."""
    first, second = list(map(float, seen)), list(map(float, seen_second))
    only_second = sum(a < b for a, b in zip(first, second, strict=True))
    only_first = sum(a > b for a, b in zip(first, second, strict=True))
    count = len(first)
    if not count:
        return Compared(cost_mean([]), math.nan, (first, second))
    reason = None if only_first or only_second else _none_differed(count)
    interval = tango_interval(only_second, only_first, count)
    mean = CostMean((only_second - only_first) / count, interval, count, reason=reason)
    return Compared(mean, mcnemar_exact(only_second, only_first).p_value, (first, second))


def column_compared(column: Column, limits: RunLimits, both: Pair) -> Compared:
    """By how much a column is more in the second."""
    first, second = (column.values(rows) for rows in both)
    return _means(first, second, column.range_of([*first, *second], limits)[1])


def time_compared(both: Pair, horizon_s: float) -> Compared:
    """By how much later the second decides, within the horizon."""
    first, second = (
        [horizon_s if each.decided_s is None else each.decided_s for each in rows] for rows in both
    )
    undecided = tuple(sum(each.decided_s is None for each in rows) for rows in both)
    count = len(first)
    if max(undecided) > _MOST_UNDECIDED * count:
        reason = (
            f"{undecided[0]} and {undecided[1]} of {count} runs are undecided at the horizon: more "
            "than half of a policy's runs, so the times are not compared"
        )
        compared = Compared(_not_compared(count, reason), math.nan, (first, second))
    else:
        compared = _means(first, second, horizon_s)
    return replace(compared, restricted_to_s=horizon_s, undecided=undecided)


def _not_compared(count: int, reason: str) -> CostMean:
    nothing = cost_mean([]).interval
    return CostMean(math.nan, nothing, count, reason=reason)


def _means(first: Sequence[float], second: Sequence[float], most: float) -> Compared:
    differences = [b - a for a, b in zip(first, second, strict=True)]
    mean = cost_mean(differences, -most, most)
    if len(differences) > 1 and not any(differences):
        mean = replace(mean, reason=f"{_none_differed(mean.count)}, as far as is possible")
    p_value = zero_mean_p_value(differences) if len(differences) > 1 else math.nan
    return Compared(mean, p_value, (first, second))


def _none_differed(count: int) -> str:
    seen = f"no run differed in {count} runs" if count > 1 else "the only run did not differ"
    return f"{seen}: up to {100 * unseen_share(count):.2g} % of runs may"


def _row(pair: tuple[str, str], quantity: str, found: Compared) -> PairedDifference:
    mean, gain = found.mean, paired_difference(*found.values)
    compared = math.isfinite(mean.estimate)
    return PairedDifference(
        first=pair[0],
        second=pair[1],
        quantity=quantity,
        difference=_number(mean.estimate),
        low=_number(mean.interval.low),
        high=_number(mean.interval.high),
        approximate=mean.approximate,
        variance_reduction=_number(gain.variance_reduction) if compared else math.nan,
        pairs=mean.count,
        p_value=found.p_value,
        restricted_to_s=found.restricted_to_s,
        undecided=found.undecided,
        reason=mean.reason or (gain.reason if compared else None) or "",
    )


def _adjusted(rows: Sequence[PairedDifference]) -> list[PairedDifference]:
    """Holm over all that is compared; a difference also takes an interval without 0."""
    tested = [at for at, row in enumerate(rows) if not math.isnan(row.p_value)]
    done = list(rows)
    for at, adjusted in zip(tested, holm([rows[at].p_value for at in tested]), strict=True):
        away = rows[at].low > 0 or rows[at].high < 0
        done[at] = replace(
            rows[at],
            adjusted_p_value=float(adjusted),
            differs=bool(adjusted <= FAMILY_ALPHA and away),
        )
    return done


def _number(value: float) -> float:
    """What is undefined is NaN, an endless bound as well."""
    return value if math.isfinite(value) else math.nan
