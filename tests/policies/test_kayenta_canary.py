"""Kayenta's canary analysis: when it judges, over which windows, and how it ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies import EndpointStatus, Promote, RollBack, SetWeights
from simab.policies.kayenta.canary import KayentaCanary, KayentaState
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import AT_START, requests
from tests.policies.scripted_rollout import SECOND, Moment, play, seen

MINUTE = 60 * SECOND
LATENCY = {"name": "latency", "measures": "latency_mean", "groups": ["speed"]}
ERRORS = {"name": "errors", "measures": "error_rate", "scale": 100, "groups": ["faults"]}


def canary(**fields: Any) -> KayentaCanary:
    plain = {
        "metrics": [LATENCY, ERRORS],
        "lifetime": "30min",
        "analysis_interval": "10min",
        "share": 0.5,
    }
    return KayentaCanary.model_validate(plain | fields)


def alike(variant: str, share: float, window: int) -> RequestTotals:
    """Both variants wander between 40 and 44 ms, out of step."""
    return requests([40.0 + (window * (3 if variant == "new" else 7)) % 5] * 4)


def slower_from(start: int) -> Any:
    """The candidate is twice as slow from a window on."""

    def serve(variant: str, share: float, window: int) -> RequestTotals:
        slow = variant == "new" and window >= start
        return requests([(80.0 if slow else 40.0) + (window * 3) % 5] * 4)

    return serve


def looks(policy: KayentaCanary, serve: Any = alike, number: int = 45) -> list[Moment]:
    return play(policy, serve, looks=number, interval_ns=MINUTE, period_ns=MINUTE)


def ending(moments: list[Moment]) -> tuple[type, int, str]:
    """The last action, its minute, and why."""
    ended = [(moment.at_ns // MINUTE, action) for moment in moments for action in moment.actions]
    minute, action = ended[-1]
    return type(action), minute, action.because


def judged_at(moments: list[Moment]) -> list[int]:
    """Minutes of the judgements."""
    return [
        moment.at_ns // MINUTE
        for before, moment in pairwise(moments)
        if moment.state.judgements > before.state.judgements
    ]


def test_an_equal_candidate_is_promoted_after_the_last_judgement() -> None:
    """The weights are asked for at minute 1, serve at 2, and three judgements follow."""
    moments = looks(canary())
    assert isinstance(moments[0].actions[0], SetWeights)
    assert moments[0].weights == {"old": 0.5, "new": 0.5}
    assert judged_at(moments) == [12, 22, 32]
    kind, minute, because = ending(moments)
    assert (kind, minute) == (Promote, 32)
    assert because == (
        "judgement 3 of 3 over 30 windows: score 100, at least 95: every metric passes"
    )


def test_a_slower_candidate_is_rolled_back_at_the_first_judgement() -> None:
    """One of two groups passes: 50 is not above 75; the reason holds the numbers."""
    kind, minute, because = ending(looks(canary(), slower_from(0)))
    assert (kind, minute) == (RollBack, 12)
    assert because.startswith(
        "judgement 1 of 3 over 10 windows: score 50, not above 75: latency is"
    )
    assert "High: shift 40, 98 % interval" in because
    assert "10 and 10 datapoints" in because


def test_a_growing_span_dilutes_what_began_late() -> None:
    """Slower from minute 24 on: 8 of 30 windows pass, but all of the newest ten are slower."""
    assert ending(looks(canary(), slower_from(24)))[0] is Promote
    assert ending(looks(canary(lookback="8min"), slower_from(24)))[0] is RollBack


def test_a_sliding_span_holds_the_newest_windows() -> None:
    """Ten minutes of lookback, judged every ten: each window once."""
    moments = looks(canary(lookback="10min"))
    assert ending(moments)[2].startswith("judgement 3 of 3 over 10 windows")
    assert len(moments[-1].state.windows) == 30


def test_the_analysis_begins_when_it_is_told() -> None:
    """Five minutes after the candidate serves; windows of before do not count."""
    moments = looks(
        canary(begin_after="5min"), lambda *told: slower_from(0)(*told[:2], told[2] - 7)
    )
    assert judged_at(moments) == [17]
    assert ending(moments)[2].startswith("judgement 1 of 3 over 10 windows")
    assert moments[-1].state.windows[0].start_ns == 7 * MINUTE


@pytest.mark.parametrize("interval", [None, "30min", "2h"])
def test_without_a_shorter_interval_there_is_one_judgement(interval: str | None) -> None:
    """At the end of the lifetime."""
    moments = looks(canary(analysis_interval=interval))
    assert judged_at(moments) == [32]
    assert ending(moments)[2].startswith("judgement 1 of 1")


def test_a_remainder_of_the_lifetime_is_not_used() -> None:
    """Thirty minutes hold two judgements of twelve."""
    assert judged_at(looks(canary(analysis_interval="12min"))) == [14, 26]


@pytest.mark.parametrize(
    ("marginal", "kind", "minute"), [(49, RollBack, 32), (50, RollBack, 12), (51, RollBack, 12)]
)
def test_an_interim_score_must_be_above_marginal(marginal: float, kind: type, minute: int) -> None:
    """Exactly the marginal score stops at once; above it only the last judgement stops."""
    ended = ending(looks(canary(marginal_score=marginal), slower_from(0)))
    assert ended[:2] == (kind, minute)


@pytest.mark.parametrize(("passing", "kind"), [(50, Promote), (50.01, RollBack)])
def test_the_last_score_must_reach_pass(passing: float, kind: type) -> None:
    """Exactly the pass score promotes."""
    policy = canary(marginal_score=10, pass_score=passing)
    assert ending(looks(policy, slower_from(0)))[0] is kind


def test_a_window_without_requests_is_no_datapoint() -> None:
    """Or the datapoint 0, if the metric says so."""

    def sparse(variant: str, share: float, window: int) -> RequestTotals:
        return requests() if window % 2 else alike(variant, share, window)

    state = looks(canary(), sparse)[-1].state
    assert [window.control[0] is None for window in state.windows[:4]] == [False, True] * 2
    kept = {"name": "n", "measures": "errors", "groups": ["all"]}
    replaced = kept | {"analysis": {"nan_strategy": "replace", "direction": "increase"}}

    def unlike(variant: str, share: float, window: int) -> RequestTotals:
        return requests(rejected=3) if variant == "new" else requests()

    assert ending(looks(canary(metrics=[kept]), unlike))[0] is RollBack
    assert "half of the metrics" in ending(looks(canary(metrics=[kept]), unlike))[2]
    assert "High" in ending(looks(canary(metrics=[replaced]), unlike))[2]


def test_windows_that_are_published_late_are_read_by_the_next_judgement() -> None:
    """A judgement takes what is there, and no window twice."""
    policy = canary(share=None)
    _, state = policy.decide(None, seen(now_ns=0))
    windows = (requests([40.0]),) * 10
    now = seen(*windows[:8], control=windows[:8], now_ns=10 * MINUTE)
    _, state = policy.decide(state, now)
    assert len(state.windows) == 8
    now = seen(*windows * 2, control=windows * 2, now_ns=20 * MINUTE)
    _, state = policy.decide(state, now)
    assert [window.start_ns // MINUTE for window in state.windows] == list(range(20))


def test_it_waits_while_the_endpoint_is_updating() -> None:
    """The clock starts when the split serves, and no split is asked for that would be refused."""
    for state in (None, KayentaState()):
        assert canary().decide(state, seen(status=EndpointStatus.UPDATING)) == ((), state)


def test_it_does_nothing_once_it_has_ended() -> None:
    """Whatever is shown."""
    state = KayentaState(started_ns=0, finished=True)
    assert canary().decide(state, seen(now_ns=90 * MINUTE)) == ((), state)


def test_its_splits_are_its_share_and_the_ends() -> None:
    """For the capacity check before a run."""
    first, *_ = canary(share=0.2).splits("old", "new", AT_START)
    assert first == {"old": 0.8, "new": 0.2}
    assert len(canary(share=None).splits("old", "new", AT_START)) == 2


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"marginal_score": 96}, "above pass_score"),
        ({"metrics": [LATENCY, LATENCY]}, "same name"),
        ({"metrics": []}, "metrics"),
        ({"metrics": [LATENCY | {"groups": []}]}, "groups"),
        ({"group_weights": {"speed": 60, "faults": 60}}, "more than 100"),
        ({"lifetime": "0s"}, "lifetime"),
        ({"share": 1}, "share"),
    ],
)
def test_what_cannot_be_judged_is_refused(fields: dict[str, Any], rule: str) -> None:
    """With what to change."""
    with pytest.raises(ValidationError, match=rule):
        canary(**fields)
