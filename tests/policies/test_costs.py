"""Numeric rewards of which less is better: every rule on costs decides as its mirror on rewards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simab.analyse.truth import truth_of_scenario
from simab.comparison import compare
from simab.policies import Observation
from simab.policies.answers import Answers
from simab.policies.bandits.gaussian_thompson import GaussianThompson
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.bayesian_rope import BayesianRope
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.experiments.group_sequential import GroupSequential
from simab.policies.experiments.naive_peeking import NaivePeeking
from simab.policies.experiments.ship_decision import ShipByMetrics
from simab.policies.policy import Policy
from simab.policies.rollouts.metric_majority import MetricMajority
from simab.policies.rollouts.ramp_by_power import RampByPower
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.policies.rollouts.sequential_alerts import SequentialAlerts
from simab.scenario.models import Scenario
from simab.scenario.worlds.world import worlds_of
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, earned, observation, requests
from tests.world.building import scenario, variant

Floats = NDArray[np.float64]
SECOND = MINUTE // 60


class Numbers:
    """A view of numbers that arrive one a second for each variant, of users with five each."""

    period_ns = MINUTE

    def __init__(self, values: dict[str, Floats], until_ns: int) -> None:
        self.published_until_ns = until_ns
        seen = until_ns // SECOND
        self.values = {name: own[:seen] for name, own in values.items()}

    def labels(self, variant: str) -> LabelTotals:
        """All so far."""
        return earned(self.values[variant].tolist())

    def answers(self, variant: str) -> Answers:
        """The same one by one."""
        own = self.values[variant]
        users = np.arange(len(own)) // 5 * 2 + (variant == "new")
        arrived = (np.arange(len(own)) + 1) * SECOND
        return Answers(np.zeros_like(users), users, own, arrived, arrived)

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """As many as there are numbers."""
        return requests([20.0] * ((until_ns - since_ns) // SECOND))


def course(policy: Policy, values: dict[str, Floats], metric: str) -> list[str]:
    """What a rule does at every minute, with whom and by which estimate."""
    state: Any = None
    done: list[str] = []
    for minute in range(1, 11):
        metrics: Any = Numbers(values, minute * MINUTE)
        seen: Observation = observation(metrics, metric=metric, now_ns=minute * MINUTE)
        actions, state = policy.decide(state, seen)
        done += [f"{minute}: {replace(each, because='')}" for each in actions]
        if policy.has_ended(state):
            break
    return done


def built(kind: type[Policy], **fields: Any) -> Policy:
    return kind.model_validate(fields)


def decision(metric: str, **fields: Any) -> Policy:
    """A decision of one metric, called as the objective is."""
    one = {"metric": metric, "role": "success", **fields}
    return built(ShipByMetrics, metrics=[one], duration="9min")


RAMP = {"every": "1min", "change_takes": "1s", "steps": 5, "spread": 20}
RULES: dict[str, Policy] = {
    "fixed": built(FixedHorizonTest, labelled_requests=300),
    "peeking": built(NaivePeeking, labelled_requests=60),
    "planned": built(GroupSequential, labelled_requests=400, looks=4),
    "sequence": built(AlwaysValid, labelled_requests=60, tight_at=200),
    "mixture": built(AlwaysValid, labelled_requests=60, method="mixture", typical_effect=3),
    "mixture_t": built(AlwaysValid, labelled_requests=60, method="mixture_t", typical_effect=0.2),
    "bounded": built(AlwaysValid, labelled_requests=60, method="empirical_bernstein", cap=30),
    "bayesian": built(BayesianExperiment, labelled_requests=60, expected_loss=0.5),
    "rope": built(BayesianRope, labelled_requests=60, rope=0.5),
    "user": built(FixedHorizonTest, labelled_requests=300, unit="user"),
    "user mean": built(NaivePeeking, labelled_requests=60, unit="user_mean"),
    "ranks": built(NaivePeeking, labelled_requests=60, unit="user_mean", ranks=True),
    "capped": built(FixedHorizonTest, labelled_requests=300, cap_percentile=90),
    "bandit": built(
        GaussianThompson, update_every="1min", prior_mean=20, prior_standard_deviation=9
    ),
    "budget": built(RiskBudgetedRamp, budget=100, typical_loss=5, **RAMP),
    "power": built(RampByPower, degradation=5, spread=10, risk=0.5, labelled_requests=20),
}


def drawn(seed: int, gain: float) -> tuple[Floats, Floats]:
    """Ten minutes of gamma numbers around 20, and those of a variant that has more of them."""
    random = np.random.default_rng(seed)
    return random.gamma(4.0, 5.0, 600), random.gamma(4.0, 5.0, 600) + gain


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("gain", [0.0, 2.0, -2.0], ids=["equal", "more", "less"])
def test_a_cost_is_a_reward_with_the_roles_exchanged(name: str, gain: float) -> None:
    """What is tested is the difference, which has the same bits: a dearer control, a poorer one."""
    for seed in range(4):
        first, second = drawn(seed, gain)
        rewards = course(RULES[name], {"old": first, "new": second}, "reward")
        costs = course(RULES[name], {"old": second, "new": first}, "cost")
        assert costs == rewards


NAMED: dict[str, Callable[[str], Policy]] = {
    "by request": decision,
    "by user": lambda metric: decision(metric, unit="user"),
    "majority": lambda metric: built(MetricMajority, labelled_requests=300, metrics=[metric]),
    "alerts": lambda metric: built(
        SequentialAlerts,
        metrics=[{"metric": metric, "difference": "absolute"}],
        stages=[{"share": 0.5, "lasts": "8min"}],
        early_check_every="1min",
        tight_at=200,
    ),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("gain", [0.0, 2.0, -2.0], ids=["equal", "more", "less"])
def test_rules_that_name_the_metric_mirror_too(name: str, gain: float) -> None:
    """They know by its name which way is better."""
    for seed in range(4):
        first, second = drawn(seed, gain)
        rewards = course(NAMED[name]("reward"), {"old": first, "new": second}, "reward")
        costs = course(NAMED[name]("cost"), {"old": second, "new": first}, "cost")
        assert costs == rewards


def test_the_mirrors_decide_something() -> None:
    """Both ways, or the test above would compare nothing with nothing."""
    for name, policy in RULES.items():
        done = [
            course(policy, {"old": drawn(1, gain)[0], "new": drawn(1, gain)[1]}, "cost")
            for gain in (6.0, -6.0)
        ]
        assert done[0] != done[1], name
        assert done[1], name


def test_reasons_quote_what_an_answer_costs() -> None:
    """Not its negative, in counts, by user, by ranks and of a bandit's arms."""
    cheap, dear = np.repeat([16.0, 20.0, 24.0], 200), np.repeat([22.0, 30.0, 38.0], 200)
    said = {}
    for name in ("fixed", "user", "ranks", "bandit"):
        metrics: Any = Numbers({"old": dear, "new": cheap}, 10 * MINUTE)
        seen = observation(metrics, metric="cost")
        state: Any = RULES[name].decide(None, seen)[1] if name == "bandit" else None
        later = seen._replace(now_ns=seen.now_ns + MINUTE)
        (action,), _ = RULES[name].decide(state, later)
        assert getattr(action, "variant", None) == "new"
        said[name] = action.because
    assert said["fixed"].startswith(
        "cost (lower is better, a gain is positive): "
        "old 30 on average of 600, new 20 of 600: difference +10"
    )
    assert "(lower is better, a gain is positive): old ratio 30 of 120 users" in said["user"]
    # By hand: of nine pairs of thirds the old is smaller in one, 22 against 24.
    assert "old P(smaller) 0.111111 of 120 users" in said["ranks"]
    assert "new 20 on average of 600" in said["bandit"]


