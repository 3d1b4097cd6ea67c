"""The description of a rehearsal: what a scenario file may say, read and checked."""

from simab.scenario.loading import dumps, load, loads
from simab.scenario.models import Scenario
from simab.scenario.parts import (
    Controller,
    Endpoint,
    Labels,
    Metrics,
    Objective,
    Segment,
    StudySettings,
    Variant,
)
from simab.scenario.schema import json_schema

__all__ = [
    "Controller",
    "Endpoint",
    "Labels",
    "Metrics",
    "Objective",
    "Scenario",
    "Segment",
    "StudySettings",
    "Variant",
    "dumps",
    "json_schema",
    "load",
    "loads",
]
