"""An account in simulated time: its resources, and the world of each endpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from simab.aws.alarms import Alarm
from simab.aws.answers import Answers, ProfileAnswers
from simab.aws.errors import validation_error
from simab.aws.guarded_update import Fleets, GuardedUpdate
from simab.aws.live_endpoint import LiveEndpoint
from simab.aws.resources import EndpointConfig, Model, arn
from simab.aws.scaling import ScalableTarget
from simab.aws.timeline import Timeline
from simab.aws.worlds import as_deployed, players, world_of
from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies.cloudwatch.alarm_evaluation import AlarmState
from simab.scenario.models import Scenario
from simab.world import Blueprint, Session

__all__ = ["Account", "Settings", "require_names"]

_NAME: Final = re.compile("(?=.{1,63}$)[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?")
MINUTE_NS: Final = 60 * 10**9


def require_names(endpoint: str, variants: Iterable[str]) -> None:
    """Refuse names that an endpoint and its variants cannot have on the platform.

    Raises:
        InvalidInput: one of them is such a name.
    """
    for kind, name in (("endpoint", endpoint), *(("variant", each) for each in variants)):
        if not _NAME.fullmatch(name):
            raise InvalidInput(
                f"{kind} {name!r:.80}: on the platform a name has 1 to 63 letters of ASCII, "
                "digits and hyphens, and a hyphen neither first nor last"
            )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the platform's documents leave open, and how the account is played.

    `network_ns` is what an invocation takes beside the model's latency, half of it before arrival.
    `window_ns` is the time to which metrics are known within a minute. `timeout_ns` is how long the
    platform waits for a model, `deletion_ns` how long an endpoint takes to go. Clients are counted
    that meet one of the variants `watched`; with `record_requests` each request is kept. Prometheus
    would scrape endpoints every `scrape_ns`, and find them in `namespace`.
    """

    start: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)
    network_ns: int = 14_000_000
    window_ns: int = 5 * 10**9
    timeout_ns: int = MINUTE_NS
    deletion_ns: int = 60 * 10**9
    played_by: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    engine: str = "compiled"
    watched: Collection[str] = ()
    record_requests: bool = False
    scrape_ns: int = 15 * 10**9
    namespace: str = "default"


