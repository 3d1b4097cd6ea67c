"""Numeric rewards through the whole simulator: records, counts, what a policy sees, who wins."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simab.comparison import compare
from simab.errors import InvalidInput
from simab.policies import Promote
from simab.policies.bandits.thompson import Thompson
from simab.policies.experiments.always_valid import AlwaysValid
from simab.policies.experiments.bayesian import BayesianExperiment
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.policies.policy import Policy
from simab.profiles import truth_of
from simab.run.simulation import Run, simulate
from simab.scenario import dumps, loads
from simab.scenario.models import Scenario
from tests.world.building import scenario, variant

LIMIT = 4.5  # standard errors


def earning(share: float, **fields: Any) -> dict[str, Any]:
    return variant(
        quality={
            "kind": "numeric_reward",
            "earning_share": share,
            "distribution": {"kind": "lognormal", "mean": 45, "cv": 0.8},
        },
        **fields,
    )


def shop(policy: dict[str, Any], **fields: Any) -> Scenario:
    variants = {"a": earning(0.08, workers=20), "b": earning(0.088, workers=20)}
    objective = {"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 0.3}
    return scenario(variants, objective=objective, policies={"it": policy}, **fields)


MAJORITY = {"kind": "metric_majority", "labelled_requests": 1000, "metrics": ["reward"]}


@pytest.fixture(scope="module")
def run() -> Run:
    return simulate(shop(MAJORITY, rate="50/s"), record_requests=True)


def test_records_books_and_windows_say_the_same(run: Run) -> None:
    """Count, mean and squared deviations of the counts are those of the records, to 1e-9."""
    records = run.requests
    arrived = records[records["reward"].notna()]
    run_counts = run.data.run_counts
    for number, name in enumerate(("a", "b")):
        own = arrived.loc[arrived["variant"] == name, "reward"].to_numpy()
        totals = run_counts.label_totals(number, 0, len(run_counts.labels))
        assert totals.rewards.count == totals.labelled == len(own) > 1000
        assert totals.correct == 0
        assert totals.rewards.mean == pytest.approx(own.mean(), rel=1e-9)
        assert totals.rewards.variance == pytest.approx(own.var(ddof=1), rel=1e-9)
        assert totals.rewards.standard_error == pytest.approx(stats.sem(own), rel=1e-9)
        windows = run.windows[run.windows["variant"] == name]
        assert windows["rewards"].sum() == len(own)
        total = (windows["rewards"] * windows["reward_mean"]).sum()
        assert total == pytest.approx(own.sum(), rel=1e-9)
    assert records["score"].isna().all()


def test_runs_without_rewards_have_no_such_columns() -> None:
    """The records and windows of all other scenarios stay as the contract lists them."""
    plain = simulate(scenario(), record_requests=True)
    assert "reward" not in plain.requests
    assert not {"rewards", "reward_mean"} & set(plain.windows)


@pytest.mark.long
def test_the_higher_mean_wins_as_often_as_the_normal_law_says() -> None:
    """Phi(difference / standard error of both means at the tick); half the spread would fail."""
    played = shop(MAJORITY, rate="200/s", horizon="30s", endpoint={"weight_update": "0s"})
    study = compare(played, replications=1000)
    rows = study.outcomes
    wins = (rows["verdict"] == "promoted_candidate").mean()
    truths = [
        truth_of(each.quality.sampler({}, None)) for each in played.endpoint.variants.values()
    ]
    seen = rows["decided_s"].median() * 200 / 2
    spread = sum(each.reward_variance for each in truths) / seen
    gain = truths[1].reward - truths[0].reward
    error = math.sqrt(0.25 / len(rows))
    assert abs(wins - stats.norm.cdf(gain / math.sqrt(spread))) < LIMIT * error
    assert abs(wins - stats.norm.cdf(gain / math.sqrt(spread / 4))) > LIMIT * error


@pytest.mark.long
def test_thompson_sampling_finds_the_better_shop_and_spares_users() -> None:
    """It ends right nearly always, and sends less than half to the worse meanwhile."""
    bandit = {
        "kind": "gaussian_thompson",
        "prior_mean": 4,
        "prior_standard_deviation": 20,
        "update_every": "60s",
        "floor": 0.2,
        "champion_at": 0.99,
    }
    played = shop(bandit, rate="200/s", horizon="20min", endpoint={"weight_update": "0s"})
    rows = compare(played, replications=60).outcomes
    decided = rows[rows["verdict"] != "undecided"]
    assert len(decided) > 40
    assert (decided["verdict"] == "promoted_candidate").mean() > 0.95
    shares = np.array([*rows["requests_on_worse"] / (200 * 20 * 60)])
    assert shares.mean() < 0.4


@pytest.mark.long
def test_welchs_test_finds_a_gain_as_often_as_the_normal_law_says() -> None:
    """Phi(gain / standard error - 1.96) at the tick of the test; half the spread would fail."""
    test = {"kind": "fixed_horizon", "labelled_requests": 10_000}
    played = shop(test, rate="1000/s", horizon="40s", endpoint={"weight_update": "0s"})
    rows = compare(played, replications=300).outcomes
    found = (rows["verdict"] == "promoted_candidate").mean()
    truths = [
        truth_of(each.quality.sampler({}, None)) for each in played.endpoint.variants.values()
    ]
    seen = rows["decided_s"].median() * 1000 / 2
    spread = sum(each.reward_variance for each in truths) / seen
    gain = truths[1].reward - truths[0].reward
    error = math.sqrt(0.25 / len(rows))
    assert abs(found - stats.norm.cdf(gain / math.sqrt(spread) - 1.96)) < LIMIT * error
    assert abs(found - stats.norm.cdf(gain / math.sqrt(spread / 4) - 1.96)) > LIMIT * error


@pytest.mark.parametrize(
    "policy",
    [
        {"kind": "naive_peeking", "labelled_requests": 200},
        {"kind": "group_sequential", "labelled_requests": 4000, "boundary": "pocock_spending"},
        {"kind": "always_valid", "labelled_requests": 200, "tight_at": 2000},
        {
            "kind": "always_valid",
            "labelled_requests": 200,
            "method": "mixture",
            "typical_effect": 12,
        },
        {"kind": "bayesian", "labelled_requests": 200, "expected_loss": 1.5},
    ],
    ids=lambda policy: f"{policy['kind']} {policy.get('method', '')}",
)
def test_every_experiment_finds_the_shop_that_earns_far_more(policy: dict[str, Any]) -> None:
    """Through file, worker's JSON and simulator; the reason quotes means and numbers."""
    variants = {"a": earning(0.08, workers=20), "b": earning(0.16, workers=20)}
    objective = {"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 0.3}
    played = scenario(
        variants, objective=objective, policies={"it": policy}, rate="200/s", horizon="2min"
    )
    assert loads(dumps(played)) == played
    last = simulate(played).decision_log.decisions[-1]
    assert isinstance(last.action, Promote)
    assert last.action.variant == "b"
    assert re.search(r"a [\d.]+ on average of \d+, b [\d.]+ of \d+", last.action.because)
    assert (
        compare(played, replications=8).outcomes["verdict"].tolist().count("promoted_candidate")
        >= 7
    )


@pytest.mark.parametrize(
    "policy",
    [
        Thompson(update_every="1min"),
        FixedHorizonTest(baseline=0.8, effect=0.1),
        BayesianExperiment(labelled_requests=9, prior_failures=3.0),
    ],
)
def test_objects_that_count_right_answers_are_refused(policy: Policy) -> None:
    """As in files: they would find none, and never say so."""
    with pytest.raises(InvalidInput, match="these variants earn numeric rewards"):
        simulate(shop(MAJORITY), policy=policy)
    with pytest.raises(InvalidInput, match="these variants earn numeric rewards"):
        compare(shop(MAJORITY), policies={"own": policy}, replications=1)


@pytest.mark.parametrize(
    "policy",
    [
        AlwaysValid(labelled_requests=9, method="mixture", typical_effect=1.0),
        BayesianExperiment(labelled_requests=9, expected_loss=2.0),
    ],
)
def test_effects_on_shares_are_below_one(policy: Policy) -> None:
    """As in files; where answers earn money an effect may be any amount."""
    with pytest.raises(InvalidInput, match="two shares of correct answers differ by less than 1"):
        simulate(scenario(), policy=policy)
    simulate(shop(MAJORITY, horizon="30s"), policy=policy)
