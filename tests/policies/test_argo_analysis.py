"""Argo analysis runs: verdicts of measurements, counters, limits, and their closed forms."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

from simab.policies import RollBack
from simab.policies.argo.analysis import AnalysisRun, advance, start
from simab.policies.argo.metrics import ArgoMetric, Phase, measure
from simab.policies.argo.rollouts import ArgoRollouts
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, FakeMetrics, observation, requests

SECOND = MINUTE // 60
STEP = (
    10 * SECOND
)  # from look to look: the interval of a metric here, and of a retry after an error
WINDOW: dict[str, RequestTotals] = {
    "S": requests([10.0] * 10),
    "F": requests([10.0] * 10, failed=10),
    "I": requests([10.0] * 10, failed=5),
    "E": requests(),
}
# Successful below 10 % errors, Failed above 90 %, Inconclusive between, Error without requests
CONDITIONS = {"success_condition": "result[0] < 0.1", "failure_condition": "result[0] > 0.9"}


def metric(**fields: Any) -> ArgoMetric:
    plain = {"metric": "error_rate", "window": "10s", "interval": "10s", **CONDITIONS}
    return ArgoMetric.model_validate(plain | fields)


def seen(script: dict[str, str] | str, look: int) -> Any:
    """What production shows at a look; `script` says how each window before it went."""
    scripts = {"new": script} if isinstance(script, str) else script
    windows = {
        (name, at): WINDOW[letter]
        for name, letters in scripts.items()
        for at, letter in enumerate(letters)
    }
    shown = FakeMetrics(windows=windows, published_until_ns=look * STEP, period_ns=STEP)
    return observation(shown, now_ns=look * STEP)


def runs(script: str, **metrics: ArgoMetric) -> Iterable[AnalysisRun]:
    """The run after each look: the first is after one step, and one window is new each time."""
    run = start(metrics, seen(script, 1))
    yield run
    for look in range(2, len(script) + 1):
        run = advance(run, metrics, seen(script, look))
        yield run


def phases(script: str, **fields: Any) -> str:
    """First letters of the metric's phases, one for each look."""
    looks = list(runs(script, it=metric(**fields)))
    return "".join(look.results["it"].phase.value[0] for look in looks)


@pytest.mark.parametrize(
    ("conditions", "value", "phase"),
    [
        ({}, 0.5, Phase.SUCCESSFUL),
        ({"success_condition": "result[0] < 0.5"}, 0.4, Phase.SUCCESSFUL),
        ({"success_condition": "result[0] < 0.5"}, 0.5, Phase.FAILED),
        ({"failure_condition": "result[0] > 0.5"}, 0.5, Phase.SUCCESSFUL),
        ({"failure_condition": "result[0] > 0.5"}, 0.6, Phase.FAILED),
        (CONDITIONS, 0.0, Phase.SUCCESSFUL),
        (CONDITIONS, 0.5, Phase.INCONCLUSIVE),
        (CONDITIONS, 1.0, Phase.FAILED),
        (
            {"success_condition": "result[0] < 0.9", "failure_condition": "result[0] > 0.5"},
            0.6,
            Phase.FAILED,
        ),
    ],
)
def test_verdicts(conditions: dict[str, str], value: float, phase: Phase) -> None:
    """One condition implies the other; two may leave a gap; where both hold it has failed.

    The documentation ("Inconclusive Runs") says that without conditions a measurement is
    Inconclusive; the code returns Successful, and so does this.
    """
    window = requests([10.0] * 10, failed=round(10 * value))
    shown = FakeMetrics(windows={("new", 0): window}, published_until_ns=MINUTE)
    plain = {"metric": "error_rate", "window": "1min", **conditions}
    it = ArgoMetric.model_validate(plain)
    assert measure(it, observation(shown, now_ns=MINUTE)).phase is phase


