"""The page of tests of revenue: reports/whales, made of its rows.

Every sentence with a figure in it is computed from the rows, or from the scenario's own law.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats

from simab.report import formatting
from simab.result import Proportion
from simab.stats.binomial_band import STANDARD_ERRORS
from simab.text import typeset
from simab.text.lists import listed
from validation.markdown import plain
from validation.places import made_or_committed
from validation.played_rules import Cell, letters_in, read_cells
from validation.whales.studies import CANDIDATES, EQUAL, GAINS, PLACE, SHAPES, offer, quality_of

__all__ = ["breaks", "few_spend", "whales_page", "write_whales"]

_LEVEL: Final = 0.025
_STEPS: Final = 1_000_000
_TEXT: Final = """# Tests of revenue, where few buy and some of these spend much

Made by `python -m validation . whales` from [scenarios/whales.yaml](../../scenarios/whales.yaml), whose header says where
its figures come from: a real e-mail test of 2008, as published by Kevin Hillstrom (MineThatData). A hash keeps each
customer with one offer. Two shapes are played:

{shapes}

The candidates: *more buyers* buy {factor} times as often as the control's, which is what the e-mail did; *larger orders*
are as many, of {factor} times the amount, so that both earn {gain} more. *More buyers, smaller orders* earn just
what the control earns. {runs} runs a test of the equal candidate and {runs_of_gains} of each other one. A test at 5 %, two-sided, promotes
what earns no more in 2.5 % of runs; a share **in bold** lies above that, where a binomial count would in fewer than
{tail} of such studies.

{findings}
{tables}
How every run ended: [verdicts.csv](verdicts.csv), one letter each ({letters}).

What the page does not vouch for: the e-mail test has one visit of each customer, so that how customers come again, and
how they differ *with whales*, is assumed.
"""  # noqa: E501 - lines of text are those of the page


def breaks(cell: Cell) -> bool:
    """Whether a rule promotes what earns no more too often, beyond chance."""
    if cell.version not in EQUAL:
        return False
    tail = float(stats.norm.sf(STANDARD_ERRORS))
    return bool(cell.promoted > stats.binom(len(cell.verdicts), _LEVEL).isf(tail))


def few_spend(shape: str) -> tuple[float, float, float]:
    """Of the control: the mean order, the cv of a visit's revenue, and what the top tenth spends.

    The last is the share of all revenue that comes from the tenth of the orders that are largest.
    """
    quality = quality_of(offer(shape, "equal"), "current")
    survival = (np.arange(_STEPS) + 0.5) / _STEPS
    orders = quality.distribution.quantile_of_survival(survival)
    mean = float(orders.mean())
    square = float(np.square(orders).mean()) / quality.earning_share
    top = float(orders[: _STEPS // 10].sum() / orders.sum())
    return mean, math.sqrt(square / mean**2 - 1.0), top


def whales_page(cells: Sequence[Cell]) -> str:
    """The page in Markdown."""
    more = CANDIDATES["more buyers"]
    equal = next(cell for cell in cells if cell.version == "equal")
    other = next(cell for cell in cells if cell.version != "equal")
    return plain(
        _TEXT.format(
            shapes="\n".join(_shape(shape) for shape in SHAPES),
            factor=f"{more.buyers:.2f}",
            gain=typeset.percent(more.buyers - 1.0),
            runs=typeset.count(len(equal.verdicts)),
            runs_of_gains=typeset.count(len(other.verdicts)),
            tail=typeset.percent(float(stats.norm.sf(STANDARD_ERRORS)), 2),
            findings="\n".join(_findings(cells)),
            tables="".join(_table(shape, cells) for shape in SHAPES),
            letters=letters_in(cells),
        )
    )


def write_whales(folder: Path) -> None:
    """Write the page below a folder from the rows of the last play."""
    cells = read_cells(made_or_committed(folder, f"{PLACE}/verdicts.csv"))
    target = folder / PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(whales_page(cells), encoding="utf-8")


def _shape(shape: str) -> str:
    scenario = offer(shape, "equal")
    quality, traffic = quality_of(scenario, "current"), scenario.traffic["customers"]
    mean, spread, top = few_spend(shape)
    if traffic.propensities is None or traffic.propensities.probability is None:
        what = "orders by the quantiles of the recorded ones, customers all alike"
    else:
        apart = traffic.propensities.probability.concentration
        what = (
            f"lognormal orders of the same mean with a tail that is made up, and customers who "
            f"differ in how often they buy (`propensities` of concentration {apart:g})"
        )
    return (
        f"- *{shape}*: {what}. {typeset.percent(quality.earning_share, 3)} of the control's visits "
        f"buy, an order is {mean:.1f} dollars on average, the largest tenth of the orders is "
        f"{typeset.percent(top)} of the revenue, and that of a visit has a standard deviation of "
        f"{spread:.1f} times its mean."
    )


def _of(cells: Sequence[Cell], shape: str, candidate: str) -> list[Cell]:
    return [cell for cell in cells if (cell.scenario, cell.version) == (shape, candidate)]


def _findings(cells: Sequence[Cell]) -> list[str]:
    found = []
    for shape in SHAPES:
        for candidate in EQUAL:
            own = _of(cells, shape, candidate)
            wrong = [f"*{cell.rule}* {_rate(cell)}" for cell in own if breaks(cell)]
            words = f"all {len(own)} tests keep their level"
            if wrong:
                words = f"misled are {listed(wrong)}"
            found.append(f"- **{shape}, {candidate}**: {words}.")
        for candidate in GAINS:
            own = sorted(_of(cells, shape, candidate), key=lambda cell: -cell.promoted)
            most, least = own[0], own[-1]
            found.append(
                f"- **{shape}, {candidate}**: *{most.rule}* finds it most often, {_rate(most)}, "
                f"and *{least.rule}* least often, {_rate(least)}."
            )
    return found


def _table(shape: str, cells: Sequence[Cell]) -> str:
    lines = [
        f"\n## Revenue {shape}\n",
        f"| promotes | {' | '.join(CANDIDATES)} |",
        f"|---|{'---:|' * len(CANDIDATES)}",
    ]
    columns = [{cell.rule: cell for cell in _of(cells, shape, each)} for each in CANDIDATES]
    lines += [
        f"| {rule} | {' | '.join(_marked(column[rule]) for column in columns)} |"
        for rule in columns[0]
    ]
    return "\n".join(lines) + "\n"


def _marked(cell: Cell) -> str:
    return f"**{_rate(cell)}**" if breaks(cell) else _rate(cell)


def _rate(cell: Cell) -> str:
    interval = cell.interval
    return str(
        formatting.proportion(Proportion(cell.promoted, cell.share, interval.low, interval.high))
    )
