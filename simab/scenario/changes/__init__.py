"""Scenarios from scenarios: fields changed by their path, and effects of a given size."""

from simab.scenario.changes.changing import changed, with_changes
from simab.scenario.changes.effects import with_effect

__all__ = ["changed", "with_changes", "with_effect"]
