"""How long commands take to start: help, a check, and the first study, which compiles."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import Effort, Figure, at_most
from simab.files import CACHE_VARIABLE

__all__ = ["check_of_a_scenario", "cold_start", "start_of_the_command"]

TIMES = 20
NOTHING = (sys.executable, "-c", "pass")
HELP = (sys.executable, "-m", "simab", "--help")
SCENARIO = str(Path(__file__).parents[1] / "scenarios" / "minimal.yaml")
CHECK = (sys.executable, "-m", "simab", "check", SCENARIO)
STUDY = (sys.executable, "-m", "simab", "compare", SCENARIO, "-n", "2", "--quiet", "--no-store")


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


def check_of_a_scenario(effort: Effort) -> Iterator[Figure]:
    """`simab check scenarios/minimal.yaml`, ten times: CPU time and wall time of the process."""
    _seconds(CHECK)
    found = [_seconds(CHECK) for _ in range(effort.count(10, least=2))]
    for place, (kind, target) in enumerate((("CPU", at_most(0.3)), ("wall", None))):
        yield Figure("simab check", f"s {kind}", tuple(each[place] for each in found), target)


def cold_start(effort: Effort) -> Iterator[Figure]:
    """The first `simab compare` where nothing was compiled, and the next one, in turn."""
    pairs = []
    for _ in range(min(effort.repeats, 3)):
        with tempfile.TemporaryDirectory() as folder:
            empty = {**os.environ, "NUMBA_CACHE_DIR": folder, CACHE_VARIABLE: folder}
            pairs.append((_seconds(STUDY, empty), _seconds(STUDY, empty)))
    for place, kind in enumerate(("CPU", "wall")):
        for side, name in enumerate(("first", "next")):
            values = tuple(pair[side][place] for pair in pairs)
            yield Figure(f"{name} simab compare", f"s {kind}", values)


def _seconds(
    command: Sequence[str], environment: Mapping[str, str] | None = None
) -> tuple[float, float]:
    """CPU and wall seconds of a command."""
    before, before_s = _children_cpu_s(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return _children_cpu_s() - before, time.perf_counter() - before_s


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
