"""A scenario in which the candidate's true metric lies by a given effect above the control's.

Everything but quality stays as described. The candidate gets the control's quality, moved in its
natural direction; columns of a joint outcome table take each other's place in a share of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from math import isnan
from typing import Any, Final, TypeVar

from simab.errors import InvalidInput
from simab.policies.metrics import LATENCIES, OF_REQUESTS
from simab.profiles.quality import Classifier, NumericReward, QualityProfile, Success
from simab.profiles.truth import truth_of
from simab.scenario.changes.classifier_search import Reach, log_odds_of, pulls_apart
from simab.scenario.changes.shifts import shifted_classifier, shifted_reward, shifted_success
from simab.scenario.changes.variants import metric_of, with_mixed_columns, with_variants
from simab.scenario.parts import UncheckedScenario
from simab.stats.classification import METRICS, ConfusionCounts

__all__ = ["EffectRefused", "with_effect"]

AnyScenario = TypeVar("AnyScenario", bound=UncheckedScenario)

_EXACT: Final = 1e-12
_RATIOS: Final = frozenset({"precision", "f1"})
_PARTS: Final = (10**3, 10**6, 10**9, 2**40)  # into how many a row is cut at most: few if they do


class EffectRefused(InvalidInput):
    """An effect that these variants cannot have: the rule that it breaks, and the remedy."""

    def __init__(self, effect: float, rule: str, remedy: str) -> None:
        self.effect, self.rule, self.remedy = effect, rule, remedy
        super().__init__(f"effect = {effect:g}: {rule}. {remedy}")

    def __reduce__(self) -> tuple[type[EffectRefused], tuple[float, str, str]]:
        return type(self), (self.effect, self.rule, self.remedy)


def with_effect(scenario: AnyScenario, effect: float) -> AnyScenario:
    """The scenario whose candidate's true metric is the control's plus `effect`.

    Exact to 1e-12 of the metric, or of the mean reward; a classifier's scores are whole numbers of
    2**-30, so that its effect is met or exceeded by less than 1e-7, and a latency holds whole
    nanoseconds. At 0 both are exactly equal. A metric of requests is that of the service alone.

    Raises:
        EffectRefused: the effect cannot be reached.
    """
    objective = scenario.objective
    if objective.metric in OF_REQUESTS:
        return _served_otherwise(scenario, effect)
    qualities = [
        scenario.endpoint.variants[name].quality
        for name in (objective.control, objective.candidate)
    ]
    differing = [name for name, each in scenario.traffic.items() if each.quality]
    if differing and not isinstance(qualities[0], Success):
        rule = f"the answers to {differing[0]} are described by themselves, not as a success"
        raise EffectRefused(effect, rule, "Describe the world by `change`.")
    match qualities:
        case [Success() as control, Success()]:
            moved = _moved(scenario, effect, partial(shifted_success, control, effect))
            return _moved_by_segment(moved, effect) if differing else moved
        case [NumericReward() as control, NumericReward() as candidate]:
            return _moved(scenario, effect, partial(shifted_reward, control, effect, candidate))
        case [Classifier() as control, Classifier()]:
            return _separated(scenario, effect, control)
    return _mixed(scenario, effect)


def _moved(
    scenario: AnyScenario, effect: float, shifted: Callable[[], QualityProfile]
) -> AnyScenario:
    objective = scenario.objective
    try:
        quality = shifted()
    except ValueError:
        value = metric_of(scenario, objective.control)
        moved = value + effect
        rule = f"the control's {objective.metric} is {value:.6g}, and {moved:.6g} cannot be"
        raise EffectRefused(effect, rule, "Write an effect nearer to 0.") from None
    return with_variants(scenario, {objective.candidate: {"quality": quality}})


def _served_otherwise(scenario: AnyScenario, effect: float) -> AnyScenario:
    """The candidate with the control's latency, stretched as a whole, or its share of 5XX, moved.

    Of the service alone: waiting comes on top of it.
    """
    objective = scenario.objective
    control = scenario.endpoint.variants[objective.control]
    value = metric_of(scenario, objective.control)
    moved = float(Fraction(str(value)) + Fraction(str(effect)))
    is_latency = objective.metric in LATENCIES
    if not (moved > 0.0 if is_latency else 0.0 <= moved <= 1.0):
        rule = f"the control's {objective.metric} is {value:.6g}, and {moved:.6g} cannot be"
        raise EffectRefused(effect, rule, "Write an effect nearer to 0.")
    part: dict[str, Any] = {"error_rate": moved}
    if is_latency:
        latency = control.latency
        scale = latency.scale * moved / value
        part = {"latency": latency.model_copy(update={"scale": scale}) if effect else latency}
    return with_variants(scenario, {objective.candidate: part})


def _moved_by_segment(scenario: AnyScenario, effect: float) -> AnyScenario:
    """In each segment the control's success there, moved as it is elsewhere."""
    objective, traffic = scenario.objective, {}
    for name, segment in scenario.traffic.items():
        quality = {
            each: own for each, own in segment.quality.items() if each != objective.candidate
        }
        control = segment.quality.get(objective.control)
        if isinstance(control, Success):
            try:
                quality[objective.candidate] = shifted_success(control, effect)
            except ValueError:
                rule = f"the control's success with {name} moved by {effect:.6g} cannot be"
                raise EffectRefused(effect, rule, "Write an effect nearer to 0.") from None
        traffic[name] = segment.model_copy(update={"quality": quality})
    return scenario.model_copy(update={"traffic": traffic})


