"""The ramp by a budget of harm: its shares by hand, and how often the budget is exceeded."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import stats

from simab.policies import EndpointStatus, Observation, Promote, Refusal, RollBack, SetWeights
from simab.policies.rollouts.risk_budgeted_ramp import RiskBudgetedRamp
from simab.stats.label_totals import LabelTotals
from simab.stats.request_totals import RequestTotals
from tests.policies.fake_metrics import MINUTE, earned, observation, requests, successes

PER_MINUTE = 1000


class Served(NamedTuple):
    """A metrics view of requests that came evenly, and labels; windows appear at once."""

    served: dict[str, int]
    known: dict[str, LabelTotals]
    published_until_ns: int
    period_ns: int = MINUTE

    def requests(self, variant: str, since_ns: int, until_ns: int) -> RequestTotals:
        """In any span, its part of all."""
        part = (until_ns - since_ns) / self.published_until_ns
        count = round(self.served[variant] * part)
        return RequestTotals(count, count, 0, 0, 0, requests().read_latencies)

    def labels(self, variant: str) -> LabelTotals:
        """All of them."""
        return self.known[variant]


def ramp(**fields: Any) -> RiskBudgetedRamp:
    """Steps of ten minutes with 1,000 requests each; a loss of 2 points would be typical."""
    plain = {"budget": 100, "typical_loss": 0.02, "spread": 0.4, "every": "10min", "steps": 4}
    plain["change_takes"] = "0s"
    return RiskBudgetedRamp.model_validate(plain | fields)


def at(minute: float, old: LabelTotals, new: LabelTotals, **fields: Any) -> Observation:
    """Every request has its label."""
    known = {"old": old, "new": new}
    served = {name: each.labelled or each.rewards.count for name, each in known.items()}
    metrics = Served(served, known, round(minute * MINUTE))
    plain = {"now_ns": round(minute * MINUTE), "weights": {"old": 1.0, "new": 0.0}}
    return observation(metrics, **(plain | fields))  # type: ignore[arg-type]


ALONE = successes(800, 200)
NONE = successes(0, 0)


def test_the_first_step_is_that_of_the_prior() -> None:
    """B = z sqrt(k^2 t^2 + k v^2) by a root finder, of 1,000 requests a minute for ten."""
    from scipy.optimize import brentq

    (action,), state = ramp().decide(None, at(1, ALONE, NONE))
    z = stats.norm.isf(0.05 / 5)
    k = brentq(lambda k: 100 - z * math.sqrt((0.02 * k) ** 2 + k * 0.16), 1, 1e6)
    assert isinstance(action, SetWeights)
    assert action.weights["new"] == math.floor(k) / 10_000
    assert state is not None
    assert state.step == 1


def test_the_first_step_counts_what_comes_while_weights_change() -> None:
    """Two minutes of it, and of the share of the start: 500 requests a minute at 50:50."""
    from scipy.optimize import brentq

    z = stats.norm.isf(0.05 / 5)
    most = brentq(lambda k: 100 - z * math.sqrt((0.02 * k) ** 2 + k * 0.16), 1, 1e6)
    policy = ramp(change_takes="2min")
    (action,), _ = policy.decide(None, at(1, ALONE, NONE))
    assert action.weights["new"] == math.floor(most / 12_000 * 10_000) / 10_000
    even = at(1, successes(400, 100), successes(400, 100), weights={"old": 1.0, "new": 1.0})
    (action,), _ = policy.decide(None, even)
    exposed = 500 + 2 * 500
    assert f"of new about {exposed} requests" in action.because


def test_one_share_between_ten_thousandths_is_entered() -> None:
    """The smallest and the largest are the same, and the budget allows more."""
    policy = ramp(budget=1e6, smallest_share=0.33335, largest_share=0.33335)
    (action,), _ = policy.decide(None, at(1, ALONE, NONE))
    assert isinstance(action, SetWeights)
    assert action.weights["new"] == 0.33335


def test_labels_make_the_posterior() -> None:
    """Half a point lost in 2,000 against 8,000 labels: the precisions add up."""
    _, state = ramp().decide(None, at(1, ALONE, NONE))
    _, state = ramp().decide(state, at(2, ALONE, NONE))
    old, new = successes(6400, 1600), successes(1590, 410)
    later = at(12, old, new, weights={"old": 0.8, "new": 0.2})
    (action,), state = ramp().decide(state, later)
    shares = np.array([6401 / 8002, 1591 / 2002])
    variance = (shares * (1 - shares) / [8000, 2000]).sum()
    weight = 0.02**2 / (0.02**2 + variance)
    assert f"expected loss {weight * 0.005:.4g} a request" in action.because
    deviation = math.sqrt(weight * variance)
    assert f"standard deviation of {deviation:.4g}; of new about" in action.because


def test_a_worse_candidate_is_rolled_back_and_a_better_one_promoted() -> None:
    """Ten points either way, in 8,000 and 2,000 labels; rewards are read likewise."""
    for right, kind in ((1400, RollBack), (1800, Promote)):
        _, state = ramp().decide(None, at(1, ALONE, NONE))
        _, state = ramp().decide(state, at(2, ALONE, NONE))
        new = successes(right, 2000 - right)
        seen = at(12, successes(6400, 1600), new, weights={"old": 0.8, "new": 0.2})
        (action,), ended = ramp().decide(state, seen)
        assert isinstance(action, kind)
        assert ramp().has_ended(ended)
        assert ramp().readings(state, ended, seen)[0].passed == (kind is Promote)
    random = np.random.default_rng(3)
    old, new = (earned(random.normal(mean, 0.4, 3000).tolist()) for mean in (0.8, 0.9))
    (action,), _ = ramp().decide(state, at(12, old, new))
    assert isinstance(action, Promote)


@pytest.mark.parametrize(("inconclusive", "winner"), [("keep", "old"), ("ship", "new")])
def test_it_ends_after_its_steps(inconclusive: str, winner: str) -> None:
    """A budget that never allows all traffic."""
    policy = ramp(budget=30, steps=1, inconclusive=inconclusive)
    _, state = policy.decide(None, at(1, ALONE, NONE))
    _, state = policy.decide(state, at(2, ALONE, NONE))
    seen = at(12, successes(9000, 2250), successes(8, 2), weights={"old": 0.9, "new": 0.1})
    (action,), _ = policy.decide(state, seen)
    assert isinstance(action, Promote)
    assert action.variant == winner
    assert f"over after 1 steps: {inconclusive}" in action.because


def test_it_waits_for_requests_and_updates_and_asks_again() -> None:
    """A step begins when its share serves."""
    policy = ramp()
    assert policy.decide(None, at(1, NONE, NONE)) == ((), None)
    busy = at(1, ALONE, NONE, status=EndpointStatus.UPDATING)
    assert policy.decide(None, busy) == ((), None)
    (asked,), state = policy.decide(None, at(1, ALONE, NONE))
    (again,), state = policy.decide(state, at(2, ALONE, NONE, refused=(Refusal(asked, "busy"),)))
    assert again.because == "asked again"
    _, state = policy.decide(state, at(4, ALONE, NONE))
    assert state is not None
    assert state.update_ns == 2 * MINUTE


def test_shares_have_an_order() -> None:
    """The smallest is not above the largest."""
    with pytest.raises(ValueError, match=r"smallest_share = 0\.6 is above largest_share"):
        ramp(smallest_share="60%")


class Course(NamedTuple):
    """Requests of the candidate, what they were worth less than the control's, and the end."""

    exposed: int
    lost: float
    promoted: bool