def test_an_empty_result_is_an_error_unless_it_is_asked_about() -> None:
    """Without requests there is no number: Error, not Failed; `len(result) == 0` may allow it."""
    assert measure(metric(), seen("E", 1)).phase is Phase.ERROR
    assert measure(metric(), seen("", 0)).phase is Phase.ERROR
    lenient = metric(
        success_condition="len(result) == 0 || result[0] < 0.1", failure_condition=None
    )
    assert measure(lenient, seen("E", 1)).phase is Phase.SUCCESSFUL
    assert "no requests are published" in measure(metric(), seen("E", 1)).words


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"metric": "error_rate"}, 0.5),
        ({"metric": "success_rate_of_requests"}, 0.5),
        ({"metric": "requests"}, 4),
        ({"metric": "latency_mean"}, 25),
        ({"metric": "latency_p99", "latency_unit": "s"}, 0.04),
        ({"metric": "latency_p50", "latency_unit": "us"}, 20_000),
        ({"metric": "error_rate", "of": "control"}, 0.25),
        ({"metric": "error_rate", "of": "ratio"}, 2),
        ({"metric": "requests", "of": "ratio"}, 0.5),
    ],
)
def test_what_is_measured(fields: dict[str, Any], value: float) -> None:
    """Candidate: 4 requests of 10 to 40 ms, 2 fail; control: 8 requests, 2 fail."""
    windows = {
        ("new", 0): requests([10.0, 20.0, 30.0, 40.0], failed=2),
        ("old", 0): requests([10.0] * 8, failed=2),
    }
    shown = FakeMetrics(windows=windows, published_until_ns=MINUTE)
    it = ArgoMetric.model_validate({"window": "1min", **fields})
    found = measure(it, observation(shown, now_ns=MINUTE))
    assert found.result == (pytest.approx(value, rel=0.008),)
    assert f"new {fields['metric']}" not in found.words
    assert "in 4 requests" in found.words or fields.get("of") == "control"


def test_a_ratio_with_a_perfect_control() -> None:
    """Errors against none are infinitely more, none against none is not a number."""
    ratio = metric(of="ratio", success_condition="isNaN(result[0])", failure_condition=None)
    assert measure(ratio, seen({"new": "S", "old": "S"}, 1)).phase is Phase.SUCCESSFUL
    assert measure(ratio, seen({"new": "F", "old": "S"}, 1)).result == (math.inf,)
    assert measure(ratio, seen({"new": "F", "old": "E"}, 1)).phase is Phase.ERROR


def test_a_window_reads_the_newest_published_part() -> None:
    """Of what is visible, as many whole windows as it takes, however late they came."""
    windows = {("new", at): WINDOW["FSSF"[at]] for at in range(4)}
    shown = FakeMetrics(windows=windows, published_until_ns=3 * MINUTE)
    late = observation(shown, now_ns=4 * MINUTE)
    assert measure(metric(window="2min"), late).result == (0.0,)
    assert measure(metric(window="1s"), late).result == (0.0,)
    assert measure(metric(window="121s"), late).result == (pytest.approx(1 / 3),)
    assert measure(metric(window="1h"), late).result == (pytest.approx(1 / 3),)
    nothing = observation(FakeMetrics(windows=windows), now_ns=4 * MINUTE)
    assert measure(metric(), nothing).phase is Phase.ERROR


# -- counters and limits -------------------------------------------------------------------------


def test_it_takes_more_failures_than_the_limit() -> None:
    """With failureLimit 3 the fourth failed measurement fails the metric.

    The documentation says "after three failed measurements"; the code asks for failed > limit.
    """
    assert phases("FFSFF", count=10, failure_limit=3) == "RRRRF"
    assert phases("F", count=10) == "F"
    assert phases("FFFFFFFFFF", failure_limit=-1) == "RRRRRRRRRR"


def test_inconclusive_and_errors_have_limits_of_their_own() -> None:
    """Inconclusive at limit + 1 in all; Error at limit + 1 on end, which any other one resets."""
    assert phases("ISI", inconclusive_limit=1) == "RRI"
    assert phases("EEEESEEEEE") == "RRRRRRRRRE"
    assert phases("EE", consecutive_error_limit=1) == "RE"


def test_errors_do_not_count() -> None:
    """Three measurements are wanted, and two errors are none."""
    assert phases("SESES", count=3) == "RRRRS"


