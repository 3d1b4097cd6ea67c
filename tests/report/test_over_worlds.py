"""Figures, tables and sentences over worlds agree with the runs that they are made of."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import given

from simab.report import (
    captions_over_worlds,
    harm_figure,
    tables_over_worlds,
    trade_figure,
    worlds_figure,
)
from simab.report.figure_block import worlds_figures
from simab.report.over_worlds import harmful, promoting, trades
from simab.report.table import Cell, Column, Table
from simab.report.worlds_table import VERDICT, columns_text, worlds_table
from simab.result import StudyResult
from simab.result.run_summary import RunSummary, Verdict
from simab.result.saved_study import read_result
from simab.text.typeset import plain_spaces as plain
from tests.effort import examples
from tests.report.conftest import built
from tests.report.worlds_study import RUNS, WORLDS, DrawnStudy, drawn_studies

KEEP = {"equal", "exchanged"}  # where the candidate is no better, by how WORLDS makes them
PROMOTE = {"described"}


def promoted(rows: list[RunSummary]) -> int:
    """Runs that decide for the candidate, counted off the rows."""
    return sum(row.verdict is Verdict.PROMOTED_CANDIDATE for row in rows)


def test_of_several_candidates_one_that_is_right_counts() -> None:
    """Whichever it is; of one candidate it is that one."""
    world = read_result(built("candidate_better")).worlds[0]
    assert world.asks == "promote"
    policy = world.policies[0]
    truth = world.truth
    assert promoting(world, policy) == policy.ends_with[truth.candidate]
    several = replace(truth, candidates=(truth.candidate, truth.control))
    assert promoting(replace(world, truth=several), policy) == policy.correct


def the_marks_stand_where_the_runs_say(drawn: DrawnStudy) -> None:
    """The largest share where keeping is right; the smallest, and the median, elsewhere."""
    found = {each.policy: each for each in trades(drawn.result)}
    both = KEEP & set(drawn.rows), PROMOTE & set(drawn.rows)
    assert bool(found) is all(map(bool, both))
    for name, each in found.items():
        shares = [promoted(drawn.rows[world][name]) / RUNS for world in both[0]]
        assert each.false.share == max(shares)
        rightly = [
            sum(row.ends_with == "Variant2" for row in drawn.rows[world][name]) / RUNS
            for world in both[1]
        ]
        assert each.rightly.share == min(rightly)
        times = sorted(row.time_to_decision_s for row in drawn.rows["described"][name])
        median = times[RUNS // 2 - 1]  # the smallest time by which half have decided
        assert each.decides is (median != float("inf"))
        assert not each.decides or each.time.p50 == median


def the_sentence_of_the_marks_is_true(drawn: DrawnStudy) -> None:
    """Who is named as at or below 5 % is, nobody else is, and the soonest of them is named."""
    found = trades(drawn.result)
    if not found:
        return
    text = plain(captions_over_worlds.trade(drawn.result))
    below = {each.policy for each in found if each.false.share <= 0.05}
    first = text.partition(".")[0]
    if not below:
        assert first.startswith("No policy is at or below 5 %")
        least = min(each.false.share for each in found)
        tied = {each.policy for each in found if each.false.share == least}
        assert set(re.findall("“(rule .)”", first)) == tied
        where = re.findall(r"in the world “(\w+) world”", first)
        assert bool(where) is (len({each.where.name for each in found if each.policy in tied}) == 1)
        for world in where:
            assert {promoted(drawn.rows[world][name]) / RUNS for name in tied} == {least}
        return
    named, _, rest = first.partition(";")
    assert set(re.findall("“([^”]+)”", named)) == below
    deciding = [each for each in found if each.policy in below and each.decides]
    assert bool(rest) is bool(deciding)
    if rest and len(below) > 1:
        soonest = set(re.findall("“([^”]+)”", rest))
        times = {each.policy: each.time.p50 for each in deciding}
        assert soonest == {name for name in times if times[name] == min(times.values())}


def the_sentence_of_the_bars_has_the_extremes_of_the_rows(drawn: DrawnStudy) -> None:
    """The largest share where keeping is right, the smallest where promoting is."""
    text = plain(captions_over_worlds.worlds(drawn.result))
    for asks, extreme, how in ((KEEP, max, "most"), (PROMOTE, min, "least")):
        counts = {
            (world, name): promoted(rows)
            for world in asks & set(drawn.rows)
            for name, rows in drawn.rows[world].items()
        }
        if asks is KEEP and counts and not max(counts.values()):
            assert "No run promotes the candidate where keeping is right." in text
            continue
        said = re.findall(rf"{how} often by (.*?): in (\S+) % of (.*?)\.", text)
        assert bool(said) is bool(counts)
        for names, share, places in said:
            most = extreme(counts.values())
            tied = {each for each in counts if counts[each] == most}
            assert set(re.findall("“([^”]+)”", names)) == {name for _, name in tied}
            worlds = set(re.findall(r"in the world “(\w+) world”", places))
            if worlds:
                assert worlds == {world for world, _ in tied}
            else:
                assert "in at least one such world" in places
            assert share == f"{100 * most / RUNS:.0f}"


def every_replication_is_in_one_part_of_its_bar(drawn: DrawnStudy) -> None:
    for world in drawn.result.worlds:
        for policy in world.policies:
            counts = worlds_figure.parts_of(world, policy, RUNS)
            assert sum(counts) == RUNS
            right, wrong, open_still = counts[:3]
            assert right + wrong + open_still == promoted(drawn.rows[world.name][policy.name])
            judged = world.truth.judgements[world.truth.candidate]
            assert not right or judged == "right"
            assert not wrong or judged == "wrong"
    assert worlds_figure.parts_of(drawn.result.worlds[0], None, RUNS)[-1] == RUNS


def the_worst_run_is_the_worst_of_all_rows(drawn: DrawnStudy) -> None:
    """Only worlds with a worse variant count; the median is that of the same policy and world."""
    shown = harmful(drawn.result)
    assert {world.name for world, _ in shown} == {
        name for name in drawn.rows if WORLDS[name] != 0.90
    }
    if not shown:
        return
    text = plain(captions_over_worlds.harm(drawn.result)).replace(",", "")
    worst = {
        name: max(
            row.requests_on_worse for world, _ in shown for row in drawn.rows[world.name][name]
        )
        for name in drawn.rows[shown[0][0].name]
    }
    tied = {name for name in worst if worst[name] == max(worst.values())}
    if len(tied) > 1:
        first = text.partition(" on worse variants in each.")[0]
        assert set(re.findall("“(rule .)”", first)) == tied
        assert re.search(r"(\d+) requests?$", first)[1] == str(max(worst.values()))
        return
    (name, world, most, half) = re.findall(
        r"one of “([^”]+)” in the world “(\w+) world”: (\d+) requests? .*? at most (\d+)", text
    )[0]
    equal = {name for name in drawn.rows if WORLDS[name] == 0.90}
    assert ("no variant is worse there: equal world." in text) == bool(equal)
    everything = [
        row.requests_on_worse
        for world, _ in shown
        for rows in drawn.rows[world.name].values()
        for row in rows
    ]
    own = sorted(row.requests_on_worse for row in drawn.rows[world][name])
    assert int(most) == max(everything) == own[-1]
    assert int(half) == own[RUNS // 2 - 1]


def the_text_above_the_table_speaks_of_its_columns(drawn: DrawnStudy) -> None:
    """Of each column of numbers by its title, and of no other; quantiles are no interval."""
    table = worlds_table(drawn.result)
    text = plain(columns_text(table))
    titles = {each.title.partition(", ")[0] for each in table.columns if each.numeric}
    assert set(re.findall("“([^”]+)” is", text)) == titles
    exposed = any(WORLDS[name] != 0.90 for name in drawn.rows)
    assert ("Requests on worse variants" in titles) is exposed


def every_verdict_has_its_row(drawn: DrawnStudy) -> None:
    """Policy, world and verdict of each requirement, in the order in which they were judged."""
    table = tables_over_worlds.requirements(drawn.result)
    titles = {world.name: world.label.title for world in drawn.result.worlds}
    assert [(row[0].text, row[2].text, row[4].text) for row in table.rows] == [
        (
            each.policy,
            titles.get(each.world, "none that was played"),
            {"passes": "pass", "fails": "fail", "cannot tell": "cannot tell"}[each.compliance],
        )
        for each in drawn.result.judged
    ]


def looks_add_up_to_the_runs_that_were_decided(drawn: DrawnStudy) -> None:
    """At each instant as many as the rows say, by verdict; four instants are few."""
    for world in drawn.result.worlds:
        for policy in world.policies:
            rows = drawn.rows[world.name][policy.name]
            assert {look.at_s for look in policy.looks} == {
                row.decided_s for row in rows if row.decided_s is not None
            }
            for look in policy.looks:
                own = [row.verdict for row in rows if row.decided_s == look.at_s]
                assert dict(look.counts) == {each: own.count(each) for each in set(own)}


CHECKS = (
    the_marks_stand_where_the_runs_say,
    the_sentence_of_the_marks_is_true,
    the_sentence_of_the_bars_has_the_extremes_of_the_rows,
    every_replication_is_in_one_part_of_its_bar,
    the_worst_run_is_the_worst_of_all_rows,
    the_text_above_the_table_speaks_of_its_columns,
    every_verdict_has_its_row,
    looks_add_up_to_the_runs_that_were_decided,
)


@given(drawn_studies())
def test_figures_tables_and_sentences_say_what_the_rows_do(drawn: DrawnStudy) -> None:
    """All of the above in one pass: to draw a study and sum it up takes longer than to check it."""
    for check in CHECKS:
        check(drawn)


@examples(1 / 2)
@given(drawn_studies())
def test_every_policy_is_named_in_the_drawing(drawn: DrawnStudy) -> None:
    """On wide and on narrow paper; and all that is drawn stands on the paper."""
    for width in (720.0, 358.0):
        every_policy_is_named(width, drawn.result)


def every_policy_is_named(width: float, result: StudyResult) -> None:
    drawings = [worlds_figure.draw_worlds(result, width)]
    drawings += [trade_figure.draw_trade(result, width)] if trades(result) else []
    drawings += [harm_figure.draw_harm(result, width)] if harmful(result) else []
    for drawing in drawings:
        svg = ElementTree.fromstring(drawing)
        height = float(svg.attrib["viewBox"].split()[3])
        texts = [each for each in svg.iter() if each.tag.endswith("text")]
        assert {policy.name for policy in result.policies} <= {each.text for each in texts}
        for each in svg.iter():
            for name, most in (("x", width), ("cx", width), ("y", height), ("cy", height)):
                assert 0 <= float(each.get(name, 0)) <= most, ElementTree.tostring(each)


@examples(1 / 10)
@given(drawn_studies())
def test_without_both_kinds_of_worlds_there_is_no_trade(drawn: DrawnStudy) -> None:
    keys = [block.key for block in worlds_figures(drawn.result, iter(range(1, 9)))]
    assert keys == ["trade", "worlds"] if trades(drawn.result) else keys == ["worlds"]


def test_columns_that_say_nothing_are_left_out() -> None:
    """Where every cell is one of the texts for nothing; the names of rows stay."""
    columns = tuple(Column(title) for title in ("Policy", "Time", "Verdict"))
    rows = ((Cell("a"), Cell("–"), Cell("pass")), (Cell("b"), Cell("–"), Cell("–")))
    found = Table("both", columns, rows).without(frozenset({"–"}))
    assert [each.title for each in found.columns] == ["Policy", "Verdict"]
    assert found.rows == ((Cell("a"), Cell("pass")), (Cell("b"), Cell("–")))


@examples(1 / 4)
@given(drawn_studies())
def test_the_table_says_whether_anything_is_required_only_where_it_is(drawn: DrawnStudy) -> None:
    titles = [each.title for each in worlds_table(drawn.result).columns]
    nothing = [each.title for each in worlds_table(replace(drawn.result, judged=())).columns]
    assert VERDICT in titles
    assert [each for each in titles if each != VERDICT] == nothing
