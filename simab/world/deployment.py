"""What an endpoint has deployed: fleets by variant, cookies and copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from simab.policies import Mirror, SessionAffinity

__all__ = ["Deployment", "Fleet"]


@dataclass(frozen=True, slots=True)
class Fleet:
    """A deployed variant: its weight and the numbers of the instances that take requests."""

    weight: float
    instances: tuple[int, ...]


@dataclass(frozen=True)
class Deployment:
    """All that a change may change: the fleets by variant, cookies and copies."""

    fleets: Mapping[str, Fleet]
    session_affinity: SessionAffinity | None = None
    mirror: Mirror | None = None

    # Shown at every look, and not to be changed.
    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Weights by variant."""
        return MappingProxyType({name: fleet.weight for name, fleet in self.fleets.items()})

    @cached_property
    def instances(self) -> Mapping[str, int]:
        """Numbers of instances by variant."""
        return MappingProxyType({n: len(fleet.instances) for n, fleet in self.fleets.items()})
