"""The answer of a sweep in sentences: where each rule errs most, and what theory says of it."""

from __future__ import annotations

from collections.abc import Callable

from simab.report import formatting
from simab.report.sweep_axis import value_text
from simab.report.sweep_tables import At, agrees, point_text, theories, worst
from simab.result.sweep_result import SweepResult, SweptField
from simab.result.truth_summary import KEEP, PROMOTE
from simab.text.lists import listed, listed_few, named
from simab.text.numbers import counted

__all__ = ["failure_sentences", "sweep_sentences"]

_MOST_NAMES = 3


def sweep_sentences(result: SweepResult) -> list[str]:
    """What was varied, which rule errs least and most on either side, and theory."""
    sentences = [_varied(result)]
    sentences += filter(
        None,
        (
            _extremes(result, KEEP, lambda at: at[1].promotes.share),
            _extremes(result, PROMOTE, lambda at: -at[1].promotes.share),
            _theory(result),
        ),
    )
    return sentences


def failure_sentences(result: SweepResult) -> list[str]:
    """Replications that failed, by policy and point, with how to play the first again."""
    return [
        f"{counted(each.failed, 'replication')} of {named(each.policy)} failed at {each.world}, "
        f"the first with {each.error}"
        for each in result.failures
    ]


def _varied(result: SweepResult) -> str:
    how = "a Latin hypercube over" if result.sampled else "all combinations of"
    fields = [_range(each) for each in result.fields]
    over = listed(fields) if len(fields) == 1 else f"{how} {listed(fields)}"
    return (
        f"Every policy was played {counted(result.replications, 'time')} at each of "
        f"{counted(len(result.points), 'point')}, on the same clients: {over}."
    )


def _range(field: SweptField) -> str:
    first, last = value_text(field, 0), value_text(field, len(field.values) - 1)
    points = " points" if field.path == "effect" and field.unit == "share" else ""
    if len(field.values) == 1:
        return f"{field.path} {first}{points}"
    if field.is_numeric:
        return f"{field.path} from {first} to {last}{points}"
    return f"{field.path} of {counted(len(field.values), 'value')}"


def _extremes(result: SweepResult, asks: str, of: Callable[[At], float]) -> str:
    """Which rule is best and which worst at its worst point; empty where no point asks for it."""
    found = {name: worst(result, name, asks, of) for name in result.policies}
    known = {name: at for name, at in found.items() if at is not None}
    if not known:
        return ""
    least, most = min(known.values(), key=of), max(known.values(), key=of)
    names = [
        listed_few([name for name, at in known.items() if of(at) == of(edge)], _MOST_NAMES)
        for edge in (least, most)
    ]
    several = any(point.truth.several for point in result.points)
    whom, which = ("a candidate", " one, right or wrong,") if several else ("the candidate", "")
    side = "keep the control" if asks == KEEP else f"promote {whom}"
    often = "most" if asks == KEEP else "least"
    head = f"Where it is right to {side}, at the point where each promotes{which} {often} often: "
    if of(least) == of(most):
        return f"{head}{_share(result, least)} with every policy."
    return f"{head}{names[0]} {_share(result, least)}, {names[1]} {_share(result, most)}."


def _share(result: SweepResult, at: At) -> str:
    point, policy = at
    return f"{formatting.proportion(policy.promotes)} ({point_text(result, point)})"


def _theory(result: SweepResult) -> str:
    known = [(name, each) for name in result.policies for each in theories(result, name)]
    if not known:
        return ""
    outside = list(dict.fromkeys(name for name, each in known if not agrees(*each)))
    inside = sum(agrees(*each) for _, each in known)
    words = f"Theory predicts {len(known)} of the shares promoted: {inside} lie within its band"
    return (
        f"{words}; others of {listed_few(outside, _MOST_NAMES)} do not." if outside else f"{words}."
    )
