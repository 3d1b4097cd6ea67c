"""What each figure shows, in a sentence computed from the same records that it is drawn from."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simab.report import formatting
from simab.report.paired_figure import MOST_ROWS, Quantity, quantity, shown
from simab.report.paired_scale import cut_at
from simab.report.tables import APPROXIMATE
from simab.result import Ecdf, PairedDifference, PolicyResult, StudyResult
from simab.result.example_run import SOMEBODY_ELSE, Example, MetricValue
from simab.result.metrics import OF_REQUESTS
from simab.text import typeset
from simab.text.lists import either, listed, named
from simab.text.numbers import counted

__all__ = ["endings", "metric", "pairs", "timing", "traffic"]


def endings(result: StudyResult) -> str:
    """The range of right endings, and with which variants no run ends."""
    ordered = sorted(result.policies, key=lambda policy: policy.correct.share)
    low, high = ordered[0], ordered[-1]
    written = [formatting.proportion(each.correct).value for each in (low, high)]
    if len(ordered) == 1 or written[0] == written[1]:
        subject = "every policy" if len(ordered) > 1 else named(low.name)
        finding = f"Right endings: {written[0]} of the runs of {subject}."
    else:
        finding = (
            f"Right endings reach from {written[0]} of runs with {_all_with(ordered, low)} to "
            f"{written[1]} with {_all_with(ordered, high)}."
        )
    never = [
        name
        for name in result.truth.endings
        if not any(policy.ends_with[name].count for policy in result.policies)
    ]
    absent = f" No run ends with {either(never)}." if never else ""
    if result.truth.depends:
        return (
            f"{finding}{absent} Solid: right endings, by when they were decided. The interval is "
            f"that of right endings, 95{typeset.THIN}%. Hatched at the right end: wrong ones."
        )
    right, wrong = result.truth.judged("right"), result.truth.judged("wrong")
    solid = f" Solid: a right ending, with {either(right)}." if right else " No ending is right."
    hatched = f" Hatched at the right end: a wrong one, with {either(wrong)}." if wrong else ""
    return (
        f"{finding}{absent}{solid} The interval is that of right endings, "
        f"95{typeset.THIN}%.{hatched}"
    )


def _all_with(policies: Sequence[PolicyResult], one: PolicyResult) -> str:
    """All policies whose share of right endings is the same; of many only how many."""
    same = [each.name for each in policies if each.correct.share == one.correct.share]
    if len(same) > 3:
        return f"{typeset.count(len(same))} policies"
    return listed([named(name) for name in same])


def timing(result: StudyResult) -> str:
    """When half of the runs have decided, soonest and latest, and who never gets there."""
    # The same number as in the table: the smallest time by which half have decided.
    halves = [(policy.decision_time_s.p50, policy.name) for policy in result.policies]
    reached = sorted((at_s, name) for at_s, name in halves if math.isfinite(at_s))
    never = [named(name) for at_s, name in halves if not math.isfinite(at_s)]
    parts = []
    if reached:
        at_s, name = reached[0]
        parts.append(
            f"Half of the runs have decided by {typeset.duration(at_s)} with {named(name)}"
        )
        if len(reached) > 1:
            at_s, name = reached[-1]
            parts[0] += f" and by {typeset.duration(at_s)} with {named(name)}"
        parts[0] += "."
    if never:
        verb = "decides" if len(never) == 1 else "decide"
        parts.append(f"{listed(never)} {verb} fewer than half of the runs before the horizon.")
    by_line: dict[tuple[tuple[float, ...], ...], list[str]] = {}
    for policy in result.policies:
        by_line.setdefault(_line(policy.decision_time_ecdf), []).append(named(policy.name))
    parts += [f"The lines of {listed(same)} coincide." for same in by_line.values() if same[1:]]
    if any(policy.verdicts["undecided"].count for policy in result.policies):
        parts.append("What a line lacks to 100\u202f% is undecided at the horizon, its right edge.")
    else:
        parts.append("Every run has decided before the horizon, the right edge.")
    return " ".join(parts)


def _line(curve: Ecdf) -> tuple[tuple[float, ...], ...]:
    return tuple(curve.time_s), tuple(curve.share)


def pairs(result: StudyResult) -> str:
    """How many differences are more than chance, and the largest."""
    parts = [_differing(quantity(name), rows) for name, rows in shown(result).items()]
    if _left_out(result):
        parts.append(
            f"Only pairs with {named(result.policies[0].name)} are drawn, the first policy of the "
            "study; the data has all."
        )
    compared = sum(math.isfinite(each.adjusted_p_value) for each in result.paired)
    parts.append(
        f"Filled: it differs, with all {typeset.count(compared)} comparisons of the study taken "
        "into account (Holm, 5\u202f%). Hollow: no difference is shown. The 95\u202f% intervals "
        "are of each pair alone."
    )
    if any(row.approximate for rows in shown(result).values() for row in rows):
        parts.append(
            f"Dashed without end strokes, and {formatting.ABOUT} beside numbers: {APPROXIMATE}."
        )
    if any(math.isfinite(cut_at(rows)) for rows in shown(result).values()):
        parts.append("An arrow at the edge: beyond the axis, as far as the number beside it says.")
    return " ".join(parts)


def _differing(what: Quantity, rows: list[PairedDifference]) -> str:
    differing = [row for row in rows if row.differs]
    title = what.title.lower()
    if not differing:
        return f"No pair is shown to differ in {title}."
    largest = max(differing, key=lambda row: abs(row.difference))
    most = f"{named(largest.second)} instead of {named(largest.first)}, {what.of(largest)}"
    if len(rows) == 1:
        return f"The pair differs in {title} by more than chance: {most}."
    pairs = f"{len(differing)} of {len(rows)} pairs"
    return f"{pairs} differ in {title} by more than chance; most: {most}."


def _left_out(result: StudyResult) -> bool:
    return any(
        sum(each.drawable and each.quantity == name for each in result.paired) > MOST_ROWS
        for name in shown(result)
    )


def traffic(result: StudyResult, example: Example) -> str:
    """The largest weight of the candidate until the decision, what came of it, and the actions."""
    candidate, until = result.truth.candidate, example.until_decision
    targeted = " Requests that name a variant go past the weights; they are counted."
    targeted = targeted if result.targeted else ""
    own = [each for each in example.decisions if each.action != SOMEBODY_ELSE]
    accepted = sum(each.accepted for each in own)
    refused = len(own) - accepted
    largest = typeset.percent(until.largest_shares.get(candidate, 0.0))
    also = f" and {refused} refused" if refused else ""
    return (
        f"{named(candidate)} had a weight of up to {largest}"
        f"{_received(example, candidate)} until {_when(result, example)}. In the whole run "
        f"{_accepted(accepted)}{also}.{_others(example)}{targeted}"
    )


def _others(example: Example) -> str:
    """When somebody else set weights, and when it was refused to them; empty where nobody did."""
    own = [each for each in example.decisions if each.action == SOMEBODY_ELSE]
    done = [typeset.duration(each.at_s) for each in own if each.accepted]
    not_done = [typeset.duration(each.at_s) for each in own if not each.accepted]
    said = f" Somebody else set weights after {listed(done)}." if done else ""
    if not_done:
        said += f" Weights that somebody else asked for after {listed(not_done)} were refused."
    return said


def _accepted(actions: int) -> str:
    """How many actions were accepted, and where the figure has them."""
    accepted = f"{counted(actions, 'action')} {'was' if actions == 1 else 'were'} accepted"
    return f"{accepted} (numbered in the figure)" if actions else accepted


def _when(result: StudyResult, example: Example) -> str:
    if math.isfinite(example.decided_at_s):
        return f"the decision after {typeset.duration(example.decided_at_s)}"
    return f"the horizon of {typeset.duration(result.horizon_s)}"


def _received(example: Example, variant: str) -> str:
    """Its share of the requests; those in windows that are not over yet are counted by nobody."""
    until = example.until_decision
    ended = sum(until.ended.values())
    if not ended:
        return ""
    got = typeset.whole_percent(until.ended.get(variant, 0.0) / ended)
    arrived = counted(until.arrived, "request")
    if ended == until.arrived:
        return f" and got {got} of the {arrived}"
    return (
        f" and got {got} of the {typeset.count(ended)} that ended in whole windows, of {arrived},"
    )


def metric(result: StudyResult, example: Example) -> str:
    """What the metric said when it was decided, and what is true."""
    truth = result.truth
    seen = [_known(example, name) for name in (truth.control, truth.candidate)]
    name = formatting.metric_name(truth.metric)
    when = "At the decision" if math.isfinite(example.decided_at_s) else "At the horizon"
    values = example.truths([truth.control, truth.candidate], truth)
    said = listed([typeset.metric_value(each) for each in values])
    with_all = ", with all traffic on each," if truth.metric in OF_REQUESTS else ""
    true = f"; true values{with_all} {said}"
    if example.true_values is not None:
        true = f"; the answers shown, all together, have a true one of {said}"
    cut = ""
    if example.metric_is_cut(values):
        wide = "" if truth.metric in OF_REQUESTS else ", as wide bands of few labels are"
        cut = f" What lies beyond the scale shown is cut off{wide}."
    if seen[0] is None or seen[1] is None:
        return f"{when} {name} was not known for both variants{true}.{cut}"
    chosen = ""
    shown = math.isfinite(seen[0].low) or math.isfinite(seen[1].low)
    if math.isfinite(example.decided_at_s) and shown:
        chosen = (
            " Each interval is for a look that was fixed beforehand; a rule may stop by what it "
            "sees."
        )
    noun = "request" if truth.metric in OF_REQUESTS else "label"
    said = f"{_said(seen[0], noun)} and {_said(seen[1], noun)}"
    return f"{when} {name} was {said}{true}.{chosen}{cut}"


def _known(example: Example, variant: str) -> MetricValue | None:
    labels = {each.variant: each for each in example.until_decision.labels}
    value = labels.get(variant)
    return value if value and math.isfinite(value.value) else None


def _said(point: MetricValue, noun: str) -> str:
    interval = ""
    if math.isfinite(point.low + point.high):
        interval = f" ({typeset.metric_value(point.low)} to {typeset.metric_value(point.high)})"
    return (
        f"{typeset.metric_value(point.value)}{interval} for {named(point.variant)} on "
        f"{counted(point.labelled, noun)}"
    )
