"""What serves in a scenario: the endpoint, its variants and its routers."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from simab.description import Description, Duration, Name, PositiveDuration, Share, is_absent
from simab.profiles import BySize, Distribution, QualityProfile

__all__ = [
    "HASHING",
    "KEEPING",
    "MOST_DEPLOYED",
    "SCALES_IN_BELOW",
    "Autoscaling",
    "Endpoint",
    "LatencyProfile",
    "Routers",
    "Shadow",
    "Variant",
    "VariantRouting",
]

LatencyProfile: TypeAlias = Annotated[Distribution | BySize, Field(discriminator="kind")]
"""A distribution, or in proportion to the sizes of requests."""
Price = Annotated[float, Field(ge=0, le=1e9)]
VariantRouting: TypeAlias = Literal[
    "weighted_random",
    "sticky_hash",
    "consistent_hash",
    "linear_rendezvous",
    "smooth_weighted_round_robin",
    "session_cookie",
    "keep_alive",
    "session_hash",
]
HASHING: Final = frozenset({"sticky_hash", "consistent_hash", "linear_rendezvous"})
"""Rules by which a hash of the client decides, always in the same way at the same weights."""
KEEPING: Final = frozenset({"session_cookie", "keep_alive"})
"""Rules that keep a client with what was drawn for it, for `Endpoint.affinity`."""

SCALES_IN_BELOW: Final = Fraction(9, 10)
"""Of its target: autoscaling removes instances where the load is below it."""
MOST_DEPLOYED: Final = 10
"""Variants at once on an endpoint, by the platform."""


class Autoscaling(Description):
    """Target tracking on invocations per instance, as the platform scales a variant.

    With a target exceeded in each of the newest three metric windows the variant gets as many
    instances as would have brought the newest to the target; below nine tenths of it in each of the
    newest fifteen, as many as would have carried the busiest of these. It sees windows when they
    are published, those without a request as well. A change keeps the endpoint `Updating` as any
    other does; one that is refused is asked for again with the next window.

    Source: Application Auto Scaling, target tracking with SageMakerVariantInvocationsPerInstance
    (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling.html); windows and tenths as its
    two alarms have them. By which window it scales is not documented, and chosen here.
    """

    min_instances: Annotated[int, Field(ge=1, le=1000)] = 1
    """It removes none below these."""
    max_instances: Annotated[int, Field(ge=1, le=1000)]
    """It adds none above these."""
    invocations_per_instance: Annotated[float, Field(gt=0, le=1e12)]
    """The target: how many invocations an instance is to have in a minute."""
    datapoint: PositiveDuration | None = None
    """Over how long invocations are summed to be compared with the target, a multiple of
    metrics.period; a metric window if absent."""
    scale_out_datapoints: Annotated[int, Field(ge=1, le=1440)] = 3
    """Datapoints that have to lie above the target, one after the other."""
    scale_in_datapoints: Annotated[int, Field(ge=1, le=1440)] = 15
    """Datapoints that have to lie below nine tenths of it, one after the other."""
    scale_out_cooldown: Duration = 300_000_000_000
    """Once added instances are in service, how long no more are added."""
    scale_in_cooldown: Duration = 300_000_000_000
    """Once a change is in force, how long no instances are removed."""
    scale_in: bool = True
    """Whether it removes instances at all."""


class Variant(Description):
    """A production variant: one model with its capacity, latency and quality."""

    weight: Annotated[float, Field(ge=0, le=1e9)] = 1.0
    """Its share of traffic is weight over the sum of weights; 0 gets none but can be targeted."""
    instances: Annotated[int, Field(ge=1, le=1000)] = 1
    """How many machines serve it; with `autoscaling`, at the start."""
    workers: Annotated[int, Field(ge=1, le=1000)] = 1
    """Requests that one instance serves at the same time."""
    queue_limit: Annotated[int, Field(ge=0)] | None = None
    """Requests that may wait at one instance; one more gets a 503. Unlimited if absent."""
    autoscaling: Annotated[Autoscaling | None, Field(exclude_if=is_absent)] = None
    """How the number of instances follows the load; without it only policies change it."""
    instances_of: Annotated[Name | None, Field(exclude_if=is_absent)] = None
    """Another variant on whose instances it is served as well: requests of both wait in the same
    queues for the same workers, so that a slow variant delays the other. Instances, workers,
    queue_limit and instance_routing are then those of the other. Who changes the number changes it
    for both; the other cannot be removed alone."""
    instance_routing: Literal["random", "least_outstanding_requests"] = "random"
    """How a request finds its instance within the variant."""
    latency: LatencyProfile
    """How long a worker is busy with one request."""
    quality: QualityProfile
    """How good the answers are."""
    error_rate: Share = 0.0
    """Share of requests that are served but answered with a 500."""
    cost_per_request: Price | None = None
    """What one request costs that it serves, mirrored copies included, in any currency that all
    variants share. Where a variant states a cost, reports say what a run costs."""
    cost_per_instance_hour: Price | None = None
    """What each of its instances costs for an hour in service, at weight 0 too."""
    deployed: bool = True
    """Whether the variant is on the endpoint at the start; otherwise a policy or script adds it."""


class Routers(Description):
    """Replicas of the router, which take a change of weights one after the other, or never.

    A request reaches any of them with the same probability. They differ in weights alone: a router
    that holds no weight for any variant that is there takes the newest.
    """

    count: Annotated[int, Field(ge=1, le=100)]
    """How many there are."""
    lag: Duration = 0
    """How much later than the one before it each router takes a change: the first at once."""
    stale: Annotated[int, Field(ge=0)] = 0
    """How many of them, the last, keep the weights of the start for ever."""


class Shadow(Description):
    """A variant that gets copies of what users send to others, and whose replies nobody sees.

    It gets them while its weight is 0, in addition to requests that name it. Requests that name
    their variant are not copied. Where a policy mirrors, its own copies take the place of these.

    Source: shadow variants (docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests.html).
    """

    variant: Name
    """The variant that gets the copies."""
    share: Annotated[Share, Field(gt=0)] = 1.0
    """Of how many of the requests."""


class Endpoint(Description):
    """The endpoint: its variants, and how it routes and updates."""

    variants: Annotated[dict[Name, Variant], Field(min_length=1)]
    """The production variants by name; at most ten are deployed at a time."""
    variant_routing: VariantRouting = "weighted_random"
    """How a request finds its variant: by a draw of its own (`weighted_random`, the platform's) or
    in turn (`smooth_weighted_round_robin`); by a hash of the client, in ranges (`sticky_hash`: a
    change of weights also moves clients of variants whose share stays) or by weighted rendezvous
    (`consistent_hash`: clients move only to variants that gain weight); by a draw that a client
    keeps for `affinity` (`session_cookie`). By a hash of the session (`session_hash`) a client's
    other sessions may go elsewhere; a request that belongs to none is drawn by itself, and some
    segment needs `sessions`. Two rules seen in the wild are faulty:
    `linear_rendezvous` gives small shares too little, and `keep_alive` leaves a connection with its
    variant until it has been idle for `affinity`, whatever the weights have become."""
    affinity: PositiveDuration | None = None
    """With `session_cookie`, how long a client stays with the variant that was drawn; with
    `keep_alive`, after how long without a request its connection is closed."""
    split: Literal["weights", "truncated_percentages", "instance_ratio"] = "weights"
    """How shares are made of weights. Two ways seen in the wild are faulty: to cut each share to
    whole percents, the rest going to the control (`truncated_percentages`: 0.5 % become nothing),
    and to go by the number of instances, weights saying only who takes part (`instance_ratio`, as
    Kubernetes without a traffic router)."""
    routers: Routers | None = None
    """Replicas of the router that hold weights out of step, under `weighted_random`; without them
    all requests see a change at once."""
    shadow: Annotated[Shadow | None, Field(exclude_if=is_absent)] = None
    """A variant that gets copies of the traffic from the start."""
    weight_update: Duration = 62_000_000_000
    """How long a change of weights stays `Updating`; the split moves at its end. Recorded: 62 s."""
    provisioning: Duration = 390_000_000_000
    """How long added variants and instances take to serve. Recorded at creation: 390 s."""

    @property
    def assigns_clients(self) -> bool:
        """Whether routing gives variants to clients, which then keep them, and not to requests."""
        return self.variant_routing in HASHING or self.variant_routing in KEEPING

    @property
    def assigns_sessions(self) -> bool:
        """Whether routing gives variants to sessions, whose requests all go there."""
        return self.variant_routing == "session_hash"
