"""Which functions and aggregations there are, and what they take and give."""

from __future__ import annotations

from typing import Final, NamedTuple

from simab.prometheus.expressions import Kind

__all__ = ["AGGREGATIONS", "FUNCTIONS", "OTHER_AGGREGATIONS", "Signature"]


class Signature(NamedTuple):
    """The kinds of a function's arguments and of its value."""

    arguments: tuple[Kind, ...]
    result: Kind


_OVER_TIME: Final = Signature((Kind.RANGE,), Kind.INSTANT)
FUNCTIONS: Final = {
    "rate": _OVER_TIME,
    "irate": _OVER_TIME,
    "increase": _OVER_TIME,
    "avg_over_time": _OVER_TIME,
    "min_over_time": _OVER_TIME,
    "max_over_time": _OVER_TIME,
    "sum_over_time": _OVER_TIME,
    "count_over_time": _OVER_TIME,
    "last_over_time": _OVER_TIME,
    "histogram_quantile": Signature((Kind.SCALAR, Kind.INSTANT), Kind.INSTANT),
    "vector": Signature((Kind.SCALAR,), Kind.INSTANT),
    "scalar": Signature((Kind.INSTANT,), Kind.SCALAR),
    "time": Signature((), Kind.SCALAR),
}
AGGREGATIONS: Final = ("sum", "avg", "min", "max", "count")
OTHER_AGGREGATIONS: Final = frozenset(
    {
        *("bottomk", "count_values", "group", "limitk", "limit_ratio"),
        *("quantile", "stddev", "stdvar", "topk"),
    }
)
"""Those of Prometheus that are not part of the subset."""
