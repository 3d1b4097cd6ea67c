"""The requests of a run as columns, which is how the measures of a case see it."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.world import RunData
from simab.world.records import RECORD_COLUMNS
from simab.world.run_counts import Status

__all__ = ["NS", "Integers", "Requests"]

NS: Final = 10**9
"""Nanoseconds in a second."""
Integers: TypeAlias = NDArray[np.int64]


class Requests(NamedTuple):
    """The requests of a run in order of arrival, a column each; instants in ns, -1 if unknown."""

    segment: Integers
    client: Integers
    variant: Integers
    instance: Integers
    arrived_ns: Integers
    started_ns: Integers
    finished_ns: Integers
    status: Integers
    attempt: Integers
    label: Integers
    score: Integers
    correct: Integers
    label_ns: Integers

    @classmethod
    def of(cls, run_data: RunData) -> Requests:
        """Of a run that kept its records."""
        assert run_data.records is not None
        assert cls._fields == RECORD_COLUMNS
        return cls(*np.ascontiguousarray(run_data.records.T))

    def since(self, instant_ns: int) -> Requests:
        """Those that arrived from an instant on."""
        first = int(np.searchsorted(self.arrived_ns, instant_ns))
        return Requests(*(column[first:] for column in self))

    def where(self, chosen: NDArray[np.bool_]) -> Requests:
        """Those that are chosen."""
        return Requests(*(column[chosen] for column in self))

    @property
    def gaps_s(self) -> NDArray[np.float64]:
        """From each arrival to the next, in seconds."""
        return np.diff(self.arrived_ns) / NS

    @property
    def waits_ns(self) -> Integers:
        """From arrival to start of those that were begun."""
        begun = self.started_ns >= 0
        found: Integers = self.started_ns[begun] - self.arrived_ns[begun]
        return found

    @property
    def sojourns_ns(self) -> Integers:
        """From arrival to finish of those that were served to the end."""
        done = (self.finished_ns >= 0) & (self.status != Status.REJECTED)
        found: Integers = self.finished_ns[done] - self.arrived_ns[done]
        return found

    @property
    def services_ns(self) -> Integers:
        """From start to finish of those that were served to the end."""
        done = (self.finished_ns >= 0) & (self.started_ns >= 0)
        found: Integers = self.finished_ns[done] - self.started_ns[done]
        return found
