"""Rows become operating characteristics: hand-made rows, worked by hand or by SciPy."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse import Judgement, RunSummary, Verdict
from simab.analyse.operating_characteristics import (
    operating_characteristics as over_runs,
)
from simab.analyse.run_limits import possible
from simab.result import Ecdf, LookVerdicts, Quantiles, Refused, Spread
from simab.result.columns import COLUMNS, RunLimits
from simab.scenario import Scenario
from simab.stats.cost_intervals import cost_mean
from tests.analyse.outcome_rows import rows

operating_characteristics = partial(over_runs, candidates=("b",))


def rows_of(*verdicts: Verdict, **columns: list[Any]) -> list[RunSummary]:
    """A row a verdict; columns give the other fields in order."""
    return rows(verdict=verdicts, **columns)


def decided_at(*times_s: float | None) -> list[RunSummary]:
    return rows_of(*[Verdict.UNDECIDED] * len(times_s), decided_s=list(times_s))


def exact(successes: int, trials: int) -> tuple[float, float]:
    """Clopper and Pearson 1934, as SciPy computes it."""
    interval = scipy.stats.binomtest(successes, trials).proportion_ci(method="exact")
    return float(interval.low), float(interval.high)


def test_shares_of_few_verdicts_have_exact_intervals() -> None:
    """Each of the verdicts is a share of all replications; together they add up to one."""
    ended = (
        [Verdict.PROMOTED_CANDIDATE] * 3 + [Verdict.KEPT_CONTROL] * 5 + [Verdict.ROLLED_BACK] * 2
    )
    found = operating_characteristics(rows_of(*ended, correct=[True] * 3 + [False] * 7))
    counts = {name: share.count for name, share in found.verdicts.items()}
    assert counts == {
        "promoted_candidate": 3, "promoted_other": 0, "kept_control": 5, "rolled_back": 2,
        "undecided": 0,
    }  # fmt: skip
    assert sum(share.share for share in found.verdicts.values()) == pytest.approx(1)
    for share in [*found.verdicts.values(), found.correct]:
        assert (share.low, share.high) == pytest.approx(exact(share.count, 10))
    assert found.correct.share == 0.3


def test_endings_are_counted_by_variant_and_judged() -> None:
    """Who has the traffic, since when at the median, and what that is worth: they add up to one."""
    ended = rows_of(
        *[Verdict.PROMOTED_CANDIDATE] * 3, *[Verdict.UNDECIDED] * 2,
        decided_for=["b", "b", "b", None, None],
        ends_with=["b", "b", "a", "b", None],
        ends_with_since_s=[10.0, 30.0, 50.0, 20.0, None],
        judgement=[*[Judgement.WRONG] * 2, Judgement.RIGHT, Judgement.WRONG, Judgement.NEITHER],
        correct=[False, False, True, False, False],
    )  # fmt: skip
    found = operating_characteristics(ended, winners=["a", "b", "c"])
    assert {name: each.count for name, each in found.ends_with.items()} == {
        "a": 1, "b": 3, "c": 0,
    }  # fmt: skip
    assert [found.ends_with[name].since_s for name in "ab"] == [50.0, 20.0]
    assert math.isnan(found.ends_with["c"].since_s)
    assert found.decides_for["b"].count == 3
    assert found.overturned == 1
    judged = [each.count for each in (found.correct, found.wrong, found.neither)]
    assert judged == [1, 3, 1]
    assert found.still_split.count == 1


def test_quantiles_are_over_all_replications_and_null_beyond_the_horizon() -> None:
    """Of ten runs four decide: the tenth percentile is the first time, the median is not known."""
    found = operating_characteristics(decided_at(40.0, None, 10.0, None, 30.0, 20.0, *[None] * 4))
    quantiles = found.decision_time_s
    assert quantiles.decided == 4
    assert quantiles.p10 == 10.0
    assert all(map(math.isnan, (quantiles.p50, quantiles.p90, quantiles.p50_high)))


def test_quantiles_of_runs_that_all_decide() -> None:
    """Inverted distribution function: of 1 to 100 s the 10th, 50th and 90th value.

    The median's interval is the order statistics 40 and 61 (Conover 1999, section 3.2: n = 100).
    """
    times = [float(time) for time in range(100, 0, -1)]
    quantiles = operating_characteristics(decided_at(*times)).decision_time_s
    assert quantiles == Quantiles(
        decided=100, p10=10.0, p50=50.0, p90=90.0, p50_low=40.0, p50_high=61.0
    )


def test_requests_to_decision_have_quantiles_of_their_own() -> None:
    """They are counted at the decision; runs without one lie beyond every quantile."""
    ended = rows_of(*[Verdict.KEPT_CONTROL] * 3, requests_to_decision=[70, None, 30])
    quantiles = operating_characteristics(ended).requests_to_decision
    assert (quantiles.decided, quantiles.p10, quantiles.p50) == (2, 30.0, 70.0)
    assert math.isnan(quantiles.p90)


def test_nobody_decides() -> None:
    """No time is made up: every quantile is null and the distribution function is empty."""
    found = operating_characteristics(decided_at(None, None))
    assert found.decision_time_s.decided == 0
    assert math.isnan(found.decision_time_s.p10)
    assert found.decision_time_ecdf == Ecdf((), ())


def test_the_distribution_function_counts_equal_times_once() -> None:
    """The share of all replications decided by each time; below 1 at its end if some are not."""
    ecdf = operating_characteristics(decided_at(20.0, 10.0, None, 20.0)).decision_time_ecdf
    assert ecdf == Ecdf((10.0, 20.0), (0.25, 0.75))


@given(
    st.lists(st.one_of(st.none(), st.integers(1, 900).map(float)), min_size=1, max_size=600),
)
def test_the_distribution_function_has_every_time(times: list[float | None]) -> None:
    """Each with its true share: the page's table reads shares off it."""
    ecdf = operating_characteristics(decided_at(*times)).decision_time_ecdf
    decided = sorted({time for time in times if time is not None})
    assert list(ecdf.time_s) == decided
    for time, share in zip(ecdf.time_s, ecdf.share, strict=True):
        reached = sum(each is not None and each <= time for each in times)
        assert share == pytest.approx(reached / len(times))


