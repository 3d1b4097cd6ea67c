"""What each figure shows, in a sentence computed from the same records that it is drawn from."""

from __future__ import annotations

import math

from simab.report import numerals
from simab.report.answer import listed, named
from simab.report.endings import OUTCOME_WORDS
from simab.report.pairs import MOST_ROWS, Quantity, quantity, shown
from simab.report.replay import Example, MetricPoint
from simab.report.standing import wrong_outcomes
from simab.report.study_result import OUTCOMES, Paired, StudyResult

__all__ = ["endings", "metric", "pairs", "timing", "traffic"]


def endings(result: StudyResult) -> str:
    """The range of right and wrong decisions, and what never happens."""
    ordered = sorted(result.policies, key=lambda policy: policy.correct.share)
    low, high = ordered[0], ordered[-1]
    written = [numerals.proportion(each.correct).value for each in (low, high)]
    if len(ordered) == 1 or written[0] == written[1]:
        subject = "every policy" if len(ordered) > 1 else named(low.name)
        finding = f"Right decisions: {written[0]} of the runs of {subject}."
    else:
        finding = (
            f"Right decisions reach from {written[0]} of runs with {named(low.name)} to "
            f"{written[1]} with {named(high.name)}."
        )
    never = [
        OUTCOME_WORDS[each]
        for each in OUTCOMES
        if not any(policy.outcomes[each].count for policy in result.policies)
    ]
    absent = f" Never seen: {listed(never)}." if never else ""
    wrong = listed([OUTCOME_WORDS[each] for each in wrong_outcomes(result)])
    return (
        f"{finding}{absent} Solid: the right decision, with its 95{numerals.THIN}% interval. "
        f"Hatched at the right end: the wrong one, {wrong}."
    )


def timing(result: StudyResult) -> str:
    """When half of the runs have decided, soonest and latest, and who never gets there."""
    halves = [(policy.decided_by.time_of(0.5), policy.name) for policy in result.policies]
    reached = sorted((at_s, name) for at_s, name in halves if math.isfinite(at_s))
    never = [named(name) for at_s, name in halves if not math.isfinite(at_s)]
    parts = []
    if reached:
        at_s, name = reached[0]
        parts.append(
            f"Half of the runs have decided by {numerals.duration(at_s)} with {named(name)}"
        )
        if len(reached) > 1:
            at_s, name = reached[-1]
            parts[0] += f" and by {numerals.duration(at_s)} with {named(name)}"
        parts[0] += "."
    if never:
        verb = "decides" if len(never) == 1 else "decide"
        parts.append(f"{listed(never)} {verb} fewer than half of the runs before the horizon.")
    parts.append("What a line lacks to 100\u202f% is undecided at the horizon, its right edge.")
    return " ".join(parts)


def pairs(result: StudyResult) -> str:
    """How many differences are real, and the largest."""
    parts = [_told(quantity(name), rows) for name, rows in shown(result).items()]
    if _left_out(result):
        parts.append(
            f"Only pairs with {named(result.policies[0].name)} are drawn; the data has all."
        )
    parts.append("Filled: the 95\u202f% interval excludes zero. Hollow: it cannot be told.")
    return " ".join(parts)


def _told(what: Quantity, rows: list[Paired]) -> str:
    told = [row for row in rows if row.low > 0 or row.high < 0]
    title = what.title.lower()
    if not told:
        return f"No pair can be told apart in {title}."
    largest = max(told, key=lambda row: abs(row.difference))
    written = what.written(largest.difference, largest.low, largest.high)
    most = f"{named(largest.second)} instead of {named(largest.first)}, {written}"
    if len(rows) == 1:
        return f"The pair differs in {title} by more than chance: {most}."
    return f"{len(told)} of {len(rows)} pairs differ in {title} by more than chance; most: {most}."


def _left_out(result: StudyResult) -> bool:
    return any(
        sum(_drawable(each, name) for each in result.paired) > MOST_ROWS for name in shown(result)
    )


def _drawable(paired: Paired, name: str) -> bool:
    return paired.quantity == name and math.isfinite(paired.difference + paired.low + paired.high)


def traffic(result: StudyResult, example: Example) -> str:
    """The largest weight that the candidate had, what came of it, and how many actions it took."""
    truth, horizon_s = result.truth, result.horizon_s
    targeted = " Requests that name a variant go past the weights; they are counted."
    targeted = targeted if result.targeted else ""
    shares = [weights.get(truth.candidate, 0.0) for _, weights in example.weights]
    changes = sum(each.accepted for each in example.decisions)
    refused = len(example.decisions) - changes
    largest = numerals.percent(max(shares)) if shares else "an unknown share"
    decided = math.isfinite(example.decided_at_s)
    until_s = example.decided_at_s if decided else horizon_s
    until = "the decision" if decided else f"the horizon of {numerals.duration(horizon_s)}"
    also = f" and {refused} refused" if refused else ""
    return (
        f"{named(truth.candidate)} was given up to {largest} of the traffic"
        f"{_received(example, truth.candidate, until_s)} until {until}; {changes} "
        f"{'action' if changes == 1 else 'actions'} accepted{also}.{targeted}"
    )


def _received(example: Example, variant: str, until_s: float) -> str:
    before = [each for each in example.windows if each.start_s < until_s]
    everyone = sum(each.invocations for each in before)
    if not everyone:
        return ""
    mine = sum(each.invocations for each in before if each.variant == variant)
    return (
        f" and got {numerals.whole_percent(mine / everyone)} of {numerals.count(everyone)} requests"
    )


def metric(result: StudyResult, example: Example) -> str:
    """What the metric said when it was decided, beside what is true."""
    truth, horizon_s = result.truth, result.horizon_s
    decided = math.isfinite(example.decided_at_s)
    at_s = example.decided_at_s if decided else horizon_s
    seen = [_last(example, name, at_s) for name in (truth.control, truth.candidate)]
    name = numerals.metric_name(truth.metric)
    when = "At the decision" if decided else "At the horizon"
    true = (
        f"; true values {numerals.metric_value(truth.value(truth.control))} and "
        f"{numerals.metric_value(truth.value(truth.candidate))}"
    )
    if seen[0] is None or seen[1] is None:
        return f"{when} {name} was not known for both variants{true}."
    low, high = sorted(seen, key=lambda point: point.value if point else 0.0)
    overlap = ""
    if low and high and math.isfinite(low.high + high.low):
        overlap = (
            "; the intervals overlap" if low.high >= high.low else "; the intervals do not overlap"
        )
    return f"{when} {name} was {_said(seen[0])} and {_said(seen[1])}{overlap}{true}."


def _last(example: Example, variant: str, at_s: float) -> MetricPoint | None:
    known = [
        each
        for each in example.metric_series
        if each.variant == variant and each.at_s <= at_s and math.isfinite(each.value)
    ]
    return known[-1] if known else None


def _said(point: MetricPoint) -> str:
    interval = ""
    if math.isfinite(point.low + point.high):
        interval = f" ({numerals.metric_value(point.low)} to {numerals.metric_value(point.high)})"
    return (
        f"{numerals.metric_value(point.value)}{interval} for {named(point.variant)} on "
        f"{numerals.count(point.labelled)} labels"
    )
