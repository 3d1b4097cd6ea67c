"""How often each kind of interval covers, over laws and numbers of runs: cells of a table.

Shares and medians are worked out exactly; means are played, with draws that depend on the cell's
place alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from scipy.special import stdtrit
from scipy.stats import binom

from simab.stats.cost_intervals import cost_mean, hall_interval
from simab.stats.intervals import quantile_interval, share_interval
from simab.stats.paired_shares import tango_interval
from validation.intervals.laws import HORIZON_S, TIMES_MEDIAN_S, CostLaw, cost_laws, times_s

__all__ = ["RUNS", "SAMPLES", "Cell", "cost_cell", "coverage_cells", "reason_over"]

RUNS: Final = (20, 100, 400, 1600)
SAMPLES: Final = 4000
SHARES: Final = (0.01, 0.05, 0.3)
PAIRED: Final = (
    ("discordant 1 %, all one way", 0.01, 0.0),
    ("discordant 5 %, all one way", 0.05, 0.0),
    ("discordant 10 % each way", 0.1, 0.1),
)
_SEED: Final = 20
_LEAST_CHANCE: Final = 1e-7
_OVER: Final = 0.97


@dataclass(frozen=True, slots=True)
class Cell:
    """Coverage at one number of runs; shares are of all samples, NaN where there are none.

    `samples` is 0 where coverage is worked out exactly. `plain`: of the intervals without a mark;
    `marked`: of those marked approximate; `by_student`: of Student's, or for shares Wald's;
    `by_hall`: of Hall's alone, of means. `bounded`: how many of those without a mark are exact
    bounds of how often (few runs unlike the rest).
    """

    quantity: str
    runs: int
    samples: int
    plain: float
    marked_share: float
    marked: float
    bounded: float
    by_student: float
    by_hall: float
    reason: str

    @property
    def unmarked_samples(self) -> int:
        """Of how many samples `plain` is the coverage; 0 where it is exact."""
        return round(self.samples * (1.0 - self.marked_share))

    @property
    def together(self) -> float:
        """Coverage of all intervals, marked or not."""
        parts = ((1.0 - self.marked_share, self.plain), (self.marked_share, self.marked))
        return math.fsum(share * covers for share, covers in parts if share)


def coverage_cells(outcomes: Path, samples: int = SAMPLES) -> list[Cell]:
    """All cells: shares, paired shares, the median of a censored time, means of costs."""
    exact: list[Callable[[int], Cell]] = [
        *(lambda n, p=share: _share_cell(p, n) for share in SHARES),
        *(
            lambda n, name=name, b=only_b, a=only_a: _paired_cell(name, b, a, n)
            for name, only_b, only_a in PAIRED
        ),
        lambda n: _median_cell(n, samples),
    ]
    cells = [cell(runs) for cell in exact for runs in RUNS]
    laws = cost_laws(outcomes)
    return cells + [
        cost_cell(law, at, runs, samples) for at, law in enumerate(laws) for runs in RUNS
    ]


def cost_cell(law: CostLaw, place: int, runs: int, samples: int) -> Cell:
    """Samples of a law, the interval of each, and whether it covers the mean."""
    draw = np.random.Generator(np.random.Philox(key=[_SEED, place * 10_000 + runs]))
    t = float(stdtrit(runs - 1, 0.975))
    hits: dict[bool, list[bool]] = {False: [], True: []}
    bounded = student = hall = 0
    for _ in range(samples):
        sample = law.draw(draw, runs)
        found = cost_mean(sample, 0.0, law.most)
        hits[found.approximate].append(law.mean in found.interval)
        bounded += found.reason is not None and not found.approximate
        margin = t * sample.std(ddof=1) / math.sqrt(runs)
        student += bool(abs(sample.mean() - law.mean) <= margin)
        hall += law.mean in hall_interval(sample)
    plain = _mean(hits[False])
    few = bounded / max(len(hits[False]), 1)
    cell = Cell(
        law.name, runs, samples, plain, len(hits[True]) / samples, _mean(hits[True]), few,
        student / samples, hall / samples, "",
    )  # fmt: skip
    return replace(cell, reason=reason_over(cell))


def reason_over(cell: Cell) -> str:
    """Why intervals of a mean cover more than 97 % without a mark, by what was measured.

    The rule's choice of samples is the reason only where all intervals together, marked ones
    included, cover no more than that.
    """
    if not cell.plain > _OVER:
        return ""
    if cell.bounded >= 0.5:
        return "discrete: few runs unlike the rest, bounded by how often"
    if cell.together <= _OVER:
        return (
            "the rule leaves those samples without a mark in which the spread shows: all together, "
            f"marked ones too, cover {cell.together:.3f}".replace("0.", ".")
        )
    alone = f"Hall's alone covers {cell.by_hall:.3f}".replace("0.", ".")
    return f"the outer ends of two intervals, of which {alone}"


def _share_cell(share: float, runs: int) -> Cell:
    counts = np.arange(runs + 1)
    chances = binom.pmf(counts, runs, share)
    likely = [int(each) for each in counts[chances > _LEAST_CHANCE]]
    covers = sum(chances[each] for each in likely if share in share_interval(each, runs))
    wald = sum(
        chances[each]
        for each in likely
        if abs(each / runs - share) <= 1.96 * math.sqrt(each / runs * (1 - each / runs) / runs)
    )
    reason = "discrete: a count of runs" if covers > _OVER else ""
    return Cell(
        f"a share of {100 * share:g} % of runs", runs, 0, float(covers), 0.0, math.nan, 0.0,
        float(wald), math.nan, reason,
    )  # fmt: skip


def _paired_cell(name: str, only_b: float, only_a: float, runs: int) -> Cell:
    """Over every table that is at all likely, with its multinomial chance."""
    covers = wald = 0.0
    total = only_a + only_b
    for discordant in range(runs + 1):
        weight = float(binom.pmf(discordant, runs, total))
        if weight < _LEAST_CHANCE:
            continue
        splits = binom.pmf(np.arange(discordant + 1), discordant, only_b / total)
        for b in np.flatnonzero(splits * weight > _LEAST_CHANCE).tolist():
            chance, a = weight * float(splits[b]), discordant - b
            covers += chance * (only_b - only_a in tango_interval(b, a, runs))
            spread = math.sqrt(max(discordant - (b - a) ** 2 / runs, 0.0)) / runs
            wald += chance * (abs((b - a) / runs - (only_b - only_a)) <= 1.96 * spread)
    reason = "discrete: a count of discordant runs" if covers > _OVER else ""
    return Cell(
        f"paired shares, {name}", runs, 0, covers, 0.0, math.nan, 0.0, wald, math.nan, reason
    )


def _median_cell(runs: int, samples: int) -> Cell:
    """A median of times of which one in seven is beyond the horizon: that end is then open."""
    draw = np.random.Generator(np.random.Philox(key=[_SEED, runs]))
    hits = []
    for _ in range(samples):
        times = times_s(draw, runs)
        seen = np.where(times > HORIZON_S, math.inf, times)
        hits.append(TIMES_MEDIAN_S in quantile_interval(seen, 0.5).interval)
    return Cell(
        "median time to decision, 1 in 7 runs undecided", runs, samples, _mean(hits), 0.0,
        math.nan, 0.0, math.nan, math.nan,
        "discrete: ranks of runs" if _mean(hits) > _OVER else "",
    )  # fmt: skip


def _mean(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else math.nan
