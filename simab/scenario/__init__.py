"""The description of a rehearsal: what a scenario file may say, read, checked and explained."""

from simab.scenario.cautions import warnings
from simab.scenario.explanation import Explanation, explain
from simab.scenario.loading import dumps, load, loads
from simab.scenario.models import Scenario
from simab.scenario.parts import (
    Controller,
    Endpoint,
    Labels,
    Metrics,
    Objective,
    Segment,
    Study,
    Variant,
)
from simab.scenario.schema import json_schema

__all__ = [
    "Controller",
    "Endpoint",
    "Explanation",
    "Labels",
    "Metrics",
    "Objective",
    "Scenario",
    "Segment",
    "Study",
    "Variant",
    "dumps",
    "explain",
    "json_schema",
    "load",
    "loads",
    "warnings",
]
