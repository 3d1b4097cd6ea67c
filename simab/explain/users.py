"""How far a test by request errs where routing keeps users with a variant, and they differ.

Of variants of quality success. With propensities p_i of users who send m_i labelled requests on
average, independently of each other, the variance of a share R of N requests is
1 + sum m_i^2 (p_i - R)^2 / (N R (1 - R)) times that of N independent ones: the design effect.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from simab.explain.evidence import labelled_per_hour, labels_ratio, labels_until
from simab.policies import Policy
from simab.profiles.quality import Success
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.rates import mean_rate_per_s
from simab.stats.design_effect import naive_false_promotion
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures
from simab.units import seconds

__all__ = ["effect_of_users", "finer_than_users"]

_MATTERS = 1.1
"""A design effect from which something is said: 1 of 40 promotions becomes 1 of 32."""


def finer_than_users(scenario: Scenario) -> Iterator[str]:
    """Rules that take requests for draws of their own where users are what is drawn."""
    if not scenario.endpoint.assigns_clients:
        return
    found: dict[_Sample, list[str]] = {}
    for name, policy in scenario.policies.items():
        sample = _sample_of(scenario, policy)
        if sample is not None:
            found.setdefault(sample, []).append(name)
    for sample, names in found.items():
        effect = effect_of_users(scenario, sample.labels)
        if not effect >= _MATTERS:
            continue
        tests = "tests" if len(names) == 1 else "test"
        yield (
            f"{listed([*map(named, names)])} {tests} each request as a draw of its own, and "
            f"{scenario.endpoint.variant_routing} keeps users with a variant, who differ. With "
            f"{number_text(sample.labels)} labelled requests of both, {sample.when}, the variance "
            f"is about {two_figures(effect):g} times what it is taken for"
            f"{_called_better(sample, effect)}. Write `unit: user` where the rule has it."
        )


class _Sample(NamedTuple):
    """Labelled requests of both, when a rule tests them, and at which level."""

    labels: int
    when: str
    alpha: float | None
    two_sided: bool


def _called_better(sample: _Sample, effect: float) -> str:
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


def effect_of_users(scenario: Scenario, labels: float) -> float:
    """The design effect of so many labelled requests of both variants; 1 where users are alike.

    Of two variants that both answer as the control does. NaN where its answers are not of quality
    success, or a trace says who asks, or some users leave.
    """
    segments = [each for each in scenario.traffic.values() if each.labelled]
    rates = [mean_rate_per_s(scenario, each) for each in segments]
    whole = math.fsum(rates)
    shares = [_share_of_success(scenario, each) for each in segments]
    unknown = any(each.trace is not None or each.opt_out for each in segments)
    if not whole or unknown or None in shares:
        return math.nan
    parts = [
        (rate / whole, share, segment)
        for rate, share, segment in zip(rates, shares, segments, strict=True)
        if share is not None
    ]
    ratio = math.fsum(part * share for part, share, _ in parts)
    between = math.fsum(
        part**2
        * segment.activity.concentration(segment.clients)
        * ((share - ratio) ** 2 + _variance(segment, share))
        for part, share, segment in parts
    )
    return 1.0 + labels * between / (ratio * (1.0 - ratio)) if 0.0 < ratio < 1.0 else 1.0


def _share_of_success(scenario: Scenario, segment: Segment) -> float | None:
    control = scenario.objective.control
    quality = segment.quality.get(control, scenario.endpoint.variants[control].quality)
    return quality.probability if isinstance(quality, Success) else None


def _variance(segment: Segment, share: float) -> float:
    """Of the propensities of a segment's users about their mean."""
    propensities = getattr(segment, "propensities", None)
    law = None if propensities is None else propensities.probability
    return 0.0 if law is None else float(law.intraclass_correlation * share * (1.0 - share))


def _sample_of(scenario: Scenario, policy: Policy) -> _Sample | None:
    """What a rule tests by request; what comes by its end, or by the horizon, if that is less."""
    objective, immature = scenario.objective, getattr(policy, "immature", None)
    rates = labelled_per_hour(scenario, immature)
    control, candidate = rates[objective.control], rates[objective.candidate]
    rule = policy.one_of(len(objective.every_candidate))
    test = rule.request_test(labels_ratio(control, candidate))
    if test is None:
        return None
    ends, when = scenario.horizon, "by the horizon"
    if test.at_ns is not None and test.at_ns <= ends:
        ends, when = test.at_ns, f"after {duration_text(seconds(test.at_ns))}"
    both = control + candidate
    if test.in_turns:  # two at a time have what all have together
        both = math.fsum(rates[name] for name in (objective.control, *objective.every_candidate))
    in_all = round(labels_until(scenario, both, ends, immature))
    if 0 < test.labelled_requests <= in_all:
        in_all, when = test.labelled_requests, f"at the {test.look} look"
    return _Sample(in_all, when, test.alpha, test.two_sided)
