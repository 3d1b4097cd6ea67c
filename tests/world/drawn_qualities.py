"""Qualities of drawn scenarios: of every kind, and another one of the kind that a variant has."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.strategies import among

__all__ = ["VARIANT_NAMES", "other_quality", "quality"]

VARIANT_NAMES = [f"v{number}" for number in range(10)]
SHARES = st.sampled_from([0.0, 0.0, 0.1, 0.5, 1.0])
BETA = {"kind": "beta", "alpha": 0.3, "beta": 1.5}
SCORES = st.integers(0, 15)
SCORE_LISTS = st.lists(st.sampled_from([0, 0.25, 0.5, 0.75, 1]), min_size=2, max_size=5)
# From rewards that are all alike, some of them lost, to a few that are very large.
REWARDS = st.sampled_from(
    [
        {"kind": "quantiles", "values": [5, 5]},
        {"kind": "quantiles", "values": [-3, 0, 0.1, 1e9]},
        {"kind": "normal", "mean": -7.25, "standard_deviation": 2},
        {"kind": "lognormal", "mean": 40, "cv": 5},
    ]
)


def _scores(draw: st.DrawFn) -> dict[str, Any]:
    return (
        BETA if draw(SCORES) == 15 else {"kind": "quantiles", "values": sorted(draw(SCORE_LISTS))}
    )


def quality(draw: st.DrawFn, truth: str, column: str) -> dict[str, Any]:
    """One of the kind that a truth has, or the column of a variant in the table."""
    if truth == "success":
        return {"kind": "success", "probability": draw(SHARES)}
    if truth == "reward":
        earning = draw(among(1.0, 0.5, 0.01))
        return {"kind": "numeric_reward", "distribution": draw(REWARDS), "earning_share": earning}
    threshold = draw(among(0.5, 0.5, 0.25, 1.0))
    if truth == "table":
        return {"kind": "joint_table", "table": "t", "column": column, "threshold": threshold}
    return {
        "kind": "classifier",
        "positive_scores": _scores(draw),
        "negative_scores": _scores(draw),
        "threshold": threshold,
    }


def other_quality(
    draw: st.DrawFn, variants: dict[str, dict[str, Any]], name: str
) -> dict[str, Any]:
    """Another quality of a variant's kind; of rewards one with the same units."""
    own = variants[name]["quality"]
    if own["kind"] == "numeric_reward":
        return own | {"earning_share": 0.25} if own["earning_share"] < 1 else own
    kind = "table" if own["kind"] == "joint_table" else own["kind"]
    column = VARIANT_NAMES[0] if kind == "table" else name
    return quality(draw, kind, column)
