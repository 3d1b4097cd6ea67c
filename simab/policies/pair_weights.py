"""Weights for some of the variants; others that serve keep theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simab.policies.observation import Observation

__all__ = ["all_to", "beside_others", "candidate_share", "pair_weights", "without"]


def candidate_share(weights: Mapping[str, float], observation: Observation) -> float:
    """The candidate's part of the traffic of both; 0 where neither has any."""
    candidate = weights.get(observation.candidate, 0.0)
    both = candidate + weights.get(observation.control, 0.0)
    return candidate / both if both else 0.0


def pair_weights(control: float, candidate: float, observation: Observation) -> dict[str, float]:
    """Weights in this proportion, scaled so that other variants keep the traffic that they have."""
    parts = {observation.control: control, observation.candidate: candidate}
    return beside_others(parts, observation.weights)


def beside_others(parts: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Weights in these parts, scaled so that the variants not named keep what `weights` give them.

    As they are where no other variant has any traffic, and where these have none to share out.
    """
    scale = 1.0
    if any(weight > 0 for name, weight in weights.items() if name not in parts):
        serving = sum(weights.get(name, 0.0) for name in parts)
        scale = serving / sum(parts.values()) if serving else 1.0
    return {name: part * scale for name, part in parts.items()}


def all_to(winner: str, weights: Mapping[str, float]) -> dict[str, float]:
    """What a promotion or a rollback leaves: nothing for the others."""
    return {**dict.fromkeys(weights, 0.0), winner: 1.0}


def without(names: Sequence[str], weights: Mapping[str, float]) -> dict[str, float]:
    """No weight for these; what they had goes to the others in proportion to what they have.

    Empty where that changes nothing, or the others have none.
    """
    lost = sum(weights.get(name, 0.0) for name in names)
    rest = sum(weight for name, weight in weights.items() if name not in names)
    if not lost or not rest:
        return {}
    scale = (lost + rest) / rest
    return {name: 0.0 if name in names else own * scale for name, own in weights.items()}
