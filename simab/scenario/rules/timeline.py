"""Rules on what happens during a run, and on answers that differ by segment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from simab import units
from simab.documents.violations import Path, Violation, violation_at_key
from simab.profiles import QualityProfile
from simab.profiles.quality import NumericReward
from simab.scenario.arrivals import MOST_POINTS
from simab.scenario.parts import Segment, UncheckedScenario
from simab.scenario.rules.arrivals import after_the_run, without_a_date
from simab.scenario.rules.ground_truth import names_a_column, names_a_table
from simab.scenario.rules.qualities import known_qualities
from simab.scenario.rules.variants import deployed_weights
from simab.scenario.suggestions import remedy_for_name
from simab.scenario.timeline import Conditions, TimelineEntry, WeightChange

__all__ = [
    "answers_by_segment_fit",
    "one_hand_sets_the_weights",
    "timeline_acts_within_the_run",
    "timeline_can_be_kept",
    "timeline_has_a_date",
    "timeline_hits_instances_that_may_be",
    "timeline_lies_within_the_run",
    "timeline_names_what_there_is",
    "timeline_qualities_fit",
]


def timeline_names_what_there_is(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Variants and segments that an entry hits are some of the scenario."""
    variants, segments = scenario.endpoint.variants, scenario.traffic
    for path, entry in _entries(scenario):
        if isinstance(entry, Conditions):
            yield from _unknown(entry.variants, variants, (*path, "variants"), "Variants")
            yield from _unknown(entry.segments, segments, (*path, "segments"), "Segments")
        elif isinstance(entry, WeightChange):
            for name in entry.weights:
                if name not in variants:
                    rule = "names no variant"
                    remedy = remedy_for_name(name, variants, "Variants")
                    yield violation_at_key((*path, "weights", name), rule, remedy)
                elif not _may_serve(scenario, name):
                    rule = "names a variant that is not deployed, and no policy deploys it"
                    remedy = f"Write `deployed: true` for {name}, or leave it out."
                    yield violation_at_key((*path, "weights", name), rule, remedy)
            if not any(entry.weights.values()):
                rule = "leave no variant any traffic"
                yield Violation((*path, "weights"), rule, "Give one a weight above 0.")


def _may_serve(scenario: UncheckedScenario, name: str) -> bool:
    """Whether a variant is deployed at the start, or some policy deploys it."""
    if scenario.endpoint.variants[name].deployed:
        return True
    objective, start = scenario.objective, deployed_weights(scenario)
    for policy in scenario.policies.values():
        if name in (objective.control, *objective.every_candidate):
            if policy.adds_candidate(name):
                return True
        elif any(
            name in split
            for split in policy.splits_of_all(objective.control, objective.every_candidate, start)
        ):
            return True
    return False


