"""UpdateEndpoint with deployment guardrails: a green fleet takes over in steps, or gives back.

The green fleet is provisioned beside the blue one without traffic. Then traffic moves to it all at
once, first by a canary, or in equal steps; each takes as long as a change of weights, and then the
endpoint bakes. An alarm in ALARM meanwhile moves all traffic back to the blue fleet.

Source: docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from simab.aws.errors import not_implemented, validation_error
from simab.aws.live_endpoint import LiveEndpoint, State
from simab.policies.cloudwatch.blue_green import TrafficShift

__all__ = ["Fleets", "GuardedUpdate", "shares_of"]

_SECOND_NS: Final = 10**9
_LOOKS_EVERY_NS: Final = _SECOND_NS


@dataclass(frozen=True, slots=True)
class Fleets:
    """Weights and instances of both fleets, by variant of the scenario."""

    blue: Mapping[str, float]
    green: Mapping[str, float]
    instances: Mapping[str, int]

    def at(self, share: float) -> dict[str, float]:
        """Weights where the green fleet has a share of the traffic."""
        weights = {name: weight * (1 - share) for name, weight in self.blue.items()}
        for name, weight in self.green.items():
            # A variant whose model stays is the same in both fleets.
            weights[name] = weight if name in self.blue else weight * share
        return weights


def shares_of(routing: Mapping[str, Any], instances: int) -> tuple[float, ...]:
    """The green fleet's share after each shift; `instances` are those of the fleet.

    Raises:
        ServiceError: a size is missing or out of its range.
    """
    name = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(routing["Type"], "")
    size = routing.get(name)
    given: dict[str, float | int] = {}
    if size is not None and size["Type"] == "INSTANCE_COUNT":
        given["instances"] = size["Value"]
    elif size is not None:
        given["size"] = size["Value"] / 100
    try:
        return TrafficShift.model_validate({"type": routing["Type"], **given}).shares(instances)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise validation_error(f"{name or 'TrafficRoutingConfiguration'}: {reason}.") from None


class GuardedUpdate:
    """One update under way: it shifts, bakes, and ends or rolls back.

    Args:
        endpoint: whose fleets change.
        fleets: both of them.
        given: the DeploymentConfig.
        sounds: whether one of the alarms is in ALARM now.
        ended: called at the end, with whether the green fleet has taken over.
    """

    def __init__(
        self,
        endpoint: LiveEndpoint,
        fleets: Fleets,
        given: Mapping[str, Any],
        sounds: Callable[[], bool],
        ended: Callable[[bool], None],
    ) -> None:
        if "RollingUpdatePolicy" in given:
            raise not_implemented("sagemaker", "UpdateEndpoint with RollingUpdatePolicy")
        policy = given.get("BlueGreenUpdatePolicy")
        if policy is None:
            raise validation_error("DeploymentConfig needs a BlueGreenUpdatePolicy.")
        routing = policy["TrafficRoutingConfiguration"]
        self._endpoint, self._fleets, self._sounds, self._ended = endpoint, fleets, sounds, ended
        self._bake_ns = routing["WaitIntervalInSeconds"] * _SECOND_NS
        self._linger_ns = policy.get("TerminationWaitInSeconds", 0) * _SECOND_NS
        green = sum(fleets.instances[name] for name in fleets.green)
        self._shares = shares_of(routing, green)
        longest_s = policy.get("MaximumExecutionTimeoutInSeconds")
        self._longest_ns = None if longest_s is None else longest_s * _SECOND_NS
        self._began_ns = endpoint.timeline.now_ns

    def begin(self) -> None:
        """Provision the green fleet, then shift.

        Raises:
            ServiceError: the endpoint refuses.
        """
        self._deploy(self._fleets.at(0.0), lambda: self._shift(0))
        self._endpoint.guarded = State.UPDATING

    def _deploy(self, weights: Mapping[str, float], then: Callable[[], None]) -> None:
        instances = {name: self._fleets.instances[name] for name in weights}
        self._endpoint.deploy_worlds(weights, instances)
        endpoint = self._endpoint
        endpoint.at(endpoint.began_ns + endpoint.update_ends_ns, then)

    def _shift(self, number: int) -> None:
        share = self._shares[number]

        def shifted() -> None:
            ends_ns = self._endpoint.timeline.now_ns + self._bake_ns
            last = number == len(self._shares) - 1
            self._bake(ends_ns, self._linger if last else lambda: self._shift(number + 1))

        self._deploy(self._fleets.at(share), shifted)

    def _bake(self, ends_ns: int, then: Callable[[], None]) -> None:
        """Look at the alarms every second until the end of the bake."""
        now_ns = self._endpoint.timeline.now_ns
        late = self._longest_ns is not None and now_ns - self._began_ns >= self._longest_ns
        if late or self._sounds():
            self._roll_back()
            return
        if now_ns >= ends_ns:
            then()
            return
        next_ns = min(now_ns + _LOOKS_EVERY_NS, ends_ns)
        self._endpoint.at(next_ns, lambda: self._bake(ends_ns, then))

    def _linger(self) -> None:
        """The green fleet has all traffic: keep the blue one a while, then let it go."""
        at_ns = self._endpoint.timeline.now_ns + self._linger_ns
        self._endpoint.at(at_ns, self._terminate)

    def _terminate(self) -> None:
        self._deploy(dict(self._fleets.green), lambda: self._ended(True))

    def _roll_back(self) -> None:
        """All traffic back to the blue fleet, and the green one goes."""
        self._endpoint.guarded = State.ROLLING_BACK
        self._deploy(dict(self._fleets.blue), lambda: self._ended(False))
