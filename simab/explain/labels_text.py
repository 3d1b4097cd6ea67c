"""What explain says of labels that come by outcome, through a window, wrong or never."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab import units
from simab.explain.label_arrival import recorded_of
from simab.profiles.quality import Success
from simab.scenario.models import Scenario
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import percent_text, two_figures

__all__ = ["label_sentences", "recorded_otherwise"]

_MATTERS = 0.05
"""A bias from which something is said, as a part of the smallest effect."""


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


def recorded_otherwise(scenario: Scenario) -> Iterator[str]:
    """A difference that labels show although it is not there, however many have come."""
    roles = scenario.objective.control, scenario.objective.candidate
    qualities = [scenario.endpoint.variants[name].quality for name in roles]
    if scenario.labels.is_plain or not all(isinstance(each, Success) for each in qualities):
        return
    control, candidate = (recorded_of(scenario, name) for name in roles)
    true = candidate.true - control.true
    bias = candidate.recorded - control.recorded - true
    if math.isnan(bias) or abs(bias) < _MATTERS * scenario.objective.smallest_effect:
        return
    better = "better" if bias > 0 else "worse"
    yield (
        f"Labels make {named(roles[1])} look {100 * two_figures(abs(bias)):g} points {better} "
        f"against {named(roles[0])} than it is, however many have come: they say "
        f"{_share(control.recorded)} and {_share(candidate.recorded)}, where "
        f"{_share(control.true)} and {_share(candidate.true)} are true. Lengthen "
        "labels.attribution_window, or lower what differs between the two of never and wrong."
    )


def _share(share: float) -> str:
    return f"{100 * share:.4g} %"