def test_of_very_many_times_ten_thousand_are_kept() -> None:
    """The first and the last among them; what is left out is less than a table shows."""
    ecdf = operating_characteristics(decided_at(*map(float, range(1, 12_002)))).decision_time_ecdf
    times, shares = ecdf.time_s, ecdf.share
    assert (len(times), times[0], times[-1]) == (10_000, 1.0, 12_001.0)
    assert list(shares) == pytest.approx([each / 12_001 for each in times])


def test_means_have_the_interval_of_costs_within_what_a_run_can_hold() -> None:
    """Requests lie within the most that a run had, shares within 1, time within the horizon."""
    values = [0.0, 10.0, 20.0, 50.0, 60.0, 900.0]
    own = [name for name in COLUMNS if name in RunSummary.__slots__ and not COLUMNS[name].of_some]
    columns = {name: [int(value) for value in values] for name in own}
    columns["requests_total"] = [1000] * 6
    limits = RunLimits(horizon_s=3600.0, requests=1000.0, shortfall=2.0)
    found = operating_characteristics(rows_of(*[Verdict.UNDECIDED] * 6, **columns), limits)
    most = {"regret": 2000.0, "guardrail_breach_s": 3600.0, "weight_changes": math.inf}
    most |= {"guardrail_breach_excess_s": 3600.0}
    most |= {"actions_refused": math.inf, "requests_total": math.inf}
    most |= {"in_flight_at_horizon": math.inf, "cost_of_serving": math.inf}
    for name in own:
        high = most.get(name, 1000.0)
        least = -high if COLUMNS[name].signed else 0.0
        expected = cost_mean(columns[name], least, high)
        assert found.means[name].mean == expected.estimate
        ends = [expected.interval.low, expected.interval.high]
        np.testing.assert_array_equal([found.means[name].low, found.means[name].high], ends)
        assert (found.means[name].approximate, found.means[name].reason) == (
            expected.approximate, expected.reason or "",
        )  # fmt: skip
        assert not found.means[name].low < least


