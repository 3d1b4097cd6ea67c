"""What clients of drawn scenarios remember, where a scenario may have it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

__all__ = ["remember"]

SELDOM = st.sampled_from([False, False, False, True])
COINS = st.booleans()
SHARES = st.sampled_from([0.3, 1.0])
LEAVE = st.sampled_from([0.02, 0.2, 1.0])
MOST_CLIENTS = 5_000  # an array of all of them is made for each run


def remember(draw: st.DrawFn, data: dict[str, Any]) -> None:
    """Let clients of some segments carry over what they met, or leave after a bad answer."""
    if not draw(SELDOM):
        return
    for segment in data["traffic"].values():
        segment["clients"] = min(segment["clients"], MOST_CLIENTS)
        if "paired_targets" in segment:
            continue
        if _counted_alike(data) and draw(COINS):
            segment["carry_over"] = draw(SHARES)
        if segment["labelled"] and draw(COINS):
            segment["opt_out"] = draw(LEAVE)


def _counted_alike(data: dict[str, Any]) -> bool:
    """Whether all variants answer in one kind, and earn in the same units."""
    qualities = [variant["quality"] for variant in data["endpoint"]["variants"].values()]
    counted = [
        (each["kind"], each.get("distribution"), each.get("earning_share", 1) < 1)
        for each in qualities
    ]
    return all(each == counted[0] for each in counted)
