"""What each variant can carry, against queueing theory and against runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.explain import explain
from simab.explain.hashed_shares import hashed_share_deviation
from simab.run.simulation import simulate
from simab.scenario import Scenario
from simab.world.run_counts import RequestColumn
from tests.explain.test_explanation import first_row, scenario


def test_one_worker_is_m_m_1() -> None:
    """At load 0.8 the mean wait of M/M/1 is 0.8 / 0.2 services: 0.4 s (Kleinrock 1975, 3.2)."""
    row = first_row(scenario(rate="8/s"))
    assert row.load == pytest.approx(0.8, rel=1e-4)
    assert row.mean_wait_s == pytest.approx(0.4, rel=1e-3)
    assert row.set_by == ("start",)


def test_constant_service_halves_the_wait() -> None:
    """M/D/1 waits half as long as M/M/1 (Pollaczek-Khinchine)."""
    constant = {"latency": {"kind": "constant", "value": "100ms"}}
    assert first_row(scenario(rate="8/s", current=constant)).mean_wait_s == pytest.approx(0.2)


def test_workers_share_a_queue() -> None:
    """M/M/2 at 1.5 erlangs: Erlang C is 9/14, so the wait is 9/14 / (20 - 15) s."""
    row = first_row(scenario(rate="15/s", current={"workers": 2}))
    assert row.load == pytest.approx(0.75, rel=1e-4)
    assert row.mean_wait_s == pytest.approx(9 / 14 / 5, rel=1e-3)


def test_instances_share_the_arrivals() -> None:
    """Routed at random, each of two instances is M/M/1 with half the rate; pooled it is M/M/2."""
    apart = first_row(scenario(rate="15/s", current={"instances": 2}))
    together = {"instances": 2, "instance_routing": "least_outstanding_requests"}
    assert apart.mean_wait_s == pytest.approx(0.75 / 0.25 * 0.1, rel=1e-3)
    pooled = first_row(scenario(rate="15/s", current=together))
    assert pooled.mean_wait_s == pytest.approx(9 / 14 / 5, rel=1e-3)


def test_only_a_closed_form_is_said_without_a_mark() -> None:
    """M/M/c, M/D/c, M/G/1 and Erlang's loss are exact; two workers with other services are not."""
    wide = {"kind": "lognormal", "mean": "100ms", "cv": 2}
    constant = {"kind": "constant", "value": "100ms"}
    exact: list[dict[str, Any]] = [
        {"workers": 3, "queue_limit": 5},
        {"latency": wide},
        {"latency": wide, "queue_limit": 0, "workers": 2},
        {"latency": constant, "workers": 4, "instances": 2},
    ]
    estimated: list[dict[str, Any]] = [
        {"latency": wide, "workers": 2},
        {"latency": constant, "queue_limit": 3},
        {"instances": 2, "instance_routing": "least_outstanding_requests"},
    ]
    assert [first_row(scenario(current=each)).approximate for each in exact] == [False] * 4
    assert [first_row(scenario(current=each)).approximate for each in estimated] == [True] * 3


@pytest.mark.parametrize(
    ("current", "routing", "rate"),
    [
        ({"latency": {"kind": "constant", "value": "100ms"}, "queue_limit": 10}, "", 9.5),
        ({"latency": {"kind": "lognormal", "mean": "100ms", "cv": 1.5}, "queue_limit": 10}, "", 9),
        ({"latency": {"kind": "lognormal", "mean": "100ms", "cv": 2}, "workers": 2}, "", 10),
        ({"latency": {"kind": "gamma", "mean": "100ms", "cv": 0.5}}, "in turn", 15),
    ],
)
def test_estimates_of_waits_and_refusals_are_near_what_a_run_has(
    current: Any, routing: str, rate: float
) -> None:
    """Within a fourth, of a run of 200,000 requests; before, off by a factor of two and more."""
    traffic = {"users": {"rate": f"{rate}/s"}}
    described = scenario(current=current, new={"weight": 1 if routing else 0}, traffic=traffic)
    endpoint = described.endpoint.model_dump(mode="json")
    if routing:
        endpoint["variant_routing"] = "smooth_weighted_round_robin"
    horizon = {"endpoint": endpoint, "horizon": f"{round(200_000 / rate)}s"}
    described = Scenario.model_validate({**described.model_dump(mode="json"), **horizon})
    row = next(row for row in explain(described).capacity if "start" in row.set_by)
    requests = simulate(described, policy=Idle(), seed=1).data.run_counts.requests[:, 0].sum(axis=0)
    served = requests[RequestColumn.ANSWERED]
    assert row.approximate
    assert row.mean_wait_s == pytest.approx(
        requests[RequestColumn.WAIT_SUM_NS] / served / 1e9, 1 / 4
    )
    refused = requests[RequestColumn.REJECTED] / requests[RequestColumn.INVOCATIONS]
    assert row.refused_share == pytest.approx(refused, rel=1 / 4, abs=1e-3)


