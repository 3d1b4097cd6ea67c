"""Plays the scenario on standard input and prints requests and peak memory; its own process.

It imports nothing of the benchmark, so that only simab's own memory is counted.
"""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

from simab import simulate
from simab.scenario.models import Scenario


def peak_kib() -> int:
    """Peak resident memory of this process image.

    Linux hands `ru_maxrss` down through exec: a small child of a large parent would report the
    parent's peak. /proc does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found.group(1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


if __name__ == "__main__":
    run = simulate(Scenario.model_validate_json(sys.stdin.read()), seed=1)
    print(run.totals.arrived, peak_kib())
