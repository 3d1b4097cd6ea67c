"""The simulated world: traffic, endpoint, control plane, and the planes that carry requests."""

from simab.world.blueprint import Blueprint
from simab.world.play import Ledger, Transcript, play

__all__ = ["Blueprint", "Ledger", "Transcript", "play"]