def timeline_lies_within_the_run(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What begins after the run has ended would be read as if it had been tried."""
    for path, entry in _entries(scenario):
        if entry.at >= scenario.horizon:
            yield after_the_run(scenario, (*path, "at"))


def timeline_hits_instances_that_may_be(scenario: UncheckedScenario) -> Iterator[Violation]:
    """An instance that a variant never has is never hit."""
    variants = scenario.endpoint.variants
    for path, entry in _entries(scenario):
        if not isinstance(entry, Conditions) or entry.instance is None:
            continue
        hit = {name: each for name, each in variants.items() if entry.hits_variant(name)}
        most = {
            name: max(each.instances, each.autoscaling.max_instances if each.autoscaling else 0)
            for name, each in hit.items()
        }
        lacking = [name for name, instances in most.items() if entry.instance >= instances]
        if lacking and (entry.variants or len(lacking) == len(most)):
            name = max(lacking, key=most.__getitem__)
            rule = f"{name} never has it: its instances are numbered from 0 to {most[name] - 1}"
            remedy = "Write one of these, or give it more instances."
            yield Violation((*path, "instance"), rule, remedy)


def timeline_acts_within_the_run(scenario: UncheckedScenario) -> Iterator[Violation]:
    """So would a strength that is 0 until the end."""
    for path, entry in _entries(scenario):
        if not isinstance(entry, Conditions) or entry.strength is None:
            continue
        if entry.knots(scenario.horizon) > MOST_POINTS or (entry.by_date and not scenario.start):
            continue  # another rule says so
        curve = entry.strength_over(scenario.start, scenario.horizon).knots
        if not any(knot.start or knot.end for knot in curve):
            rule = f"is 0 for the whole run of {units.format_duration(scenario.horizon)}"
            remedy = "Raise it above 0 in that time, or remove the entry."
            yield violation_at_key((*path, "strength"), rule, remedy)


def one_hand_sets_the_weights(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Of two changes at one instant the second would be refused, or undo the first."""
    seen: set[int] = set()
    for path, entry in _entries(scenario):
        if isinstance(entry, WeightChange):
            if entry.at in seen:
                rule = "is when another entry sets the weights, and one of the two would be lost"
                yield Violation((*path, "at"), rule, "Keep one of them, or let one come later.")
            seen.add(entry.at)


def timeline_has_a_date(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Which hour of the day it is depends on when a run starts."""
    for path, entry in _entries(scenario):
        if isinstance(entry, Conditions) and entry.by_date and scenario.start is None:
            yield without_a_date((*path, "strength", "kind"))


def timeline_can_be_kept(scenario: UncheckedScenario) -> Iterator[Violation]:
    """Every repetition is kept by itself."""
    for path, entry in _entries(scenario):
        if not isinstance(entry, Conditions):
            continue
        knots = entry.knots(scenario.horizon)
        if knots > MOST_POINTS:
            place = path if entry.strength is None else (*path, "strength")
            rule = f"gives the run {knots:,} points, at most {MOST_POINTS:,} are kept"
            remedy = "Let it repeat less often, or shorten horizon."
            yield Violation((*place, "repeats_every"), rule, remedy)


def timeline_qualities_fit(scenario: UncheckedScenario) -> Iterator[Violation]:
    """What an answer turns into is of the kind of the variant's own answers."""
    own = known_qualities(scenario)
    for path, entry in _entries(scenario):
        if isinstance(entry, Conditions) and entry.quality is not None:
            hit = entry.variants or tuple(own)
            place = (*path, "quality")
            yield from _of_the_kind(scenario, entry.quality, hit, place)


def answers_by_segment_fit(
    scenario: UncheckedScenario, segment: Segment, path: Path
) -> Iterator[Violation]:
    """So is what a variant answers to one segment."""
    variants = scenario.endpoint.variants
    for name, quality in segment.quality.items():
        place = (*path, "quality", name)
        if name not in variants:
            remedy = remedy_for_name(name, variants, "Variants")
            yield violation_at_key(place, "names no variant", remedy)
        else:
            yield from _of_the_kind(scenario, quality, (name,), place)


def _entries(scenario: UncheckedScenario) -> Iterator[tuple[Path, TimelineEntry]]:
    for number, entry in enumerate(scenario.timeline):
        yield ("timeline", number), entry


def _unknown(
    names: Iterable[str], known: Iterable[str], path: Path, title: str
) -> Iterator[Violation]:
    for number, name in enumerate(names):
        if name not in known:
            rule = f"names no {title.lower()[:-1]}"
            yield Violation((*path, number), rule, remedy_for_name(name, known, title))


def _of_the_kind(
    scenario: UncheckedScenario, quality: QualityProfile, hit: Iterable[str], path: Path
) -> Iterator[Violation]:
    """A quality that takes the place of those of some variants."""
    broken = [
        *names_a_table(scenario, quality, path),
        *names_a_column(scenario, quality, path),
    ]
    yield from broken
    own = known_qualities(scenario)
    for name in hit:
        if name not in own:
            continue
        if own[name].kind != quality.kind:
            rule = f"{name} is of kind {own[name].kind}, and its answers stay of that kind"
            yield Violation((*path, "kind"), rule, f"Describe it as {own[name].kind}.")
            return
        if isinstance(quality, NumericReward) and _unit(scenario, own[name]) != _unit(
            scenario, quality
        ):
            rule = f"earns between other bounds than {name}, by which its rewards are counted"
            remedy = (
                "Describe both by quantiles with the same smallest and largest reward; or change "
                "earning_share alone."
            )
            yield violation_at_key((*path, "distribution"), rule, remedy)
            return


def _unit(scenario: UncheckedScenario, quality: QualityProfile) -> object:
    return scenario.sampler(quality).reward_scale
