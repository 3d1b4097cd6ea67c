"""Clients whose rewards are multiplied, as they are met in runs, against closed forms and SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from simab.draws import Draws
from simab.profiles.propensities import (
    FACTOR_BITS,
    GammaFactors,
    LognormalFactors,
    factor_table,
)
from simab.scenario import Scenario
from simab.scenario.answers_over_time import variant_truths
from simab.world import Blueprint
from simab.world.propensities import ClientPropensities
from tests.world.building import WITHOUT_REFERENCE, Script, record, scenario, variant

SIZE = 1e-6
BAND = 3.9  # standard errors
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 8}
LAWS = {
    "lognormal": (LognormalFactors, lambda cv: stats.lognorm(math.sqrt(math.log1p(cv**2)))),
    "gamma": (GammaFactors, lambda cv: stats.gamma(cv**-2)),
}


def rewards(mean: float = 40.0, cv: float = 1.0, earning: float = 1.0) -> dict[str, Any]:
    law = {"kind": "lognormal", "mean": mean, "cv": cv}
    return {"kind": "numeric_reward", "distribution": law, "earning_share": earning}


def described(quality: dict[str, Any], *, clients: int = 2_000, **differ: Any) -> Scenario:
    """Two equal variants, 20 requests of each client."""
    traffic = {"rate": f"{clients / 5}/s", "clients": clients, "propensities": differ}
    return scenario(
        {"a": variant(**QUICK, quality=quality), "b": variant(**QUICK, quality=quality)},
        traffic={"users": traffic},
        horizon="100s",
        objective={"control": "a", "candidate": "b", "metric": "reward", "smallest_effect": 1},
    )


def earned(played: Scenario, engine: str = "compiled") -> pd.DataFrame:
    """The answered requests of a run."""
    requests = record(played, engine, policy=Script(), seed=5).requests
    return requests[requests["reward"].notna()]


@pytest.mark.parametrize("cv", [0.1, 1.0, 2.0])
@pytest.mark.parametrize("kind", LAWS)
def test_factors_have_scipys_law_and_mean_1(kind: str, cv: float) -> None:
    """Quantiles, the mean to 1e-5 and the variance cv^2 to a thousandth, from the table."""
    law, peer = LAWS[kind]
    table, expected = factor_table(law(cv=cv)), peer(cv)
    scale = 1 / expected.mean()
    found = [table.quantile(each) / 2.0**FACTOR_BITS for each in (0.3, 0.5, 0.9, 0.999)]
    quantiles = expected.ppf([0.3, 0.5, 0.9, 0.999]) * scale
    assert found == pytest.approx(quantiles, rel=2e-3, abs=2e-5)
    assert table.mean / 2.0**FACTOR_BITS == pytest.approx(1.0, rel=2e-5)
    assert table.squared_coefficient_of_variation == pytest.approx(cv**2, rel=2e-3)


def test_a_reward_is_rounded_to_the_nearest_unit_and_0_stays_0() -> None:
    """By hand: 1.5 times 3 units above 0 is 4.5, rounded up; losses are multiplied as well."""
    factors = np.array([3 << FACTOR_BITS - 1], dtype=np.int64)
    none, starts = np.zeros(0, dtype=np.uint64), np.full((1, 1, 1), -1)
    clients = ClientPropensities(none, starts, factors, np.zeros((1, 1), dtype=np.int64))
    assert clients.multiplied((0, 0), 0, 3, 0) == 5
    assert clients.multiplied((0, 0), 0, 10, -10) == 10  # a reward of 0
    assert clients.multiplied((0, 0), 0, 2, -10) == -12 + 10  # -8 times 1.5


@WITHOUT_REFERENCE
def test_rewards_have_the_mean_and_the_variance_of_the_truth(engine: str) -> None:
    """(1 + cv^2) E X^2 - m^2; between clients' means as their factors say, by 3.9 errors."""
    played = described(rewards(cv=0.5, earning=0.5), rewards={"kind": "gamma", "cv": 0.5})
    truth = variant_truths(played)["a"]
    squares = 0.5 * 40**2 * 1.25
    assert truth.reward == pytest.approx(20.0)
    assert truth.reward_variance == pytest.approx(1.25 * squares - 20**2, rel=1e-3)
    found = earned(played, engine)
    by_client = found.groupby("client")["reward"].mean()
    error = by_client.std() / math.sqrt(len(by_client))
    assert abs(found["reward"].mean() - 20.0) < BAND * error
    spread = (found["reward"] - 20.0) ** 2
    error = spread.groupby(found["client"]).mean().std() / math.sqrt(len(by_client))
    assert abs(spread.mean() - truth.reward_variance) < BAND * error


def test_rewards_of_a_client_are_alike_as_the_page_says() -> None:
    """The intra-class correlation cv^2 / ((1 + cv^2) (1 + r^2) - 1), from products of two each."""
    cv, spread = 0.5, 0.5
    played = described(rewards(cv=spread), rewards={"kind": "gamma", "cv": cv}, correlation=1.0)
    found = earned(played)
    deviation = found["reward"] - 40.0
    sums, squares = (each.groupby(found["client"]).sum() for each in (deviation, deviation**2))
    counts = found.groupby("client").size()
    products = (sums**2 - squares) / (counts * (counts - 1))
    expected = (cv * 40) ** 2
    error = products.std() / math.sqrt(len(products))
    assert abs(products.mean() - expected) < BAND * error
    variance = variant_truths(played)["a"].reward_variance
    alike = cv**2 / ((1 + cv**2) * (1 + spread**2) - 1)
    assert expected / variance == pytest.approx(alike, rel=1e-3)


@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
def test_factors_with_two_variants_are_correlated_by_the_copula(correlation: float) -> None:
    """Normal values of 20,000 clients; and apart from how likely they earn."""
    played = described(
        rewards(earning=0.5),
        clients=20_000,
        rewards={"kind": "lognormal", "cv": 1},
        probability={"concentration": 10},
        correlation=correlation,
    )
    clients = Blueprint.of(played).clients_of(Draws(5, 0))
    first, second = (
        np.log(clients.factors[start:][:20_000]) for start in clients.factor_starts[0, :2]
    )
    error = BAND / math.sqrt(20_000)
    if correlation == 1.0:
        assert (first == second).all()
    else:
        assert abs(np.corrcoef(first, second)[0, 1] - correlation) < error
    likely = clients.thresholds[clients.starts[0, 0, 0] :][:20_000].astype(np.float64)
    assert abs(stats.spearmanr(likely, first).statistic) < error


def test_both_planes_multiply_alike() -> None:
    """Losses, idle answers, another quality for a segment, and clients who differ in both ways."""
    loss = {"kind": "normal", "mean": -2, "standard_deviation": 5}
    played = described(
        {"kind": "numeric_reward", "distribution": loss, "earning_share": 0.6},
        clients=50,
        rewards={"kind": "lognormal", "cv": 2},
        probability={"concentration": 1},
        correlation=0.5,
    )
    runs = [earned(played, engine) for engine in ("compiled", "reference")]
    pd.testing.assert_frame_equal(*runs)
    assert (runs[0]["reward"] < 0).any()
    assert (runs[0]["reward"] == 0).mean() > 0.3
