"""Who gets a request: the variant by weight, target, client or turn; then one of its instances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simab.draws import Draws, Purpose
from simab.policies import AddVariant, RemoveVariant, SetWeights
from simab.run.simulation import play_run
from simab.scenario.models import Scenario
from simab.stats.goodness_of_fit import binomial_exact, chi_square_shares
from simab.world import Blueprint
from simab.world.routing import Routing, pick_by_word
from tests.world.building import (
    SECOND,
    WITHOUT_REFERENCE,
    Script,
    never,
    record,
    scenario,
    variant,
)

SIZE = 1e-6  # of each statistical test here
REPLICATIONS = 1_000


def weighted(weights: dict[str, float], **parts: object) -> Scenario:
    return scenario({name: variant(weight=weight) for name, weight in weights.items()}, **parts)


def counts_of(scenario: Scenario, engine: str) -> tuple[np.ndarray, np.ndarray]:
    """Requests of the first variant and of all, in each of 1,000 replications."""
    pairs, blueprint = [], Blueprint.of(scenario)
    for replication in range(REPLICATIONS):
        draws = Draws(1, replication)
        played = play_run(blueprint, ("still", never()), draws, engine=engine)
        invocations = played.data.run_counts.requests[:, :, 0].sum(axis=0)
        pairs.append((int(invocations[0]), int(invocations.sum())))
    first, total = np.array(pairs).T
    return first, total


def evenness(first: np.ndarray, total: np.ndarray, share: float) -> float:
    """p-value that the counts are binomial: chi-square of their randomised ranks in 20 cells."""
    low = stats.binom.cdf(first - 1, total, share)
    at = stats.binom.pmf(first, total, share)
    rank = low + np.random.default_rng(0).random(first.size) * at
    cells = np.histogram(rank, bins=20, range=(0, 1))[0]
    return chi_square_shares(cells, np.full(20, 1 / 20)).p_value


@WITHOUT_REFERENCE
@pytest.mark.parametrize("share", [0.5, 0.25])
def test_counts_are_those_of_independent_draws(engine: str, share: float) -> None:
    """At 50/50 and 25/75: distribution over replications, total and spread are binomial.

    Chi-square of 1,000 counts, the exact test of their total, and the ratio of the variance to
    that of the binomial law (chi-square with 1,000 degrees): size 1e-6 each. The platform draws
    for each request: recorded splits are 51:69 of 120 and 77:257 of 334.
    """
    plain = weighted({"a": share, "b": 1 - share}, rate="3/s", horizon="20s")
    first, total = counts_of(plain, engine)
    assert evenness(first, total, share) > SIZE
    assert binomial_exact(int(first.sum()), int(total.sum()), share).p_value > SIZE
    ratio = ((first - total * share) ** 2 / (total * share * (1 - share))).sum()
    assert SIZE / 2 < stats.chi2.cdf(ratio, REPLICATIONS) < 1 - SIZE / 2


@WITHOUT_REFERENCE
def test_a_quota_would_be_noticed(engine: str) -> None:
    """Serving in turn has the right total and a far too small spread: the same tests reject it."""
    turns = weighted(
        {"a": 1, "b": 1},
        rate="3/s",
        horizon="20s",
        endpoint={"variant_routing": "smooth_weighted_round_robin"},
    )
    first, total = counts_of(turns, engine)
    assert binomial_exact(int(first.sum()), int(total.sum()), 0.5).p_value > SIZE
    assert evenness(first, total, 0.5) < SIZE


def test_a_split_two_per_cent_off_would_be_noticed() -> None:
    """51/49 in place of 50/50 fails the exact test of the total at 60,000 requests, size 1e-6.

    The expected deviation is 0.01 x sqrt(60,000) / 0.5 = 4.9 standard errors: at 120,000, 6.9.
    """
    words = Draws(1, 0).blocks(Purpose.SERVICE, 1, 0, 120_000)[:, 0]
    routing = Routing.of({0: 51.0, 1: 49.0}, [(0,), (0,)])
    first = int(np.count_nonzero(words < routing.thresholds[0]))
    assert binomial_exact(first, words.size, 0.51).p_value > SIZE
    assert binomial_exact(first, words.size, 0.5).p_value < SIZE


@given(st.lists(st.floats(0, 1e6) | st.just(0.0), min_size=1, max_size=10))
def test_words_are_cut_in_proportion_to_the_weights(weights: list[float]) -> None:
    """Each variant's part of the 2**64 words is its share, to 2 words and the rounding of a sum."""
    if not any(weights):
        weights = [*weights, 1.0]
    routing = Routing.of(dict(enumerate(weights)), [(0,)] * len(weights))
    assert list(routing.choices) == [number for number, each in enumerate(weights) if each > 0]
    edges = [0, *(int(edge) for edge in routing.thresholds), 2**64]
    for part, number in enumerate(routing.choices):
        expected = weights[number] / sum(weights) * 2**64
        assert edges[part + 1] - edges[part] == pytest.approx(expected, rel=1e-12, abs=2)
        if edges[part] < edges[part + 1]:
            assert pick_by_word(routing, edges[part]) == number
            assert pick_by_word(routing, edges[part + 1] - 1) == number


