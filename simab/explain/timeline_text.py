"""What explain says of the timeline: what happens when, to whom, and what is true meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from simab import units
from simab.explain.capacity import Demand, demands, rates_per_s
from simab.explain.dates import when
from simab.policies.metrics import of_labels
from simab.profiles.truth import metric_difference, truth_of
from simab.scenario.epochs import epochs
from simab.scenario.models import Scenario
from simab.scenario.timeline import Conditions, MetricsOutage, TimelineEntry, WeightChange
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = ["entry_sentence", "leading_sentence", "overload_sentences", "timeline_sentences"]


def timeline_sentences(scenario: Scenario) -> Iterator[str]:
    """Each entry in its order, then who leads when, where that changes."""
    for entry in scenario.timeline:
        yield entry_sentence(scenario, entry)
    sentence = leading_sentence(scenario)
    if sentence:
        yield sentence


def entry_sentence(scenario: Scenario, entry: TimelineEntry) -> str:
    """What an entry does."""
    title = f"{named(entry.name)}: " if entry.name else ""
    text = f"{title}{_clause(scenario, entry)}."
    return text[0].upper() + text[1:]


def _clause(scenario: Scenario, entry: TimelineEntry) -> str:
    if isinstance(entry, WeightChange):
        weights = listed([f"{named(name)} {each:g}" for name, each in entry.weights.items()])
        return f"{when(scenario, entry.at)} somebody else sets weights: {weights}"
    if isinstance(entry, MetricsOutage):
        fate = "come when that is over" if entry.windows == "late" else "are lost"
        return (
            f"for {_duration(entry.lasts)}, beginning {when(scenario, entry.at)}, no metrics are "
            f"published: windows {fate}"
        )
    return f"{_span(scenario, entry)} {listed([*_effects(scenario, entry)])}"


def overload_sentences(scenario: Scenario, busiest: Scenario) -> Iterator[str]:
    """What is overloaded while requests take longer, and is not otherwise.

    `busiest` is the scenario at the steady rates of its busiest hour.
    """
    asked_for = sorted(demands(busiest), key=lambda each: each.load(busiest))
    for entry in scenario.timeline:
        if not isinstance(entry, Conditions) or entry.latency_times <= 1:
            continue
        found: dict[str, str] = {}
        for asked in asked_for:
            times = 1.0 + (entry.latency_times - 1.0) * _hit_share(busiest, entry, asked)
            if asked.load(busiest) < 1 <= asked.load(busiest) * times:
                found[asked.variant] = _overload(scenario, busiest, entry, asked, times)
        yield from found.values()


def _hit_share(busiest: Scenario, entry: Conditions, asked: Demand) -> float:
    """The share of a variant's requests that take longer, at the instance that is hit."""
    variant = busiest.endpoint.variants[asked.variant]
    alone = entry.instance is not None and variant.instance_routing != "random"
    if alone or not entry.hits_variant(asked.variant):
        return 0.0  # where instances share the work, the others take over
    segments = [busiest.traffic[name] for name in entry.segments] or [*busiest.traffic.values()]
    hit = rates_per_s(segments, asked.weights)[asked.variant]
    everybody = rates_per_s(busiest.traffic.values(), asked.weights)[asked.variant]
    if not everybody:  # copies alone, of whoever goes by weight
        rates = [segment.rate for segment in segments]
        return math.fsum(rates) / math.fsum(each.rate for each in busiest.traffic.values())
    return hit / everybody


def _overload(
    scenario: Scenario, busiest: Scenario, entry: Conditions, asked: Demand, times: float
) -> str:
    load = asked.load(busiest)
    where = f"instance {entry.instance} of " if entry.instance is not None else ""
    text = f"the full strength of {_title(scenario, entry)} {where}{named(asked.variant)}"
    return (
        f"At {text} is overloaded with {percent_text(asked.share)} of the traffic: its load is "
        f"{load * times:.2f} in place of {load:.2f}, and its queue grows as long as that lasts."
    )


def _title(scenario: Scenario, entry: Conditions) -> str:
    return named(entry.name) if entry.name else f"what begins {when(scenario, entry.at)}"


def leading_sentence(scenario: Scenario) -> str:
    """Which of control and candidate is better when; empty where that does not change.

    In a span in which the metric does not exist for one of the two, that is undefined.
    """
    objective = scenario.objective
    roles = objective.candidate, objective.control

    def leader(difference: float) -> str:
        if math.isnan(difference):
            return "undefined"
        return named(roles[difference < 0]) if difference else "neither"

    found = []
    for epoch in epochs(scenario):
        values = [epoch.truths[name].metric(objective.metric) for name in roles]
        gain = objective.sign * metric_difference(values[0], values[1])
        found.append((epoch, leader(gain)))
    runs = [(name, next(iter(each))[0]) for name, each in groupby(found, key=lambda pair: pair[1])]
    if len(runs) < 2:
        return ""
    parts = [f"{name} from {_since(scenario, epoch.since_ns)}" for name, epoch in runs]
    return f"By the mean of each span, this one is better: {listed(parts)}."


def _since(scenario: Scenario, at_ns: int) -> str:
    text = when(scenario, at_ns)
    return {"at the start": "the start"}.get(text, text.removeprefix("after ").removeprefix("on "))


def _span(scenario: Scenario, entry: Conditions) -> str:
    """When it holds, as an adverb."""
    if entry.strength is not None:
        kind = {"points": "by the time of the run", "daily": "by the hour of the day"}
        return f"{kind.get(entry.strength.kind, 'by the hour of the week')}, more or less,"
    parts = [when(scenario, entry.at)]
    if entry.ramp:
        parts.append(f"rising for {_duration(entry.ramp)}")
    if entry.lasts is not None:
        parts.append(f"for {_duration(entry.lasts)}")
    if entry.fade:
        parts.append(f"then fading for {_duration(entry.fade)}")
    if entry.repeats_every is not None:
        parts.append(f"again every {_duration(entry.repeats_every)}")
    if entry.lasts is None:
        parts.append("to the end")
    return f"{', '.join(parts)},"


def _effects(scenario: Scenario, entry: Conditions) -> Iterator[str]:
    whose = _whose(entry)
    if entry.latency_times != 1.0:
        yield f"{whose} take {number_text(two_figures(entry.latency_times))} times as long"
    if entry.error_rate:
        share = percent_text(two_figures(entry.error_rate))
        yield f"{share} of {whose} fail that would not otherwise"
    if entry.quality is not None:
        truth = truth_of(scenario.sampler(entry.quality))
        metric = of_labels(scenario.objective.metric)
        if metric is None:  # the objective is none of answers
            metric = "success_rate" if math.isfinite(truth.success_rate) else "reward"
        value = truth.metric(metric)
        yield f"answers to {whose} have a {metric.replace('_', ' ')} of {value:.3g}"


def _whose(entry: Conditions) -> str:
    text = "requests"
    if entry.segments:
        text += f" of {listed([named(each) for each in entry.segments])}"
    if entry.variants:
        text += f" to {listed([named(each) for each in entry.variants])}"
    if entry.instance is not None:
        text += f" at instance {entry.instance}"
    return text


def _duration(time_ns: int) -> str:
    return duration_text(units.seconds(time_ns))
