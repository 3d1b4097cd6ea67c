"""Whether a split is as asked: the verdict on a rule, and how small a deviation would show."""

from __future__ import annotations

import math
from typing import Final

from simab.result.estimates import Proportion
from simab.result.studied_split import MOST_PHASES, NamedFlaw, PhaseFairness, RuleFairness
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import number_text, two_figures

__all__ = [
    "is_found_off",
    "likely_flaws",
    "of_runs",
    "points_text",
    "pooled_text",
    "power_text",
    "verdict_text",
]

_SMALLEST_PART: Final = 0.05
_FIVE_POINTS: Final = 0.05
_ENOUGH_POWER: Final = 0.9


def verdict_text(rule: RuleFairness, *, named_rule: bool) -> str:
    """Whether the split is what is asked for, and if not what it is consistent with."""
    if not named_rule:
        return _verdict(rule)
    start = f"{rule.title[:1].upper()}{rule.title[1:]}"
    said = _verdict(rule)
    return f"{start}: {said[:1].lower()}{said[1:]}"


def _verdict(rule: RuleFairness) -> str:
    if not rule.phases_in_all:
        return "One variant has all traffic all the time; there is no split to look at."
    if not rule.requests:
        return "No request goes by the weights in any run; there is no split to look at."
    level = typeset.percent(rule.alpha, 1)
    if not is_found_off(rule):
        looks = "looks" if rule.caught.count == 1 else "look"
        return (
            f"No deviation from the weights shows: {of_runs(rule.caught, rule.runs)} runs {looks} "
            f"off by tests that call up to {level} of sound runs off. {_tested(rule)}"
        ).rstrip()
    found = [
        f"{each.words} ({of_runs(each.consistent, rule.caught.count)})"
        for each in likely_flaws(rule)
    ]
    what = (
        f"Those are consistent with {listed(found, 'or')}."
        if found
        else "Those are consistent with none of the flaws that are known here."
    )
    return (
        f"The split is not what the weights ask for: {of_runs(rule.caught, rule.runs)} runs show "
        f"it, by tests that call up to {level} of sound runs off. {what}"
    )


def is_found_off(rule: RuleFairness) -> bool:
    """Whether more runs are off than chance makes so."""
    return rule.caught.low > rule.alpha


def likely_flaws(rule: RuleFairness) -> list[NamedFlaw]:
    """The flaws that a twentieth of the runs that are off fit at least, most of them first."""
    found = [each for each in rule.flaws if each.consistent.share >= _SMALLEST_PART]
    return sorted(found, key=lambda each: -each.consistent.count)


def of_runs(share: Proportion, runs: int) -> str:
    """So many of so many."""
    return f"{typeset.count(share.count)} of {typeset.count(runs)}"


def _tested(rule: RuleFairness) -> str:
    """What was not looked at."""
    text = ""
    if rule.keeps:
        text = "Clients are kept on purpose, so only those new in a phase are tested. "
    if rule.phases_in_all > MOST_PHASES:
        phases = typeset.decimal(rule.phases_in_all, 0)
        text += f"The {MOST_PHASES} phases of most requests are tested, of {phases} on average. "
    return text


def power_text(rule: RuleFairness, candidate: str) -> str:
    """What one run would show, in the phase that says most; where none is off."""
    if not rule.phases_in_all or not rule.requests or is_found_off(rule):
        return ""
    phase = _telling(rule)
    if phase is None:
        return "The weights differ from run to run; their phases are tested, and not shown."
    words = _seen(phase, candidate, where=len(rule.phases) > 1)
    unit = rule.assigned
    least = min(_sides(phase).values(), default=math.nan)
    five = next((each for each in phase.powers if each.shift == _FIVE_POINTS), None)
    if five is not None and five.power < _ENOUGH_POWER and math.isfinite(least):
        # The spread of a share falls with the root of the number of units.
        wanted = phase.units_each * (least / _FIVE_POINTS) ** 2
        words += (
            f" To show {points_text(_FIVE_POINTS)} with 90{typeset.THIN}% takes about "
            f"{number_text(two_figures(wanted))} {unit} in place of "
            f"{number_text(two_figures(phase.units_each))}."
        )
    return words


def _telling(rule: RuleFairness) -> PhaseFairness | None:
    return max(rule.phases, key=lambda each: each.units_each, default=None)


def _sides(phase: PhaseFairness) -> dict[str, float]:
    """How much too small, and too large, a share must be to be seen; only where some is."""
    sides = {"small": phase.seen_below, "large": phase.seen_above}
    return {side: shift for side, shift in sides.items() if math.isfinite(shift)}


def _seen(phase: PhaseFairness, candidate: str, *, where: bool) -> str:
    """With 90 % power, and with how much smaller deviations are."""
    since = f" from {typeset.duration(phase.since_s)} on" if where else ""
    share = f"share of {named(candidate)}{since}"
    sides = [f"{points_text(shift)} too {side}" for side, shift in _sides(phase).items()]
    if len(sides) == 2 and len({each.partition(" too ")[0] for each in sides}) == 1:
        sides = [f"{sides[0]} or too large"]
    words = (
        f"One run shows a {share} that is {listed(sides, 'or')} with 90{typeset.THIN}% probability"
        if sides
        else f"One run shows no other {share} with 90{typeset.THIN}% probability"
    )
    smaller = [each for each in phase.powers if each.power < _ENOUGH_POWER]
    for each in reversed(smaller):
        text = typeset.percent(each.power, 1 if each.power < 0.01 else 0)
        words += f", one that is off by {points_text(each.shift)} with {text}"
    missed = [each for each in smaller if each.power < 0.5]
    if missed:
        asked = next((share for name, share in phase.shares.items() if name == candidate), 0.0)
        words += f": {_missed(missed[-1].shift, asked)}"
    return f"{words}."


def _missed(shift: float, asked: float) -> str:
    """In shares: one that would go unseen."""
    other = asked + shift if asked + shift <= 1.0 else asked - shift
    return (
        f"{typeset.percent(other, 1)} where {typeset.percent(asked, 1)} are asked for would most "
        "often go unseen in one run"
    )


def pooled_text(rule: RuleFairness, candidate: str, tolerance: float) -> str:
    """What all runs together say of the candidate's share, in the phase that says most."""
    phase = _telling(rule)
    if phase is None or rule.keeps or not rule.requests or candidate not in phase.shares:
        return ""
    unit = rule.assigned
    realised = phase.realised_users if rule.by_client else phase.realised
    found, asked = realised[candidate], phase.shares[candidate]
    if not (math.isfinite(found.low) and math.isfinite(found.high)):
        return ""
    decimals = 1 if found.high - found.low >= 0.002 else 2
    low, high = (typeset.percentage(each, decimals) for each in (found.low, found.high))
    since = f" from {typeset.duration(phase.since_s)} on" if len(rule.phases) > 1 else ""
    words = (
        f"All {typeset.count(phase.runs)} runs together give {named(candidate)} "
        f"{typeset.percent(found.mean, decimals)} of the {unit}{since} (95{typeset.THIN}% "
        f"interval {low} to {high}{typeset.THIN}%), where {typeset.percent(asked, decimals)} are "
        "asked for"
    )
    within = max(abs(found.low - asked), abs(found.high - asked)) <= tolerance
    return f"{words}: within {points_text(tolerance)}." if within else f"{words}."


def points_text(shift: float) -> str:
    """A deviation of a share in percentage points."""
    decimals = 2 if shift < 0.01 else 1
    text = typeset.decimal(100.0 * shift, decimals)
    text = text.removesuffix(".0")
    return f"{text} point" if text == "1" else f"{text} points"
