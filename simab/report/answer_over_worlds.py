"""The answer over all worlds: which policy to use, what fails the others, and what is not known."""

from __future__ import annotations

from typing import Final

from simab.report.answer_remarks import of_the_rule
from simab.report.candidate_text import any_candidate
from simab.report.over_worlds import distinct, in_world
from simab.report.requirement_text import (
    bounds_text,
    excess,
    found_text,
    statement_text,
    unseen_text,
    where_text,
    why_no_runs_tell,
)
from simab.result import StudyResult
from simab.result.requirement_result import Compliance, JudgedRequirement
from simab.text import typeset
from simab.text.lists import listed_few, named
from simab.text.numbers import counted

__all__ = ["recommendation_text", "requirement_remarks"]

_MOST_NAMES: Final = 4
_CRITERIA: Final = {
    "soonest": "decides soonest",
    "least_exposure": "sends the fewest requests to worse variants",
    "least_cost": "costs least to serve",
}


def recommendation_text(result: StudyResult) -> str:
    """The answer in one sentence; empty where nothing was judged."""
    if result.recommendation is None or not result.judged:
        return ""
    names = [policy.name for policy in result.policies]
    if len(names) == 1:
        return _of_one(result, names[0])
    chosen = result.recommendation.policy
    if chosen is None:
        return _none(result)
    passing = [name for name in names if result.compliance(name) == Compliance.PASSES]
    which = f"it alone meets {bounds_text(result)}"
    if len(passing) > 1:
        by = _CRITERIA[result.recommendation.criterion]
        over_worlds = " on average over the worlds" if len(distinct(result)) > 1 else ""
        which = (
            f"of the {typeset.count(len(passing))} rules that meet {bounds_text(result)} it {by}, "
            f"{_score(result, chosen)}{over_worlds}"
        )
    doubt = (
        ""
        if result.recommendation.certain
        else f"; as it was chosen from {counted(len(names), 'rule')}, more runs are to confirm it"
    )
    return f"Use {named(chosen)}: {which}{doubt}."


def _of_one(result: StudyResult, name: str) -> str:
    asked = bounds_text(result, name)
    match result.compliance(name):
        case Compliance.PASSES:
            return f"{named(name)} meets {asked}."
        case Compliance.NOT_ASKED:
            return f"Nothing is required of {named(name)}."
        case Compliance.FAILS:
            failed = _failure(result, _worst(result, name))
            return f"{named(name)} does not meet {asked}: it fails {failed}."
        case _:
            return f"{named(name)} is not known to meet {asked} yet{_more_runs(result, name)}."


def _none(result: StudyResult) -> str:
    """No rule passes: what is open, or the nearest and what binds it."""
    assert result.recommendation is not None
    nearest = result.recommendation.nearest or result.judged[0].policy
    asked = [
        policy.name
        for policy in result.policies
        if result.compliance(policy.name) != Compliance.NOT_ASKED
    ]
    if asked == [nearest]:
        return f"{_of_one(result, nearest)} Nothing is required of the others."
    if result.compliance(nearest) == Compliance.OPEN:
        return (
            f"No rule is known to meet {bounds_text(result)} yet; {named(nearest)} fails none of "
            f"this so far{_more_runs(result, nearest)}."
        )
    failed = _worst(result, nearest)
    fewest, checks = _failed_checks(result, nearest)
    alike = sum(
        _failed_checks(result, policy.name)[0] == fewest
        for policy in result.policies
        if result.compliance(policy.name) == Compliance.FAILS
    )
    open_ = sum(
        each.policy == nearest and each.compliance == Compliance.OPEN for each in result.judged
    )
    verb = "is" if open_ == 1 else "are"
    unknown = f" ({typeset.count(open_)} more {verb} open)" if open_ else ""
    which = "the fewest" if alike == 1 else f"as {typeset.count(alike)} rules do, the fewest"
    return (
        f"No rule meets {bounds_text(result)}. Nearest is {named(nearest)}, which fails "
        f"{typeset.count(fewest)} of {typeset.count(checks)} checks{unknown}, {which}: "
        f"{_failure(result, failed)}.{_promotes_nothing(result, nearest)}"
    )


