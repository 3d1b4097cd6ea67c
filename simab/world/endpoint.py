"""The endpoint's control state: what is deployed, with which weights and instances, and updates.

As on the platform an accepted change keeps the endpoint `Updating` for a while, takes effect at the
end, and meanwhile a second change is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Deploy,
    EndpointStatus,
    Hold,
    Mirror,
    Promote,
    RemoveVariant,
    RollBack,
    SetInstances,
    SetWeights,
)
from simab.scenario.memory import MOST_KEPT_CLIENTS
from simab.scenario.models import Scenario
from simab.scenario.serving import MOST_DEPLOYED
from simab.theory.routing_shares import applied_shares, mixed_shares
from simab.world.blueprint import share_threshold
from simab.world.deployment import Deployment, Fleet
from simab.world.routing import Routing

__all__ = ["MOST_COOKIES", "Endpoint", "Refused"]

MOST_INSTANCES = 1000  # as many as a scenario may start a variant with
LARGEST_WEIGHT = 1e9  # as a scenario's; sums of larger ones would outgrow a float
MOST_COOKIES = MOST_KEPT_CLIENTS
LONGEST_COOKIE_NS = 366 * 86_400 * 10**9  # as long as a scenario may last


class Refused(Exception):
    """The endpoint does not accept an action; the text says why."""


class Endpoint:
    """Accepts or refuses changes, and says what is in force."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._names = list(scenario.endpoint.variants)
        self._next_instance = dict.fromkeys(self._names, 0)
        fleets = {
            name: Fleet(variant.weight, self._start(name, variant.instances))
            for name, variant in scenario.endpoint.variants.items()
            if variant.deployed
        }
        self._deployment = Deployment(fleets)
        self._pending: Deployment | None = None

    @property
    def status(self) -> EndpointStatus:
        """Whether a change is under way."""
        updating = self._pending is not None
        return EndpointStatus.UPDATING if updating else EndpointStatus.IN_SERVICE

    @property
    def deployment(self) -> Deployment:
        """What is in force."""
        return self._deployment

    @property
    def pending(self) -> Deployment:
        """What the change under way leads to; without one, what is in force."""
        return self._pending or self._deployment

    @property
    def weights(self) -> Mapping[str, float]:
        """Weights in force, by deployed variant."""
        return self._deployment.weights

    @property
    def instances(self) -> Mapping[str, int]:
        """Instances in force, by deployed variant."""
        return self._deployment.instances

    def routing(self, held: Iterable[Mapping[str, float]]) -> Routing:
        """The split in force, by number of the variant; `held` are the weights of each router."""
        numbers = {name: number for number, name in enumerate(self._names)}
        routers = [self._applied(weights) for weights in held]
        applied = routers[0] if len(routers) == 1 else mixed_shares(routers)
        routing = Routing.of(
            {numbers[name]: weight for name, weight in self.weights.items()},
            [self._instances_of(name) for name in self._names],
            {numbers[name]: applied[name] for name in self._fleets},
        )
        affinity, mirror = self._deployment.session_affinity, self._mirror
        if affinity is not None and self.weights.get(affinity.variant, 0.0) > 0:
            pinned, age_ns = numbers[affinity.variant], int(affinity.max_age_ns)
            routing = replace(routing, pinned=pinned, cookie_ns=age_ns)
        if mirror is not None and mirror.variant in self._fleets and mirror.share > 0:
            below = share_threshold(float(mirror.share))
            routing = replace(routing, mirror=numbers[mirror.variant], copied_below=below)
        return routing

    @property
    def _mirror(self) -> Mirror | None:
        """Whom copies go to: what a policy asked for, or else the shadow variant at weight 0."""
        shadow = self._scenario.endpoint.shadow
        if self._deployment.mirror is not None or shadow is None:
            return self._deployment.mirror
        if self.weights.get(shadow.variant, 0.0) > 0:
            return None
        return Mirror(shadow.variant, shadow.share)

    def _applied(self, held: Mapping[str, float]) -> dict[str, Fraction]:
        """The shares by which a router goes that holds these weights, of the variants there now."""
        weights = {name: held.get(name, 0.0) for name in self._fleets}
        if not any(weights.values()):
            weights = dict(self.weights)
        control = self._scenario.objective.control
        split = self._scenario.endpoint.split
        return applied_shares(split, weights, instances=self.instances, rest_to=control)

    def accept(self, action: Action) -> int:
        """Begin a change; returns how long it stays `Updating`, in ns (0: nothing changes).

        Raises:
            Refused: a change is under way, or the action asks for something impossible.
        """
        if isinstance(action, Conclude | Hold):
            return 0
        after = self._after(action)
        # Before "nothing to do", which is judged by what serves now and not by what is coming.
        if self._pending is not None:
            raise Refused("the endpoint is Updating; ask again when it is InService")
        if after is None:
            return 0
        after = replace(after, fleets=self._on_their_hosts(after.fleets))
        fleets = after.fleets
        if not any(fleet.weight > 0 for fleet in fleets.values()):
            raise Refused("all weights would be 0; leave one variant with a positive weight")
        if len(fleets) > MOST_DEPLOYED:
            raise Refused(f"an endpoint has at most {MOST_DEPLOYED} variants; remove one first")
        grows = any(
            not set(fleet.instances) <= set(self._instances_of(name))
            for name, fleet in fleets.items()
        )
        self._pending = after
        endpoint = self._scenario.endpoint
        return max(endpoint.provisioning if grows else endpoint.weight_update, 1)

    def complete(self) -> None:
        """The change under way takes effect."""
        assert self._pending is not None
        self._deployment, self._pending = self._pending, None

    @property
    def _fleets(self) -> Mapping[str, Fleet]:
        return self._deployment.fleets

    def _after(self, action: Action) -> Deployment | None:
        """What an action leads to; None where it changes nothing."""
        match action:
            case SetWeights():
                self._require_rules(action)
                fleets = self._reweighted(action.weights)
                return Deployment(fleets, action.session_affinity, action.mirror)
            case Promote():
                return self._all_traffic_to(action.variant)
            case RollBack() if action.removed:
                return self._without(action.removed)
            case RollBack():
                return self._all_traffic_to(self._scenario.objective.control)
            case SetInstances():
                return self._with_fleets(self._resized(action.variant, action.instances))
            case AddVariant():
                return self._with_fleets(self._with(action.variant, action.weight))
            case Deploy():
                return Deployment(self._deployed(action.weights, action.instances))
            case RemoveVariant():
                self._require_deployed(action.variant)
                return self._with_fleets(self._others(action.variant))
            case _:
                raise Refused(f"{type(action).__name__} is not an action that the endpoint knows")

    def _reweighted(self, weights: Mapping[str, float]) -> dict[str, Fleet]:
        for name, weight in weights.items():
            self._require_deployed(name)
            _require_weight(name, weight)
        return {
            name: replace(fleet, weight=float(weights.get(name, fleet.weight)))
            for name, fleet in self._fleets.items()
        }

    def _with_fleets(self, fleets: Mapping[str, Fleet]) -> Deployment:
        return replace(self._deployment, fleets=fleets)

    def _require_rules(self, action: SetWeights) -> None:
        affinity, mirror = action.session_affinity, action.mirror
        if affinity is not None:
            self._require_deployed(affinity.variant)
            age = affinity.max_age_ns  # a policy may ask for half a nanosecond
            if not (hasattr(age, "__index__") and 1 <= age <= LONGEST_COOKIE_NS):
                raise Refused(
                    f"a cookie cannot last {age!r} ns; give a whole number, up to 366 days"
                )
            clients = sum(segment.clients for segment in self._scenario.traffic.values())
            if clients > MOST_COOKIES:
                raise Refused(
                    f"cookies of {clients:,} clients are asked for, at most {MOST_COOKIES:,} are "
                    "kept; lower the clients of the segments"
                )
        if mirror is not None:
            self._require_deployed(mirror.variant)
            self._require_own_instances(mirror.variant)
            if not 0 <= mirror.share <= 1:
                raise Refused(f"the share of copies {mirror.share!r} is not from 0 to 1")

    def _others(self, variant: str) -> dict[str, Fleet]:
        return {name: fleet for name, fleet in self._fleets.items() if name != variant}

    def _without(self, variant: str) -> Deployment:
        """The variant is gone; what the others weigh stays, the control's all if that is 0."""
        self._require_deployed(variant)
        others = self._others(variant)
        if not any(fleet.weight > 0 for fleet in others.values()):
            control = self._scenario.objective.control
            self._require_deployed(control)
            others[control] = replace(others[control], weight=1.0)
        return Deployment(others)

    def _all_traffic_to(self, variant: str) -> Deployment | None:
        self._require_deployed(variant)
        weights = {name: float(name == variant) for name in self._fleets}
        serving = {name for name, weight in self.weights.items() if weight > 0}
        if serving == {variant} and self._deployment == Deployment(self._fleets):
            return None
        return Deployment(self._reweighted(weights))

    def _resized(self, variant: str, instances: int) -> dict[str, Fleet]:
        self._require_deployed(variant)
        _require_count(variant, instances)
        host = self._host_of(variant)
        if host is not None:
            raise Refused(f"{variant} is served on the instances of {host}; change those")
        kept = self._fleets[variant].instances[:instances]
        added = self._start(variant, instances - len(kept)) if self._pending is None else ()
        return {**self._fleets, variant: replace(self._fleets[variant], instances=kept + added)}

    def _deployed(
        self, weights: Mapping[str, float], instances: Mapping[str, int]
    ) -> dict[str, Fleet]:
        """Fleets of these variants alone, in the scenario's order."""
        for name in instances:
            if name not in weights:
                raise Refused(f"instances of {name!r} are given, and no weight: give both")
        others = [name for name in weights if name not in self._names]
        if others:
            raise Refused(f"the scenario describes no variant {others[0]!r}; describe it there")
        fleets = {}
        for name in (each for each in self._names if each in weights):
            _require_weight(name, weights[name])
            there, count = self._instances_of(name), self._count_of(name, instances)
            _require_count(name, count)
            host = self._host_of(name) if name in instances else None
            if host in weights and count != self._count_of(str(host), instances):
                raise Refused(f"{name} is served on the instances of {host}; give it as many")
            added = self._start(name, count - len(there)) if self._pending is None else ()
            fleets[name] = Fleet(float(weights[name]), there[:count] + added)
        return fleets

    def _count_of(self, variant: str, instances: Mapping[str, int]) -> int:
        """As many as these say, else as it has, or would start with."""
        described = self._scenario.endpoint.variants[variant].instances
        return instances.get(variant, len(self._instances_of(variant)) or described)

    def _with(self, variant: str, weight: float) -> dict[str, Fleet]:
        if variant not in self._names:
            raise Refused(f"the scenario describes no variant {variant!r}; describe it there")
        if variant in self._fleets:
            raise Refused(f"{variant} is deployed already; set its weight instead")
        _require_weight(variant, weight)
        started: tuple[int, ...] = ()
        if self._pending is None:
            count = self._scenario.endpoint.variants[variant].instances
            started = self._start(variant, count)
        # In the scenario's order, so that the split does not depend on who came when.
        fleets = {**self._fleets, variant: Fleet(float(weight), started)}
        return {name: fleets[name] for name in self._names if name in fleets}

    def _host_of(self, variant: str) -> str | None:
        """The variant on whose instances it is served; None where it has its own."""
        return self._scenario.endpoint.variants[variant].instances_of

    def _on_their_hosts(self, fleets: Mapping[str, Fleet]) -> Mapping[str, Fleet]:
        """The same, with every variant that shares instances on those that its host has then."""
        found = dict(fleets)
        for name, fleet in fleets.items():
            host = self._host_of(name)
            if host is None:
                continue
            if host not in fleets:
                raise Refused(
                    f"{name} is served on the instances of {host}, which would not be there; "
                    f"remove {name} first, or keep {host}"
                )
            found[name] = replace(fleet, instances=fleets[host].instances)
        return found

    def _start(self, variant: str, count: int) -> tuple[int, ...]:
        """Numbers of new instances; a number is never used twice, so a new one is empty."""
        first = self._next_instance[variant]
        self._next_instance[variant] += count
        return tuple(range(first, first + count))

    def _instances_of(self, variant: str) -> tuple[int, ...]:
        return self._fleets[variant].instances if variant in self._fleets else ()

    def _require_own_instances(self, variant: str) -> None:
        """Copies and the requests that they are of would meet in one queue, at one instant."""
        others = self._scenario.endpoint.variants
        if any(
            variant in (name, each.instances_of)
            for name, each in others.items()
            if each.instances_of
        ):
            raise Refused(
                f"{variant} shares instances with another variant, and gets no copies of requests"
            )

    def _require_deployed(self, variant: str) -> None:
        if variant not in self._fleets:
            raise Refused(f"{variant!r} is not on the endpoint; add it first")


def _require_count(variant: str, instances: int) -> None:
    whole = hasattr(instances, "__index__")  # a policy may ask for half an instance
    if not (whole and 1 <= instances <= MOST_INSTANCES):
        raise Refused(
            f"{variant} cannot run on {instances!r} instances; ask for 1 to {MOST_INSTANCES}"
        )


def _require_weight(variant: str, weight: float) -> None:
    if not (math.isfinite(weight) and weight >= 0):
        raise Refused(f"weight {weight!r} of {variant} is not a number of at least 0")
    if weight > LARGEST_WEIGHT:
        raise Refused(f"weight {weight!r} of {variant} is above {LARGEST_WEIGHT:,.0f}")