def test_later_limits_overrule_earlier_ones() -> None:
    """Failed and inconclusive at once: inconclusive is what stays."""
    it = metric(failure_limit=0, inconclusive_limit=0)
    both = {"it": metric(count=2, failure_limit=0)}
    run = start({"it": it}, seen("I", 1))
    assert run.results["it"].phase is Phase.INCONCLUSIVE
    assert start(both, seen("F", 1)).results["it"].phase is Phase.FAILED


def test_enough_successes_on_end_are_the_end() -> None:
    """Only the success limit: Failed at the count; both limits: Inconclusive; else Successful."""
    assert phases("SFSS", consecutive_success_limit=2, failure_limit=-1) == "RRRS"
    only = {"consecutive_success_limit": 2, "failure_limit": -1, "count": 4}
    assert phases("SFSF", **only) == "RRRF"
    assert phases("SFSF", **(only | {"failure_limit": 2})) == "RRRI"
    assert phases("SFSF", count=4, failure_limit=2) == "RRRS"


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({"interval": None}, 1),
        ({"interval": None, "count": 0}, 1),
        ({"interval": None, "count": 1}, 1),
        ({}, None),
        ({"count": 0}, None),
        ({"count": 7}, 7),
    ],
)
def test_how_many_measurements_are_taken(fields: dict[str, Any], count: int | None) -> None:
    """One without an interval, endless with an interval alone, else what is said."""
    assert metric(**fields).effective_count == count


def test_every_counter_can_be_read() -> None:
    """One letter a look: S, F, I and E, each in its own counter; errors are not in `count`."""
    *_, run = runs("SFIES", it=metric(failure_limit=9, inconclusive_limit=9))
    result = run.results["it"]
    assert (result.successful, result.failed, result.inconclusive, result.error) == (2, 1, 1, 1)
    assert (result.count, result.consecutive_error, result.consecutive_success) == (4, 0, 1)
    assert result.finished_ns == 5 * STEP


def test_measurements_keep_their_times() -> None:
    """The first after the delay, the next an interval later, after an error in 10 s."""
    it = {"it": metric(initial_delay="30s", interval="40s", window="10min")}
    run = start(it, observation(FakeMetrics(), now_ns=MINUTE))
    taken = []
    for at_s in range(60, 240, 5):
        letters = "E" * 10 if at_s == 130 else "S" * 10
        shown = FakeMetrics(published_until_ns=MINUTE, windows={("new", 0): WINDOW[letters[0]]})
        run = advance(run, it, observation(shown, now_ns=at_s * SECOND))
        if run.results["it"].finished_ns == at_s * SECOND:
            taken.append(at_s)
    assert taken == [90, 130, 140, 180, 220]


def test_a_metric_keeps_its_own_clock_between_two_looks() -> None:
    """Each measurement due since the look before is taken as of its instant, errors after 10 s."""
    it = {"it": metric(initial_delay="5s", interval="25s", failure_limit=9)}
    run = start(it, seen("SEFSSFS", 1))
    assert run.results["it"].last is None
    # At 15 s the newest window is the first (S), at 40 s the fourth (S), at 65 s the sixth (F).
    run = advance(run, it, seen("SEFSSFS", 7))
    result = run.results["it"]
    assert (result.successful, result.failed, result.error) == (2, 1, 0)
    assert result.finished_ns == 65 * SECOND
    # At 35 s the third window fails to be measured, and at 45, 55, 65 and 75 s so do the next.
    late = {"it": metric(initial_delay="25s", interval="10min")}
    run = advance(start(late, seen("S", 1)), late, seen("SSEEEEEEEE", 10))
    assert run.phase is Phase.ERROR
    assert run.results["it"].finished_ns == 75 * SECOND


def test_looks_that_are_far_apart_give_the_same_run() -> None:
    """An inconclusive background pauses, though its limit was passed between two looks."""
    metrics = {"gap": metric(count=5, failure_limit=1), "steady": metric(failure_limit=-1)}
    script = "SFSISSSS"
    *_, each = runs(script, **metrics)
    once = advance(start(metrics, seen(script, 1)), metrics, seen(script, len(script)))
    assert once == each
    assert once.phase is Phase.INCONCLUSIVE


