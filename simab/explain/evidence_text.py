"""What is true of the variants and what it takes to see it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

from simab.explain.capacity import START, splits
from simab.explain.dates import when
from simab.explain.evidence import (
    Evidence,
    Need,
    TruthRow,
    labelled_per_hour,
    labels_ratio,
    labels_until,
)
from simab.explain.misleading_labels import misled_policies
from simab.explain.remembering_text import blurs
from simab.explain.users import misled_by_users
from simab.policies.metrics import COUNTED_AS_CORRECT, LATENCIES, OF_REQUESTS
from simab.policies.policy import SingleTest
from simab.profiles.truth import metric_difference
from simab.scenario.models import Scenario
from simab.scenario.parts import Objective
from simab.scenario.rates import changes
from simab.scenario.timeline import Conditions
from simab.stats.proportions import power_two_proportions
from simab.stats.sample_size import exact_power_two_proportions
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import counted, number_text

__all__ = ["evidence_sentences"]

_DESIGN: Final = "power 80\u202f%, alpha 5\u202f%, two-sided, requests independent"
_ENOUGH: Final = 10_000_000
_FEW: Final = 50.0
"""Hits or misses of an arm to expect, below which the normal law says little of a test's power."""
_SUMMED: Final = 200_000
"""Trials up to which outcomes are summed within a tenth of a second."""