def course(policy: RiskBudgetedRamp, loss: float, random: np.random.Generator) -> Course:
    """Steps of 10,000 requests, without updates; the candidate's share is drawn exactly."""
    state: Any = None
    share, minute = 0.0, 1.0
    counts = {"old": [800, 1000], "new": [0, 0]}
    while True:
        old, new = (successes(right, of - right) for right, of in counts.values())
        weights = {"old": 1.0 - share, "new": share}
        actions, state = policy.decide(state, at(minute, old, new, weights=weights))
        if policy.has_ended(state):
            exposed = counts["new"][1]
            lost = 0.8 * exposed - counts["new"][0]
            won = isinstance(actions[0], Promote) and actions[0].variant == "new"
            return Course(exposed, lost, won)
        for action in actions:
            share = action.weights["new"]
        if state.since_ns is None:
            state = state._replace(since_ns=round(minute * MINUTE))
        served = {"old": round(10_000 * (1 - share)), "new": round(10_000 * share)}
        for name, right in (("old", 0.8), ("new", 0.8 - loss)):
            counts[name][0] += int(random.binomial(served[name], right))
            counts[name][1] += served[name]
        minute += 10.0


def test_one_step_uses_the_risk_it_has() -> None:
    """Losses drawn from the prior: the harm of one step exceeds the budget with its risk."""
    policy, runs = ramp(steps=1, risk=0.4, budget=50), 3000
    random = np.random.default_rng(8)
    losses = random.normal(0.0, 0.02, runs)
    exceeded = np.mean([course(policy, loss, random).lost > 50 for loss in losses])
    assert abs(exceeded - 0.2) < 3.9 * math.sqrt(0.2 * 0.8 / runs) + 0.004


@pytest.mark.long
@pytest.mark.parametrize("risk", [0.05, 0.3])
def test_the_budget_is_kept_with_the_stated_probability(risk: float) -> None:
    """Losses drawn from the prior, six steps: both the harm expected and the harm done."""
    policy, runs, typical = ramp(steps=6, risk=risk, budget=150), 2500, 0.02
    random = np.random.default_rng(9)
    losses = random.normal(0.0, typical, runs)
    courses = [course(policy, loss, random) for loss in losses]
    most = risk + 3.9 * math.sqrt(risk * (1 - risk) / runs)
    expected = np.mean(
        [each.exposed * loss > 150 for each, loss in zip(courses, losses, strict=True)]
    )
    assert expected <= most
    assert np.mean([each.lost > 150 for each in courses]) <= most
    better = losses < -typical
    worse = losses > typical
    promoted = np.array([each.promoted for each in courses])
    assert promoted[better].mean() > 0.95
    assert promoted[worse].mean() < 0.05


@pytest.mark.long
def test_equal_variants_are_promoted_the_more_the_larger_the_budget() -> None:
    """None loses it; a small one, for what chance may do in a step, keeps many at the end."""
    random, promoted = np.random.default_rng(10), []
    for budget in (100, 200, 400):
        policy = ramp(steps=6, budget=budget)
        courses = [course(policy, 0.0, random) for _ in range(600)]
        lost = np.array([each.lost for each in courses])
        assert np.mean(lost > budget) < 0.05
        promoted.append(np.mean([each.promoted for each in courses]))
    assert promoted[0] < 0.2 < promoted[1] < 0.95 < promoted[2]
