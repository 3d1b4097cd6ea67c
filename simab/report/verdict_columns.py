"""The columns of a table that say what was decided and who has the traffic at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from simab.result import PolicyResult, Proportion, StudyResult
from simab.text.lists import named

__all__ = [
    "VerdictColumn",
    "decided_and_ended",
    "decisions",
    "ending_names",
    "endings",
    "endings_add",
    "judgements",
    "used",
]

_NEVER: Final = Proportion(0, 0.0, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class VerdictColumn:
    """A column: its heading, a shorter one, how it is judged, and a policy's share of runs."""

    title: str
    short: str
    note: str
    share: Callable[[PolicyResult], Proportion]


def judgements(result: StudyResult) -> list[VerdictColumn]:
    """How often it was right, wrong or neither to end as the runs did."""
    columns = [
        VerdictColumn("Right ending", "is right", "share of runs", lambda each: each.correct),
        VerdictColumn("Wrong ending", "is wrong", "share of runs", lambda each: each.wrong),
    ]
    neither = VerdictColumn("Neither", "neither", "share of runs", lambda each: each.neither)
    return [*columns, *used([neither], result)]


def decisions(result: StudyResult) -> list[VerdictColumn]:
    """What policies decide; beyond two variants the headings say for which."""
    truth = result.truth
    many = len(truth.endings) > 2
    third = [
        name
        for name in ending_names(result)
        if name not in (truth.control, truth.candidate)
        and any(
            name in each.decides_for and each.decides_for[name].count for each in result.policies
        )
    ]
    return [
        VerdictColumn(
            f"Promotes {named(truth.candidate)}" if many else "Promotes candidate",
            f"promotes {truth.candidate}" if many else "promotes",
            _here(result, truth.candidate),
            _decides_for(truth.candidate) if truth.several else _outcome("promoted_candidate"),
        ),
        *(
            VerdictColumn(
                f"Promotes {named(name)}",
                f"promotes {name}",
                _here(result, name),
                _decides_for(name),
            )
            for name in third
        ),
        VerdictColumn(
            f"Keeps {named(truth.control)}" if many else "Keeps control",
            f"keeps {truth.control}" if many else "keeps",
            _here(result, truth.control),
            _outcome("kept_control"),
        ),
        VerdictColumn("Rolls back", "rolls back", "", _outcome("rolled_back")),
        VerdictColumn("Undecided", "undecided", "at the horizon", _outcome("undecided")),
    ]


def endings(result: StudyResult) -> list[VerdictColumn]:
    """Who has all traffic at the end, variant by variant, and how often several share it."""
    return [
        *(
            VerdictColumn(
                f"Ends with {named(name)}",
                f"ends with {name}",
                _here(result, name),
                _ends_with(name),
            )
            for name in ending_names(result)
        ),
        VerdictColumn(
            "Still split", "still split", "at the horizon", lambda each: each.still_split
        ),
    ]


def ending_names(result: StudyResult) -> list[str]:
    """The variants that a run can end with, or did: control and candidate first."""
    ended = [
        name
        for policy in result.policies
        for name, ending in policy.ends_with.items()
        if ending.count
    ]
    return list(dict.fromkeys([*result.truth.endings, *ended]))


def endings_add(result: StudyResult) -> bool:
    """Whether the endings say anything that the decisions do not say already."""
    return len(ending_names(result)) > 2 or not all(
        _as_decided(result, policy) for policy in result.policies
    )


def decided_and_ended(result: StudyResult) -> list[VerdictColumn]:
    """What was decided and, where that says more, who has the traffic, in which some run is.

    Of several candidates a decision for a variant is left out where its ending has the same runs.
    """
    decided = decisions(result)
    if not endings_add(result):
        return used(decided, result)
    if result.truth.several:
        decided = [each for each in decided if not _told_by_its_ending(each, result)]
    return used([*decided, *endings(result)], result)


def _told_by_its_ending(column: VerdictColumn, result: StudyResult) -> bool:
    """Whether under every policy as many runs end with the variant as decide for it."""
    promoted = {f"promotes {name}": name for name in ending_names(result)}
    name = ({f"keeps {result.truth.control}": result.truth.control} | promoted).get(column.short)
    return name is not None and all(
        column.share(policy).count == _ends_with(name)(policy).count for policy in result.policies
    )


def _as_decided(result: StudyResult, policy: PolicyResult) -> bool:
    truth, count = result.truth, {name: each.count for name, each in policy.verdicts.items()}
    ended = {name: each.count for name, each in policy.ends_with.items()}
    return not policy.overturned and (
        sum(ended.get(each, 0) for each in truth.every_candidate),
        ended.get(truth.control, 0),
    ) == (count["promoted_candidate"], count["kept_control"] + count["rolled_back"])


def _here(result: StudyResult, variant: str) -> str:
    if result.truth.depends:
        return "judged by when"
    judgement = result.truth.judgements.get(variant, "")
    return {"neither": "neither right nor wrong", "": ""}.get(judgement, f"{judgement} here")


def _outcome(name: str) -> Callable[[PolicyResult], Proportion]:
    return lambda policy: policy.verdicts[name]


def _decides_for(name: str) -> Callable[[PolicyResult], Proportion]:
    return lambda policy: policy.decides_for.get(name, _NEVER)


def _ends_with(name: str) -> Callable[[PolicyResult], Proportion]:
    return lambda policy: policy.ends_with.get(name, _NEVER)


def used(columns: Sequence[VerdictColumn], result: StudyResult) -> list[VerdictColumn]:
    """Those in which some policy has a run."""
    return [
        column
        for column in columns
        if any(column.share(policy).count for policy in result.policies)
    ]
