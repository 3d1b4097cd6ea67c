"""Shares under routing rules, and who moves, against hand-worked values and many clients."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from simab.errors import InvalidInput
from simab.theory.routing_shares import (
    applied_shares,
    expected_shares,
    mixed_shares,
    moved_shares,
    weight_shares,
)

WEIGHTS = st.lists(st.integers(0, 20), min_size=2, max_size=6).filter(any)


@pytest.mark.parametrize(
    ("share", "linear"), [(0.1, 0.1 / 1.8), (0.5, 0.5), (0.25, 0.25 / 1.5), (0.01, 0.01 / 1.98)]
)
def test_the_smaller_of_two_gets_half_its_share_by_the_rest(share: float, linear: float) -> None:
    """Under linear rendezvous w / (2 (1 - w)): 5.56 % at 10 %, and half at one half."""
    found = expected_shares("linear_rendezvous", {"old": 1 - share, "new": share})
    assert found["new"] == pytest.approx(linear, rel=1e-12)
    assert found["old"] == pytest.approx(1 - linear, rel=1e-12)


def test_three_variants_by_hand() -> None:
    """At 2:1:1 they get 2/3, 1/6, 1/6 where 1/2, 1/4, 1/4 was meant.

    P(first) = integral of min(1, 2u)**2 = 1/6 + 1/2; P(second) = integral of u (u / 2) = 1/6.
    """
    found = expected_shares("linear_rendezvous", {"a": 2, "b": 1, "c": 1})
    assert found == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6}, rel=1e-12)


@given(weights=WEIGHTS)
def test_linear_shares_are_the_integral(weights: list[int]) -> None:
    """SciPy's quadrature of the product of the others' distribution functions; the sum is 1."""
    named = dict(enumerate(weights))
    found = expected_shares("linear_rendezvous", named)
    assert sum(found.values()) == pytest.approx(1, rel=1e-12)
    for name, weight in named.items():
        others = [each for other, each in named.items() if other != name and each]
        expected = 0.0
        if weight:
            cuts = sorted({each / weight for each in others if each < weight})
            expected = integrate.quad(
                lambda u, own=weight, rest=others: np.prod([min(1, u * own / w) for w in rest]),
                0,
                1,
                points=cuts or None,
            )[0]
        assert found[name] == pytest.approx(expected, abs=1e-7)


@given(weights=WEIGHTS)
def test_other_rules_give_the_weights_share(weights: list[int]) -> None:
    """Weight over sum, exactly."""
    named = dict(enumerate(weights))
    for rule in ("weighted_random", "sticky_hash", "consistent_hash", "session_cookie"):
        found = expected_shares(rule, named)
        assert found == {name: weight / sum(weights) for name, weight in named.items()}
    assert sum(weight_shares(named).values()) == Fraction(1)


def test_buckets_move_clients_of_a_variant_that_nobody_touched() -> None:
    """From 2:1:1 to 1:1:1 the middle range goes from 1/2..3/4 to 1/3..2/3: a third of it moves.

    Rendezvous moves none of its clients, and of the first variant's the third that has to go.
    """
    before, after = {"a": 2, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1}
    assert moved_shares("sticky_hash", before, after) == pytest.approx(
        {"a": 1 / 3, "b": 1 / 3, "c": 0}, abs=1e-12
    )
    assert moved_shares("consistent_hash", before, after) == pytest.approx(
        {"a": 1 / 3, "b": 0, "c": 0}, abs=1e-12
    )


def test_removed_variants_lose_all_clients() -> None:
    """Whether the weight is 0 or the variant is gone; new ones had none to lose."""
    for after in ({"a": 1, "b": 0}, {"a": 1}, {"a": 1, "new": 1}):
        for rule in ("sticky_hash", "consistent_hash", "linear_rendezvous"):
            found = moved_shares(rule, {"a": 1, "b": 1}, after)
            assert found["b"] == 1
            assert "new" not in found


@given(before=WEIGHTS, after=WEIGHTS)
def test_who_moves_is_what_many_clients_do(before: list[int], after: list[int]) -> None:
    """20,000 clients, played by the definition of each rule; within 6 standard errors."""
    size = max(len(before), len(after))
    old, new = (np.array([*each, *[0] * (size - len(each))], float) for each in (before, after))
    generator = np.random.default_rng(0)
    uniform, word = generator.random((20_000, size)), generator.random(20_000)
    with np.errstate(divide="ignore"):
        choices = {
            "sticky_hash": [
                np.searchsorted(np.cumsum(each / each.sum()), word, side="right").clip(max=size - 1)
                for each in (old, new)
            ],
            "consistent_hash": [np.argmin(-np.log(uniform) / each, 1) for each in (old, new)],
            "linear_rendezvous": [np.argmax(uniform * each, 1) for each in (old, new)],
        }
    for rule, (was, becomes) in choices.items():
        expected = moved_shares(rule, dict(enumerate(old)), dict(enumerate(new)))
        for variant, share in expected.items():
            clients = was == variant
            moved = (becomes[clients] != variant).sum()
            error = np.sqrt(clients.sum() * share * (1 - share))
            assert abs(moved - clients.sum() * share) <= 6 * error + 1e-6 * clients.sum() + 1


def test_only_rules_that_hash_move_clients() -> None:
    """A draw for each request keeps nobody, so nobody moves."""
    with pytest.raises(InvalidInput, match="weighted_random"):
        moved_shares("weighted_random", {"a": 1}, {"a": 1})


def applied(split: str, weights: dict[str, float], **instances: int) -> dict[str, float]:
    """What a router makes of weights, where the rest of whole percents goes to `old`."""
    found = applied_shares(split, weights, instances=instances, rest_to="old")
    return {name: float(share) for name, share in found.items()}


@pytest.mark.parametrize(
    ("weights", "shares"),
    [
        ({"old": 0.895, "new": 0.105}, {"old": 0.90, "new": 0.10}),
        ({"old": 199, "new": 1}, {"old": 1.0, "new": 0.0}),
        ({"old": 1, "new": 1, "third": 1}, {"old": 0.34, "new": 0.33, "third": 0.33}),
        ({"old": 0.7, "new": 0.3}, {"old": 0.7, "new": 0.3}),
        ({"old": 0.71, "new": 0.29}, {"old": 0.71, "new": 0.29}),
        ({"new": 305, "old": 0, "third": 695}, {"new": 0.30, "old": 0.0, "third": 0.70}),
        ({"old": 395, "new": 605}, {"old": 0.40, "new": 0.60}),
    ],
)
def test_percentages_are_cut_and_the_control_has_the_rest(
    weights: dict[str, float], shares: dict[str, float]
) -> None:
    """As 100 less the canary's whole percents; the heaviest where the control has no weight."""
    assert applied("truncated_percentages", weights) == shares


def test_a_service_goes_by_instances() -> None:
    """Ten pods at 41 % asked: four of ten give 40 %; weights only say who takes part."""
    found = applied("instance_ratio", {"old": 59, "new": 41}, old=6, new=4)
    assert found == {"old": 0.6, "new": 0.4}
    found = applied("instance_ratio", {"old": 1, "new": 0, "c": 5}, old=1, new=7, c=2)
    assert found == pytest.approx({"old": 1 / 3, "new": 0, "c": 2 / 3})


def test_weights_are_taken_as_they_are() -> None:
    """Without a fault the shares are the weights'."""
    assert applied("weights", {"old": 3, "new": 1}, old=9, new=9) == {"old": 0.75, "new": 0.25}


def test_requests_meet_the_mean_of_the_routers() -> None:
    """Three at 50 % and one at 90 % are 60 %; a variant that one does not know has 0 there."""
    half, old = {"a": Fraction(1, 2), "b": Fraction(1, 2)}, {"a": Fraction(1)}
    assert mixed_shares([half, half, half, old]) == {"a": Fraction(5, 8), "b": Fraction(3, 8)}
