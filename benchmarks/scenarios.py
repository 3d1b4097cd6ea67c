"""The endpoints that the benchmark plays: a shape in numbers becomes a scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simab import units
from simab.scenario.models import Scenario

__all__ = ["LABEL_DELAY_S", "POSITIVE_SHARE", "Shape", "plain_pair"]

MINUTE_NS = 60 * units.NANOSECONDS_PER_SECOND
LABEL_DELAY_S = 1
"""Mean. Short for SimPy's sake, where a request that waits for its label is a live process: with a
minute's delay it took 35 us a request in place of 22. To simab it makes no difference."""
POSITIVE_SHARE = 0.2
_CLASSIFIER = {
    "kind": "classifier",
    "positive_scores": {"kind": "beta", "alpha": 8, "beta": 3},
    "negative_scores": {"kind": "beta", "alpha": 2, "beta": 6},
}
NEVER_REACHED = 10**12
"""Labelled requests that the policy waits for: it looks at every tick and never acts."""


@dataclass(frozen=True, slots=True)
class Shape:
    """An endpoint with everything on, sized so that its load stays the same whatever its shape.

    Defaults: two variants of two instances with four workers, weighted routing, lognormal latency,
    classifiers with labels, windows and ticks of a minute. The mean latency follows from the load.
    """

    requests: int
    rate_per_s: float = 400.0
    load: float = 0.7
    variants: int = 2
    instances: int = 2
    workers: int = 4
    segments: int = 1
    windows: int | None = None
    variant_routing: str = "weighted_random"
    instance_routing: str = "random"
    queue_limit: int | None = None
    scored: bool = True
    """Whether answers have scores, or are just right or wrong."""

    @property
    def mean_latency_s(self) -> float:
        """Mean time that a worker is busy with a request."""
        return self.load * self.variants * self.instances * self.workers / self.rate_per_s

    @property
    def horizon_ns(self) -> int:
        """How long it takes until about so many requests have arrived."""
        return round(self.requests / self.rate_per_s * units.NANOSECONDS_PER_SECOND)

    @property
    def period_ns(self) -> int:
        """Length of a window: a minute (at most half of the run), or what gives so many windows."""
        if self.windows is None:
            return min(MINUTE_NS, self.horizon_ns // 2)
        return max(self.horizon_ns // self.windows, 1)

    @property
    def interval_ns(self) -> int:
        """Time between ticks: the largest multiple of a window within that."""
        return max(min(MINUTE_NS, self.horizon_ns // 2) // self.period_ns, 1) * self.period_ns

    def scenario(self) -> Scenario:
        """The shape as a scenario."""
        names = ["control", "candidate", *(f"variant{n}" for n in range(3, self.variants + 1))]
        rate = units.format_rate(self.rate_per_s / self.segments)
        return Scenario.model_validate(
            {
                "title": "everything on",
                "endpoint": {
                    "variants": {name: self._variant() for name in names[: self.variants]},
                    "variant_routing": self.variant_routing,
                },
                "traffic": {f"segment{n}": {"rate": rate} for n in range(self.segments)},
                "labels": {
                    "delay": {"kind": "exponential", "mean": f"{LABEL_DELAY_S}s"},
                    "positive_share": POSITIVE_SHARE,
                },
                "metrics": {"period": _text(self.period_ns)},
                "controller": {"interval": _text(self.interval_ns)},
                "objective": _objective("f1" if self.scored else "success_rate"),
                "horizon": _text(self.horizon_ns),
                "policies": _policies(),
            }
        )

    def _variant(self) -> dict[str, Any]:
        latency_ns = max(round(self.mean_latency_s * units.NANOSECONDS_PER_SECOND), 1)
        variant = {
            "instances": self.instances,
            "workers": self.workers,
            "instance_routing": self.instance_routing,
            "latency": {"kind": "lognormal", "mean": _text(latency_ns), "cv": 1},
            "quality": _CLASSIFIER if self.scored else {"kind": "success", "probability": 0.9},
        }
        return variant if self.queue_limit is None else variant | {"queue_limit": self.queue_limit}


def plain_pair(requests: int) -> Scenario:
    """Two M/M/4 stations at load 0.7 that share one Poisson stream evenly; no labels."""
    mean_s, workers, load = 0.01, 4, 0.7
    rate_per_s = load * 2 * workers / mean_s
    horizon_ns = round(requests / rate_per_s * units.NANOSECONDS_PER_SECOND)
    minute = _text(min(MINUTE_NS, horizon_ns // 2))
    variant = {
        "workers": workers,
        "latency": {"kind": "exponential", "mean": "10ms"},
        "quality": {"kind": "success", "probability": 1},
    }
    return Scenario.model_validate(
        {
            "title": "two M/M/4 stations",
            "endpoint": {"variants": {"control": variant, "candidate": variant}},
            "traffic": {"all": {"rate": units.format_rate(rate_per_s), "labelled": False}},
            "objective": _objective("success_rate"),
            "metrics": {"period": minute},
            "controller": {"interval": minute},
            "horizon": _text(horizon_ns),
            "policies": _policies(),
        }
    )


def _objective(metric: str) -> dict[str, Any]:
    roles = {"control": "control", "candidate": "candidate"}
    return roles | {"metric": metric, "smallest_effect": 0.02}


def _policies() -> dict[str, Any]:
    return {"looks": {"kind": "fixed_horizon", "labelled_requests": NEVER_REACHED}}


def _text(duration_ns: int) -> str:
    return units.format_duration(duration_ns)
