"""What explain says of arrivals that change over time or come in bursts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from simab import units
from simab.explain.capacity import Demand, demands
from simab.explain.dates import when
from simab.explain.given_text import given_sentences
from simab.scenario.arrivals import Modulation
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS, at_busiest_minute, at_mean_rate, changes, hours
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, rate_text, two_figures

__all__ = ["arrival_sentences", "changing_rates", "minute_sentences", "surge_sentences"]

_MANY_EMPTY: Final = 0.05
"""The share of windows without a request from which it is said."""


def arrival_sentences(scenario: Scenario) -> Iterator[str]:
    """The busiest hour and the quietest, bursts, and changes by chance."""
    found = _hours(scenario)
    text = _hours_text(scenario, found)
    if text:
        yield f"{text}: loads are those of the busiest, all else goes by the mean."
        yield from _empty_windows(scenario, min(rate for _, rate in found))
    for name, segment in scenario.traffic.items():
        yield from given_sentences(scenario, name, segment)
        if segment.arrivals is None:
            continue
        variation = segment.arrivals.gaps.variation
        if variation != 1.0:
            yield _gaps_sentence(name, variation)
        if segment.arrivals.modulation is not None:
            yield _modulation_sentence(name, segment.rate, segment.arrivals.modulation)


def surge_sentences(scenario: Scenario, busiest: Scenario) -> Iterator[str]:
    """Which variants saturate only in the state in which a segment sends most by chance.

    `busiest` is the scenario at the steady rates of its busiest hour.
    """
    for name, segment in scenario.traffic.items():
        if segment.arrivals is None or segment.arrivals.modulation is None:
            continue
        modulation, steady = segment.arrivals.modulation, busiest.traffic[name]
        times = max(state.times for state in modulation.states)
        rate = steady.rate * times / modulation.mean
        traffic = {**busiest.traffic, name: steady.model_copy(update={"rate": rate})}
        surging = busiest.model_copy(update={"traffic": traffic})
        for asked, usual in _saturated_only(surging, busiest):
            yield (
                f"While {named(name)} sends {rate_text(rate)}, {named(asked.variant)} saturates at "
                f"{percent_text(asked.share)} of the traffic: load {asked.load(surging):.2f} in "
                f"place of {usual:.2f} on average."
            )


def minute_sentences(scenario: Scenario, busiest: Scenario) -> Iterator[str]:
    """Which variants saturate in the busiest minute, and not by the mean of the busiest hour.

    `busiest` is the scenario at the steady rates of that hour.
    """
    if not changes(scenario):
        return
    start_ns, peak = at_busiest_minute(scenario)
    rate = math.fsum(segment.rate for segment in peak.traffic.values())
    for asked, usual in _saturated_only(peak, busiest):
        yield (
            f"In the busiest minute, which begins {when(scenario, start_ns)}, {rate_text(rate)} "
            f"come, and {named(asked.variant)} saturates at {percent_text(asked.share)} of the "
            f"traffic: load {asked.load(peak):.2f} in place of {usual:.2f} by the mean of the "
            f"{'busiest hour' if scenario.horizon > HOUR_NS else 'run'}."
        )


def _saturated_only(surging: Scenario, usually: Scenario) -> Iterator[tuple[Demand, float]]:
    """Each variant at the least of traffic at which it saturates in the first alone.

    With its load in the second.
    """
    usual = {_place(asked): asked.load(usually) for asked in demands(usually)}
    found: set[str] = set()
    for asked in sorted(demands(surging), key=lambda each: each.rate_per_s):
        load = usual.get(_place(asked), math.inf)
        if asked.variant not in found and load < 1 <= asked.load(surging):
            found.add(asked.variant)
            yield asked, load


def _place(asked: Demand) -> tuple[str, float, float]:
    return asked.variant, asked.share, asked.copied_share


def changing_rates(scenario: Scenario) -> Iterator[str]:
    """How the rate of requests changes during a run, by the clock and by chance."""
    text = _hours_text(scenario, _hours(scenario))
    if text:
        yield f"{text}."
    for name, segment in scenario.traffic.items():
        if segment.arrivals is not None and segment.arrivals.modulation is not None:
            yield _modulation_sentence(name, segment.rate, segment.arrivals.modulation)


def _hours(scenario: Scenario) -> list[tuple[int, float]]:
    """The hours of a run with their rates; none where rates stay, or the run is no hour long."""
    return hours(scenario) if changes(scenario) and scenario.horizon >= HOUR_NS else []


def _hours_text(scenario: Scenario, found: Sequence[tuple[int, float]]) -> str:
    """The busiest hour and the quietest; empty where all hours are alike on average."""
    if not found:
        return ""
    busiest, quietest = max(found, key=lambda each: each[1]), min(found, key=lambda each: each[1])
    most, least = rate_text(busiest[1]), rate_text(quietest[1])
    if most == least:
        return ""
    return (
        f"The busiest hour begins {when(scenario, busiest[0])}, with {most}, and the quietest "
        f"{when(scenario, quietest[0])}, with {least}"
    )


def _empty_windows(scenario: Scenario, quietest_per_s: float) -> Iterator[str]:
    """How many windows of the candidate have no request in the quietest hour, at its least share.

    By Poisson arrivals at the rate of that hour.
    """
    candidate, period = scenario.objective.candidate, scenario.metrics.period
    steady = at_mean_rate(scenario)
    asked = [each for each in demands(steady) if each.variant == candidate]
    if not asked:
        return
    least = min(asked, key=lambda each: each.rate_per_s)
    usual = math.fsum(segment.rate for segment in steady.traffic.values())
    expected = least.rate_per_s * quietest_per_s / usual * units.seconds(period)
    empty = math.exp(-expected)
    if empty >= _MANY_EMPTY:
        yield (
            f"In that quietest hour {named(candidate)} gets {number_text(two_figures(expected))} "
            f"requests a window of {units.format_duration(period)} where it has "
            f"{percent_text(least.share)} of the traffic: "
            f"{percent_text(two_figures(empty))} of its windows are empty, and a rule that reads "
            "windows has nothing to go by in them."
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
