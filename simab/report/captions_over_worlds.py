"""What each figure over worlds shows, in a sentence computed from the numbers that it draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from simab.report import formatting
from simab.report.candidate_text import any_candidate, right_candidate
from simab.report.over_worlds import Trade, distinct, harmful, in_world, trades
from simab.report.requirement_text import where_text
from simab.report.trade_figure import asked_at_most
from simab.result import Spread, StudyResult
from simab.result.run_summary import Verdict
from simab.result.truth_summary import KEEP, PROMOTE
from simab.result.world_result import WorldResult
from simab.text import typeset
from simab.text.lists import listed, listed_few, named
from simab.text.numbers import counted

__all__ = ["harm", "trade", "worlds"]

_MOST_NAMES: Final = 4


def trade(result: StudyResult) -> str:
    """Who keeps below the bound and who of these is soonest; then what the marks are."""
    found, asked = trades(result), asked_at_most(result)
    parts = [_finding(found, asked, result)]
    late = [each.policy for each in found if not each.decides]
    if late:
        verb = "has" if len(late) == 1 else "have"
        parts.append(
            f"{listed_few(late, _MOST_NAMES)} {verb} not decided half of the runs by the horizon: "
            "an arrow at the right edge."
        )
    parts.append(
        f"Left: {_left(result)}; filled, where keeping is right, in the world where "
        "it is largest; hollow, where promoting is right and at the end "
        f"{right_candidate(result)} has all traffic, in the world where it is smallest. Right: the "
        "time to a decision of either kind where promoting is right, in the slowest such world."
    )
    line = " Dashed: the requirement." if math.isfinite(asked) else ""
    return f"{' '.join(parts)}{line} Lines: 95{typeset.THIN}% intervals."


def _left(result: StudyResult) -> str:
    """What the left panel shows of both kinds of worlds."""
    if result.truth.several:
        return "the share of runs that promote a candidate, or end with a right one"
    return "the share of runs that promote"


def _finding(found: list[Trade], asked: float, result: StudyResult) -> str:
    if not math.isfinite(asked):
        return f"The fewest false promotions are those of {_fewest(found, result)}."
    below = [each for each in found if each.false.share <= asked]
    bound = typeset.percent(asked, 0 if math.isclose(asked * 100, round(asked * 100)) else 1)
    if not below:
        return (
            f"No policy is at or below {bound}; the fewest false promotions are those of "
            f"{_fewest(found, result)}."
        )
    text = f"At or below {bound}: {listed_few([each.policy for each in below], _MOST_NAMES)}"
    deciding = [each for each in below if each.decides]
    if not deciding:
        return f"{text}."
    least_s = min(each.time.p50 for each in deciding)
    soonest = [each.policy for each in deciding if each.time.p50 == least_s]
    verb, whose = ("is", "its runs") if len(soonest) == 1 else ("are", "the runs of each")
    names = listed_few(soonest, _MOST_NAMES)
    who = f"of these {names} {verb} soonest: " if below[1:] else ""
    return f"{text}; {who}half of {whose} decide within {typeset.duration(least_s)}."


def _fewest(found: list[Trade], result: StudyResult) -> str:
    """Who promotes falsely least, all that do so alike, and in which world that is."""
    share = min(each.false.share for each in found)
    least = [each for each in found if each.false.share == share]
    names = listed_few([each.policy for each in least], _MOST_NAMES)
    whose = "its runs" if len(least) == 1 else "the runs of each"
    return (
        f"{names}: {formatting.proportion(least[0].false).value} of {whose} "
        f"{_places(result, [each.where for each in least])}"
    )


def _places(result: StudyResult, worlds: Sequence[WorldResult]) -> str:
    """The world where it is one; of several that it is in each policy's own."""
    names = {world.name for world in worlds}
    if len(names) == 1:
        return where_text(result, worlds[0].name)
    return "in the world where each has most of them"


