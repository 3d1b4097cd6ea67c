"""The shares of ramps that compute them: whole ten-thousandths, and what puts one in force."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from simab.policies.actions import SetWeights
from simab.policies.observation import Observation
from simab.policies.pair_weights import beside_others
from simab.policies.rollouts.baseline import parts_of

__all__ = ["FINEST", "entered", "pair_split", "share_now", "share_up_to"]

FINEST: Final = 10_000  # shares below the largest are whole ten-thousandths, rounded down


def share_up_to(largest: float, share: float) -> float:
    """The share rounded down to ten-thousandths; the largest as it is, where it reaches that."""
    return largest if share >= largest else math.floor(share * FINEST + 1e-9) / FINEST


def entered(
    share: float, because: str, observation: Observation, baseline: str | None
) -> SetWeights:
    """What puts a share of the candidate's in force, and as much for any baseline."""
    parts = parts_of(share, observation.control, observation.candidate, baseline)
    return SetWeights(beside_others(parts, observation.weights), because=because)


def share_now(observation: Observation, baseline: str | None) -> float:
    """The candidate's part of the traffic of both, or of these and the baseline."""
    names = (observation.control, observation.candidate, *([] if baseline is None else [baseline]))
    together = math.fsum(observation.weights.get(name, 0.0) for name in names)
    return observation.weights.get(observation.candidate, 0.0) / together if together else 0.0


def pair_split(
    share: float, roles: tuple[str, str], weights: Mapping[str, float], baseline: str | None
) -> dict[str, float]:
    """The weights that a share makes, where others keep theirs; `roles`: control, candidate."""
    return {**weights, **beside_others(parts_of(share, *roles, baseline), weights)}
