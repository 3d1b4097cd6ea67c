"""The split that is not as asked: the unit, the level over all splits of a run, and the power."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import betabinom, binom

from simab.policies import Assignments, Observation
from simab.policies.holds import split_mismatch
from tests.policies.fake_metrics import FakeMetrics, observation


@dataclass(frozen=True)
class Assigned(FakeMetrics):
    """A metrics view of assignments alone."""

    shown: Assignments | None = None

    def assignments(self) -> Assignments:
        """What was given."""
        assert self.shown is not None
        return self.shown


def seen(old: int, new: int, *, split: int = 1, unit: str = "requests") -> Observation:
    """So many assigned at even weights."""
    shown = Assignments(unit, split, {"old": old, "new": new})  # type: ignore[arg-type]
    return observation(Assigned(shown=shown))


def p_value(old: int, new: int) -> float:
    """The law of the counts at even weights over those of three Beta mixtures, by SciPy."""
    total = old + new
    mixtures = [betabinom.pmf(new, total, c / 2, c / 2) for c in (100, 1_000, 10_000)]
    return float(binom.pmf(new, total, 0.5) / np.mean(mixtures))


def largest_passing(split: int, alpha: float) -> int:
    """How many of 400 the candidate may have before it is a mismatch."""
    counts = range(200, 401)
    return max(n for n in counts if not split_mismatch(seen(400 - n, n, split=split), alpha))


@pytest.mark.parametrize("split", [1, 2, 3, 7])
def test_each_split_has_a_part_of_alpha(split: int) -> None:
    """Split k is tested at alpha / (k (k + 1)), by the mixture's Bayes factor."""
    last = largest_passing(split, 0.05)
    level = 0.05 / (split * (split + 1))
    assert p_value(400 - last, last) > level >= p_value(399 - last, last + 1)


def test_the_levels_of_all_splits_add_up_to_alpha() -> None:
    """1/2 + 1/6 + 1/12 + ... = 1, so that a thousand splits take 1 - 1/1001 of it."""
    parts = [1 / (k * (k + 1)) for k in range(1, 1001)]
    assert math.fsum(parts) == pytest.approx(1 - 1 / 1001)


def test_a_hold_names_what_was_counted() -> None:
    """Users where routing keeps users, the counts, the shares asked for and both levels."""
    words = split_mismatch(seen(100, 200, split=2, unit="users"), 0.06)
    assert words.startswith("sample ratio mismatch: 100 : 200 users at shares 0.5 : 0.5, p = ")
    assert "at most 0.01 for split 2 of the run, alpha 0.06 over all" in words


def test_one_variant_alone_cannot_mismatch() -> None:
    """Nor can nothing at all."""
    alone = Assigned(shown=Assignments("requests", 1, {"old": 5}))
    assert split_mismatch(observation(alone), 0.5) == ""
    assert split_mismatch(seen(0, 0), 0.5) == ""
