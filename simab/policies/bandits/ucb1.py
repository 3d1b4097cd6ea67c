"""UCB1: all traffic to the arm that could be best, by an upper confidence bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from simab.policies.bandits.bandit import Bandit, Pulls
from simab.policies.bandits.epsilon_greedy import shared_evenly

__all__ = ["Ucb1"]


class Ucb1(Bandit):
    """Give traffic to the arm with the highest mean + sqrt(2 ln(labels of all) / its own labels).

    An arm without labels comes first; arms that are level share. Source: Auer, Cesa-Bianchi and
    Fischer (2002), figure 1, where every answer is known before the next choice. It misleads where
    labels are late or updates rare: all traffic goes to one arm until the next update, so that
    the split swings from one side to the other.
    """

    kind: Literal["ucb1"] = "ucb1"
    confidence: Annotated[float, Field(gt=0, le=100)] = 2.0
    """The factor before the logarithm; 2 is UCB1's."""

    def shares(self, pulls: Sequence[Pulls]) -> Sequence[float]:
        """All to the highest bound."""
        reach = self.confidence * math.log(max(sum(each.labelled for each in pulls), 1))
        return shared_evenly([_upper_bound(each, reach) for each in pulls])


def _upper_bound(pulls: Pulls, reach: float) -> float:
    if not pulls.labelled:
        return math.inf
    return pulls.right / pulls.labelled + math.sqrt(reach / pulls.labelled)
