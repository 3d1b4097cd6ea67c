"""Clients who differ, as they are met in runs: laws, correlations and designs by closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab import simulate
from simab.draws import Draws
from simab.scenario import Scenario, changed
from simab.scenario.answers_over_time import variant_truths
from simab.scenario.changes.effects import with_effect
from simab.world import Blueprint
from tests.world.building import WITHOUT_REFERENCE, Script, record, scenario, variant

SIZE = 1e-6
BAND = 3.9
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 8}


def success(probability: float) -> dict[str, Any]:
    return {"kind": "success", "probability": probability}


def described(
    clients: int = 2_000,
    rate: str = "400/s",
    *,
    first: float = 0.2,
    second: float = 0.2,
    correlation: float = 1.0,
    **parts: Any,
) -> Scenario:
    """Beta(2, 8) at a mean of .2; 2,000 clients send 20 requests each on average."""
    variants = {
        "a": variant(**QUICK, quality=success(first)),
        "b": variant(**QUICK, quality=success(second)),
    }
    propensities = {"probability": {"concentration": 10}, "correlation": correlation}
    traffic = {"users": {"rate": rate, "clients": clients, "propensities": propensities}}
    return scenario(variants, **({"traffic": traffic, "horizon": "100s"} | parts))


def probabilities(played: Scenario, *, seed: int = 5, segment: int = 0) -> NDArray[np.float64]:
    """Of each client with each variant, shape (variants, clients)."""
    blueprint = Blueprint.of(played)
    found = blueprint.clients_of(Draws(seed, 0))
    rows = []
    for number, answers in enumerate(blueprint.conditions.outcomes_of[segment]):
        start = found.starts[segment, number, answers]
        words = found.thresholds[start : start + blueprint.segments[segment].clients]
        rows.append(words.astype(np.float64) / 2.0**64)
    return np.array(rows)


def answered(requests: pd.DataFrame) -> pd.DataFrame:
    return requests[requests["correct"] >= 0]


def intraclass_correlation(requests: pd.DataFrame) -> float:
    """The analysis of variance of clients of unequal numbers (Donner 1986, section 2)."""
    by_client = answered(requests).groupby("client")["correct"].agg(["count", "mean"])
    counts, means = by_client["count"], by_client["mean"]
    total, groups = counts.sum(), len(counts)
    whole = (counts * means).sum() / total
    between = (counts * (means - whole) ** 2).sum() / (groups - 1)
    within = (counts * means * (1 - means)).sum() / (total - groups)
    size = (total - (counts**2).sum() / total) / (groups - 1)
    return float((between - within) / (between + (size - 1) * within))


def test_clients_succeed_as_often_as_scipys_beta() -> None:
    """20,000 clients, at means .2 and .6 of two variants: the test of Kolmogorov and Smirnov."""
    found = probabilities(described(20_000, second=0.6))
    assert stats.kstest(found[0], stats.beta(2, 8).cdf).pvalue > SIZE
    assert stats.kstest(found[1], stats.beta(6, 4).cdf).pvalue > SIZE


def test_answers_to_a_client_are_as_likely_as_its_table_says(engine: str) -> None:
    """Of each of 100 clients a z-score of its successes; their squares add up to a chi-square."""
    played = described(100, "100/s", second=0.6, correlation=0.5)
    found = probabilities(played)
    requests = answered(record(played, engine, policy=Script(), seed=5).requests)
    numbers = requests["variant"].map({"a": 0, "b": 1}).to_numpy()
    expected = found[numbers, requests["client"]]
    right = requests["correct"].to_numpy()
    by_client = [np.bincount(requests["client"], each, 100) for each in (right, expected)]
    variance = np.bincount(requests["client"], expected * (1 - expected), 100)
    squares = float(((by_client[0] - by_client[1]) ** 2 / variance).sum())
    assert SIZE < stats.chi2(100).sf(squares) < 1 - SIZE


@WITHOUT_REFERENCE
def test_the_intraclass_correlation_is_the_closed_form(engine: str) -> None:
    """1 / (c + 1) = 1 / 11, within 3.9 standard errors of 12 runs of 2,000 clients."""
    found = [
        intraclass_correlation(
            record(described(), engine, policy=Script(), replication=number).requests
        )
        for number in range(12)
    ]
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert error < 0.003
    assert abs(np.mean(found) - 1 / 11) < BAND * error


@pytest.mark.parametrize("correlation", [0.0, 0.6, 1.0])
def test_potential_outcomes_are_correlated_by_a_gaussian_copula(correlation: float) -> None:
    """Normal values of a client's quantiles with two variants, of 20,000 clients."""
    played = described(20_000, second=0.6, correlation=correlation)
    first, second = probabilities(played)
    values = (
        stats.norm.ppf(stats.beta(2, 8).cdf(first)),
        stats.norm.ppf(stats.beta(6, 4).cdf(second)),
    )
    found = np.corrcoef(*values)[0, 1]
    if correlation == 1.0:
        assert found > 1 - 1e-4  # lower ends are tabulated on straight lines
    else:
        error = 1 / np.sqrt(20_000 - 3)
        assert abs(np.arctanh(found) - np.arctanh(correlation)) < BAND * error


