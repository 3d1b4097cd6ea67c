"""How good tests over users are, and tests that adjust by what users did before."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simab.explain.evidence import Evidence, labelled_per_hour, labels_ratio, labels_until
from simab.explain.remembering_text import blurs
from simab.explain.users_forecast import forecast_of_users
from simab.policies import Policy
from simab.policies.policy import SingleTest, labels_of_both
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS
from simab.stats.proportions import power_two_proportions
from simab.text.lists import named
from simab.text.numbers import counted, number_text, percent_text, two_figures

__all__ = ["user_power_sentences"]


def user_power_sentences(scenario: Scenario, base: float, evidence: Evidence) -> Iterator[str]:
    """Of tests of correct answers that look once, by user or adjusted; `base`: the control's."""
    objective = scenario.objective
    if objective.metric not in ("accuracy", "success_rate") or objective.several:
        return
    if scenario.endpoint.assigns_sessions or blurs(scenario):
        return  # how far sums over users stray, or what they show, is not known then
    for name, policy in scenario.policies.items():
        rates = _rates(scenario, policy)
        if min(rates) <= 0:
            continue
        test = policy.test_of_users(labels_ratio(*rates))
        if test is not None:
            effect = evidence.smallest_effect.difference
            yield from _of_one(scenario, name, (test, rates), (base, base + effect))


def _of_one(
    scenario: Scenario,
    name: str,
    tested: tuple[SingleTest, tuple[float, float]],
    shares: tuple[float, float],
) -> Iterator[str]:
    (test, rates), policy = tested, scenario.policies[name]
    once = (
        f"{named(name)} tests once, at {counted(test.labelled_requests, 'labelled request')} of "
        "the variant that gets fewer"
    )
    pre_period_ns = getattr(policy, "pre_period", None) or 0
    left_ns = max(scenario.horizon - pre_period_ns, 0)
    immature = getattr(policy, "immature", None)
    if labels_until(scenario, min(rates), left_ns, immature) < test.labelled_requests:
        yield f"{once}, which do not come before the horizon at the starting split."
        return
    everybody = math.fsum(labelled_per_hour(scenario, immature).values())
    both = labels_of_both(test.labelled_requests, labels_ratio(*rates))
    forecast = forecast_of_users(
        scenario,
        both * everybody / math.fsum(rates),
        everybody * pre_period_ns / HOUR_NS,
        kept=scenario.endpoint.assigns_clients,
    )
    by_request = getattr(policy, "unit", "request") == "request"
    kept = scenario.endpoint.assigns_clients
    if forecast is None or (by_request and kept and forecast.design_effect > 1.0):
        return  # nothing is known of its users, or a warning says how often it errs
    worth = 1.0 / (forecast.design_effect * (forecast.left if pre_period_ns else 1.0))
    says = (
        f"{once}, which say as much as {number_text(two_figures(worth * test.labelled_requests))}"
    )
    says += " independent ones"
    if pre_period_ns:
        says += (
            f": what users did in pre_period is correlated with the metric by "
            f"{two_figures(forecast.correlation):g}, and adjusting leaves "
            f"{percent_text(two_figures(forecast.left))} of the variance"
        )
    elif forecast.design_effect > 1.0:
        says += f", for users differ (design effect {two_figures(forecast.design_effect):g})"
    trials = _trials(test.labelled_requests, labels_ratio(*rates), worth)
    power = power_two_proportions(*shares, *trials, alpha=test.alpha)
    yield f"{says}; it would see that smallest difference with probability about {power:.2f}."


def _rates(scenario: Scenario, policy: Policy) -> tuple[float, float]:
    """Labels an hour of control and candidate."""
    labels = labelled_per_hour(scenario, getattr(policy, "immature", None))
    return labels[scenario.objective.control], labels[scenario.objective.candidate]


def _trials(labelled: int, ratio: float, worth: float) -> tuple[int, int]:
    """Independent requests of control and candidate that say as much."""
    fewer = max(round(labelled * worth), 1)
    return round(fewer / min(ratio, 1.0)), round(fewer * max(ratio, 1.0))
