"""How far a test errs that is by a finer unit than what routing draws, of users who differ.

Of variants whose answers are successes or rewards. With values x of mean R and variance S, and
users of means mu_i who send m_i labelled requests on average, independently of each other, the
variance of the mean of N requests is 1 + sum m_i^2 (mu_i - R)^2 / (N S) times that of N independent
ones: the design effect. Of a success S is R (1 - R). Where the requests come in sessions, each with
s others of its own on average, s (mu_i - R)^2 / S come on top of it, as the mean over requests, and
where sessions are drawn this is all. A test by session takes that into account, and errs by what is
left.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import Literal, TypeAlias

from simab.explain.recorded_shares import recorded_of
from simab.explain.tested_sample import TestedSample, tested_sample
from simab.explain.user_values import values_under_control
from simab.explain.users_forecast import effect_when_adjusted_by_request
from simab.policies import Policy
from simab.policies.policy import FineUnit
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.rates import mean_rate_per_s
from simab.stats.design_effect import naive_false_promotion
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = ["effect_of_users", "finer_than_users", "misled_by_users"]

Drawn: TypeAlias = Literal["session", "user"]
_MATTERS = 1.1
"""A design effect from which something is said: 1 of 40 promotions becomes 1 of 32."""


def finer_than_users(scenario: Scenario) -> Iterator[str]:
    """Rules that take for draws what is finer than routing draws: requests, or sessions."""
    for unit, drawn in _finer_units(scenario):
        for sample, (names, effect) in _misled(scenario, unit, drawn).items():
            yield _finer_than(scenario, sample, names, effect, (unit, drawn))


def misled_by_users(scenario: Scenario) -> set[str]:
    """The rules that are warned of for their unit."""
    return {
        name
        for unit, drawn in _finer_units(scenario)
        for names, _ in _misled(scenario, unit, drawn).values()
        for name in names
    }


def _finer_units(scenario: Scenario) -> Iterator[tuple[FineUnit, Drawn]]:
    """The units of a test that are finer than what routing draws, which stands beside them."""
    if scenario.endpoint.assigns_sessions:
        yield "request", "session"
    if scenario.endpoint.assigns_clients:
        yield "request", "user"
        yield "session", "user"


def _misled(
    scenario: Scenario, unit: FineUnit, drawn: Drawn
) -> dict[TestedSample, tuple[list[str], float]]:
    """By samples, the rules that test them by `unit`, and a design effect that matters."""
    found: dict[TestedSample, list[str]] = {}
    for name, policy in scenario.policies.items():
        sample = None if _changes_values(policy) else tested_sample(scenario, policy, unit)
        if sample is not None:
            found.setdefault(sample, []).append(name)
    effects = {sample: _effect(scenario, sample, unit, drawn) for sample in found}
    return {
        sample: (names, effects[sample])
        for sample, names in found.items()
        if effects[sample] >= _MATTERS
    }


def _finer_than(
    scenario: Scenario,
    sample: TestedSample,
    names: list[str],
    effect: float,
    units: tuple[FineUnit, Drawn],
) -> str:
    unit, drawn = units
    kept = (
        "users with a variant, who" if drawn == "user" else "sessions with a variant, whose users"
    )
    tests = "tests" if len(names) == 1 else "test"
    segments = f" of {listed([*map(named, sample.triggered)])}" if sample.triggered else ""
    adjusted = ", adjusted," if sample.of_before else ""
    return (
        f"{listed([*map(named, names)])} {tests} each {unit} as a draw of its own, and "
        f"{scenario.endpoint.variant_routing} keeps {kept} differ. With "
        f"{number_text(sample.labels)} labelled requests of both{segments}, {sample.when}, the "
        f"variance{adjusted} is about {two_figures(effect):g} times what it is taken for"
        f"{_called_better(sample, effect)}. Write `unit: {drawn}` where the rule has it."
    )


def _effect(scenario: Scenario, sample: TestedSample, unit: FineUnit, drawn: Drawn) -> float:
    """Of the difference that is tested; NaN of sessions that a pre-period has adjusted."""
    labels, triggered = sample.of_all, sample.triggered
    if not sample.of_before:
        return effect_of_users(scenario, labels, triggered, unit=unit, drawn=drawn)
    if (unit, drawn) != ("request", "user"):
        return math.nan
    return effect_when_adjusted_by_request(scenario, labels, sample.of_before, triggered)


def _changes_values(policy: Policy) -> bool:
    """Whether large rewards count for less, which makes users more alike than is known here."""
    rule, fields = getattr(policy, "experiment", policy), ("cap", "cap_percentile", "transform")
    return any(getattr(rule, name, None) is not None for name in fields)


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


def effect_of_users(
    scenario: Scenario,
    labels: float,
    triggered: Collection[str] = (),
    *,
    unit: FineUnit = "request",
    drawn: Drawn = "user",
) -> float:
    """By how much the variance is larger than a test by `unit` takes it for; 1 of users alike.

    Of so many labelled requests of all users, to two variants that both answer as the control does;
    of the `triggered` segments alone if there are any. Sessions are taken for whole. NaN where its
    answers are neither successes nor rewards, or a trace says who asks, or some users leave.
    """
    segments = [each for each in _tested(scenario, triggered).values() if each.labelled]
    rates = [mean_rate_per_s(scenario, each) for each in segments]
    whole = math.fsum(rates)
    values = [values_under_control(scenario, each) for each in segments]
    unknown = any(each.trace is not None or each.opt_out for each in segments)
    if not whole or unknown or None in values:
        return math.nan
    parts = [
        (rate / whole, own, segment)
        for rate, own, segment in zip(rates, values, segments, strict=True)
        if own is not None
    ]
    mean = math.fsum(part * own.mean for part, own, _ in parts)
    variance = math.fsum(part * own.mean_square for part, own, _ in parts) - mean**2
    if not variance > 0.0:
        return 1.0
    recorded = recorded_of(scenario, scenario.objective.control, None).labelled
    of_users = of_sessions = 0.0
    for part, own, segment in parts:
        spread = (own.mean - mean) ** 2 + own.between
        of_users += part**2 * segment.activity.concentration(segment.clients) * spread
        if segment.sessions is not None:
            of_sessions += part * recorded * segment.sessions.requests_beside * spread
    by_session = 1.0 + of_sessions / variance
    whole_effect = by_session + (labels * of_users / variance if drawn == "user" else 0.0)
    return whole_effect / (by_session if unit == "session" else 1.0)


def _tested(scenario: Scenario, triggered: Collection[str]) -> dict[str, Segment]:
    """The segments whose requests a rule tests."""
    return {
        name: each for name, each in scenario.traffic.items() if not triggered or name in triggered
    }
