"""Rules on how labels come: what is said of single outcomes, variants and rules must fit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from simab import units
from simab.documents.violations import Path, Violation, violation_at_key
from simab.policies import Policy
from simab.policies.immature import SoFar, Wait, Weight, Window
from simab.profiles.quality import NumericReward, Success
from simab.scenario.labels import Labels
from simab.scenario.parts import UncheckedScenario
from simab.scenario.rules.arrivals import after_the_run
from simab.scenario.rules.qualities import earns_rewards, known_qualities, qualities_of_roles
from simab.scenario.suggestions import remedy_for_name

__all__ = [
    "batches_come_within_the_run",
    "label_outages_lie_within_the_run",
    "label_outages_say_one_thing",
    "label_variants_are_known",
    "mistaken_labels_are_a_share",
    "negatives_wait_for_the_window",
    "revised_labels_are_put_right",
    "rewards_are_not_mistaken",
    "rewards_may_be_none",
    "treatments_fit_the_labels",
]

_HERE: Final = ("labels",)
_CLASSES: Final = ("negative", "positive")


def label_variants_are_known(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What is said of a variant's labels needs that variant."""
    variants = scenario.endpoint.variants
    for name in scenario.labels.variants:
        if name not in variants:
            remedy = remedy_for_name(name, variants, "Variants")
            yield violation_at_key((*_HERE, "variants", name), "names no variant", remedy)


def label_outages_lie_within_the_run(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What begins after the run has ended would be read as if it had been tried."""
    for number, outage in enumerate(scenario.labels.outages):
        if outage.at >= scenario.horizon:
            yield after_the_run(scenario, (*_HERE, "outages", number, "at"))


def label_outages_say_one_thing(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A label is late or lost, not both."""
    ordered = sorted(enumerate(scenario.labels.outages), key=lambda each: each[1].at)
    for place, (number, outage) in enumerate(ordered):
        for _, other in ordered[:place]:
            if outage.at < other.at + other.lasts and outage.then != other.then:
                rule = f"begins within an outage whose labels are {other.then}"
                remedy = f"Write `then: {other.then}`, or let one begin after the other is over."
                yield Violation((*_HERE, "outages", number, "then"), rule, remedy)
                break


def negatives_wait_for_the_window(scenario: UncheckedScenario) -> Iterator[Violation]:
    """That something has not become positive is known when the window closes, and not before."""
    if scenario.labels.attribution_window is None:
        return
    for path, settings in scenario.labels.said():
        if path[-1] == "negative" and settings.delay is not None:
            rule = "is never used: a negative is known when attribution_window closes"
            yield violation_at_key(
                (*_HERE, *path, "delay"), rule, "Remove it, or attribution_window."
            )


def batches_come_within_the_run(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Labels that wait for what comes after the run never arrive."""
    batches = scenario.labels.batches
    if batches is not None and batches.at >= scenario.horizon:
        rule = f"lets no label arrive in the run of {units.format_duration(scenario.horizon)}"
        remedy = "Let the first batch come earlier, or raise horizon."
        yield Violation((*_HERE, "batches", "at"), rule, remedy)


def mistaken_labels_are_a_share(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A label is wrong for good, wrong at first, or right at once."""
    for name in scenario.endpoint.variants:
        for place in _CLASSES:
            settled = scenario.labels.settled(name, positive=place == "positive")
            both = settled.wrong + settled.revised
            if both > 1:
                rule = f"wrong and revised make {both:.3g} of the {place} labels of {name}"
                yield violation_at_key(_HERE, rule, "Lower one, so that both are at most 1.")
                return


def revised_labels_are_put_right(scenario: UncheckedScenario) -> Iterator[Violation]:
    """When a label that is revised is corrected has to be known."""
    labels = scenario.labels
    if labels.revised_after is not None:
        return
    shares: list[tuple[Path, float | None]] = [((), labels.revised)]
    shares += [(path, settings.revised) for path, settings in labels.said()]
    for path, revised in shares:
        if revised:
            rule = "needs to know when labels are put right"
            remedy = "Add `revised_after: {kind: exponential, mean: 1d}` to labels."
            yield Violation((*_HERE, *path, "revised"), rule, remedy)
            return


def rewards_are_not_mistaken(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A number has no opposite."""
    if not earns_rewards(scenario):
        return
    said: list[tuple[Path, object]] = [((), scenario.labels), *scenario.labels.said()]
    for path, settings in said:
        for name in ("wrong", "revised"):
            if getattr(settings, name):
                rule = "is for labels that are right or wrong, and the variants earn rewards"
                yield violation_at_key((*_HERE, *path, name), rule, f"Remove {name}.")


def rewards_may_be_none(scenario: UncheckedScenario) -> Iterator[Violation]:
    """A reward that comes after the window is recorded as 0."""
    if scenario.labels.attribution_window is not None:
        for name, quality in known_qualities(scenario).items():
            if isinstance(quality, NumericReward) and quality.earning_share == 1:
                place = ("endpoint", "variants", name, "quality", "earning_share")
                rule = "leaves no answer without a reward, as attribution_window does"
                remedy = "Write a share below 1, or remove labels.attribution_window."
                yield violation_at_key(place, rule, remedy)


def treatments_fit_the_labels(
    scenario: UncheckedScenario, policy: Policy, path: Path
) -> Iterator[Violation]:
    """How a rule treats the immature must make sense of what the labels are."""
    treatment, here = getattr(policy, "immature", None), (*path, "immature")
    window_ns = scenario.labels.attribution_window
    if isinstance(treatment, Wait) and treatment.after is None and window_ns is None:
        rule = "waits for the attribution window, and the labels have none"
        remedy = "Add `after: 7d` here, or `attribution_window: 7d` to labels."
        yield Violation((*here, "kind"), rule, remedy)
    if isinstance(treatment, Weight):
        yield from _weights_know_all_that_comes(scenario.labels, here)
    if not isinstance(treatment, SoFar | Window | Weight):
        return
    qualities = qualities_of_roles(scenario)
    if isinstance(treatment, Window) and earns_rewards(scenario):
        if any(getattr(each, "earning_share", 0.5) == 1 for each in qualities):
            rule = "counts answers without a reward, and every answer earns one"
            yield Violation((*here, "kind"), rule, "Write an earning_share below 1.")
    elif not all(isinstance(each, Success) for each in qualities):
        rule = f"counts conversions: {treatment.kind} is for variants of quality success"
        yield Violation((*here, "kind"), rule, "Use `{kind: wait, after: 7d}` here.")


def _weights_know_all_that_comes(labels: Labels, here: Path) -> Iterator[Violation]:
    """A weight goes by when positives are first recorded, each once and for good."""
    revised = labels.revised or any(settings.revised for _, settings in labels.said())
    for name, given in (("revised", revised), ("duplicates", labels.duplicates is not None)):
        if given:
            rule = f"weighs answers by the first label of each, and labels have {name}"
            remedy = f"Remove `{name}` from labels, or use `{{kind: wait, after: 7d}}` here."
            yield Violation((*here, "kind"), rule, remedy)