def test_the_worst_metric_is_the_runs_verdict() -> None:
    """Failed is worse than Error, Error than Inconclusive, and any of them ends the others."""
    *_, run = runs("SSF", endless=metric(failure_limit=5), strict=metric())
    assert run.phase is Phase.FAILED
    assert run.results["endless"].phase is Phase.SUCCESSFUL
    assert run.message.startswith("metric strict Failed: failed 1 > failure_limit 0 in 3")
    gap = {"success_condition": "result[0] < 0.1", "failure_condition": "result[0] > 2"}
    *_, run = runs("F", failed=metric(), inconclusive=metric(**gap))
    assert run.phase is Phase.FAILED
    *_, run = runs("SS", short=metric(count=1), long=metric(count=3))
    assert run.phase is Phase.RUNNING
    *_, run = runs("SSS", short=metric(count=1), long=metric(count=3))
    assert run.phase is Phase.SUCCESSFUL


def test_a_metric_that_has_not_begun_is_terminated_as_successful() -> None:
    """Its delay is not over when another one fails."""
    *_, run = runs("F", strict=metric(), late=metric(initial_delay="5min"))
    assert run.results["late"].phase is Phase.SUCCESSFUL
    assert run.results["late"].count == 0


def test_a_dry_run_has_no_say() -> None:
    """It is counted, and its failure fails nothing; a run of dry runs only is Successful."""
    *_, run = runs("FFF", dry=metric(dry_run=True), real=metric(count=3, failure_limit=3))
    assert run.results["dry"].phase is Phase.FAILED
    assert run.phase is Phase.SUCCESSFUL
    *_, run = runs("F", dry=metric(dry_run=True))
    assert run.phase is Phase.SUCCESSFUL


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 2, "interval": None}, "count 2 needs an interval"),
        ({"count": 2, "failure_limit": 3}, "failure_limit 3 is more than count 2"),
        ({"count": 2, "inconclusive_limit": 3}, "inconclusive_limit 3 is more than count 2"),
        ({"failure_limit": -2}, "greater than or equal to -1"),
        ({"success_condition": "result[0]"}, "must be true or false"),
        ({"success_condition": "result < 1"}, "read the result in two ways"),
    ],
)
def test_what_argo_refuses_is_refused(fields: dict[str, Any], message: str) -> None:
    """Its ValidateMetric refuses the same."""
    with pytest.raises(ValidationError, match=message):
        metric(**fields)


# -- closed forms: shared/truth/policies.json, group k -------------------------------------------


def rollout(**fields: Any) -> ArgoRollouts:
    return ArgoRollouts.model_validate(
        {
            "traffic_routing": True,
            "steps": [{"set_weight": 50}, {"pause": {}}],
            "background": {"metrics": {"it": metric(**fields).model_dump(mode="json")}},
        }
    )


def newest(letter: str, look: int) -> Any:
    """A look at which only the newest window counts."""
    windows = {("new", look - 1): WINDOW[letter]}
    shown = FakeMetrics(windows=windows, published_until_ns=look * STEP, period_ns=STEP)
    return observation(shown, now_ns=look * STEP)


def probability(policy: ArgoRollouts, n: int, letters: str, q: float) -> float:
    """The exact probability of a rollback within n looks, over every sequence of outcomes."""

    def from_here(state: Any, look: int) -> float:
        if look > n:
            return 0.0
        total = 0.0
        for letter, weight in zip(letters, (1 - q, q), strict=True):
            actions, following = policy.decide(state, newest(letter, look))
            back = bool(actions) and isinstance(actions[0], RollBack)
            total += weight * (1.0 if back else from_here(following, look + 1))
        return total

    return from_here(None, 1)