@pytest.mark.parametrize(
    "routing", ["weighted_random", "sticky_hash", "smooth_weighted_round_robin"]
)
def test_weight_0_gets_exactly_nothing(engine: str, routing: str) -> None:
    """Recorded on the platform: 0 of the requests at weight 0."""
    plain = weighted(
        {"none": 0, "all": 1, "none either": 0},
        rate="20/s",
        endpoint={"variant_routing": routing},
    )
    requests = record(plain, engine).requests
    assert len(requests) > 2_000
    assert set(requests["variant"]) == {"all"}


def test_a_target_always_wins(engine: str) -> None:
    """A request that names a deployed variant gets it, at weight 0 too."""
    plain = scenario(
        {"a": variant(weight=5), "b": variant(weight=0)},
        traffic={"named": {"rate": "50/s", "targets": {"b": "100%"}}, "free": {"rate": "50/s"}},
    )
    requests = record(plain, engine).requests
    assert set(requests.loc[requests["segment"] == "named", "variant"]) == {"b"}
    assert set(requests.loc[requests["segment"] == "free", "variant"]) == {"a"}


def test_shares_of_targets_are_drawn(engine: str) -> None:
    """20 % name b, 10 % name a, the rest goes by weight 1:1; chi-square, size 1e-6."""
    plain = scenario(
        traffic={"users": {"rate": "200/s", "targets": {"b": 0.2, "a": 0.1}}}, horizon="40s"
    )
    counts = record(plain, engine).requests["variant"].value_counts()[["a", "b"]]
    assert chi_square_shares(counts, [0.1 + 0.35, 0.2 + 0.35]).p_value > SIZE


def test_paired_targets_take_turns_over_the_same_content(engine: str) -> None:
    """Requests 2k and 2k + 1 name a and b and carry the same row; with equal models they agree."""
    quality = {"kind": "joint_table", "table": "t", "column": "m"}
    rows = [{"label": number % 2, "scores": {"m": number / 32}} for number in range(32)]
    plain = scenario(
        {"a": variant(quality=quality, weight=0), "b": variant(quality=quality)},
        traffic={"both": {"rate": "20/s", "paired_targets": ["a", "b"]}},
        outcome_tables={"t": {"rows": rows}},
    )
    requests = record(plain, engine).requests
    assert list(requests["variant"][:6]) == ["a", "b"] * 3
    pairs = requests["request"] // 2
    done = requests[requests["status"] == 200].assign(pair=pairs)
    scores = done.pivot_table(index="pair", columns="variant", values="score").dropna()
    assert len(scores) > 500
    assert (scores["a"] == scores["b"]).all()
    assert scores["a"].nunique() == 32


