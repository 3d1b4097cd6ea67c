"""The figure of a verification: how far each check of a group is from theory, and its bound."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

from simab.report import canvas
from simab.report.palette import LIGHT
from simab.report.paper import Paper
from simab.report.verification_tables import deviation
from simab.report.verification_text import check_title
from simab.result.verification_result import CaseResult, CheckResult
from simab.text import typeset

__all__ = ["draw_checks", "widest"]

_ROW: Final = 24.0
_NAME: Final = 18.0
_HEAD: Final = 8.0
_FOOT: Final = 44.0
_BAR: Final = 11.0
_STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_SIZE: Final = canvas.TEXT - 1


def widest(checks: Iterable[CheckResult]) -> float:
    """The largest deviation or bound, in per cent: all figures of a page have one scale."""
    ends = [abs(end) for check in checks for end in deviation(check)]
    return max(each for each in ends if math.isfinite(each))


def draw_checks(cases: Sequence[CaseResult], most: float, width: float) -> str:
    """A row a check: the bar that is accepted, and the deviation found; names left, or above.

    The axis goes from -`most` to `most` per cent.
    """
    checks = [(case, check) for case in cases for check in case.checks]
    wide = width > 500
    row = _ROW if wide else _ROW + _NAME
    titles = [check_title(*each) for each in checks]
    left = min(max(canvas.text_width(each, _SIZE) for each in titles) + 14, 330.0) if wide else 6.0
    paper = Paper(width, _HEAD + row * len(checks) + _FOOT)
    scale = _Scale(most, left, width - 14)
    bottom = _HEAD + row * len(checks)
    _axis(paper, scale, bottom)
    for at, (title, (_, check)) in enumerate(zip(titles, checks, strict=True)):
        top = _HEAD + row * at
        middle = top + _ROW / 2 + (0.0 if wide else _NAME)
        if wide:
            shown = canvas.fit(title, left - 14, _SIZE)
            paper.words((left - 8, middle + 4), shown, anchor="end", size=_SIZE)
        else:
            paper.words((0, top + 14), canvas.fit(title, width, _SIZE), size=_SIZE, halo=True)
        _draw(paper, scale, check, middle)
    return paper.svg()


def _draw(paper: Paper, scale: _Scale, check: CheckResult, middle: float) -> None:
    apart, low, high, bound = deviation(check)
    least = 0.0 if check.test == "law" else -bound
    start, end = scale.place(least), scale.place(bound)
    paper.rectangle((start, middle - _BAR / 2), (end - start, _BAR), LIGHT["rule"])
    colour = LIGHT["blue" if check.passed else "vermillion"]
    paper.line([(scale.place(low), middle), (scale.place(high), middle)], colour, thick=2.0)
    shape = "X" if not check.passed else "D" if check.test == "law" else "o"
    paper.mark((scale.place(apart), middle), shape, colour, 3.8)


class _Scale:
    """Deviations to pixels: as far to the left as to the right."""

    def __init__(self, most: float, left: float, right: float) -> None:
        self.most, self.left, self.right = 1.06 * most, left, right

    def place(self, percent: float) -> float:
        """Where a deviation lies; what is beyond the paper at its edge."""
        inside = min(max(percent, -self.most), self.most)
        return self.left + (inside + self.most) / (2 * self.most) * (self.right - self.left)

    def ticks(self) -> list[float]:
        """Round values on both sides of 0."""
        most = max(int((self.right - self.left) / 64), 3)
        steps = [each for each in _STEPS if 2 * self.most / each + 1 <= most]
        step = steps[0] if steps else self.most / 2
        number = math.floor(self.most / step)
        return [step * each for each in range(-number, number + 1)]


def _axis(paper: Paper, scale: _Scale, bottom: float) -> None:
    for tick in scale.ticks():
        x = scale.place(tick)
        colour = LIGHT["grid"] if tick else LIGHT["soft"]
        paper.line([(x, _HEAD), (x, bottom)], colour)
        text = (
            f"{typeset.MINUS if tick < 0 else '+' if tick > 0 else ''}{abs(tick):g}{typeset.THIN}%"
        )
        paper.words((x, bottom + 16), text, anchor="middle", colour=LIGHT["soft"])
    paper.words(
        (scale.right, bottom + 34), "deviation from theory", anchor="end", colour=LIGHT["soft"]
    )
