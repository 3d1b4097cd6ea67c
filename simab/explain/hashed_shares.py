"""How far a variant's share strays from its weight where a hash draws users and not requests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from simab.explain.capacity import start_weights
from simab.explain.given_shares import given_shares
from simab.scenario.models import Scenario
from simab.scenario.serving import HASHING
from simab.text.lists import named
from simab.text.numbers import counted, percent_text, two_figures

__all__ = ["hashed_share_deviation", "hashed_share_sentences"]

_MIDDLE: Final = 1.96  # standard deviations to either side that hold 95 % of the runs
_WORTH_SAYING: Final = 0.02  # of the share


def hashed_share_deviation(scenario: Scenario, share: float) -> float:
    """The standard deviation between runs of a variant's share of the weighted requests.

    Each client of a segment is drawn once, and sends its share of the requests.
    """
    parts = []
    for segment in scenario.traffic.values():
        if not segment.paired_targets:
            rate = segment.rate * max(0.0, 1.0 - math.fsum(segment.targets.values()))
            parts.append((rate, segment.activity.concentration(segment.clients)))
    total = math.fsum(rate for rate, _ in parts)
    if not total:
        return 0.0
    concentration = math.fsum((rate / total) ** 2 * squares for rate, squares in parts)
    return math.sqrt(share * (1.0 - share) * concentration)


def hashed_share_sentences(scenario: Scenario) -> Iterator[str]:
    """Where a hash decides, of the smallest share at the start, if it strays by 2 % or more."""
    rule = scenario.endpoint.variant_routing
    given = given_shares(scenario, start_weights(scenario))
    total = math.fsum(given.values())
    positive = {name: share / total for name, share in given.items() if share > 0}
    if rule not in HASHING or len(positive) < 2:
        return
    name, share = min(positive.items(), key=lambda item: item[1])
    strays = _MIDDLE * hashed_share_deviation(scenario, share)
    if strays >= _WORTH_SAYING * share:
        clients = sum(segment.clients for segment in scenario.traffic.values())
        low, high = max(share - strays, 0.0), min(share + strays, 1.0)
        yield (
            f"{rule} draws {counted(clients, 'client')} and not requests: the share of "
            f"{named(name)} at the start is {percent_text(two_figures(low))} to "
            f"{percent_text(two_figures(high))} in 95 % of the runs."
        )
