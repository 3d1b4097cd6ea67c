"""What a study of the split says in sentences: whether it is as asked, and what it cannot tell."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab.report.fairness_scan import scan_text
from simab.report.fairness_verdict import (
    is_found_off,
    likely_flaws,
    of_runs,
    pooled_text,
    power_text,
    verdict_text,
)
from simab.report.formatting import metric_name
from simab.result.measured_policy import HELD
from simab.result.studied_split import NamedFlaw, PhaseFairness, RuleFairness, StudiedSplit
from simab.text import typeset
from simab.text.lists import listed, named

__all__ = [
    "fairness_sentences",
    "off_text",
    "settled_text",
    "split_sentences",
    "unit_text",
]

ENOUGH_POWER = 0.9
_SMALLEST_P = 0.05
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
    after = 1 if len(split.rules) == 1 else len(found)
    return [*found[:after], _looked_at(split), *found[after:]]


def _looked_at(split: StudiedSplit) -> str:
    """What is tested: a simulated router, and which requests are left out."""
    rule = split.rules[0]
    runs = typeset.count(rule.runs)
    words = f"Looked at are simulated requests that go by the weights, in {runs} runs"
    if len(split.rules) > 1:
        words += " of each rule"
    if split.left_out:
        words += (
            f"; those of {listed([named(each) for each in split.left_out])} are left out, as some "
            "name their variant, past the weights"
        )
    return (
        f"{words}. What is said of one run is what a test of as many requests of a real router "
        "could see."
    )


def _side_by_side(split: StudiedSplit) -> list[str]:
    off = [each for each in split.rules if each.phases and is_found_off(each)]
    rest = [each for each in split.rules if each.phases and not is_found_off(each)]
    found = [verdict_text(each, named_rule=True) for each in off]
    if rest:
        most = max(rest, key=lambda rule: rule.caught.count).caught.count
        how = f"at most {typeset.count(most)}" if most else "none"
        titles = "; ".join(each.title for each in rest)
        found.append(
            f"No deviation from the weights shows ({how} of {typeset.count(rest[0].runs)} runs of "
            f"each looks off by tests that call up to {typeset.percent(rest[0].alpha, 1)} of sound "
            f"runs off): {titles}."
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
    found = [verdict_text(rule, named_rule=False), *_how_fine(split, rule), _envelope(rule)]
    found += [_change(each, rule, split.candidate) for each in _changes(rule)]
    return [each for each in (*found, _clients(split, rule)) if each]


def _how_fine(split: StudiedSplit, rule: RuleFairness) -> tuple[str, str]:
    """What one run would show, and what all of them together say."""
    return (
        power_text(rule, split.candidate),
        pooled_text(rule, split.candidate, split.tolerance),
    )


def _details(split: StudiedSplit, rule: RuleFairness) -> Iterator[str]:
    if not rule.phases_in_all or not rule.requests:
        return
    yield from _how_fine(split, rule)
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
    promised = bool(rule.fan) and not math.isnan(rule.fan[0].window_promised)
    share = typeset.percent(rule.within.mean, 1)
    if rule.within.low < rule.within.high:
        low, high = (typeset.percentage(each, 1) for each in (rule.within.low, rule.within.high))
        share += f" ({low} to {high}{typeset.THIN}%)"
    before = " before the first change" if rule.keeps and len(rule.phases) > 1 else ""
    if not promised:
        return f"{share} of the windows are as exact as requests in turn can be."
    return (
        f"{share} of the windows of a run{before} lie in the envelope of 95{typeset.THIN}% for "
        f"{rule.assigned} that are drawn independently{_expected(rule)}."
    )


def _expected(rule: RuleFairness) -> str:
    """How many windows are in the envelope by the exact law: counts are whole."""
    if math.isfinite(rule.within_expected):
        share = typeset.percent(rule.within_expected, 1)
        return f"; as counts are whole, it holds {share} of them exactly"
    return "; as counts are whole, it is wider by half a request"


def _by_unit(rule: RuleFairness) -> str:
    """Where clients are assigned: what a test of requests would say."""
    if not rule.by_client or rule.keeps or not rule.phases:
        return ""
    worst = max(rule.phases, key=lambda each: each.off_requests.share)
    if worst.off_requests.low <= rule.alpha:
        return ""
    busiest = typeset.percent(rule.people.busiest_share.mean, 0)
    most = f" The busiest 1{typeset.THIN}% of clients make {busiest} of them."
    if rule.by_session or rule.people.clients.mean < _ENOUGH_FOR_A_PERCENT:
        most = ""
    return (
        f"A test of requests would call {of_runs(worst.off_requests, worst.runs)} runs off, one "
        f"of {rule.assigned} {of_runs(worst.off_users, worst.runs)}: each "
        f"{rule.assigned.removesuffix('s')} is assigned once, with all of its requests.{most}"
    )


def _changes(rule: RuleFairness) -> list[PhaseFairness]:
    """The largest changes of weights, in order of time."""
    changed = sorted(
        (each for each in rule.phases if each.changed), key=lambda each: -each.clients_to_move
    )
    return sorted(changed[:_MOST_CHANGES], key=lambda each: each.since_s)


def _change(phase: PhaseFairness, rule: RuleFairness, candidate: str) -> str:
    share = typeset.percent(phase.shares.get(candidate, 0.0), 1)
    asking = "sessions" if rule.by_session else "clients that ask"
    since = f"in force at {typeset.duration(phase.since_s)}"
    if math.isfinite(phase.asked_s) and phase.asked_s < phase.since_s:
        later = typeset.duration(phase.since_s - phase.asked_s)
        since = f"asked for at {typeset.duration(phase.asked_s)} and in force {later} later"
    text = (
        f"The share of {named(candidate)} becomes {share}, {since}. From then on requests have it "
        f"{settled_text(phase.requests_settled_s)}, {asking} "
        f"{settled_text(phase.users_settled_s)}, as far as chance lets it be seen."
    )
    return f"{text}{_moved(phase, rule) if rule.by_client else ''}"


def _moved(phase: PhaseFairness, rule: RuleFairness) -> str:
    """How many clients, or sessions, change their variant, and how many would have to."""
    if not math.isfinite(phase.clients_moved.mean):
        return ""
    moved, enough = phase.clients_moved.mean, phase.clients_to_move
    return (
        f" Of the {rule.assigned} that come back {typeset.percent(moved, 1)} meet another variant; "
        f"{typeset.percent(enough, 1)} would be enough on average."
    )


def settled_text(settled_s: float) -> str:
    """When a share was where it should be, after a change."""
    if math.isnan(settled_s):
        return "not in the phase"
    return "at once" if settled_s == 0.0 else f"after {typeset.duration(settled_s)}"


def _clients(split: StudiedSplit, rule: RuleFairness) -> str:
    people = rule.people
    text = (
        f"Of the clients that ask in a run {typeset.percent(people.met_several.mean, 1)} meet "
        "several variants"
    )
    if split.worse:
        worse = listed([_worse(split, each) for each in split.worse], "or")
        each = people.worse_each.mean
        times = f", with {typeset.decimal(each, 1)} requests each" if math.isfinite(each) else ""
        met = typeset.percent(people.met_worse.mean, 1)
        text += f"; {met} are sent to {worse} at least once{times}"
    if people.met_several.mean > 0 and rule.assigned != "clients":
        text += (
            ". Where a client must meet one variant only, use a rule that assigns clients, such as "
            "sticky_hash or session_cookie"
        )
    return f"{text}."


def _worse(split: StudiedSplit, name: str) -> str:
    """A variant that is worse, with by how much the scenario makes it so."""
    by = split.worse_by.get(name, math.nan)
    if math.isfinite(by) and by > 0:
        return (
            f"{named(name)} (worse by {typeset.metric_value(by)} in {metric_name(split.metric)}, "
            "as the scenario assumes)"
        )
    return f"{named(name)} (breaks a guardrail)" if by == 0 else f"{named(name)} (worse)"


def _longest(rule: RuleFairness) -> str:
    known = [each for each in rule.longest if math.isfinite(each.seldom_above)]
    scan = scan_text(rule)
    if not known:
        return scan
    longest = max(known, key=lambda each: each.mean)
    return (
        f"The longest row of requests that go to {named(longest.variant)} one after the other has "
        f"{typeset.decimal(longest.mean, 1)} on average over the runs; by the law of chance it has "
        f"more than {typeset.count(longest.seldom_above)} in one run of 1,000. {scan}"
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
    untold = [
        f"{each.words} (it shows in {typeset.percent(each.power)} of runs)"
        for each in rule.flaws
        if _is_untold(each)
    ]
    same = [each.words for each in rule.flaws if not each.different]
    parts = []
    if untold:
        parts.append(
            f"Of the known flaws a single run would often not show {listed(untold, 'or')}."
        )
    if same:
        parts.append(f"With these weights nothing would change by {listed(same, 'or')}.")
    return " ".join(parts)


def _is_untold(flaw: NamedFlaw) -> bool:
    if not flaw.different:
        return False
    return math.isfinite(flaw.power) and flaw.power < ENOUGH_POWER


def unit_text(rule: RuleFairness) -> str:
    """What the rule assigns."""
    return rule.assigned


def off_text(rule: RuleFairness) -> str:
    """In a table: as asked, or off and consistent with what."""
    if not rule.phases_in_all or not rule.requests:
        return "no split"
    if not is_found_off(rule):
        return "no deviation seen"
    likely = [_SHORT.get(each.name, each.words) for each in likely_flaws(rule)[:1]]
    return f"off: {likely[0]}" if likely else "off"
