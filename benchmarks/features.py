"""What each feature of the world costs a request where it is used, beside the same run without.

Every feature is put on the endpoint with everything on; all take turns, and the ratio is taken pair
by pair. That a feature costs nothing where it is not used is seen by playing two versions in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.figures import Effort, Figure
from benchmarks.measuring import in_turn
from benchmarks.playing import play_blueprint
from benchmarks.scenarios import Shape
from simab.scenario.models import Scenario
from simab.world import Blueprint

__all__ = ["features_used"]

REQUESTS = 1_000_000
NONE = "none of these"
Data = dict[str, Any]

DAY = {"kind": "points", "points": {"0s": 0.5, "20min": 1.5, "40min": 0.5}}
STATES = [{"times": 0.5, "lasts": "2min"}, {"times": 1.5, "lasts": "2min"}]
OTHER = {
    "kind": "classifier",
    "positive_scores": {"kind": "beta", "alpha": 6, "beta": 3},
    "negative_scores": {"kind": "beta", "alpha": 2, "beta": 6},
}
DRIFT = {"kind": "points", "points": {"0s": 0, "40min": 1}}


def features_used(effort: Effort) -> Iterator[Figure]:
    """Everything on, and on top of it one feature at a time: CPU time a request."""
    requests = effort.count(REQUESTS)
    plays = {name: _playing(_with(requests, change)) for name, change in FEATURES.items()}
    costs = in_turn(plays, warm_up={"": plays[NONE]}, repeats=min(effort.repeats, 5))
    for name, values in costs.items():
        yield Figure(name, "us/request", values)
    for name, values in costs.items():
        if name != NONE:
            pairs = zip(values, costs[NONE], strict=True)
            yield Figure(f"{name} / none", "x", tuple(own / none for own, none in pairs))


def _playing(scenario: Scenario) -> Callable[[], int]:
    blueprint = Blueprint.of(scenario)
    return lambda: play_blueprint(blueprint, 0)


def _with(requests: int, change: Callable[[Data], None]) -> Scenario:
    data = Shape(requests).scenario().model_dump(mode="json")
    change(data)
    return Scenario.model_validate(data)


def _segment(**fields: Any) -> Callable[[Data], None]:
    def change(data: Data) -> None:
        for segment in data["traffic"].values():
            segment.update(fields)

    return change


def _labels(**fields: Any) -> Callable[[Data], None]:
    return lambda data: data["labels"].update(fields)


def _conditions(**fields: Any) -> Callable[[Data], None]:
    return lambda data: data.update(timeline=[{"kind": "conditions", "strength": DRIFT} | fields])


FEATURES: Mapping[str, Callable[[Data], None]] = {
    NONE: lambda _: None,
    "gamma gaps": _segment(arrivals={"gaps": {"kind": "gamma", "cv": 2}}),
    "batches": _segment(arrivals={"gaps": {"kind": "batches", "mean_size": 4}}),
    "a rate that changes": _segment(arrivals={"shape": DAY}),
    "a rate that changes by chance": _segment(arrivals={"modulation": {"states": STATES}}),
    "sessions": _segment(
        sessions={"requests": 4, "gap": {"kind": "exponential", "mean": "5s"}}, clients=1000
    ),
    "latency that changes": _conditions(latency_times=1.1),
    "errors that change": _conditions(error_rate=0.05),
    "answers that change": _conditions(quality=OTHER),
    "answers by segment": _segment(quality={"candidate": OTHER}),
    "labels wrong": _labels(wrong=0.05),
    "labels in batches": _labels(batches={"every": "10min"}),
    "labels revised": _labels(revised=0.1, revised_after={"kind": "exponential", "mean": "1min"}),
}
"""By name, what a feature changes of the scenario's data."""
