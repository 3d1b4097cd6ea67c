"""What changed from one study to another, world by world and policy by policy.

Where both had the same clients and their rows are there, runs are compared one by one; else the two
are taken to be independent, by their intervals.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from simab.analyse.paired import (
    FAMILY_ALPHA,
    Compared,
    Pair,
    both_finished,
    column_compared,
    share_compared,
    time_compared,
)
from simab.result import PolicyResult, Proportion, StudyResult
from simab.result.columns import COLUMNS, Column, RunLimits
from simab.result.requirement_result import RequirementStatement
from simab.result.run_summary import RunSummary
from simab.result.saved_rows import Rows
from simab.result.study_change import (
    ChangedParameter,
    ChangedVerdict,
    ComparedWorld,
    OnlyIn,
    QuantityChange,
    StudyChange,
    StudyLabel,
)
from simab.result.study_verdicts import StudyVerdicts
from simab.result.world_result import WorldResult
from simab.stats.intervals import independent_difference
from simab.stats.multiplicity import holm
from simab.stats.proportions import two_proportion_test

__all__ = [
    "TIME",
    "ComparedStudy",
    "changed_verdicts",
    "paired_quantities",
    "study_change",
    "with_adjusted",
]

TIME: Final = "time_to_decision"
_SHARES: Final = ("promotes", "correct")


@dataclass(frozen=True, slots=True)
class ComparedStudy:
    """A study, where it is from, and its rows; without them `no_rows` says why."""

    name: str
    result: StudyResult
    rows: Rows | None
    no_rows: str = ""

    def label(self) -> StudyLabel:
        """What tells it from another."""
        chosen = self.result.recommendation
        return StudyLabel(
            name=self.name,
            title=self.result.title,
            seed=self.result.seed,
            replications=self.result.replications,
            simab_version=self.result.simab_version,
            recommended=None if chosen is None else chosen.policy,
        )

    def rows_of(self, world: WorldResult, policy: str) -> list[RunSummary]:
        """The rows of a policy in a world, which may be those of the world that is the same."""
        assert self.rows is not None
        played = world.label.same_as or world.name
        return list(self.rows.get(played, {}).get(policy, ()))


def study_change(before: ComparedStudy, after: ComparedStudy) -> StudyChange:
    """What changed from `before` to `after`; worlds, policies and requirements are found by name.

    A change differs if the p-value, by Holm's method over all that is compared, is at most 5 %, and
    its interval is off 0.
    """
    first = {world.name: world for world in before.result.worlds}
    second = {world.name: world for world in after.result.worlds}
    both = [(first[name], second[name]) for name in first if name in second]
    compared = [_compared_world(before, after, *worlds) for worlds in both]
    found: list[QuantityChange] = []
    for world, worlds in zip(compared, both, strict=True):
        studies = (before, after) if world.paired else None
        found += _quantities(worlds, studies, before.result.horizon_s)
    return StudyChange(
        before=before.label(),
        after=after.label(),
        worlds=tuple(compared),
        quantities=tuple(with_adjusted(found)),
        verdicts=tuple(changed_verdicts(before.result.verdicts, after.result.verdicts)),
        parameters=tuple(_parameters(before.result, after.result)),
        only_before=_only_in(before.result, after.result),
        only_after=_only_in(after.result, before.result),
    )


def _compared_world(
    before: ComparedStudy, after: ComparedStudy, first: WorldResult, second: WorldResult
) -> ComparedWorld:
    same = first.scenario_hash == second.scenario_hash
    reason = ""
    if not same:
        reason = "what is played there is not the same"
    elif before.result.seed != after.result.seed:
        reason = f"the seeds are {before.result.seed} and {after.result.seed}"
    elif before.rows is None or after.rows is None:
        reason = before.no_rows or after.no_rows
    return ComparedWorld(
        name=second.name,
        title=second.label.title,
        same_scenario=same,
        paired=not reason,
        reason=reason,
    )


class _Found(NamedTuple):
    """A quantity before and after, the difference with its ends, and the p-value of none."""

    before: float
    after: float
    difference: float
    low: float
    high: float
    p_value: float
    reason: str


def _quantities(
    worlds: tuple[WorldResult, WorldResult],
    studies: tuple[ComparedStudy, ComparedStudy] | None,
    horizon_s: float,
) -> Iterator[QuantityChange]:
    first, second = worlds
    known = {policy.name: policy for policy in first.policies}
    for policy in second.policies:
        if policy.name not in known:
            continue
        if studies is None:
            found = _independent(known[policy.name], policy)
        else:
            rows = [s.rows_of(w, policy.name) for s, w in zip(studies, worlds, strict=True)]
            both = both_finished(*rows)
            found = _paired(both, second.truth.every_candidate, horizon_s)
        for quantity, each in found.items():
            yield QuantityChange(
                world=second.name,
                policy=policy.name,
                quantity=quantity,
                paired=studies is not None,
                **each._asdict(),
            )


def _paired(both: Pair, candidates: Sequence[str], horizon_s: float) -> dict[str, _Found]:
    limits = RunLimits.of([*both[0], *both[1]], horizon_s)
    promoted = [[row.promotes(*candidates) for row in rows] for rows in both]
    correct = [[row.correct for row in rows] for rows in both]
    found = {
        "promotes": _of_pairs(share_compared(*promoted)),
        "correct": _of_pairs(share_compared(*correct)),
        TIME: _of_pairs(time_compared(both, horizon_s)),
    }
    for column in _columns():
        values = [column.values(rows) for rows in both]
        if not any(math.isnan(value) for rows in values for value in rows):
            found[column.key] = _of_pairs(column_compared(column, limits, both))
    return found


def _of_pairs(compared: Compared) -> _Found:
    mean = compared.mean
    first, second = (_mean(values) for values in compared.values)
    ends = (mean.interval.low, mean.interval.high)
    return _Found(first, second, mean.estimate, *ends, compared.p_value, mean.reason or "")


def _mean(values: object) -> float:
    numbers = [float(each) for each in values]  # type: ignore[attr-defined]
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def _independent(first: PolicyResult, second: PolicyResult) -> dict[str, _Found]:
    found = {
        name: _share(getattr(first, name), getattr(second, name), first.runs, second.runs)
        for name in _SHARES
    }
    times = [each.decision_time_s for each in (first, second)]
    found[TIME] = _estimates(*((each.p50, each.p50_low, each.p50_high) for each in times))
    for column in _columns():
        means = [each.means[column.key] for each in (first, second)]
        if not any(math.isnan(each.mean) for each in means):
            found[column.key] = _estimates(*((each.mean, each.low, each.high) for each in means))
    return found


def _share(first: Proportion, second: Proportion, runs: int, runs_after: int) -> _Found:
    test = two_proportion_test(first.count, runs, second.count, runs_after)
    p_value = 1.0 if math.isnan(test.p_value) and test.difference == 0.0 else test.p_value
    ends = test.interval.low, test.interval.high
    return _Found(first.share, second.share, test.difference, *ends, p_value, test.reason or "")


def _estimates(first: tuple[float, float, float], second: tuple[float, float, float]) -> _Found:
    interval, p_value = independent_difference(first, second)
    difference = second[0] - first[0]
    ends = interval.low, interval.high
    return _Found(first[0], second[0], difference, *ends, p_value, interval.reason or "")


def _columns() -> list[Column]:
    """What users meet and what it costs: all that has a title."""
    return [column for column in COLUMNS.values() if column.title]


def paired_quantities(
    world: str, policy: str, both: Pair, *, candidates: Sequence[str], horizon_s: float
) -> Iterator[QuantityChange]:
    """What changed from the first rows of a policy in a world to the second, run by run."""
    for quantity, each in _paired(both, candidates, horizon_s).items():
        yield QuantityChange(
            world=world, policy=policy, quantity=quantity, paired=True, **each._asdict()
        )


def with_adjusted(rows: Sequence[QuantityChange]) -> Iterator[QuantityChange]:
    """The changes with the p-value that takes all of them together, and whether each differs."""
    tested = [at for at, row in enumerate(rows) if not math.isnan(row.p_value)]
    adjusted = dict(zip(tested, holm([rows[at].p_value for at in tested]), strict=True))
    for at, row in enumerate(rows):
        p_value = float(adjusted.get(at, math.nan))
        away = row.low > 0 or row.high < 0
        yield replace(row, adjusted_p_value=p_value, differs=p_value <= FAMILY_ALPHA and away)


def changed_verdicts(before: StudyVerdicts, after: StudyVerdicts) -> Iterator[ChangedVerdict]:
    """The verdicts that are other ones, of policies and then of single requirements."""
    for name in after.policies:
        if name in before.policies:
            was, now = str(before.compliance(name)), str(after.compliance(name))
            if was != now:
                yield ChangedVerdict(policy=name, before=was, after=now)
    judged = _judged(before)
    for key, (statement, now) in _judged(after).items():
        if key in judged and judged[key][1] != now:
            yield ChangedVerdict(
                policy=key[1],
                before=judged[key][1],
                after=now,
                requirement=statement,
                world=key[2],
            )


def _judged(
    result: StudyVerdicts,
) -> Mapping[tuple[str, str, str], tuple[RequirementStatement, str]]:
    return {
        (_key(statement := result.requirements[each.requirement]), each.policy, each.world): (
            statement,
            str(each.compliance),
        )
        for each in result.judged
    }


def _key(statement: RequirementStatement) -> str:
    """A statement as a key: NaN is not equal to itself."""
    return repr(statement)


def _parameters(before: StudyResult, after: StudyResult) -> Iterator[ChangedParameter]:
    known = {policy.name: policy for policy in before.policies}
    for policy in after.policies:
        if policy.name not in known:
            continue
        first = {"kind": known[policy.name].kind, **known[policy.name].parameters}
        second = {"kind": policy.kind, **policy.parameters}
        for name in dict.fromkeys((*first, *second)):
            was, now = (
                json.dumps(each[name], sort_keys=True, ensure_ascii=False) if name in each else ""
                for each in (first, second)
            )
            if was != now:
                yield ChangedParameter(policy=policy.name, parameter=name, before=was, after=now)


def _only_in(study: StudyResult, other: StudyResult) -> OnlyIn:
    worlds, policies = {each.name for each in other.worlds}, {each.name for each in other.policies}
    asked = {_key(each) for each in other.requirements}
    return OnlyIn(
        worlds=tuple(each.name for each in study.worlds if each.name not in worlds),
        policies=tuple(each.name for each in study.policies if each.name not in policies),
        requirements=tuple(each for each in study.requirements if _key(each) not in asked),
    )
