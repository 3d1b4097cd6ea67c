"""Flagger's policy against its loop written out from the source, configuration by configuration."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.stats.request_totals import RequestTotals
from tests.policies.flagger_model import Loop, Window
from tests.policies.scripted_rollout import SECOND, Moment, counted, play

MINUTE = 60 * SECOND
LOOKS = 40
COUNTS = st.one_of(st.just(0), st.integers(0, 200))
WINDOWS = st.lists(
    st.one_of(
        st.builds(Window, st.integers(50, 200), st.just(0)),
        st.builds(Window, st.integers(90, 200), st.integers(0, 3)),
        st.builds(Window, COUNTS, COUNTS),
    ),
    min_size=1,
    max_size=8,
)
"""Told over and over; mostly healthy, so that runs go far."""


@st.composite
def metrics(draw: st.DrawFn) -> dict[str, Any]:
    """A built-in success rate, a template of a count, or a metric that nobody defines."""
    reads = draw(st.sampled_from(["success"] * 6 + ["requests"] * 3 + ["nothing"]))
    low, high = draw(st.sampled_from([(99, 100), (95, 100), (99.5, 100), (0, 99.9), (50, 99)]))
    if reads == "requests":
        low, high = draw(st.sampled_from([(1, 1e9), (60, 1e9), (0, 150)]))
    windows = draw(st.integers(1, 4))
    return {
        "reads": reads,
        "built_in": reads == "success",
        "low": float(low),
        "high": float(high),
        "windows": windows,
    }


@st.composite
def analyses(draw: st.DrawFn) -> dict[str, Any]:
    """Anything that the policy takes: canary, blue/green, A/B, with or without a mesh."""
    kind = draw(st.sampled_from(["canary", "canary", "blue/green", "a/b", "kubernetes", "skip"]))
    step = draw(st.integers(1, 100)) if kind == "canary" and draw(st.booleans()) else 0
    rising = st.lists(st.integers(1, 100), min_size=1, max_size=5, unique=True).map(sorted)
    listed = kind == "canary" and (step == 0 or draw(st.booleans()))
    iterations = draw(st.integers(1, 6)) if kind in ("blue/green", "a/b", "kubernetes") else 0
    return {
        "kubernetes": kind == "kubernetes",
        "match": kind == "a/b",
        "skip": kind == "skip",
        "iterations": iterations,
        "step_weight": step,
        "step_weights": draw(rising) if listed else [],
        "max_weight": draw(st.integers(1, 100)),
        "step_weight_promotion": draw(st.sampled_from([0, 0, 7, 30, 100])),
        "mirror": draw(st.booleans()),
        "threshold": draw(st.sampled_from([1, 1, 2, 3, 5, 10])),
        "approval_ticks": draw(st.sampled_from([0, 0, 0, 1, 3])),
        "metrics": draw(st.lists(metrics(), max_size=3)),
    }


def policy_of(analysis: dict[str, Any]) -> FlaggerAnalysis:
    """The policy that says the same."""
    fields: dict[str, Any] = {
        name: analysis[name]
        for name in ("max_weight", "step_weights", "step_weight_promotion", "mirror", "threshold")
    }
    for name in ("step_weight", "iterations"):
        if analysis[name]:
            fields[name] = analysis[name]
    if analysis["match"]:
        fields["matched_share"] = 0.2
    checks = []
    for number, metric in enumerate(analysis["metrics"]):
        reads = {"success": {}, "requests": {"measures": "requests"}}
        own = reads.get(metric["reads"], {"measures": "nothing"})
        checks.append(
            {
                "name": "request-success-rate" if metric["built_in"] else f"metric {number}",
                "threshold_range": {"min": metric["low"], "max": metric["high"]},
                "interval": f"{metric['windows']}min",
                **own,
            }
        )
    return FlaggerAnalysis.model_validate(
        fields
        | {
            "metrics": checks,
            "router": not analysis["kubernetes"],
            "skip_analysis": analysis["skip"],
            "confirm_promotion_after": f"{analysis['approval_ticks']}min",
        }
    )


def assert_same(analysis: dict[str, Any], windows: list[Window]) -> None:
    """Phase, failed checks, iterations, copies and the candidate's weight after every tick."""

    def serve(variant: str, share: float, number: int) -> RequestTotals:
        window = windows[number % len(windows)]
        return counted(window.good, window.bad)

    moments = play(policy_of(analysis), serve, looks=LOOKS, interval_ns=MINUTE, period_ns=MINUTE)
    loop = Loop(analysis)
    for tick, moment in enumerate(moments):
        loop.tick(tick, [windows[each % len(windows)] for each in range(tick + 1)])
        assert seen_of(moment, analysis) == said_by(loop, analysis), (tick, analysis)


