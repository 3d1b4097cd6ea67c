"""What is true of two variants, exactly: their metrics, and how often only one of them is right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from simab.profiles import Truth, truth_of
from simab.profiles.outcomes import OutcomeSampler
from simab.scenario import Scenario

__all__ = ["discordance", "effect_of", "joint_scenario", "sampler_of", "truth_by_variant"]


def sampler_of(scenario: Scenario, variant: str) -> OutcomeSampler:
    """The outcomes that the variant draws."""
    quality = scenario.endpoint.variants[variant].quality
    return quality.sampler(scenario.outcome_tables, scenario.labels.positive_share)


def truth_by_variant(scenario: Scenario) -> dict[str, Truth]:
    """The truth of each variant."""
    return {name: truth_of(sampler_of(scenario, name)) for name in scenario.endpoint.variants}


def effect_of(scenario: Scenario) -> float:
    """The candidate's true metric minus the control's."""
    objective, truth = scenario.objective, truth_by_variant(scenario)
    return truth[objective.candidate].metric(objective.metric) - truth[objective.control].metric(
        objective.metric
    )


def discordance(scenario: Scenario) -> dict[tuple[int, bool, bool], Fraction]:
    """Share of requests by label, control right, candidate right: of a joint outcome table."""
    objective = scenario.objective
    one, other = (sampler_of(scenario, each) for each in (objective.control, objective.candidate))
    assert one.shares == other.shares
    assert one.labels.tolist() == other.labels.tolist()
    found: dict[tuple[int, bool, bool], Fraction] = {}
    for share, *row in zip(
        one.shares, one.labels.tolist(), one.correct.tolist(), other.correct.tolist(), strict=True
    ):
        label, right, also = row
        key = (label, bool(right), bool(also))
        found[key] = found.get(key, Fraction(0)) + share
    return found


def joint_scenario(
    rows: list[dict[str, Any]], metric: str = "accuracy", **variants: dict[str, Any]
) -> Scenario:
    """Two variants with columns of a table and, perhaps, others; `old` is the control."""
    columns = {"old": {"column": "old"}, "new": {"column": "new"}} | variants
    return Scenario.model_validate(
        {
            "title": "Columns",
            "endpoint": {
                "variants": {
                    name: {
                        "latency": {"kind": "constant", "value": "40ms"},
                        "quality": {"kind": "joint_table", "table": "rows", **quality},
                    }
                    for name, quality in columns.items()
                }
            },
            "outcome_tables": {"rows": {"rows": rows}},
            "traffic": {"users": {"rate": "10/s"}},
            "objective": {
                "control": "old", "candidate": "new", "metric": metric, "smallest_effect": 0.01,
            },
            "horizon": "8h",
            "policies": {"test": {"kind": "fixed_horizon", "labelled_requests": 300}},
        }
    )  # fmt: skip
