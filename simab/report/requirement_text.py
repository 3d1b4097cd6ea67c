"""Requirements in words: what is asked, and what the runs say of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from simab.report import formatting
from simab.report.candidate_text import whom_a_world_changes
from simab.result import Mean, Proportion, StudyResult
from simab.result.known_worlds import BROKEN, SLOW, TITLES
from simab.result.quantities import QUANTITIES
from simab.result.requirement_result import JudgedRequirement, RequirementStatement
from simab.result.truth_summary import DEPENDS, KEEP, NEITHER, PROMOTE
from simab.result.world_result import WorldResult
from simab.stats.share_bounds import MOST_RUNS
from simab.text import typeset
from simab.text.lists import listed, named

__all__ = [
    "bounds_text",
    "excess",
    "found_text",
    "looks_text",
    "share_or_mean_text",
    "statement_text",
    "unseen_text",
    "where_text",
    "why_no_runs_tell",
    "world_heading",
]

_WRITTEN: Final[Mapping[str, Callable[[float], str]]] = {
    "share": lambda value: typeset.percent(value, _decimals_of(value)),
    "seconds": typeset.duration,
    "requests": typeset.count,
    "clients": typeset.count,
    "metric": typeset.metric_value,
    "cost": typeset.metric_value,
}
_WRONG_THERE: Final[Mapping[str, str]] = {BROKEN: "errors", SLOW: "latency"}
"""What is wrong with the candidate of a world that every study has."""
_MEANS: Final[Mapping[str, Callable[[Mean], formatting.Written]]] = {
    "share": formatting.mean_share,
    "metric": formatting.mean_metric,
    "cost": formatting.mean_metric,
}


def statement_text(statement: RequirementStatement, *, alone: bool = True) -> str:
    """In words: false promotion at most 5 %; if not `alone`, of which policy where of one only."""
    text = _bound_text(statement)
    if alone or statement.policy is None:
        return text
    return f"{text} for {named(statement.policy)}"


def _bound_text(statement: RequirementStatement) -> str:
    side = "at most" if statement.at_most else "at least"
    text = (
        f"{QUANTITIES[statement.quantity].words} {side} {_WRITTEN[statement.unit](statement.bound)}"
    )
    share = statement.share_of_runs
    if math.isnan(share):
        return text if _is_share_of_runs(statement) else f"{text} on average"
    return f"{text} in {_WRITTEN['share'](share)} of runs"


def bounds_text(result: StudyResult, policy: str | None = None) -> str:
    """All that is asked, or what is asked of one policy; of a file without, the customary."""
    if policy is None:
        asked = [statement_text(each, alone=False) for each in result.requirements]
    else:
        own = [each for each in result.requirements if each.policy in (None, policy)]
        asked = [statement_text(each) for each in own]
    texts = listed(asked)
    return f"the customary {texts}" if result.customary else texts


def found_text(result: StudyResult, found: JudgedRequirement) -> str:
    """What the runs say of a requirement: "7.5 % (2.1 to 16 %)", a share of runs or a mean."""
    return share_or_mean_text(result.requirements[found.requirement], found)


def share_or_mean_text(statement: RequirementStatement, found: JudgedRequirement) -> str:
    """An estimate with its interval, in the unit of the requirement."""
    if _is_share_of_runs(statement):
        share = Proportion(0, found.estimate, found.low, found.high)
        return str(formatting.proportion(share))
    mean = Mean(found.estimate, found.low, found.high)
    return str(_MEANS.get(statement.unit, formatting.mean)(mean))


def excess(statement: RequirementStatement, found: JudgedRequirement) -> float:
    """How far an estimate is beyond its bound, in shares or in times the bound; most if unknown."""
    if math.isnan(found.estimate):
        return math.inf
    if not math.isnan(statement.share_of_runs):
        return statement.share_of_runs - found.estimate
    difference = found.estimate - statement.bound
    difference = difference if statement.at_most else -difference
    return difference if statement.unit == "share" else difference / max(statement.bound, 1e-300)


def _is_share_of_runs(statement: RequirementStatement) -> bool:
    by_itself = QUANTITIES[statement.quantity].is_share_of_runs
    return by_itself or not math.isnan(statement.share_of_runs)


def where_text(result: StudyResult, world: str) -> str:
    """The world in words: "with the candidate broken"; one that the file titles is quoted.

    Of several candidates it says which one is broken, or slow, or exchanged.
    """
    if not world:
        return "which no world that was played asks"
    found = next(each for each in result.worlds if each.name == world)
    label = found.label
    if TITLES.get(label.name) != label.title:
        return f"in the world {named(label.title)}"
    if found.truth.several:
        return f"with {whom_a_world_changes(found)} {label.title}"
    return f"with the candidate {label.title}"


def looks_text(result: StudyResult, name: str) -> str:
    """What a rule looks at, as a table says it; of a rule by the clock, that it looks at nothing.

    A dash where it is not known, as of a policy of one's own.
    """
    seen = next((each.looks_at for each in result.policies if each.name == name), None)
    if seen is None:
        return "–"
    return listed(seen) or "nothing"


def unseen_text(result: StudyResult, found: JudgedRequirement) -> str:
    """That a rule is not shown what is wrong in a world that every study has; else empty.

    Also where another candidate is right to promote: that says nothing of how often one is found.
    """
    wrong = _WRONG_THERE.get(found.world)
    world = next((each for each in result.worlds if each.name == found.world), None)
    seen = next((each.looks_at for each in result.policies if each.name == found.policy), None)
    if wrong is None or seen is None or world is None or world.asks == PROMOTE:
        return ""
    if TITLES.get(world.name) != world.label.title:
        return ""
    if wrong in seen:
        return ""
    return f"; it does not look at {wrong}, by which that candidate is wrong"


def why_no_runs_tell(result: StudyResult, found: JudgedRequirement) -> str | None:
    """Why more runs are not known to tell; None where it is known how many would."""
    if not found.world:
        return "no world that was played asks it"
    where = where_text(result, found.world)
    if any((each.policy, each.world) == (found.policy, found.world) for each in result.failures):
        return f"some runs failed {where}"
    if found.runs_to_tell is not None:
        return None
    if math.isnan(found.estimate):
        return f"it is not known of any run {where}"
    statement = result.requirements[found.requirement]
    shares = not math.isnan(statement.share_of_runs)
    bound = statement.share_of_runs if shares else statement.bound
    if math.isclose(found.estimate, bound, rel_tol=1e-9):
        return (
            f"what was found {where} is the bound itself, so that no number of runs is sure to tell"
        )
    if not shares and statement.at_most and not math.isfinite(found.high):
        return (
            f"nothing limits what a run may come to {where}, so that no number of runs shows a mean"
        )
    most = f"{MOST_RUNS:,}"
    return (
        f"what was found {where} is so near to the bound that more than {most} runs would be needed"
    )


def _decimals_of(share: float) -> int:
    """As many decimals as the bound of a file has, at most two."""
    return next((d for d in (0, 1) if math.isclose(share, round(share, d + 2), rel_tol=1e-9)), 2)


def world_heading(world: WorldResult) -> str:
    """What is right in a world, for the heading of its column."""
    words = {
        PROMOTE: "right: promote",
        KEEP: "right: keep",
        NEITHER: "judged by neither",
        DEPENDS: "judged by when",
    }
    return words[world.asks]
