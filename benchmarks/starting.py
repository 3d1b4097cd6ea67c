"""How long `simab --help` takes, against Python doing nothing."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from benchmarks.figures import Effort, Figure

__all__ = ["start_of_the_command"]

TIMES = 20
NOTHING = (sys.executable, "-c", "pass")
HELP = (sys.executable, "-m", "simab", "--help")


def start_of_the_command(effort: Effort) -> Iterator[Figure]:
    """Twenty times each, in turn: CPU time and wall time of the process."""
    for command in (NOTHING, HELP):
        _seconds(command)
    pairs = [(_seconds(NOTHING), _seconds(HELP)) for _ in range(effort.count(TIMES, least=2))]
    for place, kind in enumerate(("CPU", "wall")):
        ratios = tuple(shown[place] / nothing[place] for nothing, shown in pairs)
        yield Figure("simab --help / python -c pass", f"x {kind}", ratios)
        for side, name in enumerate(("python -c pass", "simab --help")):
            yield Figure(name, f"ms {kind}", tuple(pair[side][place] * 1e3 for pair in pairs))


def _seconds(command: Sequence[str]) -> tuple[float, float]:
    """CPU and wall seconds of a command."""
    before, before_s = _children_cpu_s(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return _children_cpu_s() - before, time.perf_counter() - before_s


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
