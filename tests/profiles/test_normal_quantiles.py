"""The file of normal quantiles holds what SciPy computes; run as a script, this writes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri

from simab.profiles.normal_quantiles import FILE, normal_quantiles
from simab.profiles.quantile_table import FIRST_CELL, RAREST, SURVIVAL


@pytest.mark.parametrize(
    "places", [SURVIVAL, RAREST, FIRST_CELL], ids=["edges", "rarest", "first cell"]
)
def test_the_file_holds_what_scipy_computes(places: NDArray[np.float64]) -> None:
    # Versions of SciPy may differ in the last bits; the file is that of one of them.
    np.testing.assert_array_max_ulp(normal_quantiles(places), ndtri(places), maxulp=4)


def test_other_probabilities_are_computed() -> None:
    other = np.array([0.025, 0.5, 0.975])
    np.testing.assert_array_equal(normal_quantiles(other), ndtri(other))
    np.testing.assert_array_equal(normal_quantiles(SURVIVAL.copy()), ndtri(SURVIVAL))


if __name__ == "__main__":
    np.save(FILE, ndtri(np.concatenate([SURVIVAL, FIRST_CELL])))
