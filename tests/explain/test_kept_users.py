"""Cookies keep users with the candidate, so it has more traffic than its weight."""

from __future__ import annotations

import math

import pytest

from simab.explain import explain
from simab.explain.setting import setting_of
from simab.policies.flagger.analysis import FlaggerAnalysis
from simab.policies.flagger.kept_users import kept_share
from simab.run.simulation import simulate
from simab.scenario import Scenario
from simab.world.run_counts import RequestColumn
from tests.explain.test_explanation import scenario


def kept(*, affinity: bool, **activity: object) -> Scenario:
    """2,000 clients at 60/s; steps of 10 to 50 % each minute, and nothing that could fail."""
    quick = {"workers": 50, "latency": {"kind": "constant", "value": "10ms"}}
    plan = {
        "kind": "flagger",
        "interval": "1min",
        "step_weight": 10,
        "max_weight": 50,
        "session_affinity": affinity,
        "confirm_promotion_after": "10min",
    }
    top = {"policies": {"plan": plan}, "horizon": "30min"}
    described = scenario(
        current=quick,
        new=quick | {"weight": 0},
        traffic={"users": {"rate": "60/s", "clients": 2000}},
        top=top,
    )
    data = described.model_dump(mode="json")
    data["endpoint"]["weight_update"] = "1s"
    data["traffic"]["users"]["activity"] = {"kind": "equal", **activity}
    return Scenario.model_validate(data)


def test_the_share_before_the_promotion_is_that_of_a_run() -> None:
    """Rate 0.03/s a client, weights that sum to 1.5 over minutes: 1 - e^-2.7 / 2 = 97 %."""
    described = kept(affinity=True)
    policy = described.policies["plan"]
    assert isinstance(policy, FlaggerAnalysis)
    share = kept_share(policy, setting_of(described))
    assert share == pytest.approx(1 - 2.718281828**-2.7 / 2, rel=1e-6)
    run = simulate(described, policy="plan", seed=1)
    invocations = run.data.run_counts.requests[:, :, RequestColumn.INVOCATIONS]
    last = 7  # the steps are in force from minutes 2, 3, 4, 5 and 6 on; the last lasts
    found = invocations[6:last, 1].sum() / invocations[6:last].sum()
    assert share - 0.06 < found < share  # over the step; at its beginning it is less


def test_of_heavy_users_more_are_kept() -> None:
    """At Zipf's law each client without a cookie has the probability e^-(its 90 s of answers).

    Summed by hand over clients, weighted by what they send; and as in a run, over the last step.
    """
    described = kept(affinity=True, kind="zipf", exponent=1)
    policy = described.policies["plan"]
    assert isinstance(policy, FlaggerAnalysis)
    share = kept_share(policy, setting_of(described))
    harmonic = math.fsum(1 / i for i in range(1, 2001))
    shares = [1 / i / harmonic for i in range(1, 2001)]
    without = math.fsum(each * math.exp(-60 * 90 * each) for each in shares)
    assert share == pytest.approx(1 - without / 2, rel=1e-6)
    run = simulate(described, policy="plan", seed=1)
    invocations = run.data.run_counts.requests[:, :, RequestColumn.INVOCATIONS]
    found = invocations[6, 1] / invocations[6].sum()
    assert share - 0.06 < found < share + 0.02


def test_without_cookies_nothing_is_said_of_kept_users() -> None:
    """The share is the weight then."""
    said = [
        [each for each in explain(kept(affinity=affinity)).sentences if "by cookies" in each]
        for affinity in (True, False)
    ]
    assert [len(each) for each in said] == [1, 0]
    assert "about 97 % of the traffic" in said[0][0]
