"""Play a study until it knows enough, or its time is over: how many replications is found out."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simab.analyse import ScenarioTruth
from simab.analyse.precision import LEAST, narrowing, reported_excess
from simab.analyse.run_limits import limits_of_study
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
    asked = plan.worlds.items() if stop.precision else ()
    truths = {name: truth_of_world(scenario) for name, scenario in asked}
    known, most = Known(), _most(plan, stop)
    count = min(_FIRST if stop.precision else _FIRST_OF_A_BUDGET, most)
    while True:
        plan = replace(plan, replications=count)
        play_missing(plan, known, means, deadline_s=deadline_s)
        complete = complete_replications(plan, known)
        looked = _Looked(replace(plan, replications=max(complete, 1)), stop, known, truths)
        if stop.precision and complete and (found := looked.enough()):
            return StoppedPlan(replace(plan, replications=found), known, True)
        if complete < count or count == most:
            break
        count = min(looked.next_count() if stop.precision else count * _GROWTH, most)
    if not complete:
        raise InvalidInput(_too_short(stop))
    precise = False if stop.precision else None
    return StoppedPlan(replace(plan, replications=complete), known, precise)


@dataclass(frozen=True)
class _Looked:
    """How precise the complete replications of a plan are."""

    plan: StudyPlan
    stop: Stop
    known: Known
    truths: Mapping[str, ScenarioTruth]

    @cached_property
    def _excess(self) -> NDArray[np.float64]:
        rows = rows_of(self.plan, self.known)
        return narrowing(self.stop.precision, self._summaries, rows, self.plan.replications)

    @cached_property
    def _summaries(self) -> dict[str, TruthSummary]:
        return {name: truth.summary() for name, truth in self.truths.items()}

    def enough(self) -> int | None:
        """The smallest number that the rule stops at, and whose report is as precise."""
        found = enough(self._excess, LEAST)
        while found is not None and self._reported_excess(found) > 1.0:
            found = enough(self._excess, found)
        return found

    def _reported_excess(self, replications: int) -> float:
        rows = rows_of(replace(self.plan, replications=replications), self.known)
        limits = {
            name: limits_of_study(
                [row for each in rows[name].values() for row in each], scenario, self.truths[name]
            )
            for name, scenario in self.plan.worlds.items()
        }
        return reported_excess(self.stop.precision, self._summaries, rows, limits)

    def next_count(self) -> int:
        """How many to play next: what the width lets expect, and what is looked ahead to."""
        count = self.plan.replications
        excess = max(float(self._excess[-1]), self._reported_excess(count))
        expected = count * excess**2 if math.isfinite(excess) else math.inf
        wanted = math.ceil(min(max(expected, count), _GROWTH * count))
        return wanted + look_ahead(wanted)


def _most(plan: StudyPlan, stop: Stop) -> int:
    rows = MOST_STUDY_ROWS // (len(plan.policies) * len(plan.worlds))
    return max(min(stop.at_most or MOST_REPLICATIONS, MOST_REPLICATIONS, rows), 1)


def _too_short(stop: Stop) -> str:
    budget = duration_text(stop.budget_s or 0.0)
    return (
        f"budget = {budget}: not one replication was finished in every world under every policy; "
        "give more time, or fewer of them. What was finished is in the store"
    )
