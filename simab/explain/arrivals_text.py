"""What explain says of arrivals that change over time or come in bursts."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab import units
from simab.explain.dates import when
from simab.explain.given_text import given_sentences
from simab.scenario.arrivals import Modulation
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS, changes, hours
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, rate_text, two_figures

__all__ = ["arrival_sentences"]


def arrival_sentences(scenario: Scenario) -> Iterator[str]:
    """The busiest hour and the quietest, bursts, and changes by chance."""
    if changes(scenario) and scenario.horizon >= HOUR_NS:
        yield from _hours_sentences(scenario)
    for name, segment in scenario.traffic.items():
        yield from given_sentences(scenario, name, segment)
        if segment.arrivals is None:
            continue
        variation = segment.arrivals.gaps.variation
        if variation != 1.0:
            yield _gaps_sentence(name, variation)
        if segment.arrivals.modulation is not None:
            yield _modulation_sentence(name, segment.rate, segment.arrivals.modulation)


def _hours_sentences(scenario: Scenario) -> Iterator[str]:
    found = hours(scenario)
    busiest, quietest = max(found, key=lambda each: each[1]), min(found, key=lambda each: each[1])
    if busiest == quietest:
        return
    yield (
        f"The busiest hour begins {when(scenario, busiest[0])}, with {rate_text(busiest[1])}, and "
        f"the quietest {when(scenario, quietest[0])}, with {rate_text(quietest[1])}: loads are "
        "those of the busiest, all else goes by the mean."
    )


def _gaps_sentence(name: str, variation: float) -> str:
    cv = math.sqrt(variation)
    unevenly = "in bursts" if variation > 1 else "more evenly than by chance"
    return (
        f"Requests of {named(name)} come {unevenly}: their gaps have a coefficient of variation of "
        f"{number_text(two_figures(cv))}, and counts over long spans scatter "
        f"{number_text(two_figures(cv))} times as much as those of Poisson arrivals."
    )


def _modulation_sentence(name: str, rate: float, modulation: Modulation) -> str:
    lasting = math.fsum(state.lasts for state in modulation.states)
    states = [
        f"{rate_text(rate * state.times)} in {percent_text(two_figures(state.lasts / lasting))} of "
        f"the time ({duration_text(units.seconds(state.lasts))} at a time)"
        for state in modulation.states
    ]
    return f"By chance {named(name)} sends {listed(states)}."
