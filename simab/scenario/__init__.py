"""The description of a rehearsal: what a scenario file may say, read, checked and explained."""

from simab.scenario.loading import dumps, load, loads
from simab.scenario.models import (
    Controller,
    Endpoint,
    Labels,
    Metrics,
    Objective,
    Scenario,
    Segment,
    Study,
    Variant,
)

__all__ = [
    "Controller",
    "Endpoint",
    "Labels",
    "Metrics",
    "Objective",
    "Scenario",
    "Segment",
    "Study",
    "Variant",
    "dumps",
    "load",
    "loads",
]
