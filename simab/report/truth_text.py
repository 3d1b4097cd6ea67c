"""What is true of the variants, in sentences: which is best, and which is right to end with."""

from __future__ import annotations

import math
from typing import Final

from simab.report import formatting
from simab.result import TruthSummary
from simab.result.metrics import OF_REQUESTS
from simab.result.truth_summary import JudgedFrom
from simab.text import typeset
from simab.text.lists import either, listed, named

__all__ = ["in_between", "truth_sentence", "why_wrong", "worse_variants"]

_MOST_SPANS: Final = 4  # of a run that are judged in ways of their own, in one sentence


def truth_sentence(truth: TruthSummary) -> str:
    """Which variant is truly best, by how much, whether that matters, and what is right.

    Where it depends on the time of a decision what is right, also from when on what is.
    """
    return f"{_truth_at_start(truth)}{_later(truth)}"


def worse_variants(truth: TruthSummary) -> str:
    """The variants that are worse: where answers change, those that are so at some time."""
    return either(truth.exposed) + ("" if truth.over_time is None else " while worse")


def _later(truth: TruthSummary) -> str:
    """How endings are judged by the time of the decision; empty where that is all one."""
    if truth.over_time is None or not truth.depends:
        return ""
    spans = truth.over_time.spans
    parts = [_judged_from(truth, each) for each in spans[1 : _MOST_SPANS + 1]]
    if len(spans) > _MOST_SPANS + 1:
        parts.append("and so on")
    return (
        " That is so of a decision at the start, as one is judged by what holds from then to the "
        f"horizon: {'; '.join(parts)}."
    )


def _judged_from(truth: TruthSummary, span: JudgedFrom) -> str:
    judged = [
        f"{word} to end with {either(names)}"
        for word in ("right", "wrong")
        if (names := [each for each in truth.endings if span.judgements.get(each) == word])
    ]
    said = listed(judged) or f"neither right nor wrong to end with {either(list(truth.endings))}"
    return f"from {typeset.duration(span.since_s)} on it is {said}"


def _truth_at_start(truth: TruthSummary) -> str:
    if len(truth.endings) > 2:
        return _of_many(truth)
    gain = truth.gains[truth.candidate]
    metric = formatting.metric_name(truth.metric)
    if gain == 0:
        value = truth.value(truth.control)
        same = f" ({typeset.metric_value(value)})" if math.isfinite(value) else ""
        return (
            f"In truth {named(truth.control)} and {named(truth.candidate)} are equally good in "
            f"{metric}{same}, so {_right(truth)}, and every promotion is a false one."
            f"{_besides(truth)}"
        )
    roles = (truth.candidate, truth.control)
    better, other = roles if gain > 0 else roles[::-1]
    best, rest = (typeset.metric_value(truth.value(each)) for each in (better, other))
    return (
        f"In truth {named(better)} is better than {named(other)}: {metric}{_lower(truth)} is "
        f"{best} against {rest}, a difference of {_against_what_matters(truth, gain)}; "
        f"{_despite(truth)}{_right(truth)}.{_besides(truth)}"
    )


def why_wrong(truth: TruthSummary, variant: str) -> str:
    """Why it is wrong to end with a variant, as a clause after its name."""
    control = named(truth.control)
    if variant != truth.control:
        if variant in truth.breaks:
            reason, name = truth.breaks[variant], f"{named(variant)} "
            does = reason.removeprefix(name)
            return f"which {does}" if does != reason else "which breaks a guardrail"
        gain = truth.gains.get(variant, math.nan)
        if gain == 0:
            return f"which is no better than {control}"
        if not gain > 0:
            return f"which is worse than {control}"
    return f"although {named(truth.best)} is better"


def in_between(truth: TruthSummary) -> str:
    """Why no variant is right: the best one is not better than the control by what matters."""
    return (
        f"{named(truth.best)} is better than {named(truth.control)} by less than the "
        f"{typeset.metric_value(truth.smallest_effect)} that matters"
    )


def _right(truth: TruthSummary) -> str:
    """What follows for the pair of control and candidate."""
    if truth.judgements[truth.control] == "right":
        return f"the right decision is to keep {named(truth.control)}"
    if truth.judgements[truth.candidate] == "right":
        return f"the right decision is to promote {named(truth.candidate)}"
    return (
        f"so promoting {named(truth.candidate)} counts as neither right nor wrong, and so does "
        f"keeping {named(truth.control)}"
    )


def _of_many(truth: TruthSummary) -> str:
    """The truth of three variants and more."""
    order = sorted(truth.endings, key=lambda name: -_known(truth.gains[name]))
    values = listed(
        [f"{typeset.metric_value(truth.value(name))} for {named(name)}" for name in order]
    )
    metric = formatting.metric_name(truth.metric)
    broken = "".join(f" {_opening(truth.breaks[name])}." for name in order if name in truth.breaks)
    judged = [
        f"{word} to end with {either(names)}"
        for word, judgement in (
            ("right", "right"),
            ("neither right nor wrong", "neither"),
            ("wrong", "wrong"),
        )
        if (names := truth.judged(judgement))
    ]
    return (
        f"In truth {metric}{_lower(truth)} is {values}; {_best(truth)}.{broken} So it is "
        f"{listed(judged)}."
    )


def _best(truth: TruthSummary) -> str:
    keeping = " of those that keep the guardrails" if truth.breaks else ""
    if truth.best == truth.control:
        return f"none{keeping} is better than the control {named(truth.control)}"
    gain = truth.gains[truth.best]
    equal = [
        name for name in truth.endings if name not in truth.breaks and truth.gains[name] == gain
    ]
    best = (
        f"{named(truth.best)} is"
        if len(equal) == 1
        else f"{listed([named(each) for each in equal])} are"
    )
    return (
        f"{best} the best{keeping}, better than the control "
        f"{named(truth.control)} by {_against_what_matters(truth, gain)}"
    )


def _known(gain: float) -> float:
    return gain if math.isfinite(gain) else -math.inf


def _lower(truth: TruthSummary) -> str:
    """Which way is better, where it is not up, and what a metric of requests is true of."""
    if truth.metric in OF_REQUESTS:
        return " (lower is better) with all traffic on a variant"
    return " (lower is better)" if truth.direction == "lower" else ""


def _despite(truth: TruthSummary) -> str:
    """What outweighs a better metric."""
    breaks = truth.breaks.get(truth.candidate, "")
    return f"but {breaks}, so " if breaks and truth.gains[truth.candidate] > 0 else ""


def _besides(truth: TruthSummary) -> str:
    """What speaks against a candidate that is not better anyway, and against the control."""
    breaks = truth.breaks.get(truth.candidate, "")
    said = f" Besides, {breaks}." if breaks and not truth.gains[truth.candidate] > 0 else ""
    own = truth.breaks.get(truth.control, "")
    return f"{said} {_opening(own)}, which keeping it is not blamed for." if own else said


def _opening(clause: str) -> str:
    """A clause as the beginning of a sentence."""
    return clause[:1].upper() + clause[1:]


def _against_what_matters(truth: TruthSummary, gain: float) -> str:
    """A difference, and how it stands to the smallest effect that matters."""
    size, matters = abs(gain), truth.smallest_effect
    if math.isclose(size, matters, rel_tol=1e-9):
        word = "just"
    else:
        word = "less than" if size < matters else "more than"
    return f"{typeset.metric_value(size)}, {word} the {typeset.metric_value(matters)} that matters"
