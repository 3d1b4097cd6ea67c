"""An endpoint of an account: its state on the platform, and the world in which it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from simab.aws.errors import RehearsalOver, validation_error
from simab.aws.resources import EndpointConfig, arn
from simab.aws.timeline import Timeline
from simab.policies import Deploy, EndpointStatus, MetricsView
from simab.world import Session
from simab.world.calls import Reply, Waited

__all__ = ["LiveEndpoint", "State", "VariantOnEndpoint"]


class State(StrEnum):
    """EndpointStatus of the service."""

    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    DELETING = "Deleting"
    ROLLING_BACK = "RollingBack"


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
    of the timeline. While an update with guardrails is under way, `guarded` is the state; the last
    one that took over was `deployed_by` its DeploymentConfig.
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
    guarded: State | None = None
    deployed_by: Mapping[str, Any] | None = None
    _fleets: dict[str, dict[str, str]] = field(default_factory=dict)

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
        if self.guarded is not None:
            return self.guarded
        updating = self.session.observe().status is EndpointStatus.UPDATING
        return State.UPDATING if updating else State.IN_SERVICE

    def begin(self, session: Session) -> None:
        """Serve from now on."""
        self.play(self.config, self.played_by)
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
        """Those on the endpoint, in the order of its configuration; of both fleets, if two are."""
        observed, pending = self.serving.observe(), self.serving.pending
        weights = observed.weights if pending is None else pending.weights
        instances = observed.instances if pending is None else pending.instances
        found = []
        for name in self.names:
            worlds = self.played(name)
            if any(world in observed.weights for world in worlds):
                sums = [
                    sum(numbers.get(world, 0) for world in worlds)
                    for numbers in (observed.weights, weights, observed.instances, instances)
                ]
                found.append(VariantOnEndpoint(name, sums[0], sums[1], int(sums[2]), int(sums[3])))
        return found

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
        self.deploy_worlds(
            {played[name]: weight for name, weight in weights.items()},
            {played[name]: count for name, count in instances.items()},
        )

    def deploy_worlds(self, weights: Mapping[str, float], instances: Mapping[str, int]) -> None:
        """Ask for these variants of the scenario, and no others.

        Raises:
            ServiceError: the world refuses.
        """
        for refusal in self.serving.act([Deploy(weights, instances)]):
            raise validation_error(refusal.reason)

    def play(self, config: EndpointConfig, played_by: Mapping[str, str]) -> None:
        """From now on the fleet of a configuration serves; those before are remembered."""
        self.remember(config, played_by)
        self.config, self.played_by = config, dict(played_by)

    def remember(self, config: EndpointConfig, played_by: Mapping[str, str]) -> None:
        """The fleet of a configuration may answer."""
        self._fleets[config.name] = dict(played_by)

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
        return next(
            name
            for fleet in self._fleets.values()
            for name, played in fleet.items()
            if played == world
        )

    def config_of(self, world: str) -> str:
        """The first configuration in whose fleet a variant of the scenario plays."""
        return next(name for name, fleet in self._fleets.items() if world in fleet.values())

    @property
    def names(self) -> list[str]:
        """Names of all variants that serve or have served, those of the configuration first."""
        others = (name for fleet in self._fleets.values() for name in fleet)
        return list(dict.fromkeys((*self.played_by, *others)))

    def played(self, name: str, config: str | None = None) -> list[str]:
        """The variants of the scenario that have played one of the platform, in a fleet or all."""
        fleets = self._fleets if config is None else {config: self._fleets.get(config, {})}
        return list(dict.fromkeys(fleet[name] for fleet in fleets.values() if name in fleet))

    @property
    def metrics(self) -> MetricsView:
        """What is published by now."""
        return self.serving.observe().metrics
