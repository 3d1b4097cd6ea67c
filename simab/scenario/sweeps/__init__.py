"""Sweeps: a scenario at many points, each with other values of the fields that are varied."""

from simab.scenario.sweeps.amounts import Amount, amount_of, written
from simab.scenario.sweeps.points import MOST_POINTS, Point, points_of, with_settings
from simab.scenario.sweeps.variation import EFFECT, Variation

__all__ = [
    "EFFECT",
    "MOST_POINTS",
    "Amount",
    "Point",
    "Variation",
    "amount_of",
    "points_of",
    "with_settings",
    "written",
]
