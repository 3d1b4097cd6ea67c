"""Answers: how long a service takes, whether it fails or is right, and when its label comes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from simab.verify import measures
from simab.verify.arrival_cases import QUICK
from simab.verify.case import Case, world
from simab.verify.checks import Floats, Law, Value
from simab.world.run_counts import Status

__all__ = ["answer_cases"]

_GROUP: Final = "Services, answers and labels"


def answer_cases() -> Iterator[Case]:
    """All of them."""
    yield from _services()
    yield _outcomes()
    yield _labels()


def _services() -> Iterator[Case]:
    """Times of service have the law that the file names."""
    laws: dict[str, tuple[dict[str, Any], Callable[[Floats], Floats]]] = {
        "exponential": (
            {"kind": "exponential", "mean": "40ms"},
            partial(measures.exponential_law, mean=0.04),
        ),
        "lognormal of cv 1.5": (
            {"kind": "lognormal", "mean": "40ms", "cv": 1.5},
            partial(measures.lognormal_law, mean=0.04, cv=1.5),
        ),
        "gamma of cv .5": (
            {"kind": "gamma", "mean": "40ms", "cv": 0.5},
            partial(measures.gamma_law, mean=0.04, cv=0.5),
        ),
        "hyperexponential of cv 2": (
            {"kind": "hyperexponential", "mean": "40ms", "cv": 2},
            partial(measures.hyperexponential_law, mean=0.04, cv=2.0),
        ),
    }
    for name, (latency, law) in laws.items():
        made = world({"workers": 1_000, "latency": latency}, {"rate": "100/s"}, horizon_s=250)
        check = Law("time of service", "its law", measures.services_s, law)
        yield Case(_GROUP, f"service, {name}", made, (check,))


def _outcomes() -> Case:
    failed = partial(measures.of_status, status=Status.FAILED)
    variant = {**QUICK, "error_rate": 0.2, "quality": {"kind": "success", "probability": 0.3}}
    return Case(
        _GROUP,
        "errors and successes",
        world(variant, {"rate": "100/s"}, horizon_s=500),
        (
            Value("failed", "binomial", 0.2, failed),
            Value("right", "binomial", 0.3, measures.successes),
        ),
    )


def _labels() -> Case:
    """Of answers that come evenly over a run, those whose label comes within it."""
    horizon_s, mean_s, never = 1_000.0, 300.0, 0.25
    made = world(
        QUICK,
        {"rate": "100/s"},
        horizon_s=horizon_s,
        labels={"delay": {"kind": "exponential", "mean": "300s"}, "never": never},
    )
    by_the_end = 1.0 - mean_s / horizon_s * (1.0 - math.exp(-horizon_s / mean_s))
    law = partial(measures.exponential_law, mean=mean_s)
    return Case(
        _GROUP,
        "late labels, exponential",
        made,
        (
            Law("delay", "its law", measures.label_delays_s, law),
            Value(
                "here by the end",
                "censoring, integrated",
                (1.0 - never) * by_the_end,
                measures.known_labels,
            ),
        ),
    )
