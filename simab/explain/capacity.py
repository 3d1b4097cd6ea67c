"""What each variant can carry: its load, wait and refusals at every split that may come.

Closed forms of steady state, meant to warn before a run; the run itself is the judge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from simab.explain.given_shares import given_shares
from simab.explain.variant_queue import CapacityRow, VariantQueue
from simab.profiles.gaps import Batches
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.rates import at_busiest_hour
from simab.text.lists import listed, named
from simab.text.numbers import counted, percent_text, two_figures

__all__ = [
    "START",
    "CapacityRow",
    "Demand",
    "WeightSplit",
    "candidate_serves",
    "capacity_rows",
    "capacity_sentences",
    "demands",
    "load_at_all_traffic",
    "rates_per_s",
    "row_of",
    "served_per_s",
    "setter_text",
    "splits",
    "start_weights",
]

START = "start"


@dataclass(frozen=True, slots=True)
class WeightSplit:
    """Weights of the deployed variants, and who sets them: the start, or policies by name.

    With `copied_share` the variant `copied_to` gets copies of that share of the weighted requests.
    """

    weights: Mapping[str, float]
    set_by: tuple[str, ...]
    copied_share: float = 0.0
    copied_to: str = ""


def start_weights(scenario: Scenario) -> dict[str, float]:
    """Weights of the variants that are deployed at the start."""
    variants = scenario.endpoint.variants.items()
    return {name: variant.weight for name, variant in variants if variant.deployed}


def candidate_serves(scenario: Scenario) -> bool:
    """Whether the candidate has a weight from the start."""
    return start_weights(scenario).get(scenario.objective.candidate, 0.0) > 0


def splits(scenario: Scenario) -> Sequence[WeightSplit]:
    """The split at the start and all that the policies may set, each once."""
    start = start_weights(scenario)
    objective = scenario.objective
    found: dict[tuple[tuple[str, float], ...], WeightSplit] = {}
    _note(found, start, START)
    for name, policy in scenario.policies.items():
        for weights in policy.splits_of_all(objective.control, objective.every_candidate, start):
            _note(found, weights, name)
    return list(found.values())


def rates_per_s(segments: Iterable[Segment], weights: Mapping[str, float]) -> dict[str, float]:
    """Requests that reach each variant at these weights, those that name it included."""
    rates = dict.fromkeys(weights, 0.0)
    total = math.fsum(weights.values())
    for segment in segments:
        named = dict(segment.targets)
        for target in segment.paired_targets:
            named[target] = named.get(target, 0.0) + 1 / len(segment.paired_targets)
        rest = max(0.0, 1.0 - math.fsum(named.values()))
        for name, weight in weights.items():
            by_weight = rest * weight / total if total else 0.0
            rates[name] += segment.rate * (by_weight + named.get(name, 0.0))
    return rates


def served_per_s(
    scenario: Scenario, segments: Iterable[Segment], weights: Mapping[str, float]
) -> dict[str, float]:
    """Requests of some segments that each variant answers at these weights, among all requests."""
    given = given_shares(scenario, weights)
    everybody = rates_per_s(scenario.traffic.values(), given)
    served = {}
    for name, rate in rates_per_s(segments, given).items():
        queue = _queue(scenario, name, everybody[name], given)
        served[name] = rate * (queue.served_per_s / queue.rate_per_s if queue.rate_per_s else 1.0)
    return served


def load_at_all_traffic(scenario: Scenario, name: str) -> float:
    """The load of a variant that gets all weighted traffic, in the busiest hour.

    Requests that name a variant stay with it.
    """
    weights = {**dict.fromkeys(scenario.endpoint.variants, 0.0), name: 1.0}
    busiest = at_busiest_hour(scenario)
    rate = rates_per_s(busiest.traffic.values(), weights)[name]
    return VariantQueue(busiest.endpoint.variants[name], rate).load


def capacity_rows(scenario: Scenario) -> tuple[CapacityRow, ...]:
    """A row for each variant at each share that it may have, in the order of the scenario."""
    return tuple(row_of(scenario, asked) for asked in demands(scenario))


def row_of(scenario: Scenario, asked: Demand) -> CapacityRow:
    """What a demand comes to in the long run."""
    queue = _queue(scenario, asked.variant, asked.rate_per_s, asked.weights)
    row = queue.row(asked.variant, asked.share, asked.set_by)
    return replace(row, copied_share=asked.copied_share)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a variant is asked to carry at one share of the weighted traffic.

    `weights` are what the variants are given where it has this share.
    """

    variant: str
    share: float
    rate_per_s: float
    set_by: tuple[str, ...]
    copied_share: float
    weights: Mapping[str, float]

    def load(self, scenario: Scenario) -> float:
        """The share of the variant's workers that is busy on average."""
        return VariantQueue(scenario.endpoint.variants[self.variant], self.rate_per_s).load


