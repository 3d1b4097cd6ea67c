"""Where an axis of time has its ticks, and what they are called."""

from __future__ import annotations

import math

from simab.text.typeset import THIN

__all__ = ["time_ticks"]


def time_ticks(end_s: float, most: int) -> tuple[float, list[tuple[float, str]]]:
    """The seconds in one unit of an axis from 0 to `end_s`, and its ticks in units with words."""
    unit_s, name = next(
        (size, name)
        for size, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
        if end_s >= 3 * size or size == 1.0
    )
    end = max(end_s / unit_s, 1e-9)
    steps = [m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5)]
    if name in ("h", "min", "s"):
        steps = (
            [0.1, 0.2, 0.5, 1, 2, 3, 6, 12, 24] if name == "h" else [0.1, 0.5, 1, 2, 5, 10, 20, 30]
        )
        steps += [60.0 * 2**e for e in range(12)]
    step = next((step for step in steps if end / step <= most), end)
    ticks = [at * step for at in range(math.floor(end / step + 1e-9) + 1)]
    named = [f"{each:g}{THIN}{name}" if each == ticks[-1] else f"{each:g}" for each in ticks]
    return unit_s, list(zip(ticks, named, strict=True))
