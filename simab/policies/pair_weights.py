"""The split between control and candidate, whatever other variants serve beside them."""

from __future__ import annotations

from collections.abc import Mapping

from simab.policies.observation import Observation

__all__ = ["candidate_share", "pair_weights"]


def candidate_share(weights: Mapping[str, float], observation: Observation) -> float:
    """The candidate's part of the traffic of both; 0 where neither has any."""
    candidate = weights.get(observation.candidate, 0.0)
    both = candidate + weights.get(observation.control, 0.0)
    return candidate / both if both else 0.0


def pair_weights(control: float, candidate: float, observation: Observation) -> dict[str, float]:
    """Weights in this proportion, scaled so that other variants keep the traffic that they have."""
    pair = (observation.control, observation.candidate)
    scale = 1.0
    if any(weight > 0 for name, weight in observation.weights.items() if name not in pair):
        serving = sum(observation.weights.get(name, 0.0) for name in pair)
        scale = serving / (control + candidate) if serving else 1.0
    return {observation.control: control * scale, observation.candidate: candidate * scale}
