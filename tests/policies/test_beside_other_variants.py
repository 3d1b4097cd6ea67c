"""Policies on an endpoint that serves a third variant: it keeps its traffic until all is decided.

And what the capacity check says that a policy may set is what a run of it really sets.
"""

from __future__ import annotations

from typing import Any

import pytest

from simab.explain.capacity import capacity_rows, splits
from simab.policies.pair_weights import beside_others
from simab.run.simulation import simulate
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

BANDIT = {"update_every": "30s", "floor": 0.1}
LIMITS = [{"metric": "error_rate", "at_most": "50%"}]
POLICIES: dict[str, dict[str, Any]] = {
    "staged_canary": {"stages": ["10%", "40%"], "bake": "60s", "alarms": LIMITS},
    "safe_rollout": {"stages": [0.1, 0.5], "bake": "60s"},
    "guarded_release": {
        "stages": [{"share": "10%", "lasts": "60s"}, {"share": "50%", "lasts": "60s"}],
        "metrics": [{"metric": "error_rate"}],
        "minimum_requests": 1,
    },
    "sequential_alerts": {
        "stages": [{"share": "10%", "lasts": "60s"}, {"share": "50%", "lasts": "60s"}],
        "metrics": [{"metric": "success_rate"}],
        "early_check_every": "30s",
    },
    "ramp_by_power": {
        "degradation": 0.3,
        "spread": 0.5,
        "risk": 0.5,
        "first_share": "10%",
        "largest_share": "40%",
    },
    "risk_budgeted_ramp": {
        "budget": 100,
        "typical_loss": "5%",
        "spread": 0.5,
        "every": "60s",
        "largest_share": "40%",
    },
    "argo_rollouts": {
        "traffic_routing": True,
        "steps": [{"set_weight": 20}, {"pause": {"duration": "30s"}}, {"set_weight": 60}],
    },
    "flagger": {"interval": "30s", "threshold": 5, "step_weight": 20, "max_weight": 60},
    "kayenta": {
        "share": "20%",
        "analysis_interval": "60s",
        "lifetime": "4min",
        "metrics": [{"name": "latency", "measures": "latency_mean", "groups": ["all"]}],
        "group_weights": {"all": 100},
    },
    "blue_green": {"traffic": {"type": "CANARY", "size": "25%"}, "wait_interval": "60s"},
    "thompson": BANDIT,
    "ucb1": BANDIT,
    "epsilon_greedy": BANDIT,
    "gaussian_thompson": BANDIT,
    "rounds": {
        "experiment": {"kind": "fixed_horizon", "labelled_requests": 500},
        "candidate_share": 0.2,
    },
    "manual_schedule": {
        "steps": [
            {"at": "60s", "weights": {"new": 20}},
            {"at": "120s", "weights": {"old": 30}},
            {"at": "180s", "promote": "new"},
        ]
    },
}
VARIANTS = {"old": (90, 0.85), "new": (5, 0.9), "third": (5, 0.5)}
OTHERS: dict[str, dict[str, Any]] = {  # more of the same kinds, for what is foretold
    "argo that waits first": {
        "kind": "argo_rollouts",
        "traffic_routing": True,
        "steps": [{"pause": {"duration": "30s"}}, {"set_weight": 60}],
    },
    "iterations": {"kind": "flagger", "interval": "30s", "threshold": 5, "iterations": 3},
    "fleet by fleet": {
        "kind": "blue_green",
        "traffic": {"type": "LINEAR", "size": "50%"},
        "wait_interval": "60s",
    },
    "stages beyond what they have": {
        "kind": "staged_canary",
        "stages": ["60%", "97%", "99%"],
        "bake": "60s",
        "alarms": LIMITS,
    },
    "one taken away": {
        "kind": "manual_schedule",
        "steps": [
            {"at": "60s", "remove": "third"},
            {"at": "120s", "weights": {"old": 50, "new": 50}},
        ],
    },
}
AS_FORETOLD = [
    "staged_canary",
    "safe_rollout",
    "argo_rollouts",
    "flagger",
    "kayenta",
    "blue_green",
    "rounds",
    "manual_schedule",
]
KEEPERS = [kind for kind in POLICIES if kind != "manual_schedule"]  # its weights are its own


def rehearsal(kind: str) -> Scenario:
    """Weights 90, 5 and 5; the candidate is better, and the third variant is bad."""
    variants = {
        name: variant(workers=50, weight=weight, quality={"kind": "success", "probability": share})
        for name, (weight, share) in VARIANTS.items()
    }
    return scenario(
        variants,
        rate="20/s",
        horizon="8min",
        endpoint={"weight_update": "1s"},
        objective={
            "control": "old",
            "candidate": "new",
            "metric": "accuracy",
            "smallest_effect": 0.01,
        },
        policies={kind: {"kind": kind, **(POLICIES | OTHERS)[kind]}},
        labels={"delay": {"kind": "constant", "value": "5s"}},
    )


