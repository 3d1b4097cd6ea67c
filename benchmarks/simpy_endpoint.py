"""The rival of the first row: the same endpoint as one would write it in plain SimPy.

A process for each request, a `Resource` for each instance, NumPy for the draws, and lists, dicts
and counters for the statistics. It does what the scenario of `scenarios.Shape` says: weighted
routing, lognormal latency, labels that arrive later, windows of a minute, a controller that looks
every minute.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy

from benchmarks.scenarios import LABEL_DELAY_S, POSITIVE_SHARE, Shape

__all__ = ["play_simpy"]

MINUTE = 60.0
THRESHOLD = 0.5
WEIGHTS = {"control": 1.0, "candidate": 1.0}

Steps = Generator[simpy.Event, Any, None]


@dataclass
class Look:
    """What the controller sees of a variant at a tick."""

    invocations: int
    p50: float
    p99: float
    correct: int
    labelled: int


class Endpoint:
    """Instances by variant, and what has been counted so far."""

    def __init__(self, environment: simpy.Environment, shape: Shape) -> None:
        self.names = list(WEIGHTS)
        shares = np.array(list(WEIGHTS.values())) / sum(WEIGHTS.values())
        self.cumulative = shares.cumsum().tolist()
        self.instances = {
            name: [
                simpy.Resource(environment, capacity=shape.workers) for _ in range(shape.instances)
            ]
            for name in self.names
        }
        self.latencies: dict[tuple[str, int], list[float]] = defaultdict(list)
        self.waits: dict[tuple[str, int], float] = defaultdict(float)
        self.confusion: dict[str, Counter[tuple[bool, bool]]] = defaultdict(Counter)
        self.scores: dict[tuple[str, bool], Counter[int]] = defaultdict(Counter)
        self.looks: list[dict[str, Look]] = []


def clients(
    environment: simpy.Environment,
    endpoint: Endpoint,
    generator: np.random.Generator,
    shape: Shape,
) -> Steps:
    """Poisson arrivals."""
    sigma = math.sqrt(math.log(2.0))  # coefficient of variation 1
    mu = math.log(shape.mean_latency_s) - sigma**2 / 2
    gap = 1 / shape.rate_per_s
    while True:
        yield environment.timeout(generator.exponential(gap))
        environment.process(request(environment, endpoint, generator, mu, sigma))


def request(
    environment: simpy.Environment,
    endpoint: Endpoint,
    generator: np.random.Generator,
    mu: float,
    sigma: float,
) -> Steps:
    """One request, from its arrival to its label."""
    arrived = environment.now
    variant = endpoint.names[bisect(endpoint.cumulative, generator.random())]
    instances = endpoint.instances[variant]
    with instances[int(generator.random() * len(instances))].request() as worker:
        yield worker
        started = environment.now
        yield environment.timeout(generator.lognormal(mu, sigma))
    minute = int(environment.now // MINUTE)
    endpoint.latencies[variant, minute].append(environment.now - arrived)
    endpoint.waits[variant, minute] += started - arrived

    yield environment.timeout(generator.exponential(LABEL_DELAY_S))
    positive = generator.random() < POSITIVE_SHARE
    score = generator.beta(8, 3) if positive else generator.beta(2, 6)
    endpoint.confusion[variant][positive, score >= THRESHOLD] += 1
    endpoint.scores[variant, positive][int(score * 128)] += 1


def controller(environment: simpy.Environment, endpoint: Endpoint) -> Steps:
    """Looks every minute at the minute that is over, and changes nothing."""
    while True:
        yield environment.timeout(MINUTE)
        minute = round(environment.now / MINUTE) - 1
        look = {}
        for name in endpoint.names:
            latencies = endpoint.latencies[name, minute]
            p50, p99 = np.percentile(latencies, (50, 99)) if latencies else (np.nan, np.nan)
            counts = endpoint.confusion[name]
            correct = counts[True, True] + counts[False, False]
            look[name] = Look(len(latencies), p50, p99, correct, counts.total())
        endpoint.looks.append(look)


def play_simpy(shape: Shape) -> int:
    """Play the shape once; returns how many requests were answered."""
    environment = simpy.Environment()
    generator = np.random.default_rng(1)
    endpoint = Endpoint(environment, shape)
    environment.process(clients(environment, endpoint, generator, shape))
    environment.process(controller(environment, endpoint))
    environment.run(until=shape.requests / shape.rate_per_s)
    return sum(len(window) for window in endpoint.latencies.values())