def evidence_sentences(played: Scenario, scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Truths and needs in words; beyond two variants each sentence names those that it is about.

    Of the scenario as it is played, and at steady rates.
    """
    objective = scenario.objective
    control = evidence.row(objective.control)
    if evidence.others:
        yield from _truths_of_many(scenario, evidence)
    else:
        yield _truth_of_two(scenario, control, evidence.row(objective.candidate))
    each = [
        f"{named(row.variant)} gets {number_text(row.labelled_per_hour)}"
        for row in _roles_first(objective, evidence.rows)
    ]
    yield f"Labelled requests an hour at the starting split: {', '.join(each)}."
    yield from _tested_sentences(scenario)
    if evidence.smallest_effect.labelled_requests is None:
        yield evidence.smallest_effect.reason
        return
    yield from _need_sentences(played, evidence)
    yield from _power_sentences(scenario, control.truth, evidence)


def _roles_first(objective: Objective, rows: Sequence[TruthRow]) -> Sequence[TruthRow]:
    """Control and candidates, then the others in the order of the scenario."""
    roles = (objective.control, *objective.every_candidate)
    places = {name: place for place, name in enumerate(roles)}
    return sorted(rows, key=lambda row: places.get(row.variant, len(roles)))


def _head(objective: Objective, rows: Sequence[TruthRow]) -> str:
    each = [f"{row.truth:.4g} for {named(row.variant)}" for row in rows]
    return f"True {_in_unit(objective.metric)}: {', '.join(each)}"


def _in_unit(metric: str) -> str:
    """The metric, with its unit and what it is of, where its name does not say that."""
    if metric not in OF_REQUESTS:
        return metric
    unit = " in milliseconds" if metric in LATENCIES else ""
    return f"{metric}{unit}, of the service alone"


def _truth_of_two(scenario: Scenario, control: TruthRow, candidate: TruthRow) -> str:
    objective = scenario.objective
    names = [named(row.variant) for row in (control, candidate)]
    head = _head(objective, (control, candidate))
    gain = _gain(objective, control, candidate)
    if math.isnan(gain):
        return f"{head}; it is undefined where a variant never predicts or meets a positive."
    if gain == 0:
        alike = ", an A/A rehearsal" if _are_alike(scenario) else ""
        return f"{head}: no difference{alike}."
    small = "" if _matters(objective, gain) else ", less than what matters"
    return f"{head}: {names[gain > 0]} is better by {number_text(abs(gain))}{small}."


def _are_alike(scenario: Scenario) -> bool:
    """Whether control and candidate differ in nothing but their weights."""
    objective = scenario.objective
    control, candidate = (
        scenario.endpoint.variants[name].model_copy(update={"weight": 1.0, "deployed": True})
        for name in (objective.control, objective.candidate)
    )
    one_alone = any(
        isinstance(entry, Conditions)
        and entry.hits_variant(objective.control) != entry.hits_variant(objective.candidate)
        for entry in scenario.timeline
    )
    return control == candidate and not one_alone


def _truths_of_many(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """All values, each variant against the control, and by whom the others may be promoted."""
    objective = scenario.objective
    rows = _roles_first(objective, evidence.rows)
    against = [_against(objective, rows[0], row) for row in rows[1:]]
    yield (
        f"{_head(objective, rows)}. Against the control {named(objective.control)}, "
        f"{listed(against)}."
    )
    for name in evidence.others:
        if name not in objective.every_candidate:
            yield _promoted_by(scenario, name)
    if objective.several:
        yield from _chosen_among(scenario)


def _chosen_among(scenario: Scenario) -> Iterator[str]:
    """Which rules choose among all candidates, and which know one of them."""
    objective = scenario.objective
    single = [name for name, rule in scenario.policies.items() if not rule.chooses_among_all]
    if single:
        others = [named(each) for each in objective.every_candidate[1:]]
        verb = "rolls" if len(single) == 1 else "roll"
        yield (
            f"{listed([*map(named, single)])} {verb} out {named(objective.candidate)} alone, and "
            f"never {listed(others, 'or')}."
        )
    for name, rule in scenario.policies.items():
        correction = getattr(rule, "shares_alpha_by", None)
        if correction == "none" and hasattr(rule, "alpha"):
            count = len(objective.every_candidate)
            yield (
                f"{named(name)} compares {count} candidates with the control, each at the full "
                f"alpha of {rule.alpha:g}: it has {count} chances to be wrong."
            )


def _against(objective: Objective, control: TruthRow, other: TruthRow) -> str:
    name = named(other.variant)
    gain = _gain(objective, control, other)
    if math.isnan(gain):
        return f"{name} cannot be compared, as its value or the control's is undefined"
    if gain == 0:
        return f"{name} does not differ"
    small = "" if _matters(objective, gain) else " (less than what matters)"
    return f"{name} is {'better' if gain > 0 else 'worse'} by {number_text(abs(gain))}{small}"


def _gain(objective: Objective, control: TruthRow, other: TruthRow) -> float:
    """By how much a variant is better than the control: NaN where either is undefined."""
    return objective.sign * metric_difference(other.truth, control.truth)


def _matters(objective: Objective, gain: float) -> bool:
    return abs(gain) >= objective.smallest_effect * (1 - 1e-9)


def _promoted_by(scenario: Scenario, variant: str) -> str:
    """Which rules may leave all weighted traffic to a variant that is neither of the roles."""
    setters = {
        name
        for split in splits(scenario)
        if {each for each, weight in split.weights.items() if weight > 0} == {variant}
        for name in split.set_by
    }
    rules = [named(name) for name in scenario.policies if name in setters]
    who = f"only {listed(rules)}" if rules else "no policy"
    starts = ", and has all traffic at the start" if START in setters else ""
    return (
        f"{named(variant)} is neither control nor candidate{starts}: {who} may give it all traffic."
    )


def _need_sentences(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    objective = scenario.objective
    effect, true = evidence.smallest_effect, evidence.true_difference
    between = _between(objective, objective.candidate) if evidence.others else ""
    same = true.labelled_requests == effect.labelled_requests and math.isclose(
        abs(true.difference), objective.smallest_effect, rel_tol=1e-9
    )
    if same and not between:
        words = _in_words(scenario, effect)
        yield f"To see that difference, the smallest that matters ({_DESIGN}): {words}."
    else:
        smallest = number_text(objective.smallest_effect)
        yield (
            f"To see a difference of {smallest}{between}, the smallest that matters ({_DESIGN}): "
            f"{_in_words(scenario, effect)}."
        )
    if true.labelled_requests is not None and not same:
        yield f"To see the true difference{between}: {_in_words(scenario, true)}."
    for name, need in evidence.others.items():
        if need.labelled_requests is not None:
            between = _between(objective, name)
            yield f"To see the true difference{between}: {_in_words(scenario, need)}."


def _between(objective: Objective, other: str) -> str:
    return f" between {named(objective.control)} and {named(other)}"


def _tested_sentences(scenario: Scenario) -> Iterator[str]:
    """Which rules test a metric other than correct answers, and by how many labels they look."""
    metric = scenario.objective.metric
    testing = [
        named(name)
        for name, policy in scenario.policies.items()
        if policy.tests_the_objective and not policy.counts_correct_answers
    ]
    if metric not in COUNTED_AS_CORRECT and testing:
        verb = "tests" if len(testing) == 1 else "test"
        yield f"{listed(testing)} {verb} {metric}; looks count labelled requests."


def _power_sentences(scenario: Scenario, base: float, evidence: Evidence) -> Iterator[str]:
    """How good the fixed-horizon tests of correct answers are; of rewards none is stated."""
    objective = scenario.objective
    if objective.metric not in ("accuracy", "success_rate"):
        return
    unstated = _why_unstated(scenario)
    for name, policy in scenario.policies.items():
        immature = getattr(policy, "immature", None)
        labels = labelled_per_hour(scenario, immature)
        fewest = min(objective.every_candidate, key=labels.__getitem__)
        rates = labels[objective.control], labels[fewest]
        if min(rates) <= 0:
            continue  # no test comes, which a warning says
        ratio = labels_ratio(*rates)
        test = policy.one_of(len(objective.every_candidate)).single_test(ratio)
        if test is None:
            continue
        once = _tested_once(objective, name, test, named_pair=bool(evidence.others))
        if labels_until(scenario, min(rates), scenario.horizon, immature) < test.labelled_requests:
            yield f"{once}, which do not come before the horizon at the starting split."
        elif why := unstated.get(name):
            yield f"{once}; {why}, which a warning tells of, and so no probability is stated."
        else:
            effect = evidence.smallest_effect.difference
            power = _power((base, base + effect), _trials_of(test, ratio), test.alpha)
            level = ""
            if objective.several and getattr(policy, "shares_alpha_by", "none") != "none":
                level = f" at {test.alpha:.3g}, its part of alpha by Bonferroni,"
            yield f"{once}, and would see that smallest difference{level} with probability {power}."


def _why_unstated(scenario: Scenario) -> dict[str, str]:
    """Why of some rules no probability to see a difference is stated: a formula does not hold."""
    reasons = dict.fromkeys(scenario.policies, blurs(scenario))
    reasons |= dict.fromkeys(
        misled_by_users(scenario), "it takes for independent what routing keeps together"
    )
    reasons |= dict.fromkeys(
        misled_policies(scenario), "what it counts shows a difference of its own"
    )
    return reasons


def _tested_once(objective: Objective, name: str, test: SingleTest, *, named_pair: bool) -> str:
    """That a rule tests once, and at how many labels; of many variants, also which two."""
    pair = f" {named(objective.control)} against {named(objective.candidate)}"
    if objective.several:
        pair = f" each candidate against {named(objective.control)}"
    return (
        f"{named(name)} tests{pair if named_pair else ''} once, at "
        f"{counted(test.labelled_requests, 'labelled request')} of the variant that gets fewer"
    )


def _trials_of(test: SingleTest, ratio: float) -> tuple[int, int]:
    """Labelled requests of control and candidate; `ratio`: candidate to control."""
    # The other has more by then; beyond ten million it makes no difference to the power.
    sample = test.labelled_requests
    most = max(sample, _ENOUGH)
    return min(round(sample / min(ratio, 1.0)), most), min(round(sample * max(ratio, 1.0)), most)


def _power(shares: tuple[float, float], trials: tuple[int, int], alpha: float) -> str:
    """The power of the z-test, summed over all outcomes where the normal law is far from it."""
    rarest = min(
        count * min(share, 1.0 - share) for share, count in zip(shares, trials, strict=True)
    )
    formula = power_two_proportions
    if rarest < _FEW and max(trials) <= _SUMMED:
        formula = exact_power_two_proportions
    power = formula(*shares, *trials, alpha=alpha)
    return f"{power:.2f}" if power >= 0.01 else "below 0.01"


def _in_words(scenario: Scenario, need: Need) -> str:
    fewer, more = need.labelled_requests or 0, need.other_arm or 0
    labelled = f"{counted(fewer, 'labelled request')} an arm"
    if more != fewer:
        labelled = (
            f"{counted(fewer, 'labelled request')} of the variant that gets fewer and "
            f"{number_text(more)} of the other"
        )
    if math.isinf(need.duration_s):
        return f"{labelled}, which the starting split never gives"
    date = ""
    if changes(scenario) and scenario.start is not None:
        date = f", {when(scenario, round(need.duration_s * 1e9))}"
    return f"{labelled}, {duration_text(need.duration_s)} at the starting split{date}"
