"""Whether policies keep what is required of them, in each world where it is asked.

Shares of runs are judged by `simab.stats.share_bounds`, means by `simab.stats.mean_bounds`. Both
hold at all looks together, so that a study may be run on until it tells, or be looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simab.result.columns import COLUMNS, RunLimits
from simab.result.requirement_result import Compliance, JudgedRequirement, RequirementStatement
from simab.result.run_summary import RunSummary
from simab.result.truth_summary import TruthSummary
from simab.result.world_result import KEEP, PROMOTE, asks_of
from simab.scenario.requirements import Requirement
from simab.stats.mean_bounds import MeanBounds, runs_until_apart
from simab.stats.share_bounds import is_beyond, plausible_shares, trials_to_tell
from simab.units import seconds

__all__ = ["ALPHA", "CUSTOMARY", "PlayedWorld", "judged", "statement_of"]

ALPHA: Final = 0.025
"""The largest probability of a wrong "passes", and of a wrong "fails", over all looks."""

CUSTOMARY: Final = (
    RequirementStatement(quantity="false_promotion", at_most=True, bound=0.05, unit="share"),
    RequirementStatement(quantity="power", at_most=False, bound=0.8, unit="share"),
)
"""What is required where the file says nothing: the customary 5 % and 80 %."""


@dataclass(frozen=True, slots=True)
class PlayedWorld:
    """A world that was played: its truth, its rows by policy, and what no run of it can exceed."""

    name: str
    truth: TruthSummary
    rows: Mapping[str, Sequence[RunSummary]]
    limits: RunLimits


def statement_of(requirement: Requirement) -> RequirementStatement:
    """A requirement of a file as the result states it; durations are in seconds."""
    at_most = hasattr(requirement, "at_most")
    bound = float(requirement.at_most if at_most else requirement.at_least)  # type: ignore[union-attr]
    unit = _UNITS[requirement.quantity]
    return RequirementStatement(
        quantity=requirement.quantity,
        at_most=at_most,
        bound=seconds(int(bound)) if unit == "seconds" else bound,
        unit=unit,
        share_of_runs=_nan_if_none(getattr(requirement, "share_of_runs", None)),
        policy=requirement.policy,
    )


def judged(
    statements: Sequence[RequirementStatement],
    worlds: Sequence[PlayedWorld],
    *,
    alpha: float = ALPHA,
) -> Iterator[JudgedRequirement]:
    """Each requirement of each policy in each world that it is about, in this order.

    A world in which a policy finished no run says nothing of it.
    """
    for place, statement in enumerate(statements):
        quantity = _QUANTITIES[statement.quantity]
        for world in worlds:
            if not quantity.is_about(world.truth):
                continue
            for policy, rows in world.rows.items():
                if rows and statement.policy in (None, policy):
                    found = _judge(statement, quantity, world, rows, alpha)
                    yield found(requirement=place, policy=policy, world=world.name)


_Judged = Callable[..., JudgedRequirement]


def _judge(
    statement: RequirementStatement,
    quantity: _Quantity,
    world: PlayedWorld,
    rows: Sequence[RunSummary],
    alpha: float,
) -> _Judged:
    values = [quantity.value(row, world.truth) for row in rows]
    if quantity.is_share:
        count = sum(map(bool, values))
        return _judge_share(
            count, len(rows), statement.bound, at_most=statement.at_most, alpha=alpha
        )
    if not math.isnan(statement.share_of_runs):
        kept = sum(value <= statement.bound for value in values)
        return _judge_share(kept, len(rows), statement.share_of_runs, at_most=False, alpha=alpha)
    if any(map(math.isnan, values)):  # the scenario says nothing of it
        return _found(math.nan, math.nan, math.nan, len(rows), Compliance.OPEN, None)
    most = COLUMNS[quantity.column].range_of(values, world.limits)[1]
    return _judge_mean(values, most, statement.bound, alpha)


def _judge_share(count: int, runs: int, bound: float, *, at_most: bool, alpha: float) -> _Judged:
    """A share of runs against its bound; a bound of 0 or 1 can be broken, or is kept by all."""
    if bound in (0.0, 1.0):
        trivial = at_most == (bound == 1.0)
        broken = count > 0 if at_most else count < runs
        passes, fails = trivial, not trivial and broken
    else:
        passes = is_beyond(count, runs, bound, above=not at_most, alpha=alpha)
        fails = is_beyond(count, runs, bound, above=at_most, alpha=alpha)
    share = count / runs
    low, high = plausible_shares(count, runs, alpha=alpha)
    more = None
    if not (passes or fails) and 0.0 < bound < 1.0:
        more = trials_to_tell(share, bound, alpha=alpha)
    return _found(share, low, high, runs, _compliance(passes, fails), more)


def _judge_mean(values: Sequence[float], most: float, bound: float, alpha: float) -> _Judged:
    """A mean over runs that should be at most its bound."""
    found = MeanBounds.of(values, most, alpha=alpha)
    passes, fails = found.high <= bound, found.low > bound
    more = None if passes or fails else runs_until_apart(values, bound, alpha=alpha)
    return _found(found.mean, found.low, found.high, len(values), _compliance(passes, fails), more)


def _found(
    estimate: float, low: float, high: float, runs: int, compliance: Compliance, more: int | None
) -> _Judged:
    def named(*, requirement: int, policy: str, world: str) -> JudgedRequirement:
        return JudgedRequirement(
            requirement=requirement,
            policy=policy,
            world=world,
            estimate=estimate,
            low=low,
            high=high,
            runs=runs,
            compliance=compliance,
            runs_to_tell=None if more is None else max(more, runs + 1),
        )

    return named


def _compliance(passes: bool, fails: bool) -> Compliance:
    if passes:
        return Compliance.PASSES
    return Compliance.FAILS if fails else Compliance.OPEN


@dataclass(frozen=True, slots=True)
class _Quantity:
    """A quantity: in which worlds it is asked, its value of a run, and in which column it is."""

    is_about: Callable[[TruthSummary], bool]
    value: Callable[[RunSummary, TruthSummary], float]
    is_share: bool = False
    column: str = ""


def _keeps(truth: TruthSummary) -> bool:
    return asks_of(truth) == KEEP


def _promotes(truth: TruthSummary) -> bool:
    return asks_of(truth) == PROMOTE


def _is_worse(truth: TruthSummary) -> bool:
    return truth.candidate in truth.breaks or truth.gains[truth.candidate] < 0


def _is_broken(truth: TruthSummary) -> bool:
    return truth.candidate in truth.breaks


def _always(_: TruthSummary) -> bool:
    return True


def _promoted(row: RunSummary, truth: TruthSummary) -> float:
    return float(truth.candidate in (row.decided_for, row.ends_with))


def _right(row: RunSummary, _: TruthSummary) -> float:
    return float(row.correct)


def _decided_s(row: RunSummary, _: TruthSummary) -> float:
    return math.inf if row.decided_s is None else row.decided_s


def _candidate_gone_s(row: RunSummary, truth: TruthSummary) -> float:
    """Since when another variant has had all weighted traffic, to the end."""
    if row.ends_with is None or row.ends_with == truth.candidate:
        return math.inf
    return row.ends_with_since_s or 0.0


def _of_column(column: str) -> _Quantity:
    def value(row: RunSummary, _: TruthSummary) -> float:
        return COLUMNS[column].values([row])[0]

    return _Quantity(_always, value, column=column)


_QUANTITIES: Final[Mapping[str, _Quantity]] = {
    "false_promotion": _Quantity(_keeps, _promoted, is_share=True),
    "promotes_a_worse": _Quantity(_is_worse, _promoted, is_share=True),
    "power": _Quantity(_promotes, _right, is_share=True),
    "time_to_decision": _Quantity(_always, _decided_s),
    "broken_gone_within": _Quantity(_is_broken, _candidate_gone_s),
    "requests_on_worse": _of_column("requests_on_worse"),
    "clients_on_worse": _of_column("clients_on_worse"),
    "regret": _of_column("regret"),
    "cost_of_serving": _of_column("cost_of_serving"),
    "error_share": _of_column("error_share"),
}
_UNITS: Final[Mapping[str, str]] = {
    "false_promotion": "share",
    "promotes_a_worse": "share",
    "power": "share",
    "time_to_decision": "seconds",
    "broken_gone_within": "seconds",
    "requests_on_worse": "requests",
    "clients_on_worse": "clients",
    "regret": "metric",
    "cost_of_serving": "cost",
    "error_share": "share",
}


def _nan_if_none(value: float | None) -> float:
    return math.nan if value is None else value
