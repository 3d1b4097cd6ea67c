"""What routing rules do to shares: what each variant gets, and who moves when weights change.

Exact, in rational arithmetic. Variants are given by any keys, in the order in which they are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import TypeVar

from simab.errors import InvalidInput

__all__ = ["applied_shares", "expected_shares", "mixed_shares", "moved_shares", "weight_shares"]

Key = TypeVar("Key")
Weights = Mapping[Key, float | Fraction]


def weight_shares(weights: Weights[Key]) -> dict[Key, Fraction]:
    """Weight over the sum of weights, of which one at least is positive."""
    exact = {name: Fraction(weight) for name, weight in weights.items()}
    total = sum(exact.values())
    return {name: weight / total for name, weight in exact.items()}


def applied_shares(
    split: str, weights: Weights[Key], *, instances: Mapping[Key, int], rest_to: Key
) -> dict[Key, Fraction]:
    """The shares by which a router goes that makes them of weights in the way of `split`.

    `weights`: weight over sum. `truncated_percentages`: each share cut to whole percents; what is
    left goes to `rest_to` if it has a weight, else to the heaviest, as Argo Rollouts gives the
    stable version and Flagger the primary 100 less the canary's whole percents. `instance_ratio`:
    the instances of each variant of positive weight over their sum, as a Kubernetes Service goes.
    """
    shares = weight_shares(weights)
    if split == "truncated_percentages":
        first = rest_to if shares.get(rest_to) else max(shares, key=shares.__getitem__)
        cut = {name: Fraction(_whole_percents(share), 100) for name, share in shares.items()}
        return {**cut, first: cut[first] + 1 - sum(cut.values())}
    if split == "instance_ratio":
        return weight_shares(
            {name: instances[name] if each else 0 for name, each in shares.items()}
        )
    return shares


def _whole_percents(share: Fraction) -> int:
    """Rounded first where only the binary fraction is below: 0.3 of 1 is 30 % and not 29."""
    return int(round(100 * share, 9))


def mixed_shares(routers: Sequence[Mapping[Key, Fraction]]) -> dict[Key, Fraction]:
    """What requests see that reach one of several routers, each as likely as any other."""
    names = dict.fromkeys(name for shares in routers for name in shares)
    return {
        name: sum((shares.get(name, Fraction(0)) for shares in routers), Fraction(0)) / len(routers)
        for name in names
    }


def expected_shares(rule: str, weights: Weights[Key]) -> dict[Key, float]:
    """The share of each variant in what a routing rule assigns, requests or clients.

    It is the weight's share under all rules but `linear_rendezvous`, where of independent uniform
    variates times weight the largest wins: of two variants that of share w <= 1/2 gets
    w / (2 (1 - w)), so 5.56 % where 10 % was meant.
    """
    shares = weight_shares(weights)
    if rule == "linear_rendezvous":
        return {name: float(_linear(name, shares)) for name in shares}
    return {name: float(share) for name, share in shares.items()}


def moved_shares(rule: str, before: Weights[Key], after: Weights[Key]) -> dict[Key, float]:
    """Of the clients of each variant of positive weight, the share that a change of weights moves.

    Under `sticky_hash` a client stays where the variant's old and new range of the hash overlap, as
    a session under way does under `session_hash`; under `consistent_hash` with probability
    1 / (1 + sum of max(w_j / w_v, w'_j / w'_v)) / share, over the others j, as exponential variates
    race.

    Raises:
        InvalidInput: the rule hashes neither clients nor sessions.
    """
    old, new = weight_shares(before), weight_shares(after)
    stays = _STAYS.get(rule)
    if stays is None:
        raise InvalidInput(f"rule = {rule!r}: must be one of {', '.join(_STAYS)}")
    moved: dict[Key, float] = {}
    for name, share in old.items():
        if share and not new.get(name):
            moved[name] = 1.0
        elif share:
            there = _linear(name, old) if rule == "linear_rendezvous" else share
            moved[name] = float(1 - stays(name, old, new) / there)
    return moved


Shares = Mapping[Key, Fraction]


def _linear(name: Key, shares: Shares[Key]) -> Fraction:
    """The probability that a variant's uniform variate times its weight is the largest."""
    own = shares[name]
    if not own:
        return Fraction(0)
    return _largest(own / each for other, each in shares.items() if other != name and each)


def _largest(slopes: Iterable[Fraction]) -> Fraction:
    """The integral over u from 0 to 1 of the product of min(1, slope u)."""
    rising = sorted(slopes, reverse=True)  # each is 1 from u = 1 / slope on
    ends = [min(1 / slope, Fraction(1)) for slope in rising]
    total, below = Fraction(0), Fraction(0)
    for done, end in enumerate([*ends, Fraction(1)]):
        product = Fraction(1)
        for slope in rising[done:]:
            product *= slope
        power = len(rising) - done + 1
        total += product * (end**power - below**power) / power
        below = end
    return total


def _stays_in_range(name: Key, old: Shares[Key], new: Shares[Key]) -> Fraction:
    (first, last), (new_first, new_last) = _range(name, old), _range(name, new)
    return max(min(last, new_last) - max(first, new_first), Fraction(0))


def _range(name: Key, shares: Shares[Key]) -> tuple[Fraction, Fraction]:
    edges = pairwise(accumulate(shares.values(), initial=Fraction(0)))
    return dict(zip(shares, edges, strict=True))[name]


def _ratios(name: Key, old: Shares[Key], new: Shares[Key]) -> list[Fraction]:
    """Of each other variant, the larger of its two weights in parts of this one's."""
    others = [other for other in {**old, **new} if other != name]
    return [
        max(old.get(each, Fraction(0)) / old[name], new.get(each, Fraction(0)) / new[name])
        for each in others
    ]


def _stays_in_race(name: Key, old: Shares[Key], new: Shares[Key]) -> Fraction:
    return 1 / (1 + sum(_ratios(name, old, new), Fraction(0)))


def _stays_largest(name: Key, old: Shares[Key], new: Shares[Key]) -> Fraction:
    return _largest(1 / ratio for ratio in _ratios(name, old, new) if ratio)


_STAYS = {
    "sticky_hash": _stays_in_range,
    "session_hash": _stays_in_range,
    "consistent_hash": _stays_in_race,
    "linear_rendezvous": _stays_largest,
}
