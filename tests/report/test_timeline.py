"""The timeline of a run: its sentences are counted from its records, and no labels overlap."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.analyse import summary_of, truth_of_scenario
from simab.analyse.example import example_of
from simab.analyse.look_closely import limits_of, readings_of
from simab.draws import Draws
from simab.policies.look_reading import LookReading
from simab.report.timeline_axes import nice_ticks
from simab.report.timeline_events import numbered
from simab.report.timeline_figure import draw_timeline
from simab.report.timeline_parts import BINS, envelopes
from simab.report.timeline_text import finding
from simab.result import Example, StudyResult
from simab.result.example_run import LimitLine, Reading
from simab.result.json_form import dumped, loaded
from simab.result.reader import Reader
from simab.result.saved_study import read_result
from simab.run.look_readings import ReadingAt
from simab.run.simulation import Run
from simab.study.watching import play_watched
from simab.world import Blueprint
from tests.report.toy_study import build
from tests.study.building import small

GUARDED = {
    "objective": {
        "control": "a",
        "candidate": "b",
        "metric": "success_rate",
        "smallest_effect": 0.01,
        "guardrails": [{"metric": "latency_p90", "at_most": "90ms"}],
    },
    "policies": {
        "canary": {
            "kind": "staged_canary",
            "stages": ["50%"],
            "bake": "60s",
            "alarms": [
                {"metric": "error_rate", "at_most": "5%"},
                {"metric": "latency_p90", "at_most": "90ms"},
            ],
        }
    },
    "metrics": {"period": "10s"},
}


def played(**parts: Any) -> tuple[Run, Example]:
    scenario = small(**{**GUARDED, **parts})
    name = next(iter(scenario.policies))
    run = play_watched(
        Blueprint.of(scenario), (name, scenario.policies[name]), Draws(1, 0), "compiled"
    )
    assert isinstance(run, Run)
    return run, example_of(run, summary_of(run, truth_of_scenario(scenario)), "")


def toy(**changes: Any) -> tuple[StudyResult, Example]:
    study = read_result(build())
    return study, replace(study.examples[0], **changes)


@given(
    st.lists(st.floats(60, 640), max_size=40).map(sorted),
    st.sampled_from([358.0, 720.0]),
)
def test_numbers_of_decisions_never_overlap_and_none_is_lost(
    places: list[float], width: float
) -> None:
    """Near ones share a label; the labels count through, and stay on the paper."""
    inside = [min(each, width - 40) for each in places]
    labels = numbered(inside, 1, width - 1)
    assert [one.first for one in labels] == [
        1 + one.last for one in [None, *labels][:-1] if one
    ] or (not labels or labels[0].first == 1)
    assert (labels[-1].last if labels else 0) == len(places)
    for one, other in pairwise(labels):
        assert other.first == one.last + 1
        assert one.wide[1] < other.wide[0]
    for one in labels:
        assert one.wide[0] >= 1 - 1e-9
        assert one.wide[1] <= width - 1 + 1e-9


def test_marks_outside_of_chance_are_counted_from_the_run() -> None:
    """The same count by SciPy's law, for each mark under one weight all along."""
    study, example = toy(split_is_random=True)
    marks = example.realised("Variant2", example.shown_until_s, BINS)
    (changed_s,) = [each.at_s for each in example.weights if each.at_s > 0]
    constant = [each for each in marks if each.until_s <= changed_s]
    outside = 0
    for each in constant:
        law, hits = stats.binom(round(each.requests), 0.5), round(each.share * each.requests)
        outside += not law.ppf(0.025) <= hits <= law.ppf(0.975)
    found = envelopes(example, "Variant2", example.shown_until_s)
    before = [each for each in found if each.realised.until_s <= changed_s]
    assert len(before) == len(constant)
    assert sum(not each.holds for each in before) == outside
    said = finding(study, example)
    total = sum(not each.holds for each in found)
    assert (f"of its share {total} lie" in said) or (total == 0 and "All" in said) or total == 1


def test_without_independent_draws_nothing_is_said_of_chance() -> None:
    """A hash of users promises no binomial share of requests."""
    study, example = toy(split_is_random=False)
    assert envelopes(example, "Variant2", example.shown_until_s) == []
    assert "chance" not in finding(study, example)
    assert "chance" not in draw_timeline(example, study.truth, 720)


@pytest.mark.parametrize(("at_most", "broken"), [(0.2, 0), (0.01, 3)])
def test_windows_that_break_a_limit_are_counted(at_most: float, broken: int) -> None:
    """Three windows with 5 % errors: within 20 %, beyond 1 %."""
    study, example = toy()
    spans = [replace(each, error_rate=0.05) for each in example.spans[:3]] + [*example.spans[3:]]
    limit = LimitLine(metric="error_rate", at_most=at_most, source="objective")
    said = finding(study, replace(example, spans=tuple(spans), limits=(limit,)))
    assert ("kept in every window" in said) == (broken == 0)
    assert (f"broken in {broken} of" in said) == (broken > 0)