class Idle:
    """Does nothing."""

    def decide(self, state: Any, observation: Any) -> tuple[tuple[()], Any]:
        return (), state


def test_copies_are_load_too() -> None:
    """Mirroring half of 15 requests a second to a capacity of 5: load 1.5 at weight 0."""
    mirroring = {
        "kind": "flagger",
        "interval": "1min",
        "threshold": 5,
        "step_weight": 10,
        "mirror": True,
        "mirror_weight": 50,
    }
    slow = {"weight": 0, "latency": {"kind": "exponential", "mean": "200ms"}}
    described = scenario(rate="15/s", new=slow, top={"policies": {"mirrored": mirroring}})
    row = next(row for row in explain(described).capacity if row.copied_share)
    assert (row.variant, row.share, row.copied_share) == ("new", 0.0, 0.5)
    assert row.rate_per_s == pytest.approx(7.5)
    assert row.load == pytest.approx(1.5, rel=1e-4)
    assert row.set_by == ("mirrored",)


def test_what_is_refused_or_waits_for_ever_gets_no_label() -> None:
    """Erlang B of 1 erlang refuses half; a queue that grows is answered at capacity."""
    loss = explain(scenario(current={"queue_limit": 0})).truth[0]
    assert loss.labelled_per_hour == pytest.approx(5 * 3_600, rel=1e-3)
    growing = explain(scenario(rate="25/s")).truth[0]
    assert growing.labelled_per_hour == pytest.approx(10 * 3_600, rel=1e-3)


def test_saturation_is_told_with_its_growth() -> None:
    """12 requests a second into a capacity of 10 leave 120 more in the queue each minute."""
    explanation = explain(scenario(rate="12/s"))
    row = explanation.capacity[0]
    assert row.load == pytest.approx(1.2, rel=1e-4)
    assert math.isinf(row.mean_wait_s)
    assert row.growth_per_s == pytest.approx(2, rel=1e-3)
    expected = "“current” saturates at 100 % of the traffic (set by the start): load 1.20, "
    assert f"{expected}its queue grows by 120 requests a minute." in explanation.sentences


def test_a_full_queue_refuses() -> None:
    """Without a queue one worker at 1 erlang refuses one half (Erlang B), at 3 erlangs 3/4."""
    half = first_row(scenario(current={"queue_limit": 0}))
    assert half.refused_share == pytest.approx(1 / 2, rel=1e-3)
    assert first_row(
        scenario(rate="30/s", current={"queue_limit": 0})
    ).refused_share == pytest.approx(3 / 4, rel=1e-3)
    endless = first_row(scenario(rate="20/s", current={"queue_limit": 1_000_000}))
    assert endless.refused_share == pytest.approx(1 / 2, rel=1e-3)
    assert "it refuses about 50 %" in " ".join(
        explain(scenario(rate="20/s", current={"queue_limit": 1_000_000})).sentences
    )


def test_a_hash_draws_clients_so_shares_stray() -> None:
    """Two equal segments of 100 clients each: as if 200 clients were drawn, sd sqrt(p q / 200)."""
    traffic = {name: {"rate": "1/s", "clients": 100} for name in ("here", "there")}
    described = scenario(current={"weight": 9}, new={"weight": 1}, traffic=traffic)
    assert hashed_share_deviation(described, 0.1) == pytest.approx(math.sqrt(0.09 / 200))
    assert not [each for each in explain(described).sentences if "sticky_hash" in each]
    data = described.model_dump(mode="json")
    data["endpoint"]["variant_routing"] = "sticky_hash"
    (said,) = [
        each
        for each in explain(Scenario.model_validate(data)).sentences
        if each.startswith("sticky_hash draws 200 clients")
    ]
    assert "5.8 % to 14 %" in said  # 10 % and 1.96 times 2.12 points


def test_shares_under_a_hash_stray_in_runs_as_said() -> None:
    """40 runs of 200 clients: their spread is within a third of the theory's (chi-squared)."""
    traffic = {"users": {"rate": "5/s", "clients": 200}}
    described = scenario(current={"weight": 9}, new={"weight": 1}, traffic=traffic)
    data = {**described.model_dump(mode="json"), "horizon": "1h"}
    data["endpoint"]["variant_routing"] = "sticky_hash"
    described = Scenario.model_validate(data)
    shares = []
    for replication in range(40):
        counts = simulate(described, policy=Idle(), replication=replication).data.run_counts
        assigned = counts.requests[:, :, RequestColumn.ASSIGNED].sum(axis=0)
        shares.append(assigned[1] / assigned.sum())
    requests = 5 * 3_600
    expected = math.hypot(hashed_share_deviation(described, 0.1), math.sqrt(0.09 / requests))
    assert np.std(shares, ddof=1) == pytest.approx(expected, rel=1 / 3)