def test_a_target_that_is_not_deployed_is_the_clients_mistake(engine: str) -> None:
    """400, at once, to nobody: no instance, no window of any variant counts it."""
    plain = scenario(
        {"a": variant(), "b": variant(deployed=False)},
        traffic={"named": {"rate": "10/s", "targets": {"b": "100%"}}, "free": {"rate": "10/s"}},
    )
    run = record(plain, engine)
    named = run.requests[run.requests["segment"] == "named"]
    assert len(named) > 1_000
    assert set(named["status"]) == {400}
    assert set(named["variant"]) == {""}
    assert set(named["instance"]) == {-1}
    assert run.totals.invalid == len(named) == run.data.run_counts.invalid.sum()
    assert "b" not in set(run.windows["variant"])


def test_a_target_is_valid_as_long_as_it_is_deployed(engine: str) -> None:
    """400 before it is added and after it is removed, served in between."""
    plain = scenario(
        {"a": variant(), "b": variant(deployed=False)},
        traffic={"named": {"rate": "50/s", "targets": {"b": "100%"}}},
        endpoint={"weight_update": "5s", "provisioning": "15s"},
    )
    run = record(plain, engine, policy=Script({2: [AddVariant("b")], 6: [RemoveVariant("b")]}))
    requests = run.requests
    served = requests[requests["status"] != 400]["arrived_ns"] / SECOND
    assert served.min() == pytest.approx(35, abs=0.2)
    assert served.max() == pytest.approx(65, abs=0.2)
    assert set(requests.loc[requests["arrived_ns"] < 35 * SECOND, "status"]) == {400}
    assert set(requests.loc[requests["arrived_ns"] >= 65 * SECOND, "status"]) == {400}


def sticky(weights: dict[str, float], changed: dict[str, float], engine: str) -> pd.DataFrame:
    plain = weighted(
        weights,
        traffic={"users": {"rate": "100/s", "clients": 400}},
        endpoint={"variant_routing": "sticky_hash", "weight_update": "5s"},
    )
    requests = record(plain, engine, policy=Script({6: [SetWeights(changed)]})).requests
    before = requests["arrived_ns"] < 65 * SECOND
    for part in (requests[before], requests[~before]):
        assert part.groupby("client")["variant"].nunique().max() == 1
    return pd.DataFrame(
        {
            "before": requests[before].groupby("client")["variant"].first(),
            "after": requests[~before].groupby("client")["variant"].first(),
        }
    ).dropna()


def test_a_client_keeps_its_variant_while_the_weights_stay(engine: str) -> None:
    """Sticky by client: one variant each before and after, and shares as the weights ask."""
    clients = sticky({"a": 3, "b": 1}, {"a": 3, "b": 1}, engine)
    assert (clients["before"] == clients["after"]).all()
    counts = clients["before"].value_counts()[["a", "b"]]
    assert chi_square_shares(counts, [0.75, 0.25]).p_value > SIZE


def test_only_those_clients_move_who_must(engine: str) -> None:
    """From 50/50 to 25/75 nobody leaves b, and about half of a's clients do (a quarter of all)."""
    clients = sticky({"a": 1, "b": 1}, {"a": 1, "b": 3}, engine)
    assert (clients.loc[clients["before"] == "b", "after"] == "b").all()
    moved = int((clients["before"] != clients["after"]).sum())
    assert binomial_exact(moved, len(clients), 0.25).p_value > SIZE


@given(
    weights=st.lists(st.integers(1, 50), min_size=2, max_size=10),
    length=st.just(400),
)
def test_turns_keep_to_the_shares_at_every_prefix(weights: list[int], length: int) -> None:
    """Smooth weighted round robin never serves a variant one turn more than its share asks for.

    Two variants are never one turn behind either; with more, how far one may fall behind grows
    slowly with their number (the greedy cup game: harmonic sums), below 2 for the ten allowed.
    """
    routing = Routing.of(dict(enumerate(weights)), [(0,)] * len(weights))
    shares = np.array(weights) / sum(weights)
    gained, served = [0] * len(weights), np.zeros(len(weights))
    for turn in range(1, length + 1):
        gained = [sum(pair) for pair in zip(gained, routing.turns, strict=True)]
        chosen = gained.index(max(gained))
        gained[chosen] -= 1 << 32
        served[chosen] += 1
        ahead = served - turn * shares
        assert ahead.max() < 1 + 1e-6
        assert ahead.min() > (-1 if len(weights) == 2 else -2) - 1e-6


