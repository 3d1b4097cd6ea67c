"""Quantiles of the standard normal law; at the edges of a quantile table they are read from a file.

All tables have the same edges, so one file serves every lognormal latency. Nothing has to load
SciPy for it, and these draws do not depend on its version. What writes the file again is
`python tests/profiles/test_normal_quantiles.py`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.profiles.quantile_table import FIRST_CELL, RAREST, SURVIVAL
from simab.stats.fixed_arrays import fixed

__all__ = ["FILE", "normal_quantiles"]

FILE: Final = Path(__file__).with_suffix(".npy")
"""Holds the quantiles at `SURVIVAL`, and then those at `FIRST_CELL`."""
_PLACES: Final = (
    (SURVIVAL, slice(0, len(SURVIVAL))),
    (RAREST, slice(len(SURVIVAL) - 1, len(SURVIVAL))),
    (FIRST_CELL, slice(len(SURVIVAL), None)),
)


def normal_quantiles(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values below which a standard normal draw falls with these probabilities, elementwise."""
    for known, at in _PLACES:
        if probabilities is known:
            return _of_tables()[at]
    from scipy.special import ndtri

    return np.asarray(ndtri(probabilities), dtype=np.float64)


@cache
def _of_tables() -> NDArray[np.float64]:
    """Those at the edges of a table, and then those within its first cell."""
    return fixed(np.load(FILE, allow_pickle=False))
