"""Where policies are many each has a row of its own; a plot holds five lines at most."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.report.decision_time_figure import draw_timing
from simab.report.figure_block import rendered
from simab.report.policy_rows import MOST_LINES
from simab.report.sweep_curves import Line, Scale, draw_curves
from simab.report.weights_figure import draw_weights, usual_runs, weights_finding
from simab.result.saved_study import read_result
from tests.report.toy_study import CHURN, build

Of = Callable[[str], dict[str, Any]]


@pytest.mark.parametrize("name", ["churn", "twelve_policies"])
def test_no_plot_has_more_lines_than_can_be_followed(result: Of, name: str) -> None:
    """Of twelve policies each has a step of one colour in a row of its own, with its name."""
    study = read_result(result(name))
    drawn = rendered(lambda width: draw_timing(study, width), 720)
    is_rows = drawn.count('fill-opacity="0.22"') == len(study.policies)
    assert is_rows == (len(study.policies) > MOST_LINES)


@given(st.integers(1, 23))
def test_panels_of_curves_hold_as_many_each_and_five_at_most(count: int) -> None:
    """Twelve policies are three panels of four, not two of five and one of two."""
    panels = math.ceil(count / MOST_LINES)
    size = math.ceil(count / panels)
    assert size <= MOST_LINES
    assert math.ceil(count / size) == panels


def test_six_curves_are_two_panels() -> None:
    """Each panel has its own axis of shares."""

    class Axis:
        def label(self, axes: Any, plot: float) -> None:
            axes.set_xlim(0, 1)

    lines = [Line(f"p{at}", (0.0, 1.0), (0.1, 0.9), (0.0, 0.8), (0.2, 1.0)) for at in range(6)]
    figure = draw_curves(lines, Axis(), Scale(True, str), 720)  # type: ignore[arg-type]
    plots = [axes for axes in figure.axes if axes.get_xlim() == (0.0, 1.0)]
    assert len(plots) == 2


@pytest.mark.parametrize("width", [358.0, 720.0])
def test_weights_have_a_row_for_each_policy_in_their_order(width: float) -> None:
    """Names come in the order of the policies, whichever run comes first in the file."""
    specs = tuple((f"p{at}", *spec[1:]) for at, spec in enumerate(CHURN[:3]))
    study = read_result(build(specs))
    study = replace(study, examples=tuple(reversed(study.examples)))
    drawn = draw_weights(study, width)
    names = [run.policy for run in usual_runs(study)]
    order = [policy.name for policy in study.policies]
    assert names == sorted(names, key=order.index)
    places = [drawn.index(f">{name}<") for name in names]
    assert places == sorted(places)
    assert drawn.count("fill-opacity") >= 1


@pytest.mark.parametrize("right", ["keep_control", "promote_candidate"])
def test_the_finding_counts_right_and_wrong_endings_and_names_first_and_last(right: str) -> None:
    """Counted again from the runs shown."""
    study = read_result(build(CHURN[:3], right=right))
    runs = usual_runs(study)
    good = sum(study.truth.judgements.get(run.ends_with or "") == "right" for run in runs)
    bad = sum(study.truth.judgements.get(run.ends_with or "") == "wrong" for run in runs)
    said = weights_finding(study)
    assert f"{good} end right and {bad} wrong" in said
    decided = sorted(
        (run.decided_at_s, run.policy) for run in runs if math.isfinite(run.decided_at_s)
    )
    assert f"“{decided[0][1]}” decides first" in said