@pytest.mark.parametrize(("n", "limit", "q"), [(8, 3, 0.05), (7, 3, 0.3), (10, 0, 0.01)])
def test_the_probability_to_abort_is_binomial(n: int, limit: int, q: float, shared: Path) -> None:
    """P(abort) = P(Bin(n, q) > L), exactly; the wrong rule (>= L) would be far off."""
    table = json.loads((shared / "truth" / "policies.json").read_text(encoding="utf-8"))["tables"]
    published = next(each for each in table if each["id"] == f"k-argo-n{n}-L{limit}-q{q}")
    exact = probability(rollout(count=n, failure_limit=limit), n, "SF", q)
    assert exact == pytest.approx(stats.binom.sf(limit, n, q), rel=1e-9)
    assert exact == pytest.approx(published["expected"], abs=1e-6)
    assert abs(stats.binom.sf(limit - 1, n, q) - exact) > 20 * abs(published["expected"] - exact)


@pytest.mark.parametrize(
    ("letters", "fields", "expected"),
    [
        pytest.param("SE", {"consecutive_error_limit": 2}, 0.06468, id="on end"),
        pytest.param("SF", {"failure_limit": 2}, 0.441654, id="in all"),
    ],
)
def test_errors_count_on_end_and_failures_in_all(
    letters: str, fields: dict[str, Any], expected: float
) -> None:
    """k-consec: three of twelve at q = 0.2, exactly; what "three failures" means is a factor 7."""
    assert probability(rollout(**fields), 12, letters, 0.2) == pytest.approx(expected, abs=1e-6)


def first_run_of(length: int, row: Sequence[bool]) -> int | None:
    """The look, from 1, at which the first so many on end are complete."""
    ends = (end for end in range(length, len(row) + 1) if all(row[end - length : end]))
    return next(ends, None)


def aborted_at(policy: ArgoRollouts, row: Sequence[bool]) -> int | None:
    """The look, from 1, at which the rollout acts on windows that are errors or successes."""
    state: Any = None
    for look, errs in enumerate(row, start=1):
        actions, state = policy.decide(state, newest("E" if errs else "S", look))
        if actions:
            return look
    return None


def test_five_errors_on_end_abort() -> None:
    """At the look of the fifth on end, in 100 sequences of 30: with four on end nothing happens."""
    rows = (np.random.default_rng(20_240_615).random((100, 30)) < 0.6).tolist()
    ends = [first_run_of(5, row) for row in rows]
    assert ends.count(None) > 10
    assert len(set(ends)) > 10
    assert sum(first_run_of(4, row) is not None for row in rows) > 100 - ends.count(None)
    assert [aborted_at(rollout(), row) for row in rows] == ends


def test_a_run_of_five_errors_in_thirty_is_as_rare_as_published() -> None:
    """k-argo-err: 0.044326 at q = 0.3, by the recursion over how many errors came last."""
    chances = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    for _ in range(30):
        chances = np.append(0.7 * chances.sum(), 0.3 * chances[:4])
    assert 1 - chances.sum() == pytest.approx(0.044326, abs=1e-6)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(10, 0.04889), (50, 0.22169), (100, 0.08982), (200, 0.07984), (1000, 0.01347)],
)
def test_a_healthy_candidate_fails_by_chance_at_low_traffic(count: int, expected: float) -> None:
    """k-lowtraffic: 0.5 % errors against "at least 99 %", by every possible number of errors."""
    it = metric(
        metric="success_rate_of_requests",
        success_condition="result[0] >= 0.99",
        failure_condition=None,
    )
    fails = 0.0
    for errors in range(count // 20 + 1):
        shown = FakeMetrics(
            windows={("new", 0): requests([1.0] * count, failed=errors)}, published_until_ns=MINUTE
        )
        if measure(it, observation(shown, now_ns=MINUTE)).phase is Phase.FAILED:
            fails += stats.binom.pmf(errors, count, 0.005)
    fails += stats.binom.sf(count // 20, count, 0.005)
    assert fails == pytest.approx(expected, abs=1e-5)


def test_a_ratio_of_no_errors_is_no_whole_number() -> None:
    """0 of 0 is NaN: each measurement is an Error, and the fifth in a row aborts the rollout."""
    ratio = metric(of="ratio", success_condition="asInt(result[0]) <= 2", failure_condition=None)
    healthy = seen({"old": "S", "new": "S"}, 1)
    assert measure(ratio, healthy).phase is Phase.ERROR
    assert "asInt of not known" in measure(ratio, healthy).words
