"""The times of drawn scenarios: lengths that lead from one tie to another."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.strategies import among

__all__ = ["Times", "in_ns"]

SHORT_NS = 2_000
# Into how many units a run is cut.
UNITS, FEWER_UNITS = (st.sampled_from(each) for each in ([6, 12, 24, 60, 200], [24, 60, 200]))
# How many nanoseconds, units and intervals: most lead from one tie to another.
INSTANTS = st.sampled_from(
    [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 2, 0), (0, 0, 1), (0, 0, 2), (1, 1, 0), (-1, 1, 0)]
) | st.tuples(st.just(0), st.floats(0, 4), st.just(0))


@dataclass(frozen=True, slots=True)
class Times:
    """The times of one scenario, in ns; control events fall on multiples of the unit."""

    gap: float
    unit: int
    interval: int
    horizon: int

    @classmethod
    def of(cls, draw: st.DrawFn, gap: float, requests: int) -> Times:
        """Times for about so many requests."""
        # Where gaps are short, the smaller the unit the more requests fall on multiples of it.
        units = draw(UNITS if gap > SHORT_NS else FEWER_UNITS)
        unit = max(round(requests * gap / units), 1)
        interval = unit * draw(among(1, 1, 2, 3, 5))
        beyond = draw(among(0, 0, 1, unit // 2, unit - 1))
        return cls(gap, unit, interval, unit * units + beyond)

    def instant(self, draw: st.DrawFn) -> str:
        """A length of time that leads from one tie to another."""
        nanoseconds, units, intervals = draw(INSTANTS)
        return in_ns(nanoseconds + units * self.unit + intervals * self.interval)


def in_ns(duration: float) -> str:
    """A duration as files have it, to the nanosecond."""
    return f"{max(round(duration), 0)}ns"
