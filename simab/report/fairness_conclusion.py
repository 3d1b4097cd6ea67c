"""The conclusion of a study of the split: yes or no, and what to do next."""

from __future__ import annotations

import math

from simab.report.fairness_verdict import is_found_off, points_text
from simab.result.studied_split import RuleFairness, StudiedSplit
from simab.text import typeset
from simab.text.lists import listed
from simab.text.numbers import counted

__all__ = ["conclusion"]


def conclusion(split: StudiedSplit) -> str:
    """Whether the rule splits as the weights ask, as far as the runs show; and the next step."""
    known = [rule for rule in split.rules if rule.phases_in_all and rule.requests]
    if not known and any(rule.phases_in_all for rule in split.rules):
        return (
            "Neither yes nor no: no request goes by the weights. Next: give the scenario a segment "
            "of traffic whose requests name no variant."
        )
    if not known:
        return "Neither yes nor no: nothing was split. Next: give both variants a weight."
    if len(split.rules) > 1:
        return _of_several(known)
    (rule,) = known
    if is_found_off(rule):
        return (
            "No: this router does not split as the weights ask. Next: find out what it does "
            "(the report has a table of known flaws), and trust no count of an experiment until it "
            "is corrected."
        )
    return (
        f"Yes, as far as {_runs_show(rule)}: this router splits by the weights. "
        f"Next: count {_counted(rule)} by variant at your own router, while the weights stay, and "
        f"compare them with the weights by a chi-square test{_how_long(rule)}.{_of_clients(rule)}"
    )


def _of_several(rules: list[RuleFairness]) -> str:
    off = [rule.title for rule in rules if is_found_off(rule)]
    unseen = [rule.title for rule in rules if not is_found_off(rule) and _is_flawed(rule)]
    fine = [rule.title for rule in rules if not is_found_off(rule) and not _is_flawed(rule)]
    parts = []
    if fine:
        parts.append(f"Yes, as far as {_runs_show(rules[0], ' of each')}: {listed(fine)}.")
    if off:
        parts.append(f"No: {listed(off)}.")
    if unseen:
        parts.append(f"Flawed, though it does not show with these weights: {listed(unseen)}.")
    next_ = "use one of the first" if off or unseen else "choose by what clients meet"
    if not fine:
        next_ = "find out what they do (the report has tables of known flaws)"
    return f"{' '.join(parts)} Next: {next_}."


def _is_flawed(rule: RuleFairness) -> bool:
    # Loaded where several rules are compared: scenarios take long to load.
    from simab.scenario.routing_rules import ROUTING_RULES

    known = ROUTING_RULES.get(rule.name)
    return known is not None and known.flawed


def _runs_show(rule: RuleFairness, of: str = "") -> str:
    return f"{counted(rule.runs, 'run')}{of} {'shows' if rule.runs == 1 else 'show'}"


def _counted(rule: RuleFairness) -> str:
    """What a test has to count: where clients are kept on purpose, only those that are new."""
    if rule.keeps:
        return "new clients"
    return rule.assigned


def _how_long(rule: RuleFairness) -> str:
    """How small a deviation a run of this length shows, where that is known."""
    phase = max(rule.phases, key=lambda each: each.units_each, default=None)
    sides = [phase.seen_below, phase.seen_above] if phase is not None else []
    known = [each for each in sides if math.isfinite(each)]
    if not known:
        return ""
    return (
        f"; as many as in a run here show a deviation of {points_text(max(known))} with "
        f"90{typeset.THIN}% probability, and smaller ones take more"
    )


def _of_clients(rule: RuleFairness) -> str:
    """That clients meet several variants is no fault of a rule that draws for each request."""
    met = rule.people.met_several.mean
    if rule.assigned == "clients" or rule.keeps or not met > 0:
        return ""
    return (
        f" That {typeset.percent(met, 1)} of the clients meet several variants is what a rule for "
        f"{rule.assigned} does; it is a fault only where a client has to meet one."
    )