def demands(scenario: Scenario) -> Iterator[Demand]:
    """What is asked of each variant at each share that it may have, in the order of the scenario.

    Without what it comes to: waits take a sum of probabilities each, and SciPy.
    """
    order = {name: number for number, name in enumerate(scenario.endpoint.variants)}
    found: dict[tuple[str, float, float, float], tuple[WeightSplit, list[str]]] = {}
    for split in [*splits(scenario), *_copying(scenario)]:
        total = math.fsum(split.weights.values())
        for name, rate in _rates_per_s(scenario, split).items():
            share = split.weights[name] / total if total else 0.0
            copied = split.copied_share if name == split.copied_to else 0.0
            if rate > 0 and name in order:
                key = name, float(f"{share:.9g}"), copied, float(f"{rate:.9g}")
                _, by = found.setdefault(key, (split, []))
                by += [each for each in split.set_by if each not in by]
    for (name, share, copied, rate), (split, by) in sorted(
        found.items(), key=lambda item: (order[item[0][0]], *item[0][1:])
    ):
        weights = given_shares(scenario, split.weights)
        yield Demand(name, share, rate, tuple(by), copied, weights)


def _copying(scenario: Scenario) -> Iterator[WeightSplit]:
    """The splits at which copies are made: to the shadow variant, and by each policy that mirrors.

    Whoever gets copies has no weight.
    """
    objective, shadow = scenario.objective, scenario.endpoint.shadow
    if shadow is not None:
        yield _copied(scenario, START, shadow.share, shadow.variant)
    for name, policy in scenario.policies.items():
        if policy.copied_share():
            yield _copied(scenario, name, policy.copied_share(), objective.candidate)


def _copied(scenario: Scenario, set_by: str, share: float, to: str) -> WeightSplit:
    weights = {**start_weights(scenario), to: 0.0}
    if not math.fsum(weights.values()):
        weights[scenario.objective.control] = 1.0
    return WeightSplit(weights, (set_by,), share, to)


def _rates_per_s(scenario: Scenario, split: WeightSplit) -> dict[str, float]:
    """Requests that reach each variant at a split, and the copies."""
    rates = rates_per_s(scenario.traffic.values(), given_shares(scenario, split.weights))
    if split.copied_share:
        without = rates_per_s(scenario.traffic.values(), dict.fromkeys(split.weights, 0.0))
        weighted = math.fsum(rates.values()) - math.fsum(without.values())
        rates[split.copied_to] += split.copied_share * weighted
    return rates


