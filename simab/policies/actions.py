"""What a policy may ask of the controller, each with the reason that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Action",
    "AddVariant",
    "Conclude",
    "Deploy",
    "Hold",
    "HoldReason",
    "Mirror",
    "Promote",
    "RemoveVariant",
    "RollBack",
    "SessionAffinity",
    "SetInstances",
    "SetWeights",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to do; `because` says in one sentence which numbers led to it."""

    because: str = ""


@dataclass(frozen=True, slots=True)
class SessionAffinity:
    """A cookie: whom a variant has answered stays with it for so long, while it has a weight.

    Requests that name a target neither get the cookie nor follow it.
    """

    variant: str
    max_age_ns: int


@dataclass(frozen=True, slots=True)
class Mirror:
    """Copies to a variant of a share of the requests that go by weight to others.

    A copy is served like any request; its reply is dropped, and no label comes of it.
    """

    variant: str
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class SetWeights(Action):
    """Change the weights of the variants named; the others keep theirs.

    Cookies and copies are those given here: without any, the ones in force end.
    """

    weights: Mapping[str, float]
    session_affinity: SessionAffinity | None = None
    mirror: Mirror | None = None


@dataclass(frozen=True, slots=True)
class SetInstances(Action):
    """Run a variant on this many instances; removed instances finish what they hold."""

    variant: str
    instances: int


@dataclass(frozen=True, slots=True)
class AddVariant(Action):
    """Deploy a variant that the scenario describes, with a weight."""

    variant: str
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class RemoveVariant(Action):
    """Take a variant off the endpoint: nothing new reaches it, its queue drains."""

    variant: str


@dataclass(frozen=True, slots=True)
class Deploy(Action):
    """Put these variants on the endpoint with these weights, and no others, in one update.

    A variant keeps the instances that it has unless `instances` says otherwise; a new one starts
    with the scenario's. Cookies and copies that a policy asked for end.
    """

    weights: Mapping[str, float]
    instances: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promote(Action):
    """The decision: all traffic to this variant. Promoting the control means keeping it.

    `estimate` is by how much the rule takes the variant to be better than the control, in units of
    the objective's metric, a gain positive; None where it says nothing of that. `corrected` is the
    same as far as it allows for having been high enough to be promoted; None where no such
    correction is known.
    """

    variant: str
    estimate: float | None = None
    corrected: float | None = None


@dataclass(frozen=True, slots=True)
class RollBack(Action):
    """The decision after an alarm: all traffic back to the control.

    With `removed`, that variant leaves the endpoint and the others keep their weights; only where
    none of them has one, all traffic goes to the control.
    """

    removed: str = ""


class HoldReason(StrEnum):
    """What speaks against a candidate that would otherwise go on."""

    SAMPLE_RATIO = "sample ratio"
    GUARDRAIL = "guardrail"
    TOO_FEW_REQUESTS = "too few requests"


@dataclass(frozen=True, slots=True)
class Hold(Action):
    """The candidate would go on, and is held; nothing changes at the endpoint.

    Given when a hold begins or its reason becomes another one, and not again while it lasts.
    """

    reason: HoldReason


@dataclass(frozen=True, slots=True)
class Conclude(Action):
    """Give up undecided: the weights stay as they are."""
