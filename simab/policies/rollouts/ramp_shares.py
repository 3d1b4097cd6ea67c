"""The shares of ramps that compute them: whole ten-thousandths, and what puts one in force."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from simab.policies.actions import SetWeights
from simab.policies.observation import Observation
from simab.policies.pair_weights import beside_others, pair_weights

__all__ = ["FINEST", "entered", "pair_split", "share_up_to"]

FINEST: Final = 10_000  # shares below the largest are whole ten-thousandths, rounded down


def share_up_to(largest: float, share: float) -> float:
    """The share rounded down to ten-thousandths; the largest as it is, where it reaches that."""
    return largest if share >= largest else math.floor(share * FINEST + 1e-9) / FINEST


def entered(share: float, because: str, observation: Observation) -> SetWeights:
    """What puts a share of the candidate's in force."""
    return SetWeights(pair_weights(1.0 - share, share, observation), because=because)


def pair_split(
    share: float, control: str, candidate: str, weights: Mapping[str, float]
) -> dict[str, float]:
    """The weights that a share of the two makes, where others keep theirs."""
    parts = {control: 1.0 - share, candidate: share}
    return {**weights, **beside_others(parts, weights)}
