"""The simulated world: traffic, endpoint, control plane, and the planes that carry requests."""

from simab.world.blueprint import Blueprint
from simab.world.control import Ledger, Transcript
from simab.world.play import play
from simab.world.session import ENGINES, Session

__all__ = ["ENGINES", "Blueprint", "Ledger", "Session", "Transcript", "play"]