def test_a_panel_is_there_only_where_it_says_something() -> None:
    """No errors and no limit on them: no panel of errors; no series: neither metric nor labels."""
    study, example = toy()
    drawn = draw_timeline(example, study.truth, 720)
    assert ">Errors:<" not in drawn
    assert ">Labels:<" in drawn
    limit = LimitLine(metric="error_rate", at_most=0.05, source="policy")
    assert ">Errors:<" in draw_timeline(replace(example, limits=(limit,)), study.truth, 720)
    assert "there are no errors, and they have no limit" in finding(study, example)
    assert "no errors" not in finding(study, replace(example, limits=(limit,)))
    assert "labels" not in finding(study, example).partition("Panels left out")[2]
    bare = replace(example, metric_series=(), decisions=())
    for is_worst, reason in ((True, "kept of the usual run"), (False, "no label of either")):
        said = finding(study, replace(bare, is_worst=is_worst))
        left_out = said.partition("Panels left out: ")[2].removesuffix(".").split("; ")
        (clause,) = [each for each in left_out if each.startswith("F1 and labels ")]
        assert reason in clause
        assert len(left_out) == len({each.split()[0] for each in left_out})
    for heading in (">Labels:<", ">Decisions:<", ">Analyses:<"):
        assert heading not in draw_timeline(bare, study.truth, 358)


def test_limits_are_those_of_the_objective_then_those_of_the_policy_alone() -> None:
    """The latency that is limited is the one shown; a limit that both set stands once."""
    run, example = played()
    assert [(each.metric, each.at_most, each.source) for each in limits_of(run)] == [
        ("latency_p90", 90.0, "objective"),
        ("error_rate", 0.05, "policy"),
    ]
    assert example.latency_shown == "latency_p90"
    totals = run.data.run_counts.request_totals(0, 0, 1)
    first = next(each for each in example.spans if each.variant == "a")
    assert first.latency_shown_ms == pytest.approx(totals.latency_quantile_ns(0.9) / 1e6)


def test_an_example_keeps_what_was_measured_and_is_read_back_the_same() -> None:
    """Through JSON, as study.json holds it."""
    run, example = played()
    assert len(example.readings) == len(run.readings) > 0
    assert example.split_is_random
    again = loaded(Example, Reader(dumped(example), "example"))
    assert again.readings == example.readings
    assert again.limits == example.limits


def test_routing_by_a_hash_is_no_independent_draw() -> None:
    """And neither are requests that name their variant."""
    _, hashed = played(endpoint={"weight_update": "10s", "variant_routing": "sticky_hash"})
    assert not hashed.split_is_random


def test_of_many_readings_every_change_of_result_is_kept() -> None:
    """A thousand looks, of which one in the middle did not pass."""
    many = [
        ReadingAt(at * 10**9, LookReading("look", str(at), at != 500 or None)) for at in range(1000)
    ]
    kept = readings_of(many)
    assert len(kept) <= 62
    assert [each.reading for each in kept if each.passed is None] == ["500"]
    assert (kept[0].reading, kept[-1].reading) == ("0", "999")


@given(st.floats(1e-6, 1e9), st.floats(0, 0.9))
def test_ticks_are_round_few_and_on_the_scale(high: float, part: float) -> None:
    """At most three steps of 1, 2 or 5 times a power of ten, and one at least."""
    low = part * high
    ticks = nice_ticks(high, low=low)
    assert 2 <= len(ticks) <= 4
    assert all(low - 1e-6 * high <= each <= high * (1 + 1e-6) for each in ticks)
    for one, other in pairwise(ticks):
        digit = (other - one) / 10 ** math.floor(math.log10(other - one) + 1e-9)
        assert min(abs(digit - each) for each in (1, 2, 5, 10)) < 1e-6


@pytest.mark.parametrize("labels", [41, 4.3, 430])
def test_an_axis_of_labels_has_more_than_its_zero(labels: float) -> None:
    """Steps of 2 would be three, and of 5 none: one more than asked for is taken."""
    assert len(nice_ticks(labels, 2)) == 3


@pytest.mark.parametrize("width", [358, 720])
def test_a_reading_left_open_at_the_decision_is_not_on_its_line(width: float) -> None:
    """The line of a decision is upright; the stroke is slanted and comes after it."""
    study, example = toy()
    at_s = example.shown_until_s / 2
    reading = Reading(at_s=at_s, name="a", reading="b", passed=None)
    changed = replace(example, decided_at_s=at_s, readings=(reading,))
    drawn = draw_timeline(changed, study.truth, width)
    assert ">time since the start<" in drawn
    ends = [
        (float(x), float(x_end))
        for x, x_end in re.findall(r'd="M([\d.]+) [\d.]+L([\d.]+) [\d.]+"', drawn)
    ]
    upright = [(at, x) for at, (x, x_end) in enumerate(ends) if x == x_end]
    slanted = [(at, (x + x_end) / 2) for at, (x, x_end) in enumerate(ends) if x_end - x == 8.0]
    assert slanted
    middle = slanted[0][1]
    assert any(at < slanted[0][0] and abs(x - middle) < 0.2 for at, x in upright)