class Account:
    """Models, configurations and endpoints, with the scenario in which endpoints serve.

    Args:
        scenario: clients, variants and the platform's delays.
        seed: of all random numbers.
        replication: which of the independent repetitions.
        settings: what the scenario does not say.
        answers: what a variant says to a payload; by its quality unless given.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int = 1,
        replication: int = 0,
        settings: Settings | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.scenario, self.seed, self.replication = scenario, seed, replication
        self.settings = settings or Settings()
        self.answers: Answers = answers or ProfileAnswers()
        self.timeline = Timeline(self.settings.start)
        self.models: dict[str, Model] = {}
        self.configs: dict[str, EndpointConfig] = {}
        self.endpoints: dict[str, LiveEndpoint] = {}
        self.deleted: list[LiveEndpoint] = []
        self.alarms: dict[str, Alarm] = {}
        self.alarms_look = False
        self.scalable: dict[str, ScalableTarget] = {}
        self._on_service: list[Callable[[LiveEndpoint], None]] = []
        self.served: list[LiveEndpoint] = []
        self._requests = 0

    def next_request_id(self) -> str:
        """An identity for a request, in the form of a UUID; they count up."""
        self._requests += 1
        return str(UUID(int=self._requests))

    def create_endpoint(self, name: str, config: EndpointConfig) -> LiveEndpoint:
        """An endpoint that is being created, and serves from a full minute on.

        Metric windows are minutes of the clock; so it serves from the full minute next to the end
        of `endpoint.provisioning`.

        Raises:
            ServiceError: no world can be played with what the configuration asks for.
            InvalidInput: no variant of the scenario plays one of the configuration's.
        """
        timeline = self.timeline
        played_by = self._players(config)
        world = self._world(config, played_by)  # now, so that what cannot be played is refused
        endpoint = LiveEndpoint(name, config, timeline.now, timeline.now, played_by, timeline)
        self.endpoints[name] = endpoint
        ready_ns = timeline.now_ns + self.scenario.endpoint.provisioning
        full_ns = max((ready_ns + MINUTE_NS // 2) // MINUTE_NS * MINUTE_NS, timeline.now_ns)
        timeline.at(full_ns, self._while_there(endpoint, lambda: self._serve(endpoint, world)))
        return endpoint

    def put_in_service(self, name: str) -> LiveEndpoint:
        """An endpoint that serves from now on, with what the scenario deploys.

        Its configuration and models are called like the endpoint and its variants.

        Raises:
            InvalidInput: the platform has no endpoints, or no variants, of such a name.
        """
        now, variants = self.timeline.now, self.scenario.endpoint.variants
        require_names(name, variants)
        for variant in variants:
            given = {"ModelName": variant, "PrimaryContainer": {"Image": variant}}
            self.models[variant] = Model(variant, now, given)
        config = as_deployed(self.scenario, name, now)
        self.configs[name] = config
        played_by = self._players(config)
        endpoint = LiveEndpoint(name, config, now, now, played_by, self.timeline)
        self.endpoints[name] = endpoint
        self._serve(endpoint, self._world(config, played_by))
        return endpoint

    def _players(
        self,
        config: EndpointConfig,
        now: Mapping[str, str] | None = None,
        *,
        beside: bool = False,
    ) -> dict[str, str]:
        """Who plays a configuration's variants, where others play `now`."""
        table = self.settings.played_by
        return players(config, self.models, self.scenario, table, now=now, beside=beside)

    def _world(self, config: EndpointConfig, played_by: Mapping[str, str]) -> Scenario:
        return world_of(self.scenario, config, played_by, self.settings.window_ns)

    def _serve(self, endpoint: LiveEndpoint, world: Scenario) -> None:
        """Let an endpoint serve from now on, in a world of its own."""
        endpoint.begin(
            Session(
                Blueprint.of(world, self.settings.watched, called=True),
                Draws(self.seed, self.replication),
                engine=self.settings.engine,
                record_requests=self.settings.record_requests,
            )
        )
        self.served.append(endpoint)
        endpoint.modified = self.timeline.now
        self.scale(endpoint)
        for begin in self._on_service:
            begin(endpoint)

    def scale(self, endpoint: LiveEndpoint) -> None:
        """Let the world of an endpoint scale by what is registered for it now."""
        if endpoint.session is None or endpoint.deleting:
            return
        registered = {
            target.variant: target.autoscaling
            for target in self.scalable.values()
            if target.endpoint == endpoint.name
        }
        for name, world in endpoint.played_by.items():
            described = endpoint.session.blueprint.scenario.endpoint.variants[world].autoscaling
            endpoint.session.autoscale(world, registered.get(name, described))

    def on_service(self, begin: Callable[[LiveEndpoint], None]) -> None:
        """Call back with every endpoint that serves, now or as soon as it does."""
        self._on_service.append(begin)
        for endpoint in self.endpoints.values():
            if endpoint.session is not None and not endpoint.deleting:
                begin(endpoint)

    def change_config(
        self,
        endpoint: LiveEndpoint,
        config: EndpointConfig,
        weights: Mapping[str, float],
        instances: Mapping[str, int],
    ) -> None:
        """Let an endpoint serve another configuration, with these weights and instances.

        It is in force when the update ends; until then the one before serves.

        Raises:
            ServiceError: the endpoint refuses.
            InvalidInput: no variant of the scenario plays one of the configuration's.
        """
        played_by = self._players(config, endpoint.played_by)
        endpoint.deploy(weights, instances, played_by)
        ends_ns = endpoint.began_ns + endpoint.update_ends_ns

        def in_force() -> None:
            endpoint.modified = self.timeline.now
            endpoint.play(config, played_by)
            self.scale(endpoint)

        endpoint.at(ends_ns, in_force)

    def guard_update(
        self,
        endpoint: LiveEndpoint,
        config: EndpointConfig,
        sizes: tuple[Mapping[str, float], Mapping[str, int]],
        given: Mapping[str, Any],
    ) -> None:
        """Let the fleet of another configuration take over in steps, by a DeploymentConfig.

        `sizes` are weights and instances of its variants.

        Raises:
            ServiceError: the endpoint or its alarms do not allow it.
            InvalidInput: no variant of the scenario plays one of the configuration's.
        """
        weights, instances = sizes
        played_by = self._players(config, endpoint.played_by, beside=True)
        named = [each["AlarmName"] for each in _alarms_of(given)]
        for name in named:
            if name not in self.alarms:
                raise validation_error(f"Alarm {name} does not exist.")
        blue = endpoint.serving.observe()
        fleets = Fleets(
            dict(blue.weights),
            {played_by[name]: weight for name, weight in weights.items()},
            {**blue.instances, **{played_by[name]: count for name, count in instances.items()}},
        )

        def ended(taken_over: bool) -> None:
            endpoint.guarded, endpoint.modified = None, self.timeline.now
            if taken_over:
                endpoint.deployed_by = given
                endpoint.play(config, played_by)
                self.scale(endpoint)

        update = GuardedUpdate(
            endpoint,
            fleets,
            given,
            lambda: any(self.alarms[name].state is AlarmState.ALARM for name in named),
            ended,
        )
        update.begin()
        endpoint.remember(config, played_by)

    def delete_endpoint(self, endpoint: LiveEndpoint) -> None:
        """Take its traffic away now, and the endpoint itself a while later."""
        endpoint.deleting = True
        if endpoint.session is not None:
            endpoint.end()
        self.deleted.append(endpoint)
        gone_ns = self.timeline.now_ns + self.settings.deletion_ns
        self.timeline.at(gone_ns, lambda: self._remove(endpoint))

    def endpoint(self, name: str) -> LiveEndpoint:
        """An endpoint that is there, whatever its state.

        Raises:
            ServiceError: there is none of that name.
        """
        if name not in self.endpoints:
            raise validation_error(f'Could not find endpoint "{arn("endpoint", name)}".')
        return self.endpoints[name]

    def config(self, name: str) -> EndpointConfig:
        """An endpoint configuration.

        Raises:
            ServiceError: there is none of that name.
        """
        if name not in self.configs:
            raise validation_error(
                f'Could not find endpoint configuration "{arn("endpoint-config", name)}".'
            )
        return self.configs[name]

    def model(self, name: str) -> Model:
        """A model.

        Raises:
            ServiceError: there is none of that name.
        """
        if name not in self.models:
            raise validation_error(f'Could not find model "{arn("model", name)}".')
        return self.models[name]

    def _remove(self, endpoint: LiveEndpoint) -> None:
        if self.endpoints.get(endpoint.name) is endpoint:
            del self.endpoints[endpoint.name]

    def _while_there(
        self, endpoint: LiveEndpoint, callback: Callable[[], None]
    ) -> Callable[[], None]:
        """Nothing comes of it where the endpoint has been deleted meanwhile."""
        return lambda: None if endpoint.deleting else callback()


def _alarms_of(given: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    alarms: Sequence[Mapping[str, Any]] = (given.get("AutoRollbackConfiguration") or {}).get(
        "Alarms", ()
    )
    return alarms