def test_what_was_never_seen_has_an_upper_bound_and_not_a_width_of_0() -> None:
    """No error in 100 runs: up to 3.6 % of runs may have nothing but errors (1 - .025^(1/100))."""
    none = rows_of(
        *[Verdict.UNDECIDED] * 100, requests_failed=[0] * 100, requests_rejected=[0] * 100
    )
    found = operating_characteristics(none, RunLimits.of(none, 7200.0))
    assert found.means["error_share"].low == 0.0
    assert found.means["error_share"].high == pytest.approx(1 - 0.025**0.01)
    assert found.means["guardrail_breach_s"].high == pytest.approx(7200 * (1 - 0.025**0.01))
    assert "100 runs are alike" in found.means["error_share"].reason
    # All requests of a run in flight is not a bound worth showing: no interval, and the reason.
    in_flight = found.means["in_flight_at_horizon"]
    assert math.isnan(in_flight.low + in_flight.high)
    assert in_flight.reason
    # How many changes a policy could make is not known: no interval, and the reason.
    assert math.isnan(found.means["weight_changes"].low + found.means["weight_changes"].high)
    assert found.means["weight_changes"].reason


def scenario_of(**fields: object) -> Scenario:
    """Two variants without errors and queue limits, labels at once; and what is set otherwise."""
    variant = {"weight": 1, "workers": 1, "latency": {"kind": "constant", "value": "10ms"}}
    variant |= {"quality": {"kind": "success", "probability": 0.9}}
    parts = {name: fields.pop(name) for name in ("labels",) if name in fields}
    return Scenario.model_validate(
        {
            "title": "limits",
            "endpoint": {"variants": {"a": variant, "b": variant | fields}},
            "traffic": {"users": {"rate": "1/s"}},
            "objective": {
                "control": "a", "candidate": "b", "metric": "success_rate", "smallest_effect": 0.02,
            },
            "horizon": "1h",
            "policies": {"p": {"kind": "metric_majority", "labelled_requests": 9,
                               "metrics": ["success_rate"]}},
        } | parts
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, set()),
        ({"error_rate": 0.001}, {"failed_share", "error_share"}),
        ({"queue_limit": 9}, {"rejected_share", "error_share"}),
        ({"labels": {"delay": {"kind": "constant", "value": "1s"}}}, {"labels_outstanding"}),
        ({"labels": {"delay": {"kind": "constant", "value": "1s"}, "never": 1.0}}, set()),
    ],
)
def test_what_the_scenario_cannot_have_has_no_upper_bound_above_0(
    fields: dict[str, object], expected: set[str]
) -> None:
    """No error profile, no error; no queue limit, no refusal; no delay, no label to come."""
    nothing: dict[str, list[int]] = {
        name: [0] * 100 for name in ("requests_failed", "requests_rejected", "labels_outstanding")
    }
    none = rows_of(*[Verdict.UNDECIDED] * 100, **nothing)
    found = operating_characteristics(none, possible(RunLimits.of(none), scenario_of(**fields)))
    names = ("failed_share", "rejected_share", "error_share", "labels_outstanding")
    assert {name for name in names if found.means[name].high > 0} == expected
    assert all(found.means[name].low == 0 for name in names)


