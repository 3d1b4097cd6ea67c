"""What to write for --map about a metric that the table lacks, guessed from its limits and name.

A guess is printed and never applied. It keeps the units of the file's limits, so that pasting it
gives the rollout that the file describes, if the metric is what its name says.
"""

from __future__ import annotations

import json
import re
from typing import Final

__all__ = ["suggested_entry"]

_LATENCY: Final = re.compile(r"latenc|duration|seconds|quantile|milli|response.?time|\bp\d\d", re.I)
_SECONDS: Final = re.compile(r"seconds|histogram_quantile", re.I)
_MEAN: Final = re.compile(r"\b(?:mean|avg|average)|_(?:mean|avg|average)\b", re.I)
_QUANTILE: Final = re.compile(r"(?:\b|_)p(50|90|95|99\.?9|99)\b|quantile\(\s*0?\.(\d+)", re.I)
_QUANTILES: Final = {
    "5": "p50", "50": "p50", "9": "p90", "90": "p90", "95": "p95", "99": "p99",
    "99.9": "p99.9", "999": "p99.9",
}  # fmt: skip
_LARGEST_IN_SECONDS: Final = 60.0
_ALL_PERCENT: Final = 100.0


def suggested_entry(name: str, text: str, low: float | None, high: float | None) -> str:
    """An entry `"name": {metric: ...}`; values of at least `low` and at most `high` pass.

    A metric with a lowest passing value alone is taken for a success rate. A limit of more than all
    requests, such as 99, can only be percent, and one above 100 can only be a count.
    """
    said = f"{name} {text}"
    limit = low if low is not None else high
    if _LATENCY.search(said) and (low is None or high is not None):
        seconds = _SECONDS.search(text) and (high is None or high <= _LARGEST_IN_SECONDS)
        unit = "s" if seconds else "ms"
        meaning = f"{{metric: latency_{_statistic(said)}, latency_unit: {unit}}}"
    elif limit is not None and limit > _ALL_PERCENT:
        counted = "errors" if low is None and re.search("err|fail|5xx", said, re.I) else "requests"
        meaning = f"{{metric: {counted}}}"
    elif low is not None:
        percent = ", scale: 100" if low > 1 else ""
        meaning = f"{{metric: success_rate_of_requests{percent}}}"
    else:
        percent = ", scale: 100" if high is not None and high >= 1 else ""
        meaning = f"{{metric: error_rate{percent}}}"
    return f"{json.dumps(name, ensure_ascii=False)}: {meaning}"


def _statistic(said: str) -> str:
    """The percentile that a name or a query mentions, or the mean; the 99th where neither is."""
    found = _QUANTILE.search(said)
    if found is not None:
        return _QUANTILES.get(found[1] or found[2], "p99")
    return "mean" if _MEAN.search(said) else "p99"
