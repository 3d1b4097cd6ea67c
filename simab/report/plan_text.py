"""A plan in words and as a table: which candidate to use, what binds the others, how all stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from simab.report import formatting
from simab.report.requirement_text import excess, share_or_mean_text, statement_text
from simab.result.plan_result import FreshRuns, PlannedPolicy, PlanResult
from simab.result.requirement_result import (
    Compliance,
    JudgedRequirement,
    RequirementStatement,
)
from simab.text.lists import listed, listed_few, named
from simab.text.numbers import counted

__all__ = [
    "criterion_heading",
    "frontier_sentence",
    "in_order_of_merit",
    "plan_sentences",
    "score_text",
    "verdict_words",
]

_CRITERIA: Final = {
    "soonest": "decides soonest",
    "least_exposure": "sends the fewest requests to worse variants",
    "least_cost": "costs least to serve",
}
_SCORES: Final = {
    "soonest": "Decides after",
    "least_exposure": "Requests on worse variants",
    "least_cost": "Cost of serving",
}
_SCORE_WORDS: Final = {
    "soonest": "after {} on average",
    "least_exposure": "{} of them in each run",
    "least_cost": "{} for each run",
}
_MOST_NAMES: Final = 3
_ORDER: Final = ("passes", "cannot tell", "fails", "not asked")


def plan_sentences(result: PlanResult) -> list[str]:
    """The race, the answer, who comes next and who failed, and the tests on fresh runs."""
    most = max(each.runs for each in result.candidates)
    race = (
        f"{counted(len(result.candidates), 'candidate')} raced over "
        f"{counted(len(result.worlds), 'world')}, the longest for "
        f"{counted(most, 'replication')} in each."
    )
    fresh = [_fresh_text(result, each) for each in result.fresh]
    return [race, _answer(result), *fresh, *_runners_up(result), *_failures(result)]


def _answer(result: PlanResult) -> str:
    if result.chosen is not None:
        return _choice(result, result.candidate(result.chosen))
    through = len(result.passing)
    if through:
        which = "the one" if through == 1 else f"the {through}"
        if len(result.fresh) < through:
            which = f"the first {len(result.fresh)} of the {through}"
        if any(each.compliance == Compliance.OPEN for each in result.fresh):
            return f"Fresh runs do not tell of {which} that passed the race: allow more of them."
        return f"On fresh runs {which} that passed the race failed: vary other values."
    if result.undecided:
        return (
            f"No candidate is known to meet everything after {result.most_runs:,} replications; "
            f"{_some(result.undecided)} may: allow more runs."
        )
    unasked = {one.requirement for e in result.candidates for one in e.judged if not one.world}
    if unasked:
        return (
            f"Nobody can say of a candidate that it meets {_statements(result, sorted(unasked))}: "
            "no world that was played asks it. Add such a world, or leave the requirement out."
        )
    return _impossible(result)


def _choice(result: PlanResult, chosen: PlannedPolicy) -> str:
    asked, score = _asked(result, chosen), _score_words(result, chosen)
    known = [each for each in result.passing if each.name != chosen.name]
    if not known:
        return f"Use {named(chosen.name)}, the only one that is known to meet {asked}: {score}."
    first = f"Use {named(chosen.name)}: of the {len(known) + 1} that are known to meet {asked}"
    if result.fresh[0].policy == chosen.name:
        return f"{first} it {_CRITERIA[result.criterion]}, {score}."
    return f"{first} it is the first to meet it again on fresh runs, {score}."


def _runners_up(result: PlanResult) -> list[str]:
    """Who else passed, and who may be better but is not known to pass."""
    if result.chosen is None:
        return []
    tested = {each.policy for each in result.fresh}
    others = [e for e in in_order_of_merit(result) if e in result.passing and e.name not in tested]
    said = []
    if others:
        scores = [f"{named(e.name)} ({_score_words(result, e)})" for e in others[:_MOST_NAMES]]
        said.append(f"Next {'comes' if len(scores) == 1 else 'come'} {listed(scores)}.")
    score = result.candidate(result.chosen).score.mean
    better = [each for each in result.undecided if each.score.mean < score]
    if better and result.exhausted:
        said.append(
            f"{_some(better)} may be better, and {result.most_runs:,} replications do not tell "
            "whether all requirements are met: allow more runs."
        )
    return said


def _failures(result: PlanResult) -> list[str]:
    """The candidates of which runs failed, each with its first error."""
    failing = [each for each in result.candidates if each.failed_runs]
    said = [
        f"{counted(each.failed_runs, 'run')} of {named(each.name)} failed, so that it is out: "
        f"{each.first_error}."
        for each in failing[:_MOST_NAMES]
    ]
    if len(failing) > _MOST_NAMES:
        said.append(f"Runs of {counted(len(failing) - _MOST_NAMES, 'more candidate')} failed.")
    return said


def _score_words(result: PlanResult, candidate: PlannedPolicy) -> str:
    return _SCORE_WORDS[result.criterion].format(score_text(result, candidate).value)


def _some(candidates: Sequence[PlannedPolicy]) -> str:
    return listed_few([each.name for each in candidates], _MOST_NAMES)


def _impossible(result: PlanResult) -> str:
    """Which requirement binds: the one that the most candidates fail; who keeps it, or nearly."""
    failing = Counter(place for each in result.candidates for place in _failed(each))
    if not failing:
        return "Nothing is known of these candidates, so that none can be chosen."
    binding = failing.most_common(1)[0][0]
    statement = result.requirements[binding]
    asked = [
        each for each in result.candidates if any(one.requirement == binding for one in each.judged)
    ]
    said = (
        f"No candidate meets everything that is required: {statement_text(statement)} fails "
        f"{failing[binding]} of {len(asked)}"
    )
    keeping = [each for each in asked if binding not in _failed(each) and _failed(each)]
    if keeping:
        others = sorted(set().union(*map(_failed, keeping)))
        verb = "does" if len(keeping) == 1 else "do"
        return f"{said}; {_some(keeping)} {verb} not fail it, but {_statements(result, others)}."
    worst = [(_worst(statement, binding, each.judged), each) for each in asked]
    nearest, candidate = min(worst, key=lambda pair: excess(statement, pair[0]))
    also = sorted(_failed(candidate) - {binding})
    besides = f", which also fails {_statements(result, also)}" if also else ""
    value = share_or_mean_text(statement, nearest)
    return f"{said}. The nearest is {named(candidate.name)} with {value}{besides}."


def _failed(candidate: PlannedPolicy) -> set[int]:
    return {one.requirement for one in candidate.failed}


def _statements(result: PlanResult, places: Sequence[int]) -> str:
    return listed([statement_text(result.requirements[place]) for place in places])


def _worst(
    statement: RequirementStatement, place: int, judged: Sequence[JudgedRequirement]
) -> JudgedRequirement:
    """Of the worlds the one in which the requirement is missed by most."""
    own = [each for each in judged if each.requirement == place]
    return max(own, key=lambda each: excess(statement, each))


def _asked(result: PlanResult, candidate: PlannedPolicy) -> str:
    texts = [statement_text(each) for _, each in _own(result, candidate.of)]
    return f"the customary {listed(texts)}" if result.customary else listed(texts)


def _own(result: PlanResult, policy: str) -> list[tuple[int, RequirementStatement]]:
    """What is required of the candidates of a policy, with its place."""
    return [
        (place, each)
        for place, each in enumerate(result.requirements)
        if each.policy in (None, policy)
    ]


def _fresh_text(result: PlanResult, fresh: FreshRuns) -> str:
    """The last test of a candidate, with the worst that each requirement came to."""
    found = []
    for place, statement in _own(result, result.candidate(fresh.policy).of):
        judged = [each for each in fresh.judged if each.requirement == place and each.world]
        if judged:
            worst = _worst(statement, place, judged)
            found.append(f"{statement_text(statement)}: {share_or_mean_text(statement, worst)}")
    verdict = {Compliance.PASSES: "meets it all", Compliance.FAILS: "fails"}.get(
        Compliance(fresh.compliance), "is not known to meet it all"
    )
    words = "; ".join(found)
    return (
        f"On {fresh.runs:,} fresh runs a world (seed {fresh.seed}) {named(fresh.policy)} "
        f"{verdict}; at the worst of the worlds, {words}."
    )


def criterion_heading(result: PlanResult) -> str:
    """What the score is that the candidates are chosen by."""
    return _SCORES[result.criterion]


def verdict_words(result: PlanResult, candidate: PlannedPolicy) -> str:
    """Whether it meets what is required, and what it fails."""
    failed = sorted(_failed(candidate))
    return f"fails {_statements(result, failed)}" if failed else str(candidate.compliance)


def in_order_of_merit(result: PlanResult) -> list[PlannedPolicy]:
    """Those that meet everything first, then those that may; the best by the criterion on top."""
    return sorted(result.candidates, key=lambda each: _merit(result, each))


def _merit(result: PlanResult, candidate: PlannedPolicy) -> tuple[bool, int, int, float]:
    score = candidate.score.mean
    return (
        candidate.name != result.chosen,  # the best in the race may have failed its fresh runs
        _ORDER.index(candidate.compliance),
        len(candidate.failed),
        math.inf if math.isnan(score) else score,
    )


def frontier_sentence(result: PlanResult) -> str:
    """What stands for what in the figure, and how many candidates no other beats in both."""
    frontier = sum(each.on_frontier for each in result.candidates)
    who = (
        "One candidate is beaten by no other"
        if frontier == 1
        else f"The {frontier} candidates on the dotted line are beaten by no other"
    )
    ringed = "Ringed: the one to use. " if result.chosen is not None else ""
    return (
        f"{who} both in power and in requests on worse variants. {ringed}Filled: meets everything "
        "that is required; hollow: does not, or is not known to. Numbers are the rows of the table "
        "below."
    )


def score_text(result: PlanResult, candidate: PlannedPolicy) -> formatting.Written:
    """The score with its interval, in its unit."""
    if result.criterion == "soonest":
        return formatting.mean_duration(candidate.score)
    write = formatting.mean if result.criterion == "least_exposure" else formatting.mean_metric
    return write(candidate.score)