def worlds(result: StudyResult) -> str:
    """Who promotes most where keeping is right, who least where promoting is, and what failed."""
    parts = []
    shares = [
        _Share(
            policy.verdicts[Verdict.PROMOTED_CANDIDATE].count / result.replications,
            world,
            policy.name,
        )
        for world in distinct(result)
        for each in result.policies
        if (policy := in_world(world, each.name)) is not None
    ]
    wrongly = [each for each in shares if each.world.asks == KEEP]
    if wrongly:
        most = max(each.share for each in wrongly)
        parts.append(
            f"Where keeping is right {any_candidate(result)} is promoted most often by "
            f"{_extreme(result, [each for each in wrongly if each.share == most])}."
            if most
            else f"No run promotes {any_candidate(result)} where keeping is right."
        )
    rightly = [each for each in shares if each.world.asks == PROMOTE]
    if rightly:
        least = min(each.share for each in rightly)
        pronoun = "one, right or wrong," if result.truth.several else "it"
        parts.append(
            f"Where promoting is right {pronoun} is promoted least often by "
            f"{_extreme(result, [each for each in rightly if each.share == least])}."
        )
    failed = sum(each.failed for each in result.failures)
    if failed:
        parts.append(f"{counted(failed, 'replication')} failed.")
    parts.append("Bars: all replications, by what was decided; beside a world what is right there.")
    return " ".join(parts)


class _Share(NamedTuple):
    """How many of the replications of a policy in a world promote the candidate."""

    share: float
    world: WorldResult
    policy: str


def _extreme(result: StudyResult, tied: Sequence[_Share]) -> str:
    """Everybody with the largest share, or with the smallest, and where."""
    names = list(dict.fromkeys(each.policy for each in tied))
    where = list(dict.fromkeys(where_text(result, each.world.name) for each in tied))
    whose = "its runs" if len(names) == 1 else "the runs of each"
    places = listed(where) if len(where) == 1 or len(names) == 1 else "in at least one such world"
    share = typeset.whole_percent(tied[0].share)
    return f"{listed_few(names, _MOST_NAMES)}: in {share} of {whose} {places}"


def harm(result: StudyResult) -> str:
    """The worst run, and what half of the runs of that policy keep below there."""
    found = [
        (spread, world, name) for world, spreads in harmful(result) for name, spread in spreads
    ]
    parts = [_worst_run(result, found)]
    never = [
        name
        for name in dict.fromkeys(each[2] for each in found)
        if not any(each[0].most for each in found if each[2] == name)
    ]
    if never:
        parts.append(f"No run of {listed([named(each) for each in never])} sends any.")
    left_out = [each.label.title for each in distinct(result) if not each.truth.exposed]
    if left_out:
        parts.append(f"Left out, as no variant is worse there: {listed(left_out)}.")
    parts.append(
        "A request counts where a better variant was there, and counts the same however much worse "
        f"its own is; on the control, too, where {any_candidate(result)} is better. Box: the "
        "middle half of the runs with their median; line: 5 to 95\u202f% of them; dot: the run "
        "with most; across: requests of a run on worse variants."
    )
    return " ".join(parts)


def _worst_run(result: StudyResult, found: Sequence[tuple[Spread, WorldResult, str]]) -> str:
    """Whose run has most, and where; of several with as many only whose."""
    spread, world, name = max(found, key=lambda each: each[0].most)
    requests = f"{counted(round(spread.most), 'request')} on worse variants"
    tied = list(dict.fromkeys(each[2] for each in found if each[0].most == spread.most))
    if len(tied) > 1:
        return f"The runs with most are of {listed_few(tied, _MOST_NAMES)}: {requests} in each."
    several = len(distinct(result)) > 1
    where = f" {where_text(result, world.name)}" if several else ""
    there = " there" if several else ""
    return (
        f"The run with most is one of {named(name)}{where}: {requests}; half of its runs{there} "
        f"send at most {typeset.count(spread.p50)}."
    )
