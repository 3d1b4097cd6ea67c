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
_LARGEST_IN_SECONDS: Final = 60.0


def suggested_entry(name: str, text: str, low: float | None, high: float | None) -> str:
    """An entry `"name": {metric: ...}`; values of at least `low` and at most `high` pass.

    Only a metric with a lowest passing value is taken for a success rate. A limit of more than all
    requests, such as 99, can only be percent.
    """
    if low is None and _LATENCY.search(f"{name} {text}"):
        seconds = _SECONDS.search(text) and (high is None or high <= _LARGEST_IN_SECONDS)
        meaning = f"{{metric: latency_p99, latency_unit: {'s' if seconds else 'ms'}}}"
    elif low is not None:
        percent = ", scale: 100" if low > 1 else ""
        meaning = f"{{metric: success_rate_of_requests{percent}}}"
    else:
        percent = ", scale: 100" if high is not None and high >= 1 else ""
        meaning = f"{{metric: error_rate{percent}}}"
    return f"{json.dumps(name, ensure_ascii=False)}: {meaning}"
