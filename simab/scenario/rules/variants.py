"""Rules on which variants there are: some traffic for one of them, and a part for two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.scenario.parts import Variant
from simab.scenario.raw import RawValue, default_of
from simab.scenario.suggestions import remedy_for_name
from simab.scenario.violations import Violation

__all__ = [
    "MOST_DEPLOYED",
    "at_most_ten_are_deployed",
    "control_is_deployed",
    "deployed_weights",
    "roles_differ",
    "roles_name_variants",
    "some_variant_has_weight",
    "unknown_variant",
    "variant_names",
]

MOST_DEPLOYED: Final = 10
_ROLES: Final = ("control", "candidate")


def variant_names(scenario: RawValue) -> list[str]:
    """The variants that the scenario describes."""
    return [name for name, _ in scenario.at("endpoint", "variants").named()]


def deployed_weights(scenario: RawValue) -> dict[str, float] | None:
    """Weights of the variants that are deployed at the start; None if one cannot be read."""
    weights = {}
    for name, variant in scenario.at("endpoint", "variants").named():
        deployed = variant.at("deployed").flag(default_of(Variant, "deployed"))
        weight = variant.at("weight").number(default_of(Variant, "weight"))
        if deployed is None or weight is None:
            return None
        if deployed:
            weights[name] = weight
    return weights


def unknown_variant(
    name: RawValue, scenario: RawValue, *, on_key: bool = False
) -> Iterator[Violation]:
    """A violation if `name` is the name of no variant."""
    names = variant_names(scenario)
    given = str(name.path[-1]) if on_key else name.text()
    if given is not None and names and given not in names:
        remedy = remedy_for_name(given, names, "Variants")
        yield name.violation("names no variant", remedy, on_key=on_key)


def some_variant_has_weight(scenario: RawValue) -> Iterator[Violation]:
    """Requests that name no variant need one to go to."""
    weights, variants = deployed_weights(scenario), scenario.at("endpoint", "variants")
    if weights is None or not variants.named():
        return
    if not weights:
        remedy = "Remove `deployed: false` from at least the control."
        yield variants.violation("no variant is deployed at the start", remedy, on_key=True)
    elif not any(weight > 0 for weight in weights.values()):
        remedy = f"Give at least one of {', '.join(weights)} a weight above 0."
        yield variants.violation("all deployed variants have weight 0", remedy, on_key=True)


def at_most_ten_are_deployed(scenario: RawValue) -> Iterator[Violation]:
    """The platform's limit of production variants."""
    weights = deployed_weights(scenario)
    if weights is not None and len(weights) > MOST_DEPLOYED:
        rule = f"{len(weights)} variants are deployed, at most {MOST_DEPLOYED} can be"
        remedy = "Set `deployed: false` on those that come later."
        yield scenario.at("endpoint", "variants").violation(rule, remedy, on_key=True)


def roles_name_variants(scenario: RawValue) -> Iterator[Violation]:
    """Control and candidate are variants that the scenario describes."""
    for role in _ROLES:
        yield from unknown_variant(scenario.at("objective", role), scenario)


def roles_differ(scenario: RawValue) -> Iterator[Violation]:
    """A variant is not compared with itself."""
    control, candidate = (scenario.at("objective", role) for role in _ROLES)
    if control.text() is not None and control.text() == candidate.text():
        remedy = "Name the variant that may replace it; for an A/A rehearsal describe it twice."
        yield candidate.violation("is the control as well", remedy)


def control_is_deployed(scenario: RawValue) -> Iterator[Violation]:
    """The control is what serves now."""
    control = scenario.at("objective", "control")
    name = control.text()
    if name is None or name not in variant_names(scenario):
        return
    if scenario.at("endpoint", "variants", name, "deployed").flag(True) is False:
        remedy = f"Remove `deployed: false` from {name}, or name the variant that serves now."
        yield control.violation("is not deployed at the start", remedy)
