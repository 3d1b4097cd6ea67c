"""The figure of the power curves: small multiples by family, each line named at its end.

Marks carry 95 % intervals over replications. A line is theory where there is one, and joins the
marks where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedFormatter, FixedLocator

from simab.expected import expected_promotion
from simab.report import canvas
from simab.report.palette import LIGHT, Style, style
from simab.scenario import Scenario
from simab.text.typeset import MINUS, THIN
from validation.played_rules import Cell
from validation.policies.studies import scenario_at

__all__ = ["PANELS", "Panel", "power_figure"]


class Panel(NamedTuple):
    """One of the small multiples: its title, its scenario and its rules."""

    title: str
    scenario: str
    rules: tuple[str, ...]


PANELS: Final = (
    Panel(
        "One look, or none",
        "policies_aa",
        ("schedule", "ahead after 120 labels", "fixed horizon"),
    ),
    Panel(
        "A few planned looks",
        "policies_aa",
        (
            "group sequential, Pocock",
            "group sequential, Pocock spending",
            "group sequential, O'Brien-Fleming",
            "group sequential, O'Brien-Fleming spending",
            "group sequential, with futility",
        ),
    ),
    Panel(
        "As many looks as one likes",
        "policies_aa",
        (
            "naive peeking",
            "Bayesian, P(better) 95 %",
            "Bayesian, expected loss",
            "always valid, confidence sequence",
            "always valid, mSPRT",
            "SPRT",
        ),
    ),
    Panel(
        "Bandits, and a rollout that stops for harm",
        "policies_aa",
        ("epsilon-greedy", "UCB1", "Thompson", "Gaussian Thompson", "safe rollout"),
    ),
    Panel(
        "Alarms and the canary judge",
        "rollouts_aa",
        ("staged canary", "blue/green with an alarm", "Kayenta"),
    ),
    Panel(
        "Checks that are counted",
        "rollouts_aa",
        (
            "Argo, 95 %, limit 3",
            "Argo, 99 %, limit 1",
            "Flagger, threshold 5",
            "Flagger, threshold 1",
        ),
    ),
)
_WIDTH: Final = 960.0
_HEIGHT: Final = 268.0
_LEFT, _NAMES, _TOP, _BOTTOM = 44.0, 194.0, 34.0, 46.0
_SIZE: Final = canvas.TEXT - 1.5
_LINE: Final = 15
_DODGE: Final = 2.4  # pixels between the marks of neighbouring rules at one effect
_STEPS: Final = 61  # points of a theoretical curve


def power_figure(scenarios: Mapping[str, Scenario], cells: Sequence[Cell]) -> str:
    """The SVG as text, standing alone on white."""
    rows = (len(PANELS) + 1) // 2
    with canvas.drawing():
        figure = Figure(figsize=(_WIDTH / 72, rows * _HEIGHT / 72), dpi=72)
        figure.patch.set_facecolor("white")
        over = _overlay(figure, rows * _HEIGHT)
        for at, panel in enumerate(PANELS):
            corner = (at % 2 * _WIDTH / 2, at // 2 * _HEIGHT)
            _draw(figure, over, corner, panel, scenarios, cells)
        return canvas.svg_text(figure)


def _overlay(figure: Figure, height: float) -> Axes:
    """Room for words around the panels: the whole figure in pixels, behind them."""
    over = figure.add_axes((0, 0, 1, 1), zorder=-1)
    over.patch.set_visible(False)
    over.set_xlim(0, _WIDTH)
    over.set_ylim(height, 0)
    over.set_axis_off()
    return over


def _draw(
    figure: Figure,
    over: Axes,
    corner: tuple[float, float],
    panel: Panel,
    scenarios: Mapping[str, Scenario],
    cells: Sequence[Cell],
) -> None:
    height = figure.get_size_inches()[1] * 72
    x, y = corner
    plot = (_WIDTH / 2 - _LEFT - _NAMES, _HEIGHT - _TOP - _BOTTOM)
    axes = figure.add_axes(
        (
            (x + _LEFT) / _WIDTH,
            1 - (y + _HEIGHT - _BOTTOM) / height,
            plot[0] / _WIDTH,
            plot[1] / height,
        )
    )
    axes.patch.set_visible(False)
    over.text(x + 4, y + 18, panel.title, weight="bold", size=canvas.TEXT)
    scenario = scenarios[panel.scenario]
    shown = {rule: _points(cells, panel, rule) for rule in panel.rules}
    moved = _moved(scenario, panel, next(iter(shown.values())))
    _axis(axes, scenario, panel, next(iter(shown.values())))
    pixel = (axes.get_xlim()[1] - axes.get_xlim()[0]) / plot[0]
    for at, (rule, points) in enumerate(shown.items()):
        places = [_place(scenario, panel, point.effect) for point in points]
        curve = _theory(rule, moved) or (
            places,
            [point.share for point in points],
        )
        look = style(at)
        axes.plot(
            *curve, color=look.colour, dashes=look.dash, linewidth=1.6, zorder=2, clip_on=False
        )
        _marks(axes, points, places, look, (at - (len(shown) - 1) / 2) * _DODGE * pixel)
    wanted = [y + _TOP + plot[1] * (1.02 - points[-1].share) / 1.04 for points in shown.values()]
    _names(over, list(shown), wanted, x + _WIDTH / 2 - _NAMES, (y + _TOP, y + _HEIGHT - _BOTTOM))


def _points(cells: Sequence[Cell], panel: Panel, rule: str) -> list[Cell]:
    """The points of one rule by effect; what a rule cannot see is not part of its curve."""
    return sorted(
        (
            cell
            for cell in cells
            if (cell.scenario, cell.rule) == (panel.scenario, rule) and cell.version != "less right"
        ),
        key=lambda cell: cell.effect,
    )


def _healthy(scenario: Scenario) -> float:
    return scenario.endpoint.variants[scenario.objective.control].error_rate


def _place(scenario: Scenario, panel: Panel, effect: float) -> float:
    """Where an effect stands on the x axis: shares of 5XX on a root scale, for they crowd at 0."""
    if panel.scenario == "policies_aa":
        return effect
    return math.sqrt(max(_healthy(scenario) + effect, 0.0))


def _axis(axes: Axes, scenario: Scenario, panel: Panel, points: Sequence[Cell]) -> None:
    places = [_place(scenario, panel, point.effect) for point in points]
    span = places[-1] - places[0]
    canvas.share_axis(axes)
    axes.set_xlim(places[0] - 0.05 * span, places[-1] + 0.05 * span)
    equal = _place(scenario, panel, 0.0)
    axes.axvline(equal, color=LIGHT["soft"], linewidth=1, zorder=1)
    axes.xaxis.set_major_locator(FixedLocator(places))
    if panel.scenario == "policies_aa":
        labels = [_signed(point.effect) for point in points]
        words = "how much more often the candidate is right, in points"
    else:
        labels = [f"{100 * (_healthy(scenario) + point.effect):.2g}" for point in points]
        words = (
            f"5XX of the candidate, %, root scale (control: {100 * _healthy(scenario):g}{THIN}%)"
        )
    axes.xaxis.set_major_formatter(FixedFormatter(labels))
    axes.set_xlabel(words, size=_SIZE, labelpad=5)


def _signed(effect: float) -> str:
    number = round(100 * effect, 2)
    sign = MINUS if number < 0 else "+" if number > 0 else ""
    return f"{sign}{abs(number):g}"


def _moved(scenario: Scenario, panel: Panel, points: Sequence[Cell]) -> dict[float, Scenario]:
    """The scenario at the places of a theoretical curve."""
    first, last = (_place(scenario, panel, points[at].effect) for at in (0, -1))
    of_errors = panel.scenario == "rollouts_aa"
    return {
        place: scenario_at(
            scenario,
            place * place - _healthy(scenario) if of_errors else place,
            of_errors=of_errors,
        )
        for place in np.linspace(first, last, _STEPS).tolist()
    }


def _theory(rule: str, moved: Mapping[float, Scenario]) -> tuple[list[float], list[float]] | None:
    """The curve by theory; None where there is none, or for equal models only."""
    places, shares = [], []
    for place, scenario in moved.items():
        expected = expected_promotion(scenario, scenario.policies[rule])
        if expected is not None:
            places.append(place)
            shares.append(expected.probability)
    return (places, shares) if len(places) == _STEPS else None


def _marks(
    axes: Axes, points: Sequence[Cell], places: Sequence[float], look: Style, dodge: float
) -> None:
    for place, point in zip(places, points, strict=True):
        at, interval = place + dodge, point.interval
        axes.plot(
            [at, at], [interval.low, interval.high], color=look.colour, linewidth=1.4, zorder=3,
            clip_on=False,
        )  # fmt: skip
        axes.plot(
            [at], [point.share], marker=look.marker, color=look.colour, markersize=6.5, zorder=4,
            markeredgecolor=LIGHT["paper"], linestyle="none", clip_on=False,
        )  # fmt: skip


def _names(
    over: Axes, names: list[str], wanted: list[float], x: float, between: tuple[float, float]
) -> None:
    """Names to the right of the lines' ends, moved apart, with a leader and the line's marker."""
    placed = canvas.spread(wanted, _LINE, between[0] + 2, between[1] - 2)
    for at, (name, end, y) in enumerate(zip(names, wanted, placed, strict=True)):
        look = style(at)
        over.plot([x + 3, x + 10, x + 13], [end, y, y], color=look.colour, linewidth=1)
        over.plot(
            [x + 18], [y], marker=look.marker, color=look.colour, markersize=6,
            markeredgecolor=LIGHT["paper"], linestyle="none",
        )  # fmt: skip
        short = name.removeprefix("group sequential, ").removeprefix("always valid, ")
        over.text(
            x + 26, y, canvas.fit(short, _NAMES - 30, _SIZE), va="center_baseline", size=_SIZE
        )
