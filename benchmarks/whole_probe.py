"""One command line of simab, and the CPU time that it spends within the compiled kernel."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

__all__ = ["run"]


def run() -> None:
    """Run the command; print its seconds of wall and of CPU, and the kernel's of CPU, as JSON."""
    from simab.cli.main import main
    from simab.world.warm_up import compile_now

    compile_now()
    kernel_s = _clock_the_kernel()
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        main(sys.argv[1:])
    except SystemExit as end:
        if end.code:
            raise
    wall_s, cpu_s = time.perf_counter() - wall_s, time.process_time() - cpu_s
    print(json.dumps([wall_s, cpu_s, kernel_s[0]]))


def _clock_the_kernel() -> list[float]:
    """Put a clock around every call of the kernel; its CPU seconds up to now are in the list."""
    from simab.world.compiled import plane

    spent_s = [0.0]

    def clocked(kernel: Callable[..., int]) -> Callable[..., int]:
        def play(*given: Any) -> int:
            before_s = time.thread_time()
            reason = kernel(*given)
            spent_s[0] += time.thread_time() - before_s
            return reason

        return play

    machine_code = clocked(plane._machine_code(plane.advance))
    plane.advance = clocked(plane.advance)
    plane._machine_code = lambda _: machine_code
    return spent_s


if __name__ == "__main__":
    run()
