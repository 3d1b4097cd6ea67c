"""Whether policies keep what is required of them, in each world where it is asked.

Shares of runs are judged by `simab.stats.share_bounds`, means by `simab.stats.mean_bounds`. Both
hold at all looks together, so that a study may be run on until it tells, or be looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from simab.result.columns import COLUMNS, Column, RunLimits
from simab.result.quantities import QUANTITIES
from simab.result.requirement_result import Compliance, JudgedRequirement, RequirementStatement
from simab.result.run_summary import RunSummary
from simab.result.truth_summary import PROMOTE, TruthSummary
from simab.scenario.requirements import Requirement
from simab.stats.mean_bounds import MeanBounds, runs_until_apart
from simab.stats.share_bounds import is_beyond, plausible_shares, trials_to_tell
from simab.units import seconds

__all__ = [
    "ALPHA",
    "PlayedWorld",
    "Reading",
    "column_value",
    "judged",
    "reading_of",
    "statement_of",
]

ALPHA: Final = 0.025
"""The largest probability of a wrong "passes", and of a wrong "fails", over all looks."""


@dataclass(frozen=True, slots=True)
class PlayedWorld:
    """A world that was played: its truth, its rows by policy, and what no run of it can exceed.

    `failed` counts the replications of each policy that have no row.
    """

    name: str
    truth: TruthSummary
    rows: Mapping[str, Sequence[RunSummary]]
    limits: RunLimits
    failed: Mapping[str, int] = field(default_factory=dict)


def statement_of(requirement: Requirement) -> RequirementStatement:
    """A requirement of a file as the result states it; durations are in seconds."""
    at_most = QUANTITIES[requirement.quantity].at_most
    bound = float(requirement.at_most if at_most else requirement.at_least)  # type: ignore[union-attr]
    unit = QUANTITIES[requirement.quantity].unit
    return RequirementStatement(
        quantity=requirement.quantity,
        at_most=at_most,
        bound=seconds(int(bound)) if unit == "seconds" else bound,
        unit=unit,
        share_of_runs=_nan_if_none(getattr(requirement, "share_of_runs", None)),
        policy=requirement.policy,
    )


def reading_of(name: str) -> Reading:
    """How a requirement's quantity is read: its value of a run, and the worlds it is about."""
    return _READINGS[name]


def judged(
    statements: Sequence[RequirementStatement],
    worlds: Sequence[PlayedWorld],
    *,
    alpha: float = ALPHA,
) -> Iterator[JudgedRequirement]:
    """Each requirement of each policy in each world that it is about, in this order.

    One passes wrongly with probability alpha at most. As one failure fails a gate, the error of
    "fails" is divided by the number of all verdicts, so that any is wrong with alpha at most.
    """
    asked = list(_asked(statements, worlds))
    for place, policy, world in asked:
        levels = _Levels(alpha, alpha / len(asked))
        found = _judge(statements[place], world, policy, levels) if world else _UNKNOWN
        yield JudgedRequirement(
            requirement=place,
            policy=policy,
            world=world.name if world else "",
            **found._asdict(),
        )


def _asked(
    statements: Sequence[RequirementStatement], worlds: Sequence[PlayedWorld]
) -> Iterator[tuple[int, str, PlayedWorld | None]]:
    """What is to be judged; with no world where none that was played asks it."""
    policies = list(dict.fromkeys(name for world in worlds for name in world.rows))
    for place, statement in enumerate(statements):
        about = [each for each in worlds if _READINGS[statement.quantity].is_about(each.truth)]
        worlds_or_none: Sequence[PlayedWorld | None] = about or (None,)
        for world in worlds_or_none:
            for policy in policies:
                if statement.policy in (None, policy):
                    yield place, policy, world


class _Levels(NamedTuple):
    """The largest probability of a wrong "passes", and of a wrong "fails"."""

    passes: float
    fails: float


class _Found(NamedTuple):
    """What the runs of a policy in a world say, by the names that the result has for it."""

    estimate: float
    low: float
    high: float
    runs: int
    compliance: Compliance
    runs_to_tell: int | None = None


_UNKNOWN: Final = _Found(math.nan, math.nan, math.nan, 0, Compliance.OPEN)


def _judge(
    statement: RequirementStatement, world: PlayedWorld, policy: str, levels: _Levels
) -> _Found:
    rows = world.rows.get(policy, ())
    if not rows:
        return _UNKNOWN
    found = _of_rows(statement, world, rows, levels)
    if world.failed.get(policy) and found.compliance is not Compliance.FAILS:
        # The runs that failed might have been the ones that break it.
        return found._replace(compliance=Compliance.OPEN, runs_to_tell=None)
    return found


def _of_rows(
    statement: RequirementStatement,
    world: PlayedWorld,
    rows: Sequence[RunSummary],
    levels: _Levels,
) -> _Found:
    value_of = _READINGS[statement.quantity].value
    values = [value_of(row, world.truth) for row in rows]
    if any(map(math.isnan, values)):  # the scenario says nothing of it
        return _UNKNOWN._replace(runs=len(rows))
    if QUANTITIES[statement.quantity].is_share_of_runs:
        count, bound = sum(map(bool, values)), statement.bound
        return _judge_share(count, len(rows), bound, levels, at_most=statement.at_most)
    if not math.isnan(statement.share_of_runs):
        kept = sum(value <= statement.bound for value in values)
        return _judge_share(kept, len(rows), statement.share_of_runs, levels, at_most=False)
    column = COLUMNS[statement.quantity]
    most = column.range_of(values, world.limits)[1] if _can_be(column, world.truth) else 0.0
    return _judge_mean(values, most, statement.bound, levels)


