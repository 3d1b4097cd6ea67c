"""What the answer says beside its verdict is counted from the runs and from the file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

import simab
from simab.report import tables_over_worlds
from simab.report.answer_conduct import overestimates
from simab.report.answer_remarks import by_name, false_alarms, floor, of_the_rule, too_short
from simab.report.rule_notes import rule_notes
from simab.result import Mean
from simab.result.run_summary import Verdict
from simab.result.saved_study import read_result
from simab.result.truth_summary import PROMOTE
from simab.scenario.world_names import BROKEN, TITLES
from simab.text import typeset
from simab.text.typeset import plain_spaces as plain
from tests.effort import examples
from tests.report.toy_study import CHURN, build
from tests.report.worlds_study import RUNS, DrawnStudy, drawn_studies
from tests.study.building import small

Of = Callable[[str], dict[str, Any]]
SEGMENT: dict[str, Any] = {"rate": "0.2/s", "clients": 9, "targets": {}, "paired_targets": []}


def targeted(study: dict[str, Any], **traffic: dict[str, Any]) -> dict[str, Any]:
    """The study with this traffic."""
    study["scenario"]["traffic"] = {name: SEGMENT | each for name, each in traffic.items()}
    return study


def test_requests_that_name_a_variant_are_counted_from_rates_and_shares(result: Of) -> None:
    """One in five seconds: half of those that alternate, and a tenth of the others."""
    paired = {"paired_targets": ["Variant1", "Variant2"]}
    study = read_result(
        targeted(result("churn"), users={"targets": {"Variant2": 0.1}}, evaluation=paired)
    )
    found = by_name(study)
    assert found["Variant2"] == pytest.approx(0.2 * study.horizon_s * (0.5 + 0.1))
    assert found["Variant1"] == pytest.approx(0.2 * study.horizon_s * 0.5)
    worse = [each.means["requests_on_worse"] for each in study.policies]
    means = [
        {**each.means, "requests_on_worse": replace(mean, mean=found["Variant2"] + 9.0 * at)}
        for at, (each, mean) in enumerate(zip(study.policies, worse, strict=True))
    ]
    pairs = zip(study.policies, means, strict=True)
    study = replace(study, policies=tuple(replace(each, means=own) for each, own in pairs))
    (said,) = floor(study)
    about = re.search(r"About ([\d,]+) requests of a run name “Variant2”", plain(said))
    assert about is not None
    assert float(about.group(1).replace(",", "")) == pytest.approx(found["Variant2"], rel=0.05)
    ends = [each.means["requests_on_worse"].mean for each in study.policies]
    assert f"{ends[0]:,.0f} to {ends[-1]:,.0f} requests" in plain(said)


def test_requests_that_name_a_variant_are_counted_by_the_rate_as_it_changes(result: Of) -> None:
    """A quarter of the rate all along, and a spike of four times that for half of the run."""
    horizon_s = read_result(result("churn")).horizon_s
    spike = {"at": "0s", "lasts": f"{horizon_s / 2}s", "times": 4}
    arrivals = {"shape": {"kind": "points", "points": {"0s": 0.25}}, "spikes": [spike]}
    users = {"targets": {"Variant2": 0.1}, "arrivals": arrivals}
    found = by_name(read_result(targeted(result("churn"), users=users)))
    assert found["Variant2"] == pytest.approx(0.2 * horizon_s * 0.1 * 0.25 * 2.5)


def test_where_a_rule_takes_the_variant_away_nothing_is_a_floor(result: Of) -> None:
    """Fewer requests on worse variants than name them: those that do are refused."""
    many = targeted(result("churn"), users={"rate": "900/s", "targets": {"Variant2": 0.5}})
    assert floor(read_result(many)) == []


@pytest.mark.parametrize(
    "edited",
    [
        {"rate": None},
        {"targets": ["Variant2"]},
        {"targets": {"Variant2": "x"}},
        {"targets": {"Variant2": 1e308}},
        {"paired_targets": 5},
        {"paired_targets": [{}]},
    ],
    ids=str,
)
def test_traffic_that_was_edited_by_hand_has_no_floor(result: Of, edited: dict[str, Any]) -> None:
    """The remark is left out; what is wrong with a file is said where it is read."""
    study = read_result(targeted(result("churn"), users={"targets": {"Variant2": 0.1}} | edited))
    assert by_name(study) == {}


def test_without_requests_that_name_a_worse_variant_there_is_no_floor(result: Of) -> None:
    """Neither where all go by the weights, nor where only the better one is named."""
    assert floor(read_result(targeted(result("churn"), users={}))) == []
    better = {"targets": {"Variant1": 0.5}}
    assert floor(read_result(targeted(result("churn"), users=better))) == []


@pytest.mark.parametrize("labels", [10.0, 1e6])
def test_a_run_is_called_too_short_where_no_test_finds_the_difference_in_it(labels: float) -> None:
    """By the test of fewest labels, against what the variant with fewer gets."""
    scenario = small()
    found = simab.convergence(scenario, replications=20).result.found
    sizes = tuple(
        replace(each, simulated=labels, by_spread=math.nan, low=math.nan)
        for each in found.metric.sizes
    )
    metric = replace(found.metric, sizes=sizes, better="b")
    study = replace(read_result(build(CHURN[:2])), convergence=replace(found, metrics=(metric,)))
    short = labels > metric.samples[-1]
    assert bool(too_short(study)) == short
    if short:
        (said,) = too_short(study)
        assert "needs about 1,000,000" in plain(said)
        assert f"gets about {float(f'{metric.samples[-1]:.2g}'):,.0f} " in plain(said)
    assert too_short(replace(study, convergence=None)) == []
    equal = replace(found, metrics=(replace(metric, better=""),))
    assert too_short(replace(study, convergence=equal)) == []


@examples(1 / 2)
@given(drawn_studies())
def test_what_a_rule_takes_is_that_of_its_runs(drawn: DrawnStudy) -> None:
    """The slowest median of the worlds where promoting is right, and the broken candidate's."""
    first, *others = drawn.result.other_worlds
    renamed = replace(first.label, name=BROKEN, title=TITLES[BROKEN])
    study = replace(drawn.result, other_worlds=(replace(first, label=renamed), *others))
    for policy in study.policies:
        said = plain(" ".join(of_the_rule(study, policy.name)))
        broken = sorted(row.time_to_decision_s for row in drawn.rows[first.name][policy.name])
        half = broken[RUNS // 2 - 1]
        promoted = sum(
            row.verdict == Verdict.PROMOTED_CANDIDATE for row in drawn.rows[first.name][policy.name]
        )
        words = (
            "with the candidate broken it promotes the candidate in "
            f"{plain(typeset.percent(promoted / RUNS))} of its runs and "
        )
        words += (
            f"decides after {plain(typeset.duration(half))} at the"
            if half != float("inf")
            else "is undecided in half of them or more at the horizon"
        )
        assert words in said
        times = [
            each.decision_time_s.p50
            for world in study.worlds
            if world.asks == PROMOTE
            for each in world.policies
            if each.name == policy.name
        ]
        known = [each for each in times if each == each]
        if times and len(known) == len(times):
            assert f"decides after {plain(typeset.duration(max(known)))} at" in said


def test_a_rule_that_rolls_back_by_chance_is_named_where_it_misses_promotions(result: Of) -> None:
    """The warning in its own words; none where every run promotes, or nothing is warned of."""
    study = read_result(result("candidate_better"))
    name = next(each.name for each in study.policies if each.ends_with["Variant1"].count)
    warning = (
        f"“{name}” is expected to roll back “Variant2” in about 15 % of the runs by chance, "
        "although its service alone keeps every limit in the long run: "
        "alarm “errors” is broken often."
    )
    (said,) = false_alarms(replace(study, warnings=(warning,)))
    assert said.startswith(warning.partition(":")[0])
    assert "Health" in said
    assert false_alarms(replace(study, warnings=())) == []
    assert false_alarms(replace(study, warnings=("“other” rolls back by chance, although",))) == []
    kept = read_result(result("churn"))  # where keeping is right nothing is missed
    assert false_alarms(replace(kept, warnings=(warning,))) == []


def test_notes_on_rules_say_the_first_weights_and_unequal_samples(result: Of) -> None:
    """By the file's weights; of a fixed and a free sample only where both are."""
    study = result("churn")
    study["scenario"]["endpoint"] = {
        "variants": {"Variant1": {"weight": 3.0}, "Variant2": {"weight": 1.0}}
    }
    (start,) = rule_notes(read_result(study))
    assert "“Variant1” 75 % and “Variant2” 25 %" in plain(start)
    study["policies"][4]["kind"] = "always_valid"
    _, samples = rule_notes(read_result(study))
    fixed, free = (study["policies"][at]["name"] for at in (3, 4))
    assert f"“{fixed}” stops at the planned sample at the latest; “{free}” may" in samples


@given(drawn=drawn_studies())
@examples(1 / 2)
def test_promotions_that_look_too_good_are_named_with_their_error(drawn: DrawnStudy) -> None:
    """A rule is named where the interval of its mean error lies above 0, with mean and ends."""
    study = drawn.result
    said = " ".join(map(plain, overestimates(study)))
    for policy in study.policies:
        rows = drawn.rows[study.world.name][policy.name]
        errors = [row.gain_estimate_error for row in rows if row.gain_estimate_error is not None]
        mean = policy.means["gain_estimate_error"]
        assert math.isnan(mean.mean) == (not errors)
        if errors:
            assert mean.mean == pytest.approx(math.fsum(errors) / len(errors))
        assert (f"“{policy.name}” by " in said) == (mean.low > 0)
    if said:
        assert "The gain in F1 that a promoted candidate is estimated to have exceeds" in said


def test_what_few_promotions_are_estimated_to_gain_is_no_remark(result: Of) -> None:
    """The interval is what speaks: above 0, around it, or withheld."""
    study = read_result(result("churn"))
    first, *others = study.policies
    unknown = Mean(0.01, math.nan, math.nan, reason="2 of the runs have it")

    def said(mean: Mean) -> str:
        rest = {"gain_estimate_error": unknown}
        quiet = [replace(each, means={**each.means, **rest}) for each in others]
        loud = replace(first, means={**first.means, "gain_estimate_error": mean})
        return " ".join(map(plain, overestimates(replace(study, policies=(loud, *quiet)))))

    found = said(Mean(0.01, 0.005, 0.015))
    assert found.endswith(
        f"exceeds its true one on average, under “{first.name}” by 0.010 (0.005 to 0.015)."
    )
    assert not said(Mean(0.01, -0.005, 0.025))
    assert not said(unknown)


def test_errors_of_every_world_are_those_of_its_policies(result: Of) -> None:
    """A row a policy; no table where no request of any world fails."""
    study = read_result(result("churn"))
    nothing = {"error_share": replace(study.policies[0].means["error_share"], mean=0.0)}
    quiet = tuple(replace(each, means={**each.means, **nothing}) for each in study.policies)
    assert tables_over_worlds.errors(replace(study, policies=quiet)) is None
    some = {"error_share": replace(study.policies[0].means["error_share"], mean=0.12)}
    table = tables_over_worlds.errors(
        replace(study, policies=(replace(quiet[0], means={**quiet[0].means, **some}), *quiet[1:]))
    )
    assert table is not None
    assert [row[0].text for row in table.rows] == [each.name for each in study.policies]
    assert table.rows[0][1].text.startswith("12")
