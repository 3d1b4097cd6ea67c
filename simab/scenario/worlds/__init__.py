"""The worlds of a study: what may be true of the variants, each a scenario of its own."""

from simab.scenario.worlds.world import World, worlds_of

__all__ = ["World", "worlds_of"]