def seen_of(moment: Moment, analysis: dict[str, Any]) -> tuple[Any, ...]:
    """What the policy did, in the model's words."""
    state = moment.state
    promoted = str(state.phase) in ("Finalising", "Succeeded") or state.promoted
    share = moment.weights["new"] / sum(moment.weights.values())
    weight = round(100 * share / (0.2 if analysis["match"] and not promoted else 1))
    return (
        str(state.phase),
        state.failed_checks,
        state.iterations,
        state.mirrored and str(state.phase) != "Failed",
        100 if promoted else weight,
    )


def said_by(loop: Loop, analysis: dict[str, Any]) -> tuple[Any, ...]:
    """The model's status; once the primary serves the new version, all traffic has it."""
    ended = loop.phase in ("Finalising", "Succeeded")
    shifted = loop.phase == "Promoting" and loop.router.canary < _at_promotion(loop, analysis)
    weight = 100 if ended or shifted else loop.router.canary
    return loop.phase, loop.failed_checks, loop.iterations, loop.router.mirrored, weight


def _at_promotion(loop: Loop, analysis: dict[str, Any]) -> int:
    """The canary's weight when its version was copied to the primary."""
    if analysis["kubernetes"]:
        return 0
    if analysis["iterations"]:
        return 100
    weight = 0
    while weight < loop._max_weight():
        weight = min(weight + loop._next_step(weight), 100)
    return weight


@given(analyses(), WINDOWS)
def test_the_policy_does_what_the_loop_of_the_source_does(
    analysis: dict[str, Any], windows: list[Window]
) -> None:
    """Tick by tick over forty ticks."""
    assert_same(analysis, windows)


@pytest.mark.long
@settings(max_examples=1_500)
@given(analyses(), WINDOWS)
def test_thousands_of_configurations_do_what_the_source_does(
    analysis: dict[str, Any], windows: list[Window]
) -> None:
    """As above, for longer."""
    assert_same(analysis, windows)


@pytest.mark.parametrize("wrong", ["threshold", "max_weight", "iterations"])
def test_a_policy_that_differs_by_one_is_told_from_the_loop(wrong: str) -> None:
    """The comparison can fail: one check, one percent or one iteration more is seen."""
    analysis: dict[str, Any] = {
        "kubernetes": False,
        "match": False,
        "skip": False,
        "iterations": 3 if wrong == "iterations" else 0,
        "step_weight": 0 if wrong == "iterations" else 20,
        "step_weights": [],
        "max_weight": 40,
        "step_weight_promotion": 0,
        "mirror": False,
        "threshold": 2,
        "approval_ticks": 0,
        "metrics": [
            {"reads": "success", "built_in": True, "low": 99.0, "high": 100.0, "windows": 1}
        ],
    }
    windows = [Window(0, 9)] if wrong == "threshold" else [Window(9, 0)]
    loop = Loop(analysis)
    moments = play(
        policy_of(analysis | {wrong: analysis[wrong] + 1}),
        lambda *_: counted(windows[0].good, windows[0].bad),
        looks=LOOKS,
        interval_ns=MINUTE,
        period_ns=MINUTE,
    )
    same = []
    for tick, moment in enumerate(moments):
        loop.tick(tick, windows)
        same.append(seen_of(moment, analysis) == said_by(loop, analysis))
    assert not all(same)
