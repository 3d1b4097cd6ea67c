"""Figures are readable without colour, keep their labels apart, and lose nothing on the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from simab.report import canvas, paired_figure, palette, timeline_tables, verdict_figure
from simab.report.paired_scale import PairedScale, cut_at
from simab.report.svg import finish
from simab.result import PairedDifference, Proportion
from simab.result.columns import Unit
from simab.result.example_run import Realised
from simab.result.saved_study import read_result
from simab.text import typeset
from tests.report.toy_study import CHURN, build
from tests.strategies import CHARACTERS

Of = Callable[[str], dict[str, Any]]
PAIRED = PairedDifference(
    first="a",
    second="b",
    quantity="correct",
    difference=0.0,
    low=0.0,
    high=0.0,
    approximate=False,
    variance_reduction=math.nan,
    pairs=9,
    p_value=1.0,
    restricted_to_s=math.nan,
    undecided=None,
)


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("colour", palette.COLOURS, ids=lambda colour: colour.variable)
def test_lines_and_text_stand_out_from_the_paper(colour: palette.Colour, theme: str) -> None:
    """3 to 1 for lines, 4.5 to 1 for text (WCAG 2.2, 1.4.3 and 1.4.11); grids may be faint."""
    paper = getattr(palette.COLOURS[0], theme)
    least = {"ink": 4.5, "soft": 4.5, "paper": 1, "shade": 1, "rule": 1, "grid": 1}
    assert contrast(getattr(colour, theme), paper) >= least.get(colour.variable, 3)


def test_colours_are_told_apart_by_their_names() -> None:
    """Figures are drawn in light colours and mapped back to variables: each must be unique."""
    assert len({colour.light for colour in palette.COLOURS}) == len(palette.COLOURS)


def test_a_dozen_lines_differ_even_without_colour() -> None:
    looks = [palette.style(at) for at in range(12)]
    assert len({(look.dash, look.marker) for look in looks}) == 12


@given(st.lists(st.floats(0, 100), max_size=8))
def test_labels_are_moved_apart_and_keep_their_order(wanted: list[float]) -> None:
    placed = canvas.spread(wanted, 10, 0, 100)
    together = sorted(zip(wanted, placed, strict=True))
    for (near, first), (far, second) in pairwise(together):
        assert second - first >= 10 - 1e-9 or (near == far and first - second >= 10 - 1e-9)


@given(st.text(CHARACTERS, max_size=80), st.floats(20, 400))
def test_a_fitted_text_is_no_wider_than_its_room(text: str, width: float) -> None:
    assert canvas.text_width(canvas.fit(text, width)) <= width


def test_a_fitted_text_keeps_both_ends() -> None:
    shown = canvas.fit("promote after 120 rows, then bake for an hour", 150)
    assert shown.startswith("promote")
    assert shown.endswith("hour")


def test_ids_and_references_get_the_prefix() -> None:
    raw = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 9 9"><metadata/><g id="axes_1"><defs><path id="m1" d="M 0 0.123456 L 1 1"/>'
        '<clipPath id="c"><rect width="1" height="1"/></clipPath></defs>'
        '<g clip-path="url(#c)"><use xlink:href="#m1" x="1" style="stroke: #1c2024"/></g></g></svg>'
    )
    made = finish(raw, "one", "A title", "What it shows")
    assert 'id="one-0"' in made
    assert 'href="#one-0"' in made
    assert 'clip-path="url(#one-1)"' in made
    assert "axes_1" not in made
    assert "xlink" not in made
    assert "var(--ink)" in made
    assert "M 0 0.1 L 1 1" in made


@pytest.mark.parametrize("name", ["churn", "candidate_better", "nobody_decides"])
def test_bars_run_from_right_to_wrong(result: Of, name: str) -> None:
    """The first segment is the right ending, the last the wrong one, and none is left out."""
    study = read_result(result(name))
    order = verdict_figure.ending_order(study)
    shares = [sum(each.column.share(one).count for each in order) for one in study.policies]
    assert shares == [policy.runs for policy in study.policies]
    assert [each.judged for each in order if each.judged] == ["right", "wrong"]
    assert f"ends with {study.truth.judged('wrong')[0]}" == order[-1].column.short


@pytest.mark.parametrize("width", [358, 720])
@pytest.mark.parametrize("wrong", [(24, 20), (24, 16), (16, 14), (60, 2)])
def test_an_ending_is_labelled_alike_in_all_bars(
    result: Of, wrong: tuple[int, int], width: int
) -> None:
    """With percentage and name, or with the percentage in all, as where one has no room."""
    study = read_result(result("churn"))
    first = study.policies[0]
    policies = [
        replace(
            first,
            name=f"rule {share}",
            correct=Proportion(100 - share, 1 - share / 100, 0.9 - share / 100, 1 - share / 120),
            ends_with={
                name: Proportion(count, count / 100, 0.0, 1.0)
                for name, count in zip(
                    (*study.truth.judged("right"), *study.truth.judged("wrong")),
                    (100 - share, share),
                    strict=True,
                )
            },
        )
        for share in wrong
    ]
    drawn = verdict_figure.draw_endings(replace(study, policies=tuple(policies)), width)
    texts = [each.get_text() for each in drawn.findobj(Text)]
    words = [typeset.plain_spaces(text) for text in texts]
    labels = [text for text in words if text.startswith(tuple(f"{share} %" for share in wrong))]
    assert len({each.endswith("%") for each in labels}) <= 1
    if width == 720 and min(wrong) > 15:
        assert len(labels) == len(wrong)


def test_too_many_pairs_are_reduced_to_those_with_the_first_policy(result: Of) -> None:
    study = read_result(result("twelve_policies"))
    for rows in paired_figure.shown(study).values():
        assert len(rows) == 11
        assert {row.first for row in rows} == {study.policies[0].name}


def test_pooled_shares_add_up_to_all_requests(result: Of) -> None:
    """Pooling windows loses no request, and no pool straddles a change of weights."""
    study = read_result(result("churn"))
    run = study.examples[0]
    pools = run.realised("Variant2", study.horizon_s, 60)
    everyone = sum(window.invocations for window in run.spans)
    mine = sum(window.invocations for window in run.spans if window.variant == "Variant2")
    assert sum(pool.requests for pool in pools) == everyone
    assert sum(pool.requests * pool.share for pool in pools) == pytest.approx(mine)
    assert {round(pool.share, 9) for pool in pools if pool.at_s > 64 * 60} == {1.0}


def test_a_pool_is_named_by_the_whole_windows_that_it_holds(result: Of) -> None:
    """Also where the figure ends within the last of them: its middle is that of its windows."""
    study = read_result(result("churn"))
    run = study.examples[0]
    edges = sorted({(span.start_s, span.end_s) for span in run.spans})
    for end_s in (edges[5][0] + 1.0, edges[5][1] - 1.0, study.horizon_s):
        pools = run.realised("Variant2", end_s, 60)
        assert {pool.since_s for pool in pools} <= {start for start, _ in edges}
        assert {pool.until_s for pool in pools} <= {end for _, end in edges}
        assert all(pool.at_s <= end_s for pool in pools)
        for pool in pools:
            held = [each for each in run.spans if pool.since_s <= each.start_s < pool.until_s]
            assert sum(each.invocations for each in held) == pool.requests
    first = run.realised("Variant2", 1.0, 60)
    assert [(pool.since_s, pool.until_s) for pool in first] == [edges[0]]


def test_a_row_says_each_weight_in_force_in_its_windows(result: Of) -> None:
    """A change within a window is said, not hidden behind the weight at its middle."""
    run = read_result(result("churn")).examples[0]
    shares = [each.weights["Variant2"] for each in run.weights]
    changed_s = run.weights[1].at_s
    windows = Realised(changed_s - 20.0, changed_s + 100.0, 0.5, 100.0)
    (row,) = timeline_tables.traffic(run, "Variant2", [windows], []).rows
    before, after = (typeset.percent(share, 1) for share in shares[:2])
    assert row[1].text == f"{before}, then {after}"


def test_a_thinned_series_keeps_its_ends(result: Of) -> None:
    study = read_result(result("churn"))
    run = study.examples[1]
    everything = run.series("Variant1", 10**6)
    thinned = run.series("Variant1", 20)
    assert len(thinned) == 20
    assert (thinned[0], thinned[-1]) == (everything[0], everything[-1])


@pytest.mark.parametrize("width", [canvas.WIDE, canvas.NARROW])
def test_names_of_pairs_are_wrapped_and_not_cut(width: float) -> None:
    """Every word of both names is on the paper, whatever the name's length."""
    name = "two-proportion test of the share of correct answers at 334 labelled rows"
    study = build((("most metrics after 120 rows", *CHURN[0][1:]), (name, *CHURN[1][1:])))
    drawing = ElementTree.fromstring(paired_figure.draw_pairs(read_result(study), width))
    texts = [each.text or "" for each in drawing.iter() if each.tag.endswith("text")]
    assert not any("…" in text for text in texts)
    assert name in " ".join(texts)
    assert "instead of most metrics after 120 rows" in " ".join(texts)


