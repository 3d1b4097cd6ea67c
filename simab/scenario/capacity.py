"""What each variant can carry: its load, wait and refusals at every split that may come.

Closed forms of steady state, meant to warn before a run; the run itself is the judge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from simab import units
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment, Variant
from simab.scenario.wording import counted, name_text, percent_text, series
from simab.theory.bounded_queues import mmc_limited
from simab.theory.queues import allen_cunneen_mean_wait_s, utilisation

__all__ = [
    "START",
    "CapacityRow",
    "Split",
    "candidate_serves",
    "capacity_rows",
    "capacity_sentences",
    "load_at_all_traffic",
    "rates_per_s",
    "setter_text",
    "splits",
    "start_weights",
]

START = "start"
_MOST_PLACES = 20_000  # a longer queue is as good as an endless one, and its table costs time


@dataclass(frozen=True, slots=True)
class Split:
    """Weights of the deployed variants, and who sets them: the start, or policies by name."""

    weights: Mapping[str, float]
    set_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CapacityRow:
    """One variant at one share of the weighted traffic.

    `rate_per_s` holds the requests that name it as well. `mean_wait_s` is inf where the queue grows
    without end; `growth_per_s` says how fast. `refused_share` is what a full queue turns away.
    """

    variant: str
    share: float
    rate_per_s: float
    load: float
    mean_wait_s: float
    refused_share: float
    growth_per_s: float
    set_by: tuple[str, ...]


def start_weights(scenario: Scenario) -> dict[str, float]:
    """Weights of the variants that are deployed at the start."""
    variants = scenario.endpoint.variants.items()
    return {name: variant.weight for name, variant in variants if variant.deployed}


def candidate_serves(scenario: Scenario) -> bool:
    """Whether the candidate has a weight from the start."""
    return start_weights(scenario).get(scenario.objective.candidate, 0.0) > 0


def splits(scenario: Scenario) -> Sequence[Split]:
    """The split at the start and all that the policies may set, each once."""
    start = start_weights(scenario)
    objective = scenario.objective
    found: dict[tuple[tuple[str, float], ...], Split] = {}
    _note(found, start, START)
    for name, policy in scenario.policies.items():
        for weights in policy.splits(objective.control, objective.candidate, start):
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


def load_at_all_traffic(scenario: Scenario, name: str) -> float:
    """The load of a variant that gets all weighted traffic; requests that name one stay with it."""
    weights = {**dict.fromkeys(scenario.endpoint.variants, 0.0), name: 1.0}
    variant = scenario.endpoint.variants[name]
    rate = rates_per_s(scenario.traffic.values(), weights)[name]
    mean_s, _ = _service(variant)
    return utilisation(rate, mean_s, variant.instances * variant.workers) if mean_s else 0.0


def capacity_rows(scenario: Scenario) -> tuple[CapacityRow, ...]:
    """A row for each variant at each share that it may have, in the order of the scenario."""
    set_by: dict[tuple[str, float, float], list[str]] = {}
    for split in splits(scenario):
        total = math.fsum(split.weights.values())
        for name, rate in rates_per_s(scenario.traffic.values(), split.weights).items():
            share = split.weights[name] / total if total else 0.0
            if rate > 0:
                by = set_by.setdefault((name, float(f"{share:.9g}"), float(f"{rate:.9g}")), [])
                by += [each for each in split.set_by if each not in by]
    order = list(scenario.endpoint.variants)
    rows = []
    for name in order:
        mean_s, squared_cv = _service(scenario.endpoint.variants[name])
        for (variant, share, rate), by in sorted(set_by.items()):
            if variant == name:
                queue = _Queue(scenario.endpoint.variants[name], mean_s, squared_cv, rate)
                rows.append(queue.row(name, share, tuple(by)))
    return tuple(rows)


def capacity_sentences(rows: Sequence[CapacityRow]) -> Iterator[str]:
    """Which variants are too slow for which share; or that none is."""
    saturated = [row for row in rows if row.load >= 1]
    for row in saturated:
        name = f"{name_text(row.variant)} saturates at {percent_text(row.share)} of the traffic"
        where = f"set by {series([setter_text(each) for each in row.set_by])}"
        if row.refused_share:
            effect = f"it refuses about {percent_text(row.refused_share)} of its requests"
        else:
            effect = _growth(row.growth_per_s * 60)
        yield f"{name} ({where}): load {row.load:.2f}, {effect}."
    if rows and not saturated:
        top = max(rows, key=lambda row: row.load)
        at = f"{name_text(top.variant)} at {percent_text(top.share)} of the traffic"
        yield f"No variant saturates; the highest load is {top.load:.2f} ({at})."


def _growth(per_minute: float) -> str:
    if per_minute < 0.001:  # a load of 1: waits grow as the square root of time
        return "its waits grow without end"
    return f"its queue grows by {counted(per_minute, 'request')} a minute"


@dataclass(frozen=True, slots=True)
class _Queue:
    variant: Variant
    mean_s: float
    squared_cv: float
    rate_per_s: float

    def row(self, name: str, share: float, set_by: tuple[str, ...]) -> CapacityRow:
        servers = self.variant.instances * self.variant.workers
        load = utilisation(self.rate_per_s, self.mean_s, servers) if self.mean_s else 0.0
        wait_s, refused = self._wait_and_refusals() if self.mean_s else (0.0, 0.0)
        growth = 0.0 if refused or load < 1 else self.rate_per_s - servers / self.mean_s
        return CapacityRow(name, share, self.rate_per_s, load, wait_s, refused, growth, set_by)

    def _wait_and_refusals(self) -> tuple[float, float]:
        workers, rate = self.variant.workers, self.rate_per_s / self.variant.instances
        if self.variant.instance_routing == "least_outstanding_requests":
            # Close to one queue for all instances: nobody waits beside an idle worker.
            workers, rate = workers * self.variant.instances, self.rate_per_s
        limit = self.variant.queue_limit
        places = math.inf if limit is None else limit * workers / self.variant.workers + workers
        if places <= _MOST_PLACES:
            limited = mmc_limited(rate, self.mean_s, workers, int(places))
            return limited.mean_wait_s, limited.reject_probability
        wait_s = allen_cunneen_mean_wait_s(rate, self.mean_s, self.squared_cv, workers)
        load = utilisation(rate, self.mean_s, workers)
        if limit is not None and load >= 1:
            return limit * self.mean_s / self.variant.workers, 1 - 1 / load
        return wait_s, 0.0


def _service(variant: Variant) -> tuple[float, float]:
    table = variant.latency.table()
    # A constant's variance may come out a rounding error below 0.
    return units.seconds(table.mean), max(table.squared_coefficient_of_variation, 0.0)


def _note(
    found: dict[tuple[tuple[str, float], ...], Split], weights: Mapping[str, float], by: str
) -> None:
    total = math.fsum(weights.values()) or 1.0
    key = tuple(sorted((name, round(weight / total, 9)) for name, weight in weights.items()))
    known = found.get(key)
    names = known.set_by if known else ()
    found[key] = Split(known.weights if known else weights, tuple(dict.fromkeys((*names, by))))


def setter_text(set_by: str) -> str:
    """Who sets a split, within a sentence."""
    return "the start" if set_by == START else name_text(set_by)
