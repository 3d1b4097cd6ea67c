"""Stopping for futility: gsDesign's published default design, and the errors that define bounds."""

from __future__ import annotations

import numpy as np
import pytest

from simab.errors import InvalidInput
from simab.stats.futility import futility_design
from simab.stats.group_sequential import crossing_probabilities
from simab.stats.spending import (
    hwang_shih_decani_spending,
    obrien_fleming_spending,
    pocock_spending,
    power_spending,
)

THIRDS = [1 / 3, 2 / 3, 1.0]


def test_the_published_default_design() -> None:
    """What gsDesign() prints: 3 looks, alpha .025, beta .1, Hwang-Shih-DeCani -4 and -2."""
    design = futility_design(
        THIRDS, hwang_shih_decani_spending(0.025, -4), hwang_shih_decani_spending(0.1, -2)
    )
    assert design.upper == pytest.approx([3.01, 2.55, 2.00], abs=5.1e-3)
    assert design.lower == pytest.approx([-0.24, 0.94, 2.00], abs=5.1e-3)
    assert design.inflation == pytest.approx(1.07, abs=5.1e-4)


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("times", [THIRDS, [0.1, 0.5, 0.8, 1.0], [1.0]])
def test_the_errors_are_those_asked_for(times: list[float], binding: bool) -> None:
    """Power at the drift is 1 - beta, misses follow their spending, and alpha holds.

    Not binding: alpha is spent even if nobody ever gives up. Binding: only if everybody does.
    """
    alpha, beta = obrien_fleming_spending(0.025), power_spending(0.2, 2.0)
    design = futility_design(times, alpha, beta, binding=binding)
    # At the last look the bounds meet; one of the two must happen there.
    at_drift = crossing_probabilities(times, design.upper, design.lower, drift=design.drift)
    misses = np.diff([beta(t) for t in times], prepend=0.0)
    assert at_drift.upper.sum() == pytest.approx(0.8, abs=1e-7)
    assert at_drift.lower == pytest.approx(misses, abs=1e-7)
    assert design.upper[-1] == design.lower[-1]
    alone = crossing_probabilities(times, design.upper).upper.sum()
    together = crossing_probabilities(times, design.upper, design.lower).upper.sum()
    assert (together if binding else alone) == pytest.approx(0.025, abs=1e-8)
    assert together <= 0.025 + 1e-8
    if len(times) > 1 and binding:
        assert alone > 0.0255  # whoever plays on below a binding bound loses alpha


def test_simulated_experiments_err_as_designed() -> None:
    """200,000 normal walks under no effect and under the design's: within 4 standard errors."""
    design = futility_design(THIRDS, pocock_spending(0.05), pocock_spending(0.2), binding=True)
    random = np.random.default_rng(8)
    gaps = np.diff(THIRDS, prepend=0.0)
    for drift, promoted in ((0.0, 0.05), (design.drift, 0.8)):
        steps = random.normal(drift * gaps, np.sqrt(gaps), size=(200_000, 3))
        z = np.cumsum(steps, axis=1) / np.sqrt(THIRDS)
        rejects, gives_up = z >= design.upper, z <= design.lower
        first = (rejects | gives_up).argmax(axis=1)
        share = rejects[np.arange(200_000), first].mean()
        assert share == pytest.approx(promoted, abs=4 * (promoted * (1 - promoted) / 2e5) ** 0.5)


def test_bad_designs_are_refused() -> None:
    """Fractions that do not end in 1, or errors of a coin."""
    spending = pocock_spending(0.025)
    with pytest.raises(InvalidInput, match=r"information ends in 0\.9: must end in 1"):
        futility_design([0.5, 0.9], spending, spending)
    with pytest.raises(InvalidInput, match="must sum to less than 1"):
        futility_design([0.5, 1.0], spending, pocock_spending(0.98))
