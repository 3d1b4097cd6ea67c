"""Drawn courses of labels: late by outcome, never, twice, wrong, in batches, through outages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from simab.policies.immature import Immature, SoFar, Wait, Weight, Window
from simab.units import parse_duration

__all__ = ["counting", "course", "without_mistakes"]

SHARES = st.sampled_from([0.0, 0.5, 1.0])
MISTAKEN = st.sampled_from([(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.3, 0.3), (0.5, 0.5)])
SELDOM = st.sampled_from([False, False, True])
THEN = st.sampled_from(["late", "lost"])
PLACES = st.sampled_from(["positive", "negative"])
TREATMENTS = st.sampled_from(["as_arrived", "wait", "window", "weight", "so_far"])


def course(draw: st.DrawFn, instant: Callable[[], str], names: Sequence[str]) -> dict[str, Any]:
    """What is added to the labels of a scenario; `instant` draws lengths that lead to ties."""
    found: dict[str, Any] = {"revised_after": _constant(instant())}
    window = draw(SELDOM)
    if window:
        found["attribution_window"] = _positive(instant())
    if draw(SELDOM):
        found |= _mistaken(draw)
    for place in ("positive", "negative"):
        if draw(SELDOM):
            found[place] = _settings(draw, instant, late=not (window and place == "negative"))
    if draw(SELDOM):
        own = _settings(draw, instant, late=True)
        place = draw(PLACES)
        own[place] = _settings(draw, instant, late=not (window and place == "negative"))
        found["variants"] = {draw(st.sampled_from(list(names))): own}
    if draw(SELDOM):
        found["batches"] = {"every": _positive(instant()), "at": instant()}
    if draw(SELDOM):
        found["duplicates"] = {"share": 0.5, "delay": _constant(instant())}
    if draw(SELDOM):
        found["outages"] = [
            {"at": instant(), "lasts": _positive(instant()), "then": draw(THEN)} for _ in range(2)
        ]
    return found


def counting(draw: st.DrawFn, instant: Callable[[], str], truth: str) -> Immature | None:
    """How a rule would count what is immature; a weight is for successes alone."""
    age = _positive(instant())
    match draw(TREATMENTS):
        case "wait":
            return Wait(after=age)
        case "window" if truth != "reward":
            return Window(within=age)
        case "weight" if truth == "success":
            return Weight()
        case "so_far" if truth == "success":
            return SoFar()
        case _:
            return None


def without_mistakes(labels: dict[str, Any]) -> dict[str, Any]:
    """The same for numeric rewards, which are neither right nor wrong, and may have no 0."""
    dropped = {"wrong", "revised", "attribution_window"}
    return {
        name: without_mistakes(each) if isinstance(each, dict) else each
        for name, each in labels.items()
        if name not in dropped
    }


def _settings(draw: st.DrawFn, instant: Callable[[], str], *, late: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"never": draw(SHARES)} | _mistaken(draw)
    return found | ({"delay": _constant(instant())} if late else {})


def _mistaken(draw: st.DrawFn) -> dict[str, float]:
    wrong, revised = draw(MISTAKEN)
    return {"wrong": wrong, "revised": revised}


def _constant(value: str) -> dict[str, str]:
    return {"kind": "constant", "value": value}


def _positive(instant: str) -> str:
    return instant if parse_duration(instant) > 0 else "1ns"
