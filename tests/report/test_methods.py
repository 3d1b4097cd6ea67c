"""The methods have every item of STRESS-DES, in its order, and say what the result holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy import stats

from simab.analyse.run_shares import share_estimate
from simab.report.methods_text import METHODS, methods
from simab.result.saved_study import read_result
from tests.report.toy_study import CHURN, build

ITEMS = [
    "1.1", "1.2", "1.3",
    "2.1", "2.2", "2.3", "2.4", "2.5.1", "2.5.2", "2.5.3", "2.5.4", "2.5.5",
    "3.1", "3.2", "3.3", "3.4",
    "4.1", "4.2", "4.3",
    "5.1", "5.2", "5.3", "5.4",
    "6.1",
]  # fmt: skip
"""Monks et al. (2019), the checklist for discrete-event simulation."""


def test_every_item_of_the_checklist_is_answered_in_order() -> None:
    """Twenty-four items in six groups."""
    study = read_result(build())
    found = methods(study)
    assert [item.split()[0] for _, item, _ in found] == ITEMS
    assert [group for group, _ in METHODS] == [
        "Objectives", "Logic", "Data", "Experimentation", "Implementation", "Code access",
    ]  # fmt: skip
    assert all(len(said) > 3 and "None" not in said for _, _, said in found)


@pytest.mark.parametrize("runs", [1, 60])
def test_what_is_said_is_what_the_result_holds(runs: int) -> None:
    """Policies, replications, seed, digest and command, of whichever study."""
    study = read_result(build(CHURN[:2], runs=runs))
    said = {item.split()[0]: text for _, item, text in methods(study)}
    for policy in study.policies:
        assert policy.name in said["1.3"]
        assert policy.kind in said["2.4"]
    assert said["4.3"].startswith(f"{runs} independent replication")
    assert f"seed {study.seed}:" in said["5.2"]
    assert study.scenario_hash in said["3.3"]
    assert study.command in said["6.1"]


def test_the_traffic_and_the_fleet_are_read_from_the_scenario() -> None:
    """Rates, clients, latency, workers and queue limits by name."""
    study = read_result(build())
    data = {
        "traffic": {"users": {"rate": "2/s", "clients": 500}},
        "endpoint": {
            "variant_routing": "sticky_hash",
            "weight_update": "62s",
            "variants": {
                "old": {
                    "weight": 9.0,
                    "workers": 3,
                    "instances": 2,
                    "queue_limit": 7,
                    "latency": {"kind": "constant", "value": "14ms"},
                }
            },
        },
    }
    study = replace(study, scenario=replace(study.scenario, data=data))
    said = {item.split()[0]: text for _, item, text in methods(study)}
    assert "“users”: rate 2/s" in said["2.5.5"]
    assert "clients 500" in said["2.5.1"]
    assert "value 14 ms" in said["2.5.2"]
    assert "instances 2, workers 3" in said["2.5.3"]
    assert "at most 7 waiting" in said["2.5.4"]
    assert "sticky_hash" in said["2.2"]
    assert "1 min 2 s after" in said["2.2"]


@pytest.mark.parametrize("data", [{}, {"traffic": 3}, {"endpoint": {"variants": {"a": None}}}])
def test_a_scenario_that_says_little_is_no_reason_to_fail(data: dict[str, object]) -> None:
    """A result of an older or another program has a page as well."""
    study = read_result(build())
    study = replace(study, scenario=replace(study.scenario, data=data))
    assert len(methods(study)) == len(ITEMS)


def test_the_intervals_of_shares_are_those_that_are_named() -> None:
    """Wilson's from 15 runs on either side, else Clopper and Pearson's: 1 of 250 is 0.01 to 2 %."""
    said = {item.split()[0]: text for _, item, text in methods(read_result(build()))}
    assert "Clopper and Pearson where fewer than 15 runs" in said["1.2"]
    for count, runs in ((1, 250), (0, 9), (14, 100), (15, 100), (50, 100), (86, 100), (250, 250)):
        few = min(count, runs - count) < 15
        test = stats.binomtest(count, runs)
        expected = test.proportion_ci(method="exact" if few else "wilson")
        found = share_estimate(count, runs)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_what_changes_during_a_run_is_not_said_to_stay() -> None:
    """Arrivals of the segment and entries of the timeline, where the scenario has any."""
    study = read_result(build())

    def said(item: str, **parts: object) -> str:
        data = {**study.scenario.data, **parts}
        changed = replace(study, scenario=replace(study.scenario, data=data))
        return {each.split()[0]: text for _, each, text in methods(changed)}[item]

    arrivals = {"users": {"rate": "2/s", "arrivals": {"gaps": {"kind": "regular"}}}}
    entries = [{"kind": "conditions", "error_rate": 0.4}]
    assert "do not change by themselves during a run; service" in said("3.4")
    assert said("2.5.5").startswith("Poisson arrivals. ")
    assert "only as arrivals say; service" in said("3.4", traffic=arrivals)
    assert "only as the timeline says; service" in said("3.4", timeline=entries)
    both = said("3.4", traffic=arrivals, timeline=entries)
    assert "change during a run only as arrivals say and as the timeline says; service" in both
    assert said("2.5.5", traffic=arrivals).startswith("Poisson arrivals where nothing else is said")