def _failed_checks(result: StudyResult, policy: str) -> tuple[int, int]:
    """How many requirements a policy fails, and how many are judged, each in its worlds."""
    own = [each.compliance for each in result.judged if each.policy == policy]
    return own.count(Compliance.FAILS), len(own)


def _promotes_nothing(result: StudyResult, name: str) -> str:
    """That a rule is right only by never promoting, where that is so."""
    found = [policy for world in distinct(result) if (policy := in_world(world, name))]
    if any(policy.promotes.count for policy in found):
        return ""
    return f" It promotes {any_candidate(result)} in no run of any world."


def _more_runs(result: StudyResult, policy: str) -> str:
    """How many runs would tell, or why none would: one clause for the most that is lacking."""
    open_ = [
        each
        for each in result.judged
        if each.policy == policy and each.compliance == Compliance.OPEN
    ]
    for each in open_:
        if (why := why_no_runs_tell(result, each)) is not None:
            return f"; “{statement_text(result.requirements[each.requirement])}”: {why}"
    most = max((each.runs_to_tell or 0 for each in open_), default=0)
    return f", and {counted(_rounded(most), 'run')} of each would tell with probability 80 %"


def _rounded(runs: int) -> int:
    """Up, to two figures: it rests on an estimate."""
    unit = int(10 ** max(len(str(runs)) - 2, 0))
    return -(-runs // unit) * unit


def requirement_remarks(result: StudyResult) -> list[str]:
    """What the rule to use, or the nearest, takes; and what fails each other that fails.

    Of each the worst of it; of many the first, and how many more.
    """
    failing = [
        policy.name
        for policy in result.policies
        if result.compliance(policy.name) == Compliance.FAILS
    ]
    recommended = result.recommendation
    if recommended is None or (len(result.policies) == 1 and not failing):
        return []
    shown = [name for name in failing if name != recommended.nearest or recommended.policy]
    first = recommended.policy or recommended.nearest
    parts = of_the_rule(result, first) if first and len(distinct(result)) > 1 else []
    parts += [
        f"{named(name)} fails {_failure(result, _worst(result, name))}."
        for name in shown[:_MOST_NAMES]
    ]
    if len(shown) > _MOST_NAMES:
        more = len(shown) - _MOST_NAMES
        parts.append(f"{counted(more, 'more rule')} {'fails' if more == 1 else 'fail'} as well.")
    open_ = [
        policy.name
        for policy in result.policies
        if result.compliance(policy.name) == Compliance.OPEN and policy.name != recommended.nearest
    ]
    if len(open_) > _MOST_NAMES:
        parts.append(f"{listed_few(open_, _MOST_NAMES)} are not known to pass yet.")
    else:
        parts += [
            f"{named(name)} is not known to pass yet{_more_runs(result, name)}." for name in open_
        ]
    return parts


def _worst(result: StudyResult, policy: str) -> JudgedRequirement:
    """The failed requirement whose estimate is furthest from its bound, in times or in shares."""
    failed = [
        each
        for each in result.judged
        if each.policy == policy and each.compliance == Compliance.FAILS
    ]
    return max(failed, key=lambda each: excess(result.requirements[each.requirement], each))


def _failure(result: StudyResult, found: JudgedRequirement) -> str:
    """What was asked, and what was found where."""
    statement = result.requirements[found.requirement]
    return (
        f"“{statement_text(statement)}” {where_text(result, found.world)}: "
        f"{found_text(result, found)}{unseen_text(result, found)}"
    )


def _score(result: StudyResult, policy: str) -> str:
    assert result.recommendation is not None
    score = result.recommendation.scores[policy]
    if result.recommendation.criterion == "soonest":
        return f"after {typeset.duration(score)}"
    if result.recommendation.criterion == "least_exposure":
        return f"{typeset.count(round(score))} of a run"
    return f"{typeset.metric_value(score)} a run"
