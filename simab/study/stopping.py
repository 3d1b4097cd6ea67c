"""Play a study until it knows enough, or its time is over: how many replications is found out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from simab.analyse.precision import Narrowing, narrowing
from simab.errors import InvalidInput
from simab.result.truth_summary import TruthSummary
from simab.scenario.memory import MOST_STUDY_ROWS
from simab.scenario.parts import MOST_REPLICATIONS
from simab.scenario.precision import Precision
from simab.stats.look_ahead import enough, look_ahead
from simab.study.execution import Known, Means, complete_replications, play_missing, rows_of
from simab.study.plan import StudyPlan
from simab.study.playing import truth_of_world
from simab.text.durations import duration_text

__all__ = ["Stop", "StoppedPlan", "play_until"]

_FIRST: Final = 100
_FIRST_OF_A_BUDGET: Final = 16
_GROWTH: Final = 2


@dataclass(frozen=True, slots=True)
class Stop:
    """When to stop: all that is asked for is precise enough, or the time is over.

    At least one of the two is given. `at_most` bounds the number of replications; without it, what
    a study may have.
    """

    precision: tuple[Precision, ...] = ()
    budget_s: float | None = None
    at_most: int | None = None


class StoppedPlan(NamedTuple):
    """The plan as it was played in the end, what is known of it, and why it ended there.

    `precise` says whether all that was asked for is precise enough; None where nothing was.
    """

    plan: StudyPlan
    known: Known
    precise: bool | None


def play_until(plan: StudyPlan, stop: Stop, means: Means) -> StoppedPlan:
    """Play more and more replications of a plan, whose own number of them is not looked at.

    What is precise enough depends on the rows alone, so the number of replications does not depend
    on who plays, in which order, or what a store holds. What a time is enough for depends on the
    machine: it is the largest n of which replications 0 to n - 1 are known in every cell. Either
    way the rows are those of a plan of so many replications.

    Raises:
        InvalidInput: the time was over before one replication was known in every cell.
    """
    deadline_s = None if stop.budget_s is None else time.monotonic() + stop.budget_s
    truths = {name: truth_of_world(scenario).summary() for name, scenario in plan.worlds.items()}
    known, most = Known(), _most(plan, stop)
    count = min(_FIRST if stop.precision else _FIRST_OF_A_BUDGET, most)
    while True:
        plan = replace(plan, replications=count)
        play_missing(plan, known, means, deadline_s=deadline_s)
        complete = complete_replications(plan, known)
        narrow = _narrowing(plan, stop, known, truths, complete)
        found = enough(narrow.excess, narrow.first) if stop.precision else None
        if found is not None and found <= complete:
            return StoppedPlan(replace(plan, replications=found), known, True)
        if complete < count or count == most:
            break
        count = min(_next(count, narrow) if stop.precision else count * _GROWTH, most)
    if not complete:
        raise InvalidInput(_too_short(stop))
    precise = False if stop.precision else None
    return StoppedPlan(replace(plan, replications=complete), known, precise)


def _most(plan: StudyPlan, stop: Stop) -> int:
    rows = MOST_STUDY_ROWS // (len(plan.policies) * len(plan.worlds))
    return max(min(stop.at_most or MOST_REPLICATIONS, MOST_REPLICATIONS, rows), 1)


def _narrowing(
    plan: StudyPlan,
    stop: Stop,
    known: Known,
    truths: Mapping[str, TruthSummary],
    complete: int,
) -> Narrowing:
    whole = replace(plan, replications=max(complete, 1))
    return narrowing(stop.precision, truths, rows_of(whole, known), whole.replications)


def _next(count: int, narrow: Narrowing) -> int:
    """How many more to play: what the present width lets expect, and what is looked ahead to."""
    excess = float(narrow.excess[-1])
    expected = count * excess**2 if math.isfinite(excess) else math.inf
    wanted = min(max(expected, count), _GROWTH * count)
    return math.ceil(wanted) + look_ahead(math.ceil(wanted))


def _too_short(stop: Stop) -> str:
    budget = duration_text(stop.budget_s or 0.0)
    return (
        f"budget = {budget}: not one replication was finished in every world under every policy; "
        "give more time, or fewer of them. What was finished is in the store"
    )
