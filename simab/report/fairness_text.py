"""What a study of the split says in sentences: whether it is as asked, and what it cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab.report.formatting import metric_name
from simab.result.estimates import Proportion
from simab.result.fairness_result import (
    MOST_PHASES,
    NamedFlaw,
    PhaseFairness,
    RuleFairness,
    StudiedSplit,
)
from simab.result.measured_policy import HELD
from simab.text import typeset
from simab.text.lists import listed, named

__all__ = [
    "fairness_sentences",
    "is_found_off",
    "off_text",
    "settled_text",
    "split_sentences",
    "unit_text",
    "verdict_text",
]

ENOUGH_POWER = 0.9
_SMALLEST_P = 0.05
_SMALLEST_PART = 0.05
_MOST_CHANGES = 3
_ENOUGH_FOR_A_PERCENT = 100  # clients
_SHORT = {
    "linear_rendezvous": "linear rendezvous",
    "truncated_percentages": "whole percents",
    "instance_ratio": "instance ratio",
    "stale_routers": "stale routers",
    "lagging_routers": "late routers",
    "keeps_clients": "clients stay",
}
"""What a split that is off looks like, in a table."""


def fairness_sentences(split: StudiedSplit) -> list[str]:
    """The answer: a verdict, then what the rule does to requests and clients.

    Of several rules, who is off, and how.
    """
    if len(split.rules) == 1:
        (rule,) = split.rules
        found = [verdict_text(rule, named_rule=False)]
        found += [each for each in _details(split, rule) if each]
    else:
        found = _side_by_side(split)
    if split.left_out:
        found.append(
            f"Requests of {listed([named(each) for each in split.left_out])} are left out: some "
            "name their variant, past the weights."
        )
    return found


def _side_by_side(split: StudiedSplit) -> list[str]:
    off = [each for each in split.rules if each.phases and is_found_off(each)]
    rest = [each for each in split.rules if each.phases and not is_found_off(each)]
    found = [verdict_text(each, named_rule=True) for each in off]
    if rest:
        most = max(rest, key=lambda rule: rule.caught.count).caught.count
        how = f"at most {typeset.count(most)}" if most else "none"
        titles = "; ".join(each.title for each in rest)
        found.append(
            f"As asked for, as far as can be told ({how} of {typeset.count(rest[0].runs)} runs of "
            f"each looks off): {titles}."
        )
    moved = [phase for rule in split.rules for phase in rule.phases if phase.changed]
    if moved:
        found.append(
            f"At the first change at least {typeset.percent(moved[0].clients_to_move, 1)} of the "
            "clients have to move, where a rule assigns clients."
        )
    return found


def split_sentences(split: StudiedSplit) -> list[str]:
    """The answer in short, of one rule: a verdict, the envelope, changes, and what clients meet."""
    (rule,) = split.rules
    found = [verdict_text(rule, named_rule=False), _envelope(rule)]
    found += [_change(each, rule, split.candidate) for each in _changes(rule)]
    return [each for each in (*found, _clients(split, rule)) if each]


def verdict_text(rule: RuleFairness, *, named_rule: bool) -> str:
    """Whether the split is what is asked for, and if not what it is consistent with."""
    start = f"{rule.title[:1].upper()}{rule.title[1:]}: " if named_rule else ""
    return f"{start}{_decapitalised(_verdict(rule)) if start else _verdict(rule)}"


def _verdict(rule: RuleFairness) -> str:
    if not rule.phases_in_all:
        return "One variant has all traffic all the time; there is no split to look at."
    if not rule.requests:
        return "No request goes by the weights in any run; there is no split to look at."
    level = typeset.percent(rule.alpha, 1)
    if not is_found_off(rule):
        how = _of_runs(rule.caught, rule.runs)
        looks = "looks" if rule.caught.count == 1 else "look"
        return (
            f"The split is as asked for, as far as can be told: {how} runs {looks} off, where "
            f"chance alone makes up to {level} do so. {_tested(rule)}{_could_see(rule)}"
        )
    found = [
        f"{each.words} ({_of_runs(each.consistent, rule.caught.count)})" for each in _likely(rule)
    ]
    what = (
        f"Those are consistent with {listed(found, 'or')}."
        if found
        else "Those are consistent with none of the flaws that are known here."
    )
    return (
        f"The split is not what the weights ask for: {_of_runs(rule.caught, rule.runs)} runs show "
        f"it, where chance alone makes up to {level} do so. {what}"
    )


def _decapitalised(text: str) -> str:
    return f"{text[:1].lower()}{text[1:]}"


def _likely(rule: RuleFairness) -> list[NamedFlaw]:
    """The flaws that a twentieth of the runs that are off fit at least, most of them first."""
    found = [each for each in rule.flaws if each.consistent.share >= _SMALLEST_PART]
    return sorted(found, key=lambda each: -each.consistent.count)


def _tested(rule: RuleFairness) -> str:
    """What was not looked at."""
    text = ""
    if rule.keeps:
        text = "Clients are kept on purpose, so only those new in a phase are tested. "
    if rule.phases_in_all > MOST_PHASES:
        phases = typeset.decimal(rule.phases_in_all, 0)
        text += f"The {MOST_PHASES} phases of most requests are tested, of {phases} on average. "
    return text


def is_found_off(rule: RuleFairness) -> bool:
    """Whether more runs are off than chance makes so."""
    return rule.caught.low > rule.alpha


def _could_see(rule: RuleFairness) -> str:
    """What one run shows, in the phase that says most."""
    phase = max(rule.phases, key=lambda each: each.units_each, default=None)
    if phase is None:
        return "The weights differ from run to run; their phases are tested, and not shown."
    sides = [
        f"{_points(shift)} too {side}"
        for shift, side in ((phase.seen_below, "small"), (phase.seen_above, "large"))
        if math.isfinite(shift)
    ]
    where = "" if len(rule.phases) == 1 else f" from {typeset.duration(phase.since_s)} on"
    if not sides:
        return f"No other share of the candidate{where} would be seen in 90{typeset.THIN}% of runs."
    return (
        f"A share of the candidate{where} that is {listed(sides, 'or')} would be seen in "
        f"90{typeset.THIN}% of runs, a smaller deviation in fewer."
    )


def _details(split: StudiedSplit, rule: RuleFairness) -> Iterator[str]:
    if not rule.phases_in_all or not rule.requests:
        return
    yield _envelope(rule)
    yield _by_unit(rule)
    yield from (_change(each, rule, split.candidate) for each in _changes(rule))
    yield _clients(split, rule)
    yield _longest(rule)
    yield _groups(rule)
    yield _untold(rule)
    if not any(each.changed for each in rule.phases) and split.policy == HELD:
        yield "The weights are held; with `--policy` a rollout of the file moves them."


def _envelope(rule: RuleFairness) -> str:
    if math.isnan(rule.within.mean):
        return ""
    promise = {
        (True, True): "clients that are drawn independently",
        (True, False): "requests that are drawn independently",
    }.get((bool(rule.fan) and not math.isnan(rule.fan[0].window_promised), rule.by_client))
    share = typeset.percent(rule.within.mean, 1)
    before = " before the first change" if rule.keeps and len(rule.phases) > 1 else ""
    if promise is None:
        return f"{share} of the windows are as exact as requests in turn can be."
    return (
        f"{share} of the windows{before} lie in the envelope that has 95{typeset.THIN}% of them "
        f"for {promise}."
    )


def _by_unit(rule: RuleFairness) -> str:
    """Where clients are assigned: what a test of requests would say."""
    if not rule.by_client or rule.keeps or not rule.phases:
        return ""
    worst = max(rule.phases, key=lambda each: each.off_requests.share)
    if worst.off_requests.low <= rule.alpha:
        return ""
    busiest = typeset.percent(rule.people.busiest_share.mean, 0)
    most = f" The busiest 1{typeset.THIN}% of clients make {busiest} of them."
    if rule.people.clients.mean < _ENOUGH_FOR_A_PERCENT:
        most = ""
    return (
        f"A test of requests would call {_of_runs(worst.off_requests, worst.runs)} runs off, one "
        f"of clients {_of_runs(worst.off_users, worst.runs)}: each client is assigned once, with "
        f"all of its requests.{most}"
    )


def _changes(rule: RuleFairness) -> list[PhaseFairness]:
    """The largest changes of weights, in order of time."""
    changed = sorted(
        (each for each in rule.phases if each.changed), key=lambda each: -each.clients_to_move
    )
    return sorted(changed[:_MOST_CHANGES], key=lambda each: each.since_s)


def _change(phase: PhaseFairness, rule: RuleFairness, candidate: str) -> str:
    share = typeset.percent(phase.shares.get(candidate, 0.0), 1)
    text = (
        f"After the share of {named(candidate)} is moved to {share} at "
        f"{typeset.duration(phase.since_s)}, requests have it "
        f"{settled_text(phase.requests_settled_s)}, clients that ask "
        f"{settled_text(phase.users_settled_s)}."
    )
    return f"{text}{_moved(phase) if rule.by_client else ''}"


def _moved(phase: PhaseFairness) -> str:
    """How many clients change their variant, and how many would have to."""
    if not math.isfinite(phase.clients_moved.mean):
        return ""
    return (
        f" Of the clients that come back {typeset.percent(phase.clients_moved.mean, 1)} meet "
        f"another variant; {typeset.percent(phase.clients_to_move, 1)} would be enough on average."
    )


def settled_text(settled_s: float) -> str:
    """When a share was where it should be, after a change."""
    if math.isnan(settled_s):
        return "not in the phase"
    return "at once" if settled_s == 0.0 else f"after {typeset.duration(settled_s)}"


def _clients(split: StudiedSplit, rule: RuleFairness) -> str:
    people = rule.people
    text = f"{typeset.percent(people.met_several.mean, 1)} of the clients meet several variants"
    if not split.worse:
        return f"{text}."
    worse = listed([named(each) for each in split.worse], "or")
    each = people.worse_each.mean
    times = f", {typeset.decimal(each, 1)} requests of each" if math.isfinite(each) else ""
    return (
        f"{text}; {typeset.percent(people.met_worse.mean, 1)} are sent to {worse}, which is worse"
        f"{times}."
    )


def _longest(rule: RuleFairness) -> str:
    known = [each for each in rule.longest if math.isfinite(each.seldom_above)]
    scan = ""
    if math.isfinite(rule.scan.share) and not rule.keeps:
        scan = (
            f"The largest deviation over any interval is in {_of_runs(rule.scan, rule.runs)} runs "
            f"one that independent draws have in 1{typeset.THIN}%."
        )
    if not known:
        return scan
    longest = max(known, key=lambda each: each.mean)
    return (
        f"The longest run of requests on {named(longest.variant)} has "
        f"{typeset.decimal(longest.mean, 1)} on average; one run in 1,000 has more than "
        f"{typeset.count(longest.seldom_above)}. {scan}"
    ).rstrip()


def _groups(rule: RuleFairness) -> str:
    if len(rule.groups) < 2:
        return ""
    differing = [
        (group.name, metric_name(field).lower())
        for group in rule.groups
        for field, p_value in group.differs.items()
        if p_value < _SMALLEST_P
    ]
    if not differing:
        return "No group of clients differs from the others by more than chance."
    if len(rule.groups) == 2:
        one, other = (named(each.name) for each in rule.groups)
        fields = list(dict.fromkeys(field for _, field in differing))
        return f"{one} and {other} differ by more than chance in {listed(fields)}."
    found = [f"{named(name)} in {field}" for name, field in differing]
    return f"Groups that differ from the others by more than chance: {listed(found)}."


def _untold(rule: RuleFairness) -> str:
    """The flaws that would not be seen in one run."""
    untold = [each.words for each in rule.flaws if _is_untold(each)]
    same = [each.words for each in rule.flaws if not each.different]
    parts = []
    if untold:
        parts.append(
            f"One run shows with less than 90{typeset.THIN}% probability {listed(untold, 'or')}."
        )
    if same:
        parts.append(f"Here nothing would change with {listed(same, 'or')}.")
    return " ".join(parts)


def _is_untold(flaw: NamedFlaw) -> bool:
    if not flaw.different:
        return False
    return math.isfinite(flaw.power) and flaw.power < ENOUGH_POWER


def unit_text(rule: RuleFairness) -> str:
    """What the rule assigns."""
    return "clients" if rule.by_client else "requests"


def off_text(rule: RuleFairness) -> str:
    """In a table: as asked, or off and consistent with what."""
    if not rule.phases_in_all or not rule.requests:
        return "no split"
    if not is_found_off(rule):
        return "as asked"
    likely = [_SHORT.get(each.name, each.words) for each in _likely(rule)[:1]]
    return f"off: {likely[0]}" if likely else "off"


def _of_runs(share: Proportion, runs: int) -> str:
    return f"{typeset.count(share.count)} of {typeset.count(runs)}"


def _points(shift: float) -> str:
    return f"{typeset.decimal(100.0 * shift, 2 if shift < 0.01 else 1)} points"