def _separated(scenario: AnyScenario, effect: float, control: Classifier) -> AnyScenario:
    """The control's classifier with its scores pulled apart, or together."""
    objective = scenario.objective
    found = log_odds_of(
        control.model_dump_json(), scenario.labels.positive_share, objective.metric, effect
    )
    if isinstance(found, Reach):
        how = "pulling the scores of the classes apart"
        raise _unreachable(scenario, effect, found.low, found.high, how)
    quality = shifted_classifier(control, found, apart=pulls_apart(objective.metric))
    return with_variants(scenario, {objective.candidate: {"quality": quality}})


def _mixed(scenario: AnyScenario, effect: float) -> AnyScenario:
    """Both columns of the joint table, each in the other's place in a share of the rows."""
    objective = scenario.objective
    if abs(_difference(scenario) - effect) <= _EXACT / 10:
        return scenario

    def made(share: Fraction) -> AnyScenario:
        names = (objective.control, objective.candidate)
        return with_mixed_columns(scenario, names, (1 - share, share))

    if effect == 0:
        return made(Fraction(1, 2))
    difference = _difference_by_share(made(Fraction(0)))
    reach = abs(difference(Fraction(0)))
    if isnan(reach) or abs(effect) > reach + _EXACT / 10:
        what = "exchanging the two columns in some of the rows"
        raise _unreachable(scenario, effect, -reach, reach, what)

    def excess(share: float | Fraction) -> float:
        return difference(Fraction(share)) - effect

    ends = [each for each in (0, 1) if abs(excess(each)) <= _EXACT / 10]
    share = ends[0] if ends else _root(excess, 0.0, 1.0)
    cuts = [Fraction(share).limit_denominator(parts) for parts in _PARTS]
    return made(next((cut for cut in cuts if abs(excess(cut)) <= _EXACT / 10), cuts[-1]))


def _difference_by_share(scenario: UncheckedScenario) -> Callable[[Fraction], float]:
    """Candidate minus control, by the share of rows in which their columns change places.

    A mean over rows is a straight line in the share, and so is the difference of two areas under
    the curve: both are the same quadratic form, read from either end. Ratios of counts are not.
    """
    metric = scenario.objective.metric
    if metric not in _RATIOS:
        described = _difference(scenario)
        return lambda share: described * float(1 - 2 * share)
    control, candidate = (
        truth_of(scenario.sampler(scenario.endpoint.variants[name].quality)).confusion
        for name in (scenario.objective.control, scenario.objective.candidate)
    )
    assert control is not None
    assert candidate is not None

    def difference(share: Fraction) -> float:
        there, back = share.numerator, share.denominator - share.numerator
        one, other = (
            METRICS[metric](
                ConfusionCounts(*(back * own + there * its for own, its in zip(*pair, strict=True)))
            )
            for pair in ((candidate, control), (control, candidate))
        )
        return one - other

    return difference


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(excess, low, high, xtol=1e-15, rtol=1e-15))


def _difference(scenario: UncheckedScenario) -> float:
    objective = scenario.objective
    return metric_of(scenario, objective.candidate) - metric_of(scenario, objective.control)


def _unreachable(
    scenario: UncheckedScenario, effect: float, low: float, high: float, how: str
) -> EffectRefused:
    metric = scenario.objective.metric
    if isnan(low) or isnan(high) or low == high:
        rule = f"{how} makes no difference to {metric} here"
        remedy = "Describe the candidate's quality by `change` instead."
    else:
        rule = f"{how} makes differences of {metric} from {low:.6g} to {high:.6g} only"
        remedy = "Write one of these, or describe the candidate's quality by `change` instead."
    return EffectRefused(effect, rule, remedy)
