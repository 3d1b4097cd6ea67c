"""Whether the variants that releases compare with, in place of the control, are like it."""

from __future__ import annotations

from collections.abc import Iterator

from simab.policies.rollouts.staged_release import StagedRelease
from simab.scenario.models import Scenario
from simab.text.lists import listed, named

__all__ = ["unlike_the_control"]


def unlike_the_control(scenario: Scenario) -> Iterator[str]:
    """One sentence for each policy whose baseline answers otherwise than the control does."""
    control = scenario.objective.control
    for name, policy in scenario.policies.items():
        if not isinstance(policy, StagedRelease) or policy.baseline is None:
            continue
        unlike = _unlike(scenario, control, policy.baseline)
        if unlike:
            has = "has another" if len(unlike) == 1 else "has other values of"
            yield (
                f"{named(name)} compares the candidate with {named(policy.baseline)}, which {has} "
                f"{listed(unlike)} than {named(control)}: what it finds says little of the "
                f"difference to {named(control)}. Give both the same, or leave out baseline."
            )


def _unlike(scenario: Scenario, control: str, baseline: str) -> list[str]:
    """What differs, in the words of a file."""
    first, second = (scenario.endpoint.variants[name] for name in (control, baseline))
    fields = ("quality", "latency", "error_rate")
    found = [field for field in fields if getattr(first, field) != getattr(second, field)]
    apart = any(
        each.quality.get(control, first.quality) != each.quality.get(baseline, second.quality)
        for each in scenario.traffic.values()
    )
    return ["quality", *found] if apart and "quality" not in found else found