@pytest.mark.long
@WITHOUT_REFERENCE
def test_the_design_effect_of_a_hash_is_the_closed_form(engine: str) -> None:
    """The variance between runs of an arm's mean, as a ratio to that of independent answers.

    1 + (E m^2 / E m - 1) ICC with Poisson counts m of mean 20: 1 + 20 / 11 = 2.82 (Kish 1965). The
    ratio of 400 runs' variance to its expectation has a standard error of sqrt(2 / 399).
    """
    played = described(500, "100/s", endpoint={"variant_routing": "sticky_hash"})
    squares = []
    for number in range(400):
        requests = answered(record(played, engine, policy=Script(), replication=number).requests)
        arms = requests.groupby("variant")["correct"].agg(["count", "mean"])
        variance = 0.2 * 0.8 * (1 / arms["count"]).sum()
        squares.append((arms["mean"]["a"] - arms["mean"]["b"]) ** 2 / variance)
    found = np.mean(squares) / (1 + 20 / 11)
    assert abs(found - 1) < BAND * np.std(squares, ddof=1) / len(squares) ** 0.5


def test_all_worlds_and_policies_meet_the_same_clients() -> None:
    """A client's place among the others is a function of the seed and its segment, not of the
    variants' qualities, and another variant's draw leaves it alone.
    """
    played = described(500, correlation=0.5)
    better = changed(played, "endpoint.variants.b.quality.probability", 0.3)
    one, other = probabilities(played), probabilities(better)
    assert (one[0] == other[0]).all()
    assert (np.argsort(one[1]) == np.argsort(other[1])).all()
    assert (one[0] != probabilities(played, seed=6)[0]).any()


def test_a_world_with_an_effect_moves_the_mean_and_keeps_the_spread() -> None:
    """A candidate 10 points better is Beta(3, 7); the truth is the mean of either."""
    moved = with_effect(described(20_000), 0.1)
    found = probabilities(moved)
    assert stats.kstest(found[1], stats.beta(3, 7).cdf).pvalue > SIZE
    truths = variant_truths(moved)
    assert [truths[name].success_rate for name in "ab"] == [0.2, pytest.approx(0.3)]


def test_equal_variants_have_the_same_clients() -> None:
    """At a correlation of 1 a client is as good with one variant as with an equal one."""
    first, second = probabilities(described(500))
    assert (first == second).all()


def test_a_segment_of_its_own_quality_and_a_timeline_have_their_own_means(engine: str) -> None:
    """Clients of one segment differ about its own mean; of another not at all; and from the middle
    of the run on about the mean that the timeline gives: each within 3.9 standard errors.
    """
    users = {"rate": "100/s", "clients": 200}
    differ = users | {"propensities": {"probability": {"concentration": 10}}}
    entry = {"kind": "conditions", "at": "50s", "segments": ["y"], "quality": success(0.9)}
    played = described(
        traffic={
            "x": differ | {"quality": {"a": success(0.5), "b": success(0.5)}},
            "y": differ,
            "z": users,
        },
        timeline=[entry],
    )
    requests = answered(record(played, engine, policy=Script(), seed=3).requests)
    late = requests["started_ns"] >= 50_000_000_000
    spread = 1 + 49 / 11  # 50 requests a client in half of the run
    for name, mean, chosen in (("x", 0.5, late), ("y", 0.2, ~late), ("y", 0.9, late)):
        own = requests[chosen & (requests["segment"] == name)]
        error = (mean * (1 - mean) / len(own) * spread) ** 0.5
        assert abs(own["correct"].mean() - mean) < BAND * error
        assert intraclass_correlation(own) > 0.03
    assert abs(intraclass_correlation(requests[requests["segment"] == "z"])) < 0.02


def test_probabilities_of_0_and_1_leave_all_clients_alike(engine: str) -> None:
    """Who never succeeds never does, whoever asks."""
    run = record(described(50, "20/s", first=0.0, second=1.0), engine, policy=Script())
    requests = answered(run.requests)
    assert (requests["correct"] == (requests["variant"] == "b")).all()


def test_a_file_without_propensities_is_written_as_before() -> None:
    """The key of a stored row is made of it."""
    plain = scenario()
    assert "propensities" not in plain.model_dump(mode="json")["traffic"]["users"]
    differing = described().model_dump(mode="json")["traffic"]["users"]["propensities"]
    assert differing == {"probability": {"concentration": 10.0}, "correlation": 1.0}


def test_clients_of_any_routing_are_known_where_they_differ() -> None:
    """Routing that asks for no clients still draws who asks: both engines give the same records."""
    for rule in ("weighted_random", "smooth_weighted_round_robin", "consistent_hash"):
        played = described(50, "20/s", correlation=0.3, endpoint={"variant_routing": rule})
        runs = [
            simulate(played, policy=Script(), engine=engine, record_requests=True).requests
            for engine in ("compiled", "reference")
        ]
        pd.testing.assert_frame_equal(*runs)
