"""What explain says of labels that come by outcome, through a window, wrong or never."""

from __future__ import annotations

from collections.abc import Iterator

from simab import units
from simab.explain.recorded_shares import recorded_of
from simab.scenario.models import Scenario
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import percent_text, two_figures

__all__ = ["label_sentences"]


def label_sentences(scenario: Scenario) -> Iterator[str]:
    """Of control and candidate: when positives are known, when the rest, and what is lost."""
    if not scenario.labels.is_plain:
        for name in (scenario.objective.control, scenario.objective.candidate):
            yield _sentence(scenario, name)


def _sentence(scenario: Scenario, name: str) -> str:
    labels = scenario.labels
    table = labels.settled(name, positive=True).delay.table()
    half, most = (duration_text(units.seconds(round(table.quantile(p)))) for p in (0.5, 0.99))
    text = f"Half of the positives of {named(name)} are known within {half}, 99 % within {most}"
    window_ns = labels.attribution_window
    if window_ns is not None:
        closes = duration_text(units.seconds(window_ns))
        late = percent_text(two_figures(table.survival(window_ns)))
        text += f"; negatives when the window closes, after {closes}, as which {late} of the "
        text += "positives are recorded"
    found = recorded_of(scenario, name)
    if found.labelled < 1:
        lost = percent_text(two_figures(1.0 - found.labelled))
        text += f"; {lost} of the answers never get a label"
    return f"{text}."
