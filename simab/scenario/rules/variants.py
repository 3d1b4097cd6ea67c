"""Rules on which variants there are: some traffic for one of them, and a part for two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab.documents.violations import Path, Violation, violation_at_key
from simab.scenario.parts import UncheckedScenario
from simab.scenario.serving import MOST_DEPLOYED
from simab.scenario.suggestions import remedy_for_name

__all__ = [
    "at_most_ten_are_deployed",
    "candidate_is_known",
    "candidate_is_one_of_several",
    "control_is_deployed",
    "control_is_known",
    "deployed_weights",
    "roles_differ",
    "some_variant_has_weight",
    "unfit_variants_are_known",
    "unknown_variant",
]

_VARIANTS: Final = ("endpoint", "variants")


def deployed_weights(scenario: UncheckedScenario) -> dict[str, float]:
    """Weights of the variants that are deployed at the start."""
    variants = scenario.endpoint.variants
    return {name: variant.weight for name, variant in variants.items() if variant.deployed}


def unknown_variant(
    name: str, path: Path, scenario: UncheckedScenario, *, on_key: bool = False
) -> Iterator[Violation]:
    """A violation if no variant has the name that stands at `path`, or is its last key."""
    variants = scenario.endpoint.variants
    if variants and name not in variants:
        remedy = remedy_for_name(name, variants, "Variants")
        yield Violation(path, "names no variant", remedy, on_key=on_key, shows_value=not on_key)


def some_variant_has_weight(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Requests that name no variant need one to go to."""
    weights = deployed_weights(scenario)
    if not weights and scenario.endpoint.variants:
        remedy = "Remove `deployed: false` from at least the control."
        yield violation_at_key(_VARIANTS, "no variant is deployed at the start", remedy)
    elif weights and not any(weight > 0 for weight in weights.values()):
        remedy = f"Give at least one of {', '.join(weights)} a weight above 0."
        yield violation_at_key(_VARIANTS, "all deployed variants have weight 0", remedy)


def at_most_ten_are_deployed(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The platform's limit of production variants."""
    deployed = len(deployed_weights(scenario))
    if deployed > MOST_DEPLOYED:
        rule = f"{deployed} variants are deployed, at most {MOST_DEPLOYED} can be"
        remedy = "Set `deployed: false` on those that come later."
        yield violation_at_key(_VARIANTS, rule, remedy)


def control_is_known(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The control is a variant that the scenario describes."""
    yield from unknown_variant(scenario.objective.control, ("objective", "control"), scenario)


def candidate_is_known(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The candidates are variants that the scenario describes."""
    for name, path in _candidates(scenario):
        yield from unknown_variant(name, path, scenario)


def candidate_is_one_of_several(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Several candidates are each named once, and the one for single rollouts is among them."""
    objective = scenario.objective
    for place, name in enumerate(objective.candidates):
        if name in objective.candidates[:place]:
            remedy = "Name each candidate once; for equal ones describe a variant twice."
            yield Violation(("objective", "candidates", place), "is named before", remedy)
    named = objective.candidate and objective.candidates
    if named and objective.candidate not in objective.candidates:
        remedy = "Name one of the candidates, or leave it out: the first is taken."
        yield Violation(("objective", "candidate"), "is none of the candidates", remedy)


def roles_differ(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A variant is not compared with itself."""
    for name, path in _candidates(scenario):
        if scenario.objective.control == name:
            remedy = "Name the variant that may replace it; for an A/A rehearsal describe it twice."
            yield Violation(path, "is the control as well", remedy)


def _candidates(scenario: UncheckedScenario) -> Iterator[tuple[str, Path]]:
    """Each candidate, and where the file names it."""
    objective = scenario.objective
    if not objective.candidates and objective.candidate:
        yield objective.candidate, ("objective", "candidate")
    for place, name in enumerate(objective.candidates):
        yield name, ("objective", "candidates", place)


def unfit_variants_are_known(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What must not be promoted is a variant, and other than the one that is there already."""
    for name in scenario.objective.unfit:
        path = ("objective", "unfit", name)
        yield from unknown_variant(name, path, scenario, on_key=True)
        if name == scenario.objective.control:
            rule = "is the control, which a rule may have to keep"
            yield violation_at_key(path, rule, "Name variants that may replace it.")


def control_is_deployed(scenario: UncheckedScenario) -> Iterator[Violation]:
    """The control is what serves now."""
    name, variants = scenario.objective.control, scenario.endpoint.variants
    if name in variants and not variants[name].deployed:
        remedy = f"Remove `deployed: false` from {name}, or name the variant that serves now."
        yield Violation(("objective", "control"), "is not deployed at the start", remedy)
