"""A metric by its identity: namespace, name and dimensions; and what may be asked of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from simab.aws.errors import not_implemented

__all__ = ["NAMESPACE", "MetricQuery", "is_percentile", "period_of"]

NAMESPACE: Final = "AWS/SageMaker"
_PERCENTILE: Final = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_HIGH_RESOLUTION_S: Final = (1, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """A metric with exactly these dimensions: each set of them is another metric.

    Where a unit is asked for, samples of other units are not seen; an empty one asks for none.
    """

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    unit: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any], unit: str | None = None) -> MetricQuery:
        """From parameters with Namespace, MetricName and Dimensions, and a unit."""
        dimensions = {each["Name"]: each["Value"] for each in given.get("Dimensions", ())}
        name = given.get("MetricName", "")
        return cls(given.get("Namespace", ""), name, dimensions, unit or "")


def is_percentile(statistic: str) -> bool:
    """Whether a statistic is one such as p99."""
    return _PERCENTILE.fullmatch(statistic) is not None


def period_of(period_s: int) -> int | None:
    """A period in ns; None where it is none that CloudWatch knows.

    Raises:
        ServiceError: it is one of high resolution, which is not simulated.
    """
    if period_s in _HIGH_RESOLUTION_S:
        raise not_implemented("cloudwatch", "high-resolution metrics: a period below 60 s")
    return None if period_s % 60 or period_s < 60 else period_s * 10**9
