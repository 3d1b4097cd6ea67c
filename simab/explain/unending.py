"""Warnings of rules that cannot end: a person would have to act, or the horizon comes first."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab.policies import Policy
from simab.scenario.models import Scenario
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.units import seconds

__all__ = ["ends_after_the_horizon", "waits_for_a_person"]


def waits_for_a_person(scenario: Scenario) -> Iterator[str]:
    """Of each policy, where it waits for a person, whom a simulation does not have."""
    for name, policy in scenario.policies.items():
        always, perhaps = policy.waits_for_a_person()
        if always:
            yield (
                f"{named(name)} waits at {listed(always)} for a person to resume it, and a "
                "simulation has none: it never gets further. Set resume_after, such as 30min."
            )
        if perhaps:
            yield (
                f"{named(name)} pauses if {listed(perhaps, word='or')} ends inconclusive, "
                "for a person to resume it, and a simulation has none: such a run stays undecided. "
                "Set resume_after, such as 30min."
            )


def ends_after_the_horizon(scenario: Scenario) -> Iterator[str]:
    """Of each policy, whether its own bakes, pauses and intervals leave it time to promote."""
    update_ns, horizon = scenario.endpoint.weight_update, duration_text(seconds(scenario.horizon))
    for name, policy in scenario.policies.items():
        shortest_ns = policy.shortest_promotion_ns(update_ns)
        if math.isfinite(shortest_ns) and shortest_ns > scenario.horizon:
            yield (
                f"{named(name)} needs at least {duration_text(seconds(int(shortest_ns)))} to "
                "promote, by its own bakes, pauses and intervals, but the horizon is "
                f"{horizon}: no run can end with a promotion. "
                "Lengthen horizon, or shorten what it waits for."
            )
        longest_ns = policy.longest_ns()
        if longest_ns is not None and longest_ns > scenario.horizon:
            field = _field_of_its_end(policy, longest_ns)
            yield (
                f"{named(name)} ends after {duration_text(seconds(longest_ns))} at the latest "
                f"({field}), but the horizon is {horizon}: runs without a decision by then stay "
                f"undecided. Lengthen horizon, or shorten {field}."
            )


def _field_of_its_end(policy: Policy, longest_ns: int) -> str:
    """The field that sets when a policy ends at the latest."""
    for name in ("duration", "look_times"):
        given = getattr(policy, name, None)
        if given is not None and longest_ns in (given if isinstance(given, tuple) else (given,)):
            return name
    return "maximum_duration"
