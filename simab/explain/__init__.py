"""What can be said of a scenario before it is played: capacity, evidence, warnings, forecast."""

from simab.explain.explanation import Explanation, explain
from simab.explain.scenario_warnings import warnings

__all__ = ["Explanation", "explain", "warnings"]