def _queue(
    scenario: Scenario, name: str, rate_per_s: float, weights: Mapping[str, float]
) -> VariantQueue:
    """A variant's queue: in turn, requests come more evenly than by chance."""
    variant = scenario.endpoint.variants[name]
    total = math.fsum(weights.values())
    alone, together = _excess(scenario, name, rate_per_s, weights)
    arrivals = 1.0 + alone + together
    if scenario.endpoint.variant_routing == "smooth_weighted_round_robin" and rate_per_s:
        share = weights[name] / total if total else 0.0
        without = {**weights, name: 0.0}
        rest = math.fsum(without.values())
        named = rates_per_s(scenario.traffic.values(), without)[name] if rest else rate_per_s
        in_turn = rate_per_s - named
        arrivals = (in_turn * share + named) / rate_per_s if rest else 1.0
        together = 0.0
        if variant.instance_routing == "random":
            instances = VariantQueue(variant, rate_per_s).instances
            arrivals = 1.0 + (arrivals - 1.0) / instances
    return VariantQueue(variant, rate_per_s, arrivals, together)


def _excess(
    scenario: Scenario, name: str, rate_per_s: float, weights: Mapping[str, float]
) -> tuple[float, float]:
    """By how much the squared coefficient of variation of gaps exceeds 1 at one instance.

    That of gaps between single requests, and that of requests which come together. Drawing each
    request by itself thins a segment's arrivals, and their excess over that of Poisson arrivals
    with them; several streams add up to their mean by rate (Whitt 1983, "The queueing network
    analyzer", equations 24 and 26, with their weight 1).
    """
    alone = together = 0.0
    for segment in scenario.traffic.values():
        if segment.arrivals is not None and segment.rate and rate_per_s:
            reaching = rates_per_s([segment], weights)[name]
            thinned = (segment.arrivals.gaps.variation - 1.0) * reaching / segment.rate
            if isinstance(segment.arrivals.gaps, Batches):
                together += thinned * reaching / rate_per_s
            else:
                alone += thinned * reaching / rate_per_s
    variant = scenario.endpoint.variants[name]
    if variant.instance_routing == "random":
        instances = VariantQueue(variant, rate_per_s).instances
        alone, together = alone / instances, together / instances
    return alone, together


def capacity_sentences(rows: Sequence[CapacityRow], *, for_a_while: bool) -> Iterator[str]:
    """Which variants are too slow for which share; or that none is.

    `for_a_while` says that further sentences tell of higher loads, which do not last.
    """
    saturated = [row for row in rows if row.load >= 1]
    for row in saturated:
        name = f"{named(row.variant)} saturates {_at(row)}"
        where = f"set by {listed([setter_text(each) for each in row.set_by])}"
        if row.refused_share:
            refused = percent_text(two_figures(row.refused_share))
            effect = f"it refuses about {refused} of its requests"
        else:
            effect = _growth(row.growth_per_s * 60)
        yield f"{name} ({where}): load {row.load:.2f}, {effect}."
    if rows and not saturated:
        top = max(rows, key=lambda row: row.load)
        at = f"{named(top.variant)} {_at(top)}"
        load = f"the highest load is {top.load:.2f} ({at})"
        if for_a_while:
            yield f"On average no variant saturates, and {load}; for a while one does."
        else:
            yield f"No variant saturates; {load}."


def _at(row: CapacityRow) -> str:
    if row.copied_share:
        return f"with copies of {percent_text(row.copied_share)} of the traffic"
    return f"at {percent_text(row.share)} of the traffic"


def _growth(per_minute: float) -> str:
    if per_minute < 0.001:  # a load of 1: waits grow as the square root of time
        return "its waits grow without end"
    return f"its queue grows by {counted(per_minute, 'request')} a minute"


def _note(
    found: dict[tuple[tuple[str, float], ...], WeightSplit], weights: Mapping[str, float], by: str
) -> None:
    total = math.fsum(weights.values()) or 1.0
    key = tuple(sorted((name, round(weight / total, 9)) for name, weight in weights.items()))
    known = found.get(key)
    names = known.set_by if known else ()
    found[key] = WeightSplit(
        known.weights if known else weights, tuple(dict.fromkeys((*names, by)))
    )


def setter_text(set_by: str) -> str:
    """Who sets a split, within a sentence."""
    return "the start" if set_by == START else named(set_by)
