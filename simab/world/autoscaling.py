"""Target tracking: how many instances autoscaling asks for, by the windows that are published."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from simab.scenario.serving import SCALES_IN_BELOW, Autoscaling
from simab.world.blueprint import Blueprint
from simab.world.run_counts import INSTANCE_SHARE_ONE, RequestColumn, RunCounts

__all__ = ["Autoscaler", "Wish"]

_MINUTE_NS: Final = 60 * 10**9


@dataclass(frozen=True, slots=True)
class Wish:
    """Instances that autoscaling asks for, and what an instance had in the newest datapoint."""

    variant: str
    instances: int
    invocations_per_instance: float


class Autoscaler:
    """Says after each window how many instances the autoscaled variants should have.

    Invocations per instance are whole numbers of 1 / INSTANCE_SHARE_ONE, and are compared with the
    target exactly.
    """

    def __init__(self, run_counts: RunCounts) -> None:
        self._blueprint: Blueprint = run_counts.blueprint
        self._requests = run_counts.requests
        self._settings: dict[str, Autoscaling] = {
            name: variant.autoscaling
            for name, variant in run_counts.blueprint.scenario.endpoint.variants.items()
            if variant.autoscaling is not None
        }
        self._since_ns: dict[str, int] = {}
        self._no_more_until_ns = dict.fromkeys(self._settings, 0)
        self._no_fewer_until_ns = dict.fromkeys(self._settings, 0)

    @property
    def is_used(self) -> bool:
        """Whether any variant is autoscaled."""
        return bool(self._settings)

    def next_ns(self, now_ns: int) -> int:
        """When the next window after now is published."""
        period_ns, delay_ns = self._blueprint.period_ns, self._blueprint.publication.delay_ns
        published = max((now_ns - delay_ns) // period_ns, 0)
        return (published + 1) * period_ns + delay_ns

    def configure(self, variant: str, settings: Autoscaling | None) -> None:
        """From now on scale a variant so, or not at all; it cools down from nothing."""
        if settings is None:
            self._settings.pop(variant, None)
            return
        self._settings[variant] = settings
        self._no_more_until_ns.setdefault(variant, 0)
        self._no_fewer_until_ns.setdefault(variant, 0)

    def deployed(self, variants: Collection[str], now_ns: int) -> None:
        """These variants are on the endpoint from now on: of new ones, later windows count."""
        self._since_ns = {name: self._since_ns.get(name, now_ns) for name in variants}

    def wishes(self, now_ns: int, instances: Mapping[str, int]) -> Iterator[Wish]:
        """Of the variants on the endpoint, those that should have other numbers of instances.

        Asked at the instant at which a window is published; all before it must have been played.
        """
        published = (now_ns - self._blueprint.publication.delay_ns) // self._blueprint.period_ns
        for name, settings in self._settings.items():
            tracked = _Datapoints(settings, self._blueprint.period_ns)
            if name not in instances or published % tracked.windows:
                continue  # not there, or a datapoint is not complete yet
            points = self._points(name, tracked.windows, published)
            wanted = self._wanted(name, settings, instances[name], now_ns, points, tracked.target)
            if wanted is not None:
                yield Wish(name, wanted, points[-1] / INSTANCE_SHARE_ONE)

    def accepted(self, wish: Wish, before: int, in_force_ns: int) -> None:
        """The endpoint will have the instances at `in_force_ns`: cool down from then on."""
        settings = self._settings[wish.variant]
        self._no_fewer_until_ns[wish.variant] = in_force_ns + settings.scale_in_cooldown
        if wish.instances > before:
            self._no_more_until_ns[wish.variant] = in_force_ns + settings.scale_out_cooldown

    def _wanted(
        self,
        name: str,
        settings: Autoscaling,
        instances: int,
        now_ns: int,
        points: Sequence[int],
        target: Fraction,
    ) -> int | None:
        """How many it should have instead; None where the number is right, or may not change."""
        most, least = settings.max_instances, settings.min_instances
        above = points[-settings.scale_out_datapoints :]
        if len(above) == settings.scale_out_datapoints and now_ns >= self._no_more_until_ns[name]:
            wanted = min(ceil(instances * above[-1] / target), most)
            if min(above) > target and wanted > instances:
                return wanted
        below = points[-settings.scale_in_datapoints :]
        may_shrink = settings.scale_in and now_ns >= self._no_fewer_until_ns[name]
        if len(below) == settings.scale_in_datapoints and may_shrink:
            busiest = max(below)
            wanted = max(ceil(instances * busiest / target), least)
            if busiest < target * SCALES_IN_BELOW and wanted < instances:
                return wanted
        return None

    def _points(self, name: str, windows: int, published: int) -> list[int]:
        """Invocations per instance of the newest published datapoints, as many as are looked at."""
        variant, settings = self._blueprint.names.index(name), self._settings[name]
        looked_at = max(settings.scale_out_datapoints, settings.scale_in_datapoints)
        length_ns = windows * self._blueprint.period_ns
        known = published // windows - -(-self._since_ns[name] // length_ns)
        count = max(min(looked_at, known), 0)
        column = RequestColumn.INVOCATIONS_PER_INSTANCE
        newest = self._requests[published - count * windows : published, variant, column]
        sums: list[int] = newest.reshape(count, windows).sum(axis=1).tolist()
        return sums


class _Datapoints:
    """Of how many metric windows a datapoint is made, and the target of one in whole shares."""

    def __init__(self, settings: Autoscaling, period_ns: int) -> None:
        length_ns = settings.datapoint or period_ns
        self.windows = length_ns // period_ns
        a_minute = Fraction(settings.invocations_per_instance) * INSTANCE_SHARE_ONE
        self.target = a_minute * length_ns / _MINUTE_NS
