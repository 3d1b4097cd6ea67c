"""Rules that keep clients: by a hash, by cookies, by open connections; shares, moves and draws."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from simab.policies import AddVariant, RemoveVariant, SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.stats.goodness_of_fit import binomial_exact, chi_square_shares
from simab.theory.routing_shares import expected_shares, moved_shares
from tests.world.building import SECOND, WITHOUT_REFERENCE, Script, record, scenario, variant

SIZE = 1e-6  # of each statistical test here
HASHES = pytest.mark.parametrize("rule", ["sticky_hash", "consistent_hash", "linear_rendezvous"])
KEEPING = pytest.mark.parametrize("rule", ["session_cookie", "keep_alive"])
QUICK = {"latency": {"kind": "constant", "value": "1ms"}, "workers": 50}


def world(rule: str, weights: dict[str, float], *, clients: int, **more: object) -> Scenario:
    """Variants that nothing holds up, 100 requests a second for two minutes, updates after 5 s."""
    endpoint = {"variant_routing": rule, "weight_update": "5s"}
    if "affinity" in more:
        endpoint["affinity"] = str(more.pop("affinity"))
    return scenario(
        {name: variant(weight=weight, **QUICK) for name, weight in weights.items()},
        endpoint=endpoint,
        traffic={"users": {"rate": "100/s", "clients": clients}},
        **more,
    )


def first_variants(requests: pd.DataFrame) -> pd.Series:
    """The variant of each client's first request."""
    return requests.groupby("client")["variant"].first()


@WITHOUT_REFERENCE
@HASHES
@pytest.mark.parametrize("weights", [{"a": 9, "b": 1}, {"a": 5, "b": 2, "c": 3}])
def test_clients_are_shared_out_as_the_rule_says(
    engine: str, rule: str, weights: dict[str, float]
) -> None:
    """Chi-square over 20,000 clients, size 1e-6; the flawed rule at 9:1 gives b 5.56 % of them."""
    run = record(world(rule, weights, clients=20_000, horizon="5min"), engine)
    counts = first_variants(run.requests).value_counts()[list(weights)]
    assert counts.sum() > 15_000
    shares = expected_shares(rule, weights)
    assert chi_square_shares(counts, [shares[name] for name in weights]).p_value > SIZE
    if rule == "linear_rendezvous":
        asked = [weight / sum(weights.values()) for weight in weights.values()]
        assert chi_square_shares(counts, asked).p_value < SIZE


def moves(
    rule: str, before: dict[str, float], after: dict[str, float], engine: str
) -> pd.DataFrame:
    """Variants of each client before and after a change of weights, in which nobody changes."""
    plain = world(rule, before, clients=400)
    requests = record(plain, engine, policy=Script({6: [SetWeights(after)]})).requests
    late = requests["arrived_ns"] >= 65 * SECOND
    for part in (requests[~late], requests[late]):
        assert part.groupby("client")["variant"].nunique().max() == 1
    old, new = first_variants(requests[~late]), first_variants(requests[late])
    return pd.DataFrame({"before": old, "after": new}).dropna()


@HASHES
def test_a_change_of_weights_moves_whom_the_rule_says(engine: str, rule: str) -> None:
    """From 2:1:1 to 1:1:1, exact binomial tests of each variant's clients, size 1e-6.

    Buckets move a third of b's clients, whose weight nobody touched; rendezvous moves none of b
    and c, and of a's no more than the third that has to go.
    """
    before, after = {"a": 2, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}
    clients = moves(rule, before, after, engine)
    for name, share in moved_shares(rule, before, after).items():
        there = clients[clients["before"] == name]
        moved = int((there["after"] != name).sum())
        if share == 0:
            assert moved == 0
        else:
            assert binomial_exact(moved, len(there), share).p_value > SIZE


def test_weights_in_other_units_move_nobody(engine: str) -> None:
    """Rendezvous goes by weights in parts of the largest: 3:1 and 30:10 are one."""
    clients = moves("consistent_hash", {"a": 3, "b": 1}, {"a": 30, "b": 10}, engine)
    assert (clients["before"] == clients["after"]).all()


def replayed(run: Run, affinity_ns: int, *, renewed: bool, removed_only: bool) -> np.ndarray:
    """Whether each request was drawn, from the records alone; asserts that the others are kept."""
    splits = run.splits.pivot_table(index="at_ns", columns="variant", values="weight")
    places = splits.index.searchsorted(run.requests["arrived_ns"], side="right") - 1
    kept: dict[int, tuple[str, int]] = {}
    drawn = []
    for place, row in zip(places, run.requests.itertuples(), strict=True):
        name, until_ns = kept.get(row.client, ("", 0))
        weights = splits.iloc[place].dropna()
        holds = row.arrived_ns < until_ns and name in weights
        holds = holds and (removed_only or weights[name] > 0)
        if holds:
            assert row.variant == name
        if renewed or not holds:
            kept[row.client] = row.variant, row.arrived_ns + affinity_ns
        drawn.append(not holds)
    return np.array(drawn)


