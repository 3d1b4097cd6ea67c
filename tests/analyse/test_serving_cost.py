"""The cost of serving a run, worked by hand: prices of requests and of instance hours."""

from __future__ import annotations

from typing import Any

import pytest

from simab.analyse import summary_of, truth_of_scenario
from simab.analyse.serving_cost import instance_time_ns, serving_cost
from simab.policies import AddVariant, Mirror, RemoveVariant, SetInstances, SetWeights
from simab.run.simulation import Run
from tests.world.building import SECOND, Script, record, scenario, variant

QUICK = {"weight_update": "15s", "provisioning": "15s"}
CHANGES = {
    1: [SetInstances("a", 3)],  # asked for at 10 s, in service from 25 s on
    4: [AddVariant("c", 0.0)],  # from 55 s on
    7: [RemoveVariant("b")],  # until 85 s
    11: [SetInstances("a", 9)],  # asked for at 110 s: in service after the horizon
}


def played(actions: Any, engine: str = "compiled", **variants: dict[str, Any]) -> Run:
    """Two minutes, looks every 10 s, changes in force 15 s later."""
    return record(scenario(variants, endpoint=QUICK), engine, policy=Script(actions), seed=3)


def of_three(prices: dict[str, dict[str, float]], engine: str = "compiled") -> Run:
    return played(
        CHANGES,
        engine,
        a=variant(instances=2, **prices.get("a", {})),
        b=variant(weight=0, **prices.get("b", {})),
        c=variant(deployed=False, **prices.get("c", {})),
    )


def test_instance_hours_are_those_in_service_whatever_the_weight() -> None:
    """a: 2 x 25 s + 3 x 95 s; b, at weight 0 and then removed: 85 s; c, added at weight 0: 65 s.

    At 3,600, 7,200 and 1,800 an hour that is 335 + 170 + 32.5.
    """
    prices = {"a": 3600.0, "b": 7200.0, "c": 1800.0}
    run = of_three({name: {"cost_per_instance_hour": each} for name, each in prices.items()})
    assert instance_time_ns(run) == {"a": 335 * SECOND, "b": 85 * SECOND, "c": 65 * SECOND}
    assert serving_cost(run) == pytest.approx(335 + 170 + 32.5, rel=1e-12)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_a_request_costs_where_it_is_served(engine: str) -> None:
    """Answered, failed or a copy; neither refused nor still in flight at the horizon."""
    slow = {"latency": {"kind": "exponential", "mean": "300ms"}, "queue_limit": 1}
    run = played(
        {1: [SetWeights({"a": 1.0, "b": 0.0}, mirror=Mirror("b", 0.5))]},
        engine,
        a=variant(cost_per_request=0.25, error_rate=0.2, workers=4, **slow),
        b=variant(cost_per_request=2.0),
    )
    requests = run.requests
    assert {200, 500, 503} < set(requests["status"]) | {0}
    served = requests[requests["status"].isin([200, 500])]["variant"].value_counts()
    row = summary_of(run, truth_of_scenario(run.scenario))
    assert row.cost_of_serving == pytest.approx(0.25 * served["a"] + 2.0 * served["b"], rel=1e-12)
    answers = ((requests["status"] == 200) & (requests["attempt"] == 0)).sum()
    assert row.cost_per_answer == pytest.approx(row.cost_of_serving / answers, rel=1e-12)


def test_a_price_of_nothing_is_a_cost_and_none_is_not_known() -> None:
    """0 where a variant states 0; None where none states anything."""
    assert serving_cost(of_three({"b": {"cost_per_request": 0.0}})) == 0.0
    assert serving_cost(of_three({})) is None


def test_both_engines_cost_the_same() -> None:
    """To the bit: it is made of counts and of the log of splits."""
    prices = {name: {"cost_per_request": 0.1, "cost_per_instance_hour": 1.7} for name in "abc"}
    assert serving_cost(of_three(prices)) == serving_cost(of_three(prices, "reference"))
