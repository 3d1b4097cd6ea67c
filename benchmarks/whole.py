"""What whole studies of shipped scenarios take, and how much of it is the compiled kernel."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.figures import Effort, Figure

__all__ = ["whole_studies"]

SCENARIOS: Final = ("minimal", "churn", "fraud", "twelve_policies")
REPLICATIONS: Final = 40
REPEATS: Final = 3  # each takes up to half a minute
_FOLDER: Final = Path(__file__).parents[1] / "scenarios"


def whole_studies(effort: Effort) -> Iterator[Figure]:
    """`simab compare` of four scenarios with its report, one worker: its time, and the kernel's."""
    for name in SCENARIOS:
        count = effort.count(REPLICATIONS, least=2)
        repeats = range(min(effort.repeats, REPEATS))
        found = [_study(_FOLDER / f"{name}.yaml", count) for _ in repeats]
        wall_s, cpu_s, kernel_s = (tuple(values) for values in zip(*found, strict=True))
        of = f"{name}, {count} replications"
        yield Figure(of, "s wall", wall_s)
        yield Figure(of, "s CPU", cpu_s)
        shares = tuple(100 * part / whole for part, whole in zip(kernel_s, cpu_s, strict=True))
        yield Figure(f"{of}: share of the kernel", "% of CPU", shares)


def _study(scenario: Path, replications: int) -> tuple[float, float, float]:
    """Wall seconds of one study, its CPU seconds, and those within the kernel."""
    with tempfile.TemporaryDirectory() as folder:
        command = (
            *(sys.executable, "-m", "benchmarks.whole_probe", "compare", str(scenario)),
            *("--replications", str(replications), "--workers", "1", "--no-store", "--quiet"),
            *("--out", str(Path(folder) / "report")),
        )
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    wall_s, cpu_s, kernel_s = json.loads(done.stdout.splitlines()[-1])
    return wall_s, cpu_s, kernel_s