def in_force(described: Scenario, kind: str) -> list[dict[str, float]]:
    """The shares of every split of a run."""
    shares = []
    for split in simulate(described, policy=kind, seed=2).decision_log.splits:
        total = sum(split.weights.values())
        shares.append({name: weight / total for name, weight in split.weights.items()})
    return shares


def test_parts_are_scaled_to_what_the_named_have() -> None:
    """95 of 100 between two; all of it where there is no third, or it has no traffic."""
    start = {"a": 90.0, "b": 5.0, "c": 5.0}
    assert beside_others({"a": 3.0, "b": 1.0}, start) == {"a": 71.25, "b": 23.75}
    assert beside_others({"a": 3.0, "b": 1.0}, start | {"c": 0.0}) == {"a": 3.0, "b": 1.0}
    assert beside_others({"a": 3.0, "b": 1.0}, {"a": 0.0, "c": 5.0}) == {"a": 3.0, "b": 1.0}


@pytest.mark.parametrize("kind", KEEPERS)
def test_a_bystander_keeps_its_share_until_somebody_is_promoted(kind: str) -> None:
    """Some splits are set, and none of them moves traffic to the third variant or from it."""
    shares = in_force(rehearsal(kind), kind)
    assert len(shares) > 2
    before_the_end = [each for each in shares if each["third"] > 0]
    assert len(before_the_end) >= 2
    assert [each["third"] for each in before_the_end] == pytest.approx([0.05] * len(before_the_end))


@pytest.mark.parametrize("kind", ["guarded_release", "sequential_alerts"])
def test_a_baseline_has_as_much_as_the_candidate(kind: str, monkeypatch: Any) -> None:
    """A third variant that is watched in place of the control, as the capacity table foretells."""
    fields = {"baseline": "third", "metrics": [{"metric": "error_rate"}]}
    monkeypatch.setitem(POLICIES, kind, POLICIES[kind] | fields)
    described = rehearsal(kind)
    shares = [each for each in in_force(described, kind) if each["third"] and each["new"]]
    assert [each["third"] for each in shares[1:]] == pytest.approx([0.1, 0.5])
    assert all(each["third"] == pytest.approx(each["new"]) for each in shares)
    rows = {(row.variant, round(row.share, 6)) for row in capacity_rows(described)}
    assert {("third", 0.1), ("third", 0.5), ("new", 0.1)} <= rows


@pytest.mark.parametrize("kind", ["safe_rollout", "ramp_by_power", "risk_budgeted_ramp"])
def test_so_it_has_in_rollouts_and_ramps(kind: str, monkeypatch: Any) -> None:
    """In every stage and step, as foretold; the control has the rest."""
    fields = {"baseline": "third"} | ({"stages": ["10%", "40%"]} if kind == "safe_rollout" else {})
    monkeypatch.setitem(POLICIES, kind, POLICIES[kind] | fields)
    described = rehearsal(kind)
    shares = [each for each in in_force(described, kind)[1:] if each["third"] and each["new"]]
    assert shares
    for each in shares:
        assert each["third"] == pytest.approx(each["new"])
        assert each["old"] == pytest.approx(1 - 2 * each["new"])
    largest = max(each["new"] for each in shares)
    assert any(
        split.weights["third"] / sum(split.weights.values()) >= largest - 1e-9
        for split in splits(described)
        if "third" in split.weights
    )


@pytest.mark.parametrize("kind", [*AS_FORETOLD, *OTHERS])
def test_a_run_sets_what_the_check_foretells(kind: str) -> None:
    """Each split in force is one of those that the capacity table was made from."""
    described = rehearsal(kind)
    foretold = []
    for split in splits(described):
        total = sum(split.weights.values())
        shares = {name: weight / total for name, weight in split.weights.items()}
        foretold.append(dict.fromkeys(VARIANTS, 0.0) | shares)
    seen = in_force(described, kind)
    assert len(seen) > 2
    for shares in seen:
        whole = dict.fromkeys(VARIANTS, 0.0) | shares  # a fleet may be taken away at the end
        assert any(whole == pytest.approx(each) for each in foretold), (shares, foretold)
    rows = {(row.variant, round(row.share, 6)) for row in capacity_rows(described)}
    assert {("new", round(shares["new"], 6)) for shares in seen if shares["new"]} <= rows
