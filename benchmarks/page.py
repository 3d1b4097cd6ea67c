"""The figures as text: one line each while they come in, and results.md at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from benchmarks.catalogue import ROWS, question
from benchmarks.figures import Effort, Figure
from benchmarks.machine import facts

__all__ = ["line", "page", "summary"]

Results = Mapping[str, Sequence[Figure]]


def line(figure: Figure) -> str:
    """A figure on one line of the terminal."""
    spread = f"({_number(min(figure.values))} to {_number(max(figure.values))})"
    text = f"  {figure.what:<64} {_number(figure.median):>9} {figure.unit:<11} {spread:<22}"
    return f"{text} {figure.target}: {figure.verdict}" if figure.target else text.rstrip()


def summary(results: Results) -> str:
    """How many targets are met."""
    verdicts = [figure.verdict for row in results.values() for figure in row if figure.target]
    return f"{verdicts.count('met')} of {len(verdicts)} targets met"


def page(results: Results, effort: Effort, loads: tuple[str, str]) -> str:
    """Everything, as Markdown."""
    parts = [
        "# Benchmark results",
        "",
        "Made by `python -m benchmarks --write`; see `benchmarks/__init__.py`. Times are CPU times "
        "unless the unit says wall, and ratios are taken pair by pair, both sides in turn.",
        "",
        *_facts(effort, loads),
        "",
        f"**{summary(results)}.**",
    ]
    for name, figures in results.items():
        parts += ["", f"## {name}", "", question(ROWS[name]), "", *_table(figures)]
    return "\n".join(parts) + "\n"


def _facts(effort: Effort, loads: tuple[str, str]) -> list[str]:
    described = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        **facts(),
        "load average": f"{loads[0]} before, {loads[1]} after",
        "effort": f"{effort.repeats} repeats at most, {effort.scale:g} of the requests",
    }
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in described.items())]


def _table(figures: Sequence[Figure]) -> list[str]:
    return [
        "| what | median | min | max | unit | repeats | target | |",
        "|---|---:|---:|---:|---|---:|---|---|",
        *(
            f"| {figure.what} | {_number(figure.median)} | {_number(min(figure.values))} "
            f"| {_number(max(figure.values))} | {figure.unit} | {len(figure.values)} "
            f"| {figure.target or ''} | {figure.verdict} |"
            for figure in figures
        ),
    ]


def _number(value: float) -> str:
    """Three digits that count."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.3f}"