def _judge_share(count: int, runs: int, bound: float, levels: _Levels, *, at_most: bool) -> _Found:
    """A share of runs against its bound, which lies between 0 and 1."""
    passes = is_beyond(count, runs, bound, above=not at_most, alpha=levels.passes)
    fails = is_beyond(count, runs, bound, above=at_most, alpha=levels.fails)
    share = count / runs
    low, high = plausible_shares(count, runs, alpha=levels.passes)
    more = None
    if not (passes or fails):
        level = levels.passes if (share < bound) == at_most else levels.fails
        more = trials_to_tell(share, bound, alpha=level)
    return _Found(share, low, high, runs, _compliance(passes, fails), _after(runs, more))


def _judge_mean(values: Sequence[float], most: float, bound: float, levels: _Levels) -> _Found:
    """A mean over runs that should be at most its bound."""
    found = MeanBounds.of(values, most, alpha=levels.passes)
    passes = found.high <= bound
    fails = MeanBounds.of(values, most, alpha=levels.fails).low > bound
    more = None
    if not (passes or fails):
        level = levels.passes if found.mean < bound else levels.fails
        more = runs_until_apart(values, most, bound, alpha=level)
    runs, compliance = len(values), _compliance(passes, fails)
    return _Found(found.mean, found.low, found.high, runs, compliance, _after(runs, more))


def _after(runs: int, more: int | None) -> int | None:
    """At least one run more than there are."""
    return None if more is None else max(more, runs + 1)


def _compliance(passes: bool, fails: bool) -> Compliance:
    if passes:
        return Compliance.PASSES
    return Compliance.FAILS if fails else Compliance.OPEN


def column_value(column: Column, row: RunSummary, truth: TruthSummary) -> float:
    """A run's value of a column: 0 of one about worse variants where none is, counted or not."""
    return column.values([row])[0] if _can_be(column, truth) else 0.0


def _can_be(column: Column, truth: TruthSummary) -> bool:
    return bool(truth.exposed) or not column.of_worse


class Reading(NamedTuple):
    """How a quantity is read: its value of a run, and in which worlds it is asked."""

    value: Callable[[RunSummary, TruthSummary], float]
    is_about: Callable[[TruthSummary], bool]


def _keeps(truth: TruthSummary) -> bool:
    """Whether a candidate is no better than the control, of decisions at any time of the run."""
    times = [None, *(each.since_s for each in truth.spans)]
    names = truth.every_candidate
    return any(not truth.is_better_at(at_s, name) for at_s in times for name in names)


def _promotes(truth: TruthSummary) -> bool:
    return truth.asks == PROMOTE


def _is_worse(truth: TruthSummary) -> bool:
    """Whether the candidate is worse than the control or broken, at any time of the run."""
    return truth.is_worse or any(each.is_worse for each in truth.spans)


def _is_broken(truth: TruthSummary) -> bool:
    return any(each in truth.breaks for each in truth.every_candidate)


def _always(_: TruthSummary) -> bool:
    return True


def _promoted_a_worse(row: RunSummary, truth: TruthSummary) -> float:
    worse = (each for each in truth.every_candidate if truth.is_worse_at(row.decided_s, each))
    return float(any(row.promotes(each) for each in worse))


def _promoted_falsely(row: RunSummary, truth: TruthSummary) -> float:
    """Whether it promotes what, from the decision on, is no better than the control."""
    others = (each for each in truth.every_candidate if not truth.is_better_at(row.decided_s, each))
    return float(any(row.promotes(each) for each in others))


def _ends_with_candidate(row: RunSummary, truth: TruthSummary) -> float:
    """Whether it ends with the candidate; of several, with one that is right to end with."""
    if not truth.several:
        return float(row.ends_with == truth.candidate)
    right = truth.judgement(row.ends_with, row.decided_s) == "right"
    return float(right and row.ends_with in truth.every_candidate)


def _decided_s(row: RunSummary, _: TruthSummary) -> float:
    return row.time_to_decision_s


def _candidate_gone_s(row: RunSummary, _: TruthSummary) -> float:
    """Since when the candidate has taken no request, to the end, whoever serves then."""
    return math.inf if row.candidate_gone_s is None else row.candidate_gone_s


def _of_column(key: str) -> Reading:
    column = COLUMNS[key]
    return Reading(lambda row, truth: column_value(column, row, truth), _always)


_READINGS: Final[Mapping[str, Reading]] = {
    **{name: _of_column(name) for name in QUANTITIES if name in COLUMNS},
    "false_promotion": Reading(_promoted_falsely, _keeps),
    "promotes_a_worse": Reading(_promoted_a_worse, _is_worse),
    "power": Reading(_ends_with_candidate, _promotes),
    "time_to_decision": Reading(_decided_s, _always),
    "broken_gone_within": Reading(_candidate_gone_s, _is_broken),
}


def _nan_if_none(value: float | None) -> float:
    return math.nan if value is None else value
