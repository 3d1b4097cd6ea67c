"""What is said of autoscaling and shadows before a run, beside what runs do."""

from __future__ import annotations

from typing import Any

import pytest

from simab.analyse.guardrail_truth import broken_guardrails
from simab.explain import explain
from simab.explain.capacity import load_at_all_traffic
from simab.explain.settled_instances import settled_instances
from simab.run.simulation import simulate
from simab.scenario import Scenario
from tests.world.building import scenario, variant


def scaled(*, rate: str = "100/s", endpoint: Any = None, **fields: Any) -> Scenario:
    """A candidate of one instance with 2 workers of 40 ms: 50 requests a second, 3,000 a minute."""
    autoscaling = {"max_instances": 8, "invocations_per_instance": 1_800} | fields
    return scenario(
        {"old": variant(instances=8), "new": variant(workers=2, autoscaling=autoscaling)},
        rate=rate,
        horizon="3h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
        endpoint=endpoint,
        policies={
            "all": {"kind": "manual_schedule", "steps": [{"at": "1min", "weights": {"old": 0}}]}
        },
    )


def said(described: Scenario) -> str:
    """The sentence on autoscaling."""
    return next(each for each in explain(described).sentences if "autoscaling" in each)


def test_it_says_to_how_many_and_when_and_how_loaded_until_then() -> None:
    """100 a second are 6,000 a minute: 4 instances at 1,800; 3 + .75 + 6.5 min at the earliest."""
    assert said(scaled()) == (
        "With 100 % of the traffic (“all”) “new” starts with 1 instance and comes to 4 by its "
        "autoscaling, at the earliest 10 min 15 s later; until then its load is 2.00, and while "
        "instances are added the endpoint is Updating and refuses other changes."
    )
    assert load_at_all_traffic(scaled(), "new") == pytest.approx(0.5, rel=1e-3)


@pytest.mark.parametrize(
    ("rate", "fields"),
    [
        ("100/s", {}),
        ("100/s", {"max_instances": 3}),
        ("60/s", {"invocations_per_instance": 2_900}),
        ("60/s", {"invocations_per_instance": 4_000}),
        ("200/s", {"max_instances": 20, "invocations_per_instance": 1_050}),
        ("20/s", {"min_instances": 1}),
    ],
)
def test_runs_come_to_the_same_number(rate: str, fields: Any) -> None:
    """At all traffic, in the last split of a run of three hours without a queue left over."""
    described = scaled(rate=rate, **fields)
    candidate = described.endpoint.variants["new"]
    assert candidate.autoscaling is not None
    per_s = described.traffic["users"].rate
    expected = settled_instances(candidate, candidate.autoscaling, per_s, 0.04)
    run = simulate(described, policy="all")
    assert run.decision_log.splits[-1].instances["new"] == expected


def test_a_target_that_no_instance_reaches_is_warned_of() -> None:
    """One answers 3,000 a minute; a target of 3,100 adds none, and a load above 1 stays."""
    unreachable = scaled(invocations_per_instance=3_100)
    warning = next(each for each in explain(unreachable).warnings if "Autoscaling" in each)
    assert warning == (
        "Autoscaling of “new” adds an instance above 3,100 invocations per instance in a minute, "
        "but one answers at most 3,000: it never adds any. Lower invocations_per_instance, to "
        "2,100 for a load of .7."
    )
    assert not simulate(unreachable, policy="all").decision_log.scalings
    assert not any("Autoscaling" in each for each in explain(scaled()).warnings)


def test_a_variant_that_scales_can_carry_all_traffic_in_truth() -> None:
    """A guardrail does not count it as broken, unless its most instances are too few."""
    limit = {"guardrails": [{"metric": "latency_p99", "at_most": "1s"}]}
    for most, broken in ((8, False), (2, True)):
        described = scaled(rate="110/s", max_instances=most)
        objective = described.objective.model_dump(mode="json") | limit
        judged = Scenario.model_validate(
            described.model_dump(mode="json") | {"objective": objective}
        )
        assert ("new" in broken_guardrails(judged)) is broken


def test_the_load_of_copies_is_told() -> None:
    """A shadow of half the traffic: 50 a second on one instance that answers 50."""
    described = scaled(endpoint={"shadow": {"variant": "new", "share": 0.5}})
    row = next(each for each in explain(described).capacity if each.copied_share)
    assert (row.variant, row.set_by, row.rate_per_s) == ("new", ("start",), 50)
