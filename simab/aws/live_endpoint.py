"""An endpoint of an account: its state on the platform, and the world in which it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simab.aws.errors import RehearsalOver, validation_error
from simab.aws.resources import EndpointConfig, arn
from simab.aws.timeline import Timeline
from simab.policies import Deploy, EndpointStatus, MetricsView
from simab.run.session import Session
from simab.world.calls import Reply, Waited

__all__ = ["LiveEndpoint", "State", "VariantOnEndpoint"]


class State(StrEnum):
    """EndpointStatus of the service."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    DELETING = "Deleting"


@dataclass(frozen=True, slots=True)
class VariantOnEndpoint:
    """Weights as they were given, and instances; now, and after the update under way."""

    name: str
    current_weight: float
    desired_weight: float
    current_instances: int
    desired_instances: int


@dataclass
class LiveEndpoint:
    """One endpoint, from its creation to its end.

    `played_by` names for each variant of the platform the variant of the scenario that plays it.
    Without a `session` it does not serve yet, or no more. The session's clock began at `began_ns`
    of the timeline.
    """

    name: str
    config: EndpointConfig
    created: datetime
    modified: datetime
    played_by: dict[str, str]
    timeline: Timeline
    deleting: bool = False
    session: Session | None = None
    began_ns: int = 0
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Its name as the service returns it."""
        return arn("endpoint", self.name)

    @property
    def state(self) -> State:
        """What DescribeEndpoint says."""
        if self.deleting:
            return State.DELETING
        if self.session is None:
            return State.CREATING
        updating = self.session.observe().status is EndpointStatus.UPDATING
        return State.UPDATING if updating else State.IN_SERVICE

    def begin(self, session: Session) -> None:
        """Serve from now on."""
        self.play(self.played_by)
        self.session, self.began_ns = session, self.timeline.now_ns
        self.timeline.move_with(self)

    def end(self) -> None:
        """Serve no more."""
        self.timeline.leave_behind(self)

    def advance(self, until_ns: int) -> None:
        """Play all that happens before an instant of the timeline.

        Raises:
            RehearsalOver: the scenario's horizon has been reached.
        """
        session = self.serving
        until_ns -= self.began_ns
        if not session.ended and until_ns > session.now_ns:
            session.advance(until_ns)
        if session.ended:
            raise RehearsalOver("the simulated horizon has been reached")

    @property
    def serving(self) -> Session:
        """The session; the endpoint is in service."""
        assert self.session is not None
        return self.session

    def variants(self) -> list[VariantOnEndpoint]:
        """Those on the endpoint, in the order of its configuration."""
        observed, pending = self.serving.observe(), self.serving.pending
        weights = observed.weights if pending is None else pending.weights
        instances = observed.instances if pending is None else pending.instances
        return [
            VariantOnEndpoint(
                name,
                observed.weights[world],
                weights.get(world, 0.0),
                observed.instances[world],
                instances.get(world, 0),
            )
            for name, world in self.played_by.items()
            if world in observed.weights
        ]

    def deploy(
        self,
        weights: Mapping[str, float],
        instances: Mapping[str, int],
        played_by: Mapping[str, str] | None = None,
    ) -> None:
        """Ask the world for these variants of the platform, and no others.

        Raises:
            ServiceError: it refuses.
        """
        played = self.played_by if played_by is None else played_by
        wanted = Deploy(
            {played[name]: weight for name, weight in weights.items()},
            {played[name]: count for name, count in instances.items()},
        )
        for refusal in self.serving.act([wanted]):
            raise validation_error(refusal.reason)

    def play(self, played_by: Mapping[str, str]) -> None:
        """From now on these play the variants; those that played before are remembered."""
        self.played_by = dict(played_by)
        self._names |= {world: name for name, world in played_by.items()}

    @property
    def update_ends_ns(self) -> int:
        """When the update under way ends, in ns of the world."""
        pending = self.serving.pending
        assert pending is not None
        return pending.at_ns

    def at(self, at_ns: int, callback: Callable[[], None]) -> None:
        """Call back at an instant of the timeline, within the world: before what arrives at it."""

        def reached() -> None:
            self.timeline.now_ns = self.began_ns + self.serving.now_ns
            callback()

        self.serving.at(at_ns - self.began_ns, reached)

    def call(self, target: str | None, patience_ns: int) -> Reply | Waited:
        """Make a request now, and let time pass until its reply.

        Raises:
            RehearsalOver: the horizon comes first.
        """
        world = None if target is None else self.played_by[target]
        reply = self.serving.call(world, patience_ns=patience_ns)
        self.timeline.advance(self.began_ns + self.serving.now_ns)
        if reply is None:
            raise RehearsalOver("the simulated horizon has been reached")
        return reply

    def name_of(self, world: str) -> str:
        """The platform's name of a variant of the scenario."""
        return self._names[world]

    @property
    def names(self) -> list[str]:
        """Names of all variants that serve or have served."""
        return list(dict.fromkeys(self._names.values()))

    def played(self, name: str) -> list[str]:
        """The variants of the scenario that have played a variant of the platform."""
        return [world for world, played in self._names.items() if played == name]

    @property
    def metrics(self) -> MetricsView:
        """What is published by now."""
        return self.serving.observe().metrics