@pytest.mark.long
@KEEPING
def test_a_client_stays_with_what_was_drawn(engine: str, rule: str) -> None:
    """Until its time is over, its variant's weight is 0 (cookies) or it is removed (both).

    The records are replayed one by one; what is drawn goes by the weights in force, and is what
    the windows count as assigned, a user once in each phase.
    """
    weights = {"a": 1.0, "b": 1.0, "c": 1.0}
    steps = {
        3: [SetWeights({"a": 1.0, "b": 3.0, "c": 0.0})],
        6: [RemoveVariant("a")],
        9: [AddVariant("a", 1.0)],
    }
    plain = world(rule, weights, clients=100, affinity="2s")
    run = record(plain, engine, policy=Script(steps))
    alive = rule == "keep_alive"
    drawn = replayed(run, 2 * SECOND, renewed=alive, removed_only=alive)
    assert 500 < drawn.sum() < len(drawn) - 500
    assert drawn.sum() == run.windows["assigned"].sum()
    late = run.requests["arrived_ns"].between(35 * SECOND, 65 * SECOND - 1)
    counts = run.requests[drawn & late]["variant"].value_counts()
    assert chi_square_shares([counts["a"], counts["b"]], [0.25, 0.75]).p_value > SIZE
    assert "c" not in counts
    kept_at_0 = (run.requests[late]["variant"] == "c").sum()
    assert kept_at_0 > 0 if alive else kept_at_0 == 0
    assert (run.requests.loc[run.requests["arrived_ns"] >= 65 * SECOND, "variant"] != "a").any()


@WITHOUT_REFERENCE
@KEEPING
@pytest.mark.parametrize("per_affinity", [0.5, 1.0, 2.0])
def test_how_often_clients_are_drawn(engine: str, rule: str, per_affinity: float) -> None:
    """Of 1,000 clients who ask m times in an affinity on average, in ten minutes.

    A connection ends at a gap longer than the affinity: each request but a client's first is drawn
    with probability e**-m (exact binomial test, size 1e-6). Draws of cookies are renewals, whose
    gaps are the affinity and an exponential time: by the renewal theorem with its constant, 2 %.
    """
    clients, horizon_s, mean_gap_s = 1_000, 600, 10.0
    affinity_s = per_affinity * mean_gap_s
    plain = world(
        rule, {"a": 1, "b": 1}, clients=clients, affinity=f"{affinity_s}s", horizon=f"{horizon_s}s"
    )
    run = record(plain, engine)
    drawn, came = int(run.windows["assigned"].sum()), run.requests["client"].nunique()
    if rule == "keep_alive":
        later = len(run.requests) - came
        assert binomial_exact(drawn - came, later, math.exp(-per_affinity)).p_value > SIZE
        return
    gap_s = affinity_s + mean_gap_s
    constant = (gap_s**2 + mean_gap_s**2) / (2 * gap_s**2) - mean_gap_s / gap_s
    assert drawn == pytest.approx(clients * (horizon_s / gap_s + constant), rel=0.02)


@WITHOUT_REFERENCE
def test_the_share_follows_after_one_affinity(engine: str) -> None:
    """From 1:1 to 1:9, users by variant: as before at once, as asked once all cookies are over.

    Exact binomial tests of the clients' variants in the second after the change and in those after
    a further 40 s, size 1e-6; each fails at the other share.
    """
    plain = world("session_cookie", {"a": 1, "b": 1}, clients=2_000, affinity="30s", horizon="3min")
    script = Script({6: [SetWeights({"a": 1.0, "b": 9.0})]})
    requests = record(plain, engine, policy=script).requests
    seconds = requests["arrived_ns"] / SECOND
    at_once = requests[seconds.between(65, 67)]
    afterwards = requests[seconds > 105]
    kept = first_variants(at_once[at_once["client"].isin(requests[seconds < 65]["client"])])
    for share, users in ((0.9, first_variants(afterwards)), (0.5, kept)):
        assert binomial_exact(int((users == "b").sum()), len(users), share).p_value > SIZE
    assert binomial_exact(int((kept == "b").sum()), len(kept), 0.9).p_value < SIZE


@pytest.mark.long
@KEEPING
def test_users_are_counted_when_they_are_drawn(engine: str, rule: str) -> None:
    """A phase counts each user once, of those who were drawn in it and not kept from before."""
    script = Script({6: [SetWeights({"a": 1.0, "b": 9.0})]})
    plain = world(rule, {"a": 1.0, "b": 1.0}, clients=300, affinity="5s")
    run = record(plain, engine, policy=script)
    alive = rule == "keep_alive"
    drawn = replayed(run, 5 * SECOND, renewed=alive, removed_only=alive)
    shown = script.seen[-1]
    assert shown.metrics.assignments().unit == "users"
    late = run.requests["arrived_ns"].between(65 * SECOND, 110 * SECOND - 1)
    users = run.requests[late & drawn].drop_duplicates("client")["variant"].value_counts()
    assert shown.metrics.assignments().counts == users.to_dict()
    assert users.sum() > 50