@pytest.mark.parametrize("width", [canvas.WIDE, canvas.NARROW])
@pytest.mark.parametrize("name", ["churn", "twelve_policies"])
def test_both_sides_of_zero_are_named_at_every_width(result: Of, name: str, width: float) -> None:
    """Of every quantity that is compared, with zero on its axis, and all of it on the paper."""
    study = read_result(result(name))
    drawing = ElementTree.fromstring(paired_figure.draw_pairs(study, width))
    texts = [each.text or "" for each in drawing.iter() if each.tag.endswith("text")]
    shown = paired_figure.shown(study)
    for key in shown:
        what = paired_figure.quantity(key)
        assert {f"\u2190 {what.less}", f"{what.more} \u2192"} <= set(texts)
    assert texts.count("0") >= len(shown)
    for each in drawing.iter():
        assert 0 <= float(each.get("x", 0)) <= width


reaches = st.tuples(st.floats(-1e6, 1e6), st.floats(0, 1e5))


@given(st.lists(reaches, min_size=1, max_size=12))
def test_a_scale_of_differences_leaves_out_a_quarter_of_the_rows_at_most(
    drawn: list[tuple[float, float]],
) -> None:
    """What is on the scale stands in the order of its values; what is not stands at an edge."""
    rows = [
        replace(PAIRED, difference=middle, low=middle - half, high=middle + half)
        for middle, half in drawn
    ]
    most, scale = cut_at(rows), PairedScale.of(rows, 10.0, 200.0)
    far = [each for each in rows if max(abs(each.low), abs(each.high)) > most]
    assert len(far) <= len(rows) / 4
    assert all(abs(each.difference) + (each.high - each.low) / 2 > 2.9 * most for each in far)
    values = sorted(value for row in rows for value in (row.low, row.difference, row.high))
    places = [scale.x(each) for each in values]
    assert places == sorted(places)
    assert all(10.0 <= each <= 210.0 for each in places)
    for unit in (None, Unit.SHARE, Unit.SECONDS, Unit.COST):
        ticks = scale.ticks(unit)
        assert [words for at, words in ticks if at == 0] == ["0"]
        assert all(scale.low - 1e-9 <= at <= scale.high + 1e-9 for at, _ in ticks)


def test_only_a_word_wider_than_the_line_is_cut() -> None:
    """Lines hold whole words, and each fits."""
    lines = canvas.wrapped("one two " + "m" * 80, 120.0)
    assert lines[0] == "one two"
    assert "…" in lines[1]
    assert all(canvas.text_width(line) <= 120.0 for line in lines)
    assert canvas.wrapped("", 120.0) == [""]
