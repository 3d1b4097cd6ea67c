"""How far a test by request errs where routing keeps users with a variant, and they differ.

Of variants whose answers are successes or rewards. With values x of mean R and variance S, and
users of means mu_i who send m_i labelled requests on average, independently of each other, the
variance of the mean of N requests is 1 + sum m_i^2 (mu_i - R)^2 / (N S) times that of N independent
ones: the design effect. Of a success S is R (1 - R).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from simab.explain.tested_sample import TestedSample, tested_sample
from simab.explain.user_values import values_under_control
from simab.explain.users_forecast import effect_when_adjusted_by_request
from simab.policies import Policy
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.rates import mean_rate_per_s
from simab.stats.design_effect import naive_false_promotion
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = ["effect_of_users", "finer_than_users"]

_MATTERS = 1.1
"""A design effect from which something is said: 1 of 40 promotions becomes 1 of 32."""


def finer_than_users(scenario: Scenario) -> Iterator[str]:
    """Rules that take requests for draws of their own where users are what is drawn."""
    if not scenario.endpoint.assigns_clients:
        return
    found: dict[TestedSample, list[str]] = {}
    for name, policy in scenario.policies.items():
        sample = None if _caps(policy) else tested_sample(scenario, policy)
        if sample is not None:
            found.setdefault(sample, []).append(name)
    for sample, names in found.items():
        effect = _effect(scenario, sample)
        if not effect >= _MATTERS:
            continue
        tests, has = ("tests", "It has") if len(names) == 1 else ("test", "They have")
        segments = f" of {listed([*map(named, sample.triggered)])}" if sample.triggered else ""
        adjusted = ", adjusted," if sample.of_before else ""
        remedy = "Write `unit: user`"
        if not sample.has_unit:
            remedy = f"{has} no `unit`: decide by an experiment that has, or draw for each request"
        yield (
            f"{listed([*map(named, names)])} {tests} each request as a draw of its own, and "
            f"{scenario.endpoint.variant_routing} keeps users with a variant, who differ. With "
            f"{number_text(sample.labels)} labelled requests of both{segments}, {sample.when}, the "
            f"variance{adjusted} is about {two_figures(effect):g} times what it is taken for"
            f"{_called_better(sample, effect)}. {remedy}."
        )


def _effect(scenario: Scenario, sample: TestedSample) -> float:
    """Of the difference that is tested, which a pre-period may have adjusted."""
    if not sample.of_before:
        return effect_of_users(scenario, sample.of_all, sample.triggered)
    return effect_when_adjusted_by_request(
        scenario, sample.of_all, sample.of_before, sample.triggered
    )


def _caps(policy: Policy) -> bool:
    """Whether large rewards count for less, which makes users more alike than is known here."""
    rule = getattr(policy, "experiment", policy)
    return any(getattr(rule, name, None) is not None for name in ("cap", "cap_percentile"))


def _called_better(sample: TestedSample, effect: float) -> str:
    """How often an equal candidate is, of what is meant; nothing where no level is stated."""
    if sample.alpha is None:
        return ""
    meant = sample.alpha / 2.0 if sample.two_sided else sample.alpha
    if meant >= 0.5:
        return ""
    share = two_figures(naive_false_promotion(effect, alpha=2.0 * meant))
    one_sided = "" if sample.two_sided else "one-sided "
    return (
        f": a {one_sided}z-test at alpha {sample.alpha:.3g} calls an equal candidate better in "
        f"{percent_text(share)} of the runs, at one look, not in {percent_text(two_figures(meant))}"
    )


def effect_of_users(scenario: Scenario, labels: float, triggered: Collection[str] = ()) -> float:
    """The design effect of so many labelled requests of all users; 1 where users are alike.

    Of two variants that both answer as the control does, of the `triggered` segments alone if there
    are any. NaN where its answers are neither successes nor rewards, or a trace says who asks.
    """
    segments = [each for each in _tested(scenario, triggered).values() if each.labelled]
    rates = [mean_rate_per_s(scenario, each) for each in segments]
    whole = math.fsum(rates)
    values = [values_under_control(scenario, each) for each in segments]
    if not whole or any(each.trace is not None for each in segments) or None in values:
        return math.nan
    parts = [
        (rate / whole, own, segment)
        for rate, own, segment in zip(rates, values, segments, strict=True)
        if own is not None
    ]
    mean = math.fsum(part * own.mean for part, own, _ in parts)
    variance = math.fsum(part * own.mean_square for part, own, _ in parts) - mean**2
    between = math.fsum(
        part**2
        * segment.activity.concentration(segment.clients)
        * ((own.mean - mean) ** 2 + own.between)
        for part, own, segment in parts
    )
    return 1.0 + labels * between / variance if variance > 0.0 else 1.0


def _tested(scenario: Scenario, triggered: Collection[str]) -> dict[str, Segment]:
    """The segments whose requests a rule tests."""
    return {
        name: each for name, each in scenario.traffic.items() if not triggered or name in triggered
    }
