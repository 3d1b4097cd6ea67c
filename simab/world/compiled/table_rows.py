"""The quantile tables of a run as rows of one array, for the compiled kernel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simab.profiles.quantile_table import QuantileTable

__all__ = ["TableRows"]

Integers = NDArray[np.int64]


class TableRows:
    """Rows of quantile tables; the label delay's is row 0, and equal tables share a row.

    Sharing is for speed: what two variants have in common stays in the processor's cache.
    """

    def __init__(self, label_delay: QuantileTable) -> None:
        self._rows = {label_delay.edges.tobytes(): 0}
        self._edges = [label_delay.edges]

    def row_of(self, table: QuantileTable) -> int:
        """The row that holds a table."""
        row = self._rows.setdefault(table.edges.tobytes(), len(self._edges))
        if row == len(self._edges):
            self._edges.append(table.edges)
        return row

    def stacked(self) -> Integers:
        """All rows."""
        return np.stack(self._edges)
