"""The simulated world: traffic, endpoint, control plane, and the planes that carry requests."""

from simab.world.blueprint import Blueprint
from simab.world.control import DecisionLog, RunData
from simab.world.play import play
from simab.world.session import ENGINES, Session

__all__ = ["ENGINES", "Blueprint", "DecisionLog", "RunData", "Session", "play"]