@pytest.mark.parametrize("guardrails", [(), ({"metric": "error_rate", "at_most": 0.01},)])
def test_without_guardrails_none_can_be_broken(guardrails: tuple[object, ...]) -> None:
    """The interval of a breach that nobody saw is above 0 only where something can be broken."""
    described = scenario_of()
    objective = described.objective.model_dump(mode="json") | {"guardrails": guardrails}
    described = Scenario.model_validate(
        described.model_dump(mode="json") | {"objective": objective}
    )
    none = rows_of(*[Verdict.UNDECIDED] * 100)
    limits = possible(RunLimits.of(none, 3600.0), described)
    found = operating_characteristics(none, limits).means["guardrail_breach_s"]
    assert (found.high > 0) == bool(guardrails)


def test_shares_of_errors_are_means_of_the_runs_shares() -> None:
    """Every run counts alike, however many requests it had: intervals come from replications."""
    found = operating_characteristics(
        rows_of(
            *[Verdict.UNDECIDED] * 2,
            requests_total=[100, 1000],
            requests_failed=[10, 0],
            requests_rejected=[20, 100],
        )
    )
    shares = {name: found.means[f"{name}_share"].mean for name in ("failed", "rejected", "error")}
    assert shares == pytest.approx({"failed": 0.05, "rejected": 0.15, "error": 0.2})


def test_a_run_without_requests_has_no_errors() -> None:
    """Nothing arrived, so nobody suffered."""
    none = rows_of(
        Verdict.UNDECIDED, requests_total=[0], requests_failed=[0], requests_rejected=[0]
    )
    assert operating_characteristics(none).means["error_share"].mean == 0.0


def test_refused_actions_are_added_up_with_the_reason_of_most_runs() -> None:
    """Exact counts; a run with many refusals for one reason is one run."""
    found = operating_characteristics(
        rows_of(
            *[Verdict.UNDECIDED] * 4,
            actions_refused=[50, 1, 0, 2],
            refusal=["all weights would be 0", "Updating", None, "Updating"],
        )
    )
    assert found.refused == Refused(actions=53, runs=3, reason="Updating")
    assert found.means["actions_refused"].mean == 13.25


def test_runs_are_counted_for_each_reason_to_hold() -> None:
    """A run that was held for two reasons counts for both."""
    held = ["sample ratio; guardrail", None, "guardrail", None]
    found = operating_characteristics(rows_of(*[Verdict.UNDECIDED] * 4, held_for=held))
    assert found.held == {"sample ratio": 1, "guardrail": 2, "too few requests": 0}


def test_one_replication_has_means_but_no_interval() -> None:
    """One value has no spread: NaN, never a plausible number."""
    found = operating_characteristics(rows_of(Verdict.KEPT_CONTROL))
    regret = found.means["regret"]
    assert regret.mean == 2.5
    assert math.isnan(regret.low)
    assert math.isnan(regret.high)
    assert "at least 2" in regret.reason


def test_the_spread_of_a_column_is_of_values_that_runs_have() -> None:
    """The smallest value that so many of ten runs do not exceed, by hand."""
    harms = [90, 10, 20, 30, 40, 50, 60, 70, 80, 1000]
    found = operating_characteristics(rows(requests_on_worse=harms), candidates=("b",))
    assert found.spread == {"requests_on_worse": Spread(10, 10, 30, 50, 80, 1000, 1000)}


def test_few_instants_of_decision_are_looks_and_many_are_none() -> None:
    """Twelve instants are listed with their verdicts, thirteen are not."""
    kept, undecided = Verdict.KEPT_CONTROL, Verdict.UNDECIDED
    times = [10.0, 10.0, 20.0, None]
    verdicts = [kept, Verdict.PROMOTED_CANDIDATE, kept, undecided]
    found = operating_characteristics(rows(decided_s=times, verdict=verdicts), candidates=("b",))
    assert found.looks == (
        LookVerdicts(10.0, {"promoted_candidate": 1, "kept_control": 1}),
        LookVerdicts(20.0, {"kept_control": 1}),
    )
    for many, listed in ((12, 12), (13, 0)):
        instants = [float(at) for at in range(many)]
        found = operating_characteristics(
            rows(decided_s=instants, verdict=[kept] * many), candidates=("b",)
        )
        assert len(found.looks) == listed
