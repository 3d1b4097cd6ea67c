"""Whether policies keep what is required of them, in each world where it is asked.

Shares of runs are judged by `simab.stats.share_bounds`, means by `simab.stats.mean_bounds`. Both
hold at all looks together, so that a study may be run on until it tells, or be looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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

    One passes wrongly with probability alpha at most. As one failure fails a gate, the error of
    "fails" is divided by the number of all verdicts, so that any is wrong with alpha at most.
    """
    asked = list(_asked(statements, worlds))
    for place, policy, world in asked:
        if world is None:
            yield _open(math.nan, math.nan, math.nan, 0)(place, policy, "")
            continue
        levels = _Levels(alpha, alpha / len(asked))
        found = _judge(statements[place], world, policy, levels)
        yield found(place, policy, world.name)


def _asked(
    statements: Sequence[RequirementStatement], worlds: Sequence[PlayedWorld]
) -> Iterator[tuple[int, str, PlayedWorld | None]]:
    """What is to be judged; with no world where none that was played asks it."""
    policies = list(dict.fromkeys(name for world in worlds for name in world.rows))
    for place, statement in enumerate(statements):
        about = [each for each in worlds if _QUANTITIES[statement.quantity].is_about(each.truth)]
        worlds_or_none: Sequence[PlayedWorld | None] = about or (None,)
        for world in worlds_or_none:
            for policy in policies:
                if statement.policy in (None, policy):
                    yield place, policy, world


class _Levels(NamedTuple):
    """The largest probability of a wrong "passes", and of a wrong "fails"."""

    passes: float
    fails: float


_Judged = Callable[[int, str, str], JudgedRequirement]


def _judge(
    statement: RequirementStatement, world: PlayedWorld, policy: str, levels: _Levels
) -> _Judged:
    rows = world.rows.get(policy, ())
    if not rows:
        return _open(math.nan, math.nan, math.nan, 0)
    found = _of_rows(statement, world, rows, levels)
    if not world.failed.get(policy) or found(0, "", "").compliance == Compliance.FAILS:
        return found
    # The runs that failed might have been the ones that break it.
    seen = found(0, "", "")
    return _open(seen.estimate, seen.low, seen.high, seen.runs)


def _of_rows(
    statement: RequirementStatement,
    world: PlayedWorld,
    rows: Sequence[RunSummary],
    levels: _Levels,
) -> _Judged:
    quantity = _QUANTITIES[statement.quantity]
    column = COLUMNS.get(quantity.column)
    never = column is not None and column.of_worse and not world.truth.worse
    values = [0.0 if never else quantity.value(row, world.truth) for row in rows]
    if any(map(math.isnan, values)):  # the scenario says nothing of it
        return _open(math.nan, math.nan, math.nan, len(rows))
    if quantity.is_share:
        count, bound = sum(map(bool, values)), statement.bound
        return _judge_share(count, len(rows), bound, levels, at_most=statement.at_most)
    if not math.isnan(statement.share_of_runs):
        kept = sum(value <= statement.bound for value in values)
        return _judge_share(kept, len(rows), statement.share_of_runs, levels, at_most=False)
    assert column is not None
    most = 0.0 if never else column.range_of(values, world.limits)[1]
    return _judge_mean(values, most, statement.bound, levels)


def _judge_share(count: int, runs: int, bound: float, levels: _Levels, *, at_most: bool) -> _Judged:
    """A share of runs against its bound, which lies between 0 and 1."""
    passes = is_beyond(count, runs, bound, above=not at_most, alpha=levels.passes)
    fails = is_beyond(count, runs, bound, above=at_most, alpha=levels.fails)
    share = count / runs
    low, high = plausible_shares(count, runs, alpha=levels.passes)
    more = None
    if not (passes or fails):
        level = levels.passes if (share < bound) == at_most else levels.fails
        more = trials_to_tell(share, bound, alpha=level)
    return _found(share, low, high, runs, _compliance(passes, fails), more)


def _judge_mean(values: Sequence[float], most: float, bound: float, levels: _Levels) -> _Judged:
    """A mean over runs that should be at most its bound."""
    found = MeanBounds.of(values, most, alpha=levels.passes)
    passes = found.high <= bound
    fails = MeanBounds.of(values, most, alpha=levels.fails).low > bound
    more = None
    if not (passes or fails):
        level = levels.passes if found.mean < bound else levels.fails
        more = runs_until_apart(values, most, bound, alpha=level)
    return _found(found.mean, found.low, found.high, len(values), _compliance(passes, fails), more)


def _open(estimate: float, low: float, high: float, runs: int) -> _Judged:
    return _found(estimate, low, high, runs, Compliance.OPEN, None)


def _found(
    estimate: float, low: float, high: float, runs: int, compliance: Compliance, more: int | None
) -> _Judged:
    def named(requirement: int, policy: str, world: str) -> JudgedRequirement:
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


def _ends_with_candidate(row: RunSummary, truth: TruthSummary) -> float:
    return float(row.ends_with == truth.candidate)


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
    "power": _Quantity(_promotes, _ends_with_candidate, is_share=True),
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