def world(metric: str, control: float, candidate: float, policies: dict[str, Any]) -> Scenario:
    """Two variants whose answers are worth, or cost, so much on average."""
    both = {
        name: variant(
            quality={
                "kind": "numeric_reward",
                "distribution": {"kind": "lognormal", "mean": mean, "cv": 0.5},
            }
        )
        for name, mean in (("a", control), ("b", candidate))
    }
    return scenario(
        both,
        traffic={"users": {"rate": "5/s"}},
        objective={"control": "a", "candidate": "b", "metric": metric, "smallest_effect": 1},
        horizon="10min",
        policies=policies,
    )


FIXED = {"kind": "fixed_horizon", "labelled_requests": 400, "alpha": 0.1}


def test_a_study_of_costs_is_its_mirror() -> None:
    """A cheaper candidate is right to promote, and what it spares is its gain."""
    study = compare(world("cost", 20, 17, {"test": FIXED}), replications=20).result
    truth = study.truth
    assert (truth.metric, truth.direction, truth.best) == ("cost", "lower", "b")
    assert truth.gains == pytest.approx({"a": 0.0, "b": 3.0}, abs=1e-4)
    assert truth.judgements == {"a": "wrong", "b": "right"}
    assert "reward" not in truth.values["a"]
    assert truth.values["a"]["cost"] == pytest.approx(20.0, abs=1e-4)


def test_an_effect_is_added_to_the_cost() -> None:
    """Above 0 the candidate is dearer, and worse."""
    described = world("cost", 20, 20, {"test": FIXED})
    worlds = {"dearer": {"effect": 2}, "cheaper": {"effect": -2}}
    given = Scenario.model_validate(described.model_dump(mode="json") | {"worlds": worlds})
    made = {each.name: each.scenario for each in worlds_of(given)}
    judged = {name: str(truth_of_scenario(made[name]).judgement("b")) for name in worlds}
    assert judged == {"dearer": "wrong", "cheaper": "right"}


@pytest.mark.long
def test_equal_costs_are_told_apart_as_often_as_alpha_says() -> None:
    """In played runs: a half of a tenth for the candidate, within three binomial errors."""
    runs = 1000
    study = compare(world("cost", 20, 20, {"test": FIXED}), replications=runs)
    promoted = (study.outcomes["ends_with"] == "b").mean()
    assert abs(promoted - 0.05) < 3.0 * (0.05 * 0.95 / runs) ** 0.5
