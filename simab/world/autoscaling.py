"""Target tracking: how many instances autoscaling asks for, by the windows that are published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from simab.scenario.serving import Autoscaling
from simab.world.blueprint import Blueprint
from simab.world.run_counts import INSTANCE_SHARE_ONE, RequestColumn, RunCounts

__all__ = ["Autoscaler", "Wish"]

_MINUTE_NS: Final = 60 * 10**9
_SCALES_IN_BELOW: Final = Fraction(9, 10)
"""Of the target, as the platform's second alarm has it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Instances that autoscaling asks for, and what an instance had in the newest window."""

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
        self._first_window = dict.fromkeys(self._settings, 0)
        self._no_more_until_ns = dict.fromkeys(self._settings, 0)
        self._no_fewer_until_ns = dict.fromkeys(self._settings, 0)

    @property
    def is_used(self) -> bool:
        """Whether any variant is autoscaled."""
        return bool(self._settings)

    def next_ns(self, now_ns: int) -> int:
        """When the next window after now is published."""
        period_ns, delay_ns = self._blueprint.period_ns, self._blueprint.publication_delay_ns
        published = max((now_ns - delay_ns) // period_ns, 0)
        return (published + 1) * period_ns + delay_ns

    def wishes(self, now_ns: int, instances: Mapping[str, int]) -> Iterator[Wish]:
        """Of the variants on the endpoint, those that should have other numbers of instances.

        Asked at the instant at which a window is published; all before it must have been played.
        """
        published = (now_ns - self._blueprint.publication_delay_ns) // self._blueprint.period_ns
        for name, settings in self._settings.items():
            if name not in instances:  # a window counts that begins once it is there
                self._first_window[name] = now_ns // self._blueprint.period_ns + 1
                continue
            wanted = self._wanted(name, settings, instances[name], now_ns, published)
            if wanted is not None:
                newest = self._windows(name, published, 1)[0] / INSTANCE_SHARE_ONE
                yield Wish(name, wanted, newest)

    def accepted(self, wish: Wish, before: int, in_force_ns: int) -> None:
        """The endpoint will have the instances at `in_force_ns`: cool down from then on."""
        settings = self._settings[wish.variant]
        self._no_fewer_until_ns[wish.variant] = in_force_ns + settings.scale_in_cooldown
        if wish.instances > before:
            self._no_more_until_ns[wish.variant] = in_force_ns + settings.scale_out_cooldown

    def _wanted(
        self, name: str, settings: Autoscaling, instances: int, now_ns: int, published: int
    ) -> int | None:
        """How many it should have instead; None where the number is right, or may not change."""
        target = self._target(settings)
        known = published - self._first_window[name]
        most, least = settings.max_instances, settings.min_instances
        if known >= settings.scale_out_windows and now_ns >= self._no_more_until_ns[name]:
            newest = self._windows(name, published, settings.scale_out_windows)
            wanted = min(ceil(instances * newest[-1] / target), most)
            if min(newest) > target and wanted > instances:
                return wanted
        may_shrink = settings.scale_in and now_ns >= self._no_fewer_until_ns[name]
        if known >= settings.scale_in_windows and may_shrink:
            busiest = max(self._windows(name, published, settings.scale_in_windows))
            wanted = max(ceil(instances * busiest / target), least)
            if busiest < target * _SCALES_IN_BELOW and wanted < instances:
                return wanted
        return None

    def _target(self, settings: Autoscaling) -> Fraction:
        """Of a metric window, in units of 1 / INSTANCE_SHARE_ONE."""
        a_minute = Fraction(settings.invocations_per_instance) * INSTANCE_SHARE_ONE
        return a_minute * self._blueprint.period_ns / _MINUTE_NS

    def _windows(self, name: str, published: int, count: int) -> list[int]:
        """Invocations per instance of the newest published windows, the newest last."""
        variant = self._blueprint.names.index(name)
        column = RequestColumn.INVOCATIONS_PER_INSTANCE
        found: list[int] = self._requests[published - count : published, variant, column].tolist()
        return found
