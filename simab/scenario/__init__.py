"""The description of a rehearsal: what a scenario file may say, read and checked."""

from simab.scenario.changes import changed, with_changes, with_effect
from simab.scenario.loading import dumps, load, loads
from simab.scenario.models import Scenario
from simab.scenario.parts import Controller, Labels, Metrics, Objective, Segment, StudySettings
from simab.scenario.schema import json_schema
from simab.scenario.serving import Endpoint, Variant
from simab.scenario.worlds import World, worlds_of

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
    "World",
    "changed",
    "dumps",
    "json_schema",
    "load",
    "loads",
    "with_changes",
    "with_effect",
    "worlds_of",
]