@pytest.mark.parametrize("weights", [{"a": 1, "b": 1}, {"a": 1, "b": 3}, {"a": 5, "b": 1, "c": 1}])
def test_the_world_serves_in_smooth_turns(engine: str, weights: dict[str, float]) -> None:
    """Each prefix of a run has each variant within one turn of its share; 5:1:1 is a a b a c a a.

    The sequence is that of Nginx's documentation of its smooth weighted round robin.
    """
    plain = weighted(weights, endpoint={"variant_routing": "smooth_weighted_round_robin"})
    variants = record(plain, engine).requests["variant"].to_numpy()
    for name, weight in weights.items():
        exact = np.arange(1, variants.size + 1) * weight / sum(weights.values())
        assert np.abs(np.cumsum(variants == name) - exact).max() < 1 + 1e-6
    if len(weights) == 3:
        assert "".join(variants[:7]) == "aabacaa"


def test_random_instances_are_equally_likely(engine: str) -> None:
    """Five instances, 8,000 requests: chi-square of their counts, size 1e-6; and no memory.

    Pairs of successive instances fill the 25 cells evenly as well.
    """
    plain = scenario({"a": variant(instances=5)}, rate="200/s", horizon="40s")
    chosen = record(plain, engine).requests["instance"].to_numpy()
    assert chi_square_shares(np.bincount(chosen, minlength=5), np.full(5, 0.2)).p_value > SIZE
    pairs = np.bincount(chosen[:-1] * 5 + chosen[1:], minlength=25)
    assert chi_square_shares(pairs, np.full(25, 1 / 25)).p_value > SIZE


def test_the_least_loaded_instance_takes_the_request(engine: str) -> None:
    """No request goes to an instance that holds more than another; ties are broken evenly.

    Who is held is recomputed from the records: arrived before, not finished yet, not turned away.
    Among k equally loaded instances each is taken with probability 1 / k: chi-square, size 1e-6.
    """
    plain = scenario(
        {
            "a": variant(
                instances=4, workers=2, queue_limit=2, instance_routing="least_outstanding_requests"
            )
        },
        rate="170/s",
        horizon="60s",
    )
    requests = record(plain, engine).requests
    assert (requests["status"] == 503).sum() > 0
    held: list[list[float]] = [[] for _ in range(4)]
    tied = {count: np.zeros(count) for count in (2, 3, 4)}
    for row in requests.itertuples():
        held = [[end for end in ends if end > row.arrived_ns] for ends in held]
        loads = [len(ends) for ends in held]
        assert loads[row.instance] == min(loads)
        equal = [number for number, load in enumerate(loads) if load == min(loads)]
        if len(equal) > 1:
            tied[len(equal)][equal.index(row.instance)] += 1
        if row.status != 503:
            held[row.instance].append(row.finished_ns if row.finished_ns >= 0 else np.inf)
    for count, taken in tied.items():
        assert taken.sum() > 500
        assert chi_square_shares(taken, np.full(count, 1 / count)).p_value > SIZE


def test_clients_share_the_arrivals_equally(engine: str) -> None:
    """Eight clients, 10,000 requests: chi-square, size 1e-6; none beyond the eight."""
    plain = scenario(traffic={"users": {"rate": "100/s", "clients": 8}}, horizon="100s")
    clients = record(plain, engine).requests["client"]
    assert clients.between(0, 7).all()
    assert chi_square_shares(np.bincount(clients, minlength=8), np.full(8, 1 / 8)).p_value > SIZE
