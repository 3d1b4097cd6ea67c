"""What intervals of time say of a split: in how many runs one is far off, and whether by chance."""

from __future__ import annotations

import math
from typing import Final

from simab.result.studied_split import RuleFairness
from simab.stats.goodness_of_fit import binomial_exact
from simab.text import typeset

__all__ = ["scan_text"]

_LEVEL: Final = 0.01  # of runs with independent draws that are as far off
_BY_CHANCE: Final = 0.05


def scan_text(rule: RuleFairness) -> str:
    """How many runs have an interval that is far off, and the chance of so many; or nothing."""
    if not math.isfinite(rule.scan.share) or rule.keeps:
        return ""
    runs, count = rule.scan_runs or rule.runs, rule.scan.count
    expected = _LEVEL * runs
    usual = typeset.decimal(expected, 0 if runs >= 100 else 1)
    are = "is" if usual == "1" else "are"
    share = typeset.percent(_LEVEL)
    return (
        f"In {typeset.count(count)} of {typeset.count(runs)} runs some interval of time has a "
        f"share as far off as in {share} of runs with independent draws; {usual} {are} expected. "
        f"{_verdict(count, runs, rule.alpha)}"
    )


def _verdict(count: int, runs: int, alpha: float) -> str:
    """By the exact binomial chance of a number as unlikely; off only at the level of all tests."""
    chance = binomial_exact(count, runs, _LEVEL).p_value
    if count <= _LEVEL * runs:
        return "That is no more than by chance."
    said = typeset.p_value(chance)
    if chance >= _BY_CHANCE:
        return f"So many may well come by chance ({said})."
    if chance >= alpha:
        return f"So many are unusual by chance, but not ruled out ({said})."
    return f"That is more than chance explains ({said})."
