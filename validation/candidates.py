"""Versions of one scenario: the candidate better or worse, or failing; all made from the A/A file.

Only the candidate's own figures change, so that the versions cannot drift apart.
"""

from __future__ import annotations

from typing import Any

from simab.scenario import Scenario

__all__ = ["equal", "with_errors", "with_probability_gain"]


def equal(scenario: Scenario) -> Scenario:
    """A/A: the candidate is described as the control is."""
    return with_probability_gain(scenario, 0.0)


def with_probability_gain(scenario: Scenario, gain: float) -> Scenario:
    """The candidate as the control, but right so much more often (a share, such as 0.02)."""
    control = scenario.objective.control
    probability = scenario.endpoint.variants[control].model_dump()["quality"]["probability"]
    return _edited(scenario, quality={"kind": "success", "probability": probability + gain})


def with_errors(scenario: Scenario, error_rate: float) -> Scenario:
    """The scenario with a candidate that answers so many of its requests with a 5XX."""
    return _edited(scenario, error_rate=error_rate)


def _edited(scenario: Scenario, **changes: Any) -> Scenario:
    data = scenario.model_dump(mode="json")
    data["endpoint"]["variants"][scenario.objective.candidate] |= changes
    return Scenario.model_validate(data)
