"""Warnings of labels, and of ways of counting them, that show a difference which is not there.

Said of variants of quality success alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

from simab import units
from simab.explain.evidence import labelled_per_hour, labels_ratio
from simab.explain.label_arrival import arrival_law, positive_share
from simab.explain.recorded_shares import recorded_of, shown_share
from simab.policies.immature import AsArrived, Immature, Wait, Window
from simab.profiles.quality import Success
from simab.scenario.models import Scenario
from simab.scenario.rates import HOUR_NS
from simab.scenario.rules.qualities import qualities_of_roles
from simab.text.durations import duration_text
from simab.text.lists import listed, named
from simab.text.numbers import two_figures

__all__ = ["misled_policies", "recorded_otherwise", "shown_otherwise"]

_MATTERS: Final = 0.05
"""A bias from which something is said, as a part of the smallest effect."""
_HALVINGS: Final = 40


def recorded_otherwise(scenario: Scenario) -> Iterator[str]:
    """A difference that labels show although it is not there, however many have come."""
    if not _converts(scenario):
        return
    names = _roles(scenario)
    for immature, rules in _ways(scenario).items():
        if isinstance(immature, Window):
            continue
        control, candidate = (recorded_of(scenario, name, immature) for name in names)
        bias = candidate.recorded - control.recorded - (candidate.true - control.true)
        if not _matters(scenario, bias):
            continue
        # A label counts as it comes for whoever has nothing else to say of it.
        whose = f"Labels as {listed(rules)} {_counts(rules, immature)}" if immature else "Labels"
        yield (
            f"{whose} make {named(names[1])} look {_points(bias)} against {named(names[0])} than "
            f"it is, however many have come: they say {_share(control.recorded)} and "
            f"{_share(candidate.recorded)}, where {_share(control.true)} and "
            f"{_share(candidate.true)} are true. Lengthen labels.attribution_window, or lower what "
            "differs between the two of never and wrong."
        )


def shown_otherwise(scenario: Scenario) -> Iterator[str]:
    """What a rule is shown by its way of counting young requests, or asks in place of the metric.

    Of two variants that are both as good as the control, at the first look at which the rule has
    the labels that it waits for.
    """
    for immature, rules in _misleading(scenario).items():
        if isinstance(immature, Window):
            yield _other_question(scenario, immature, rules)
            continue
        until_ns, bias = min(rules.values())
        control, candidate = _roles(scenario)
        when = duration_text(units.seconds(until_ns))
        yield (
            f"{listed([*map(named, rules)])} {_counts([*rules], immature)}: of two equal variants "
            f"{named(candidate)} looks {_points(bias)} than {named(control)} after {when}, as "
            "their labels come at different times. Write `immature: {kind: wait}` with the whole "
            "attribution window."
        )


def misled_policies(scenario: Scenario) -> set[str]:
    """The rules that are warned of for their way of counting."""
    return {name for rules in _misleading(scenario).values() for name in rules}


def _misleading(scenario: Scenario) -> dict[Immature | None, dict[str, tuple[int, float]]]:
    """By ways of counting, rules with their first look and the bias that they are shown there."""
    found: dict[Immature | None, dict[str, tuple[int, float]]] = {}
    if not _converts(scenario):
        return found
    equal = positive_share(scenario, scenario.objective.control)
    for name, policy in scenario.policies.items():
        if not hasattr(policy, "immature"):
            continue
        immature, until_ns = policy.immature, _first_look_ns(scenario, name)
        if isinstance(immature, Window):
            bias = _difference(scenario, immature, None, math.inf)
        else:
            shown = _difference(scenario, immature, equal, until_ns)
            bias = shown - _difference(scenario, immature, equal, math.inf)
        if _matters(scenario, bias):
            found.setdefault(immature, {})[name] = until_ns, bias
    return found


def _difference(
    scenario: Scenario, immature: Immature | None, equal: float | None, until_ns: float
) -> float:
    """Of the candidate from the control, as shown of both; less the true one, or of equal ones."""
    roles = _roles(scenario)
    own = [positive_share(scenario, name) for name in roles]
    true = own if equal is None else [equal, equal]
    control, candidate = (
        shown_share(scenario, name, share, immature, until_ns)
        for name, share in zip(roles, true, strict=True)
    )
    return candidate - control - (true[1] - true[0])


def _first_look_ns(scenario: Scenario, name: str) -> int:
    """When a rule is expected to have the labels that it waits for; the end of a run at most."""
    policy, roles = scenario.policies[name], _roles(scenario)
    immature = getattr(policy, "immature", None)
    labels = labelled_per_hour(scenario, immature)
    needed = policy.labels_needed(labels_ratio(*(labels[each] for each in roles)))
    a_ns, law = min(labels[each] for each in roles) / HOUR_NS, arrival_law(scenario, immature)
    low, high = 0, scenario.horizon
    if not needed or a_ns * law.mean_shortfall(high) < needed:
        return high
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        enough = a_ns * law.mean_shortfall(middle) >= needed
        low, high = (low, middle) if enough else (middle, high)
    return high


def _other_question(
    scenario: Scenario, immature: Window, rules: Mapping[str, tuple[int, float]]
) -> str:
    within = units.format_duration(immature.within)
    roles = _roles(scenario)
    shown = [recorded_of(scenario, name, immature) for name in roles]
    each = [
        f"{_share(found.recorded)} of {named(name)}"
        for name, found in zip(roles, shown, strict=True)
    ]
    true = [_share(found.true) for found in shown]
    verb = "asks" if len(rules) == 1 else "ask"
    return (
        f"{listed([*map(named, rules)])} {verb} another question than "
        f"{scenario.objective.metric}: who is recorded as positive within {within}, {each[0]} and "
        f"{each[1]}, where {true[0]} and {true[1]} are positive in all. Lengthen `within` if that "
        "is not what is meant."
    )


def _ways(scenario: Scenario) -> dict[Immature | None, list[str]]:
    """How labels are counted, with the rules that do; those that take each label as it comes first.

    To wait, or to count labels as they arrive, comes to the same in the end.
    """
    found: dict[Immature | None, list[str]] = {}
    for name, policy in scenario.policies.items():
        immature = getattr(policy, "immature", None)
        key = None if isinstance(immature, AsArrived | Wait) else immature
        found.setdefault(key, []).append(named(name))
    return dict(sorted(found.items(), key=lambda item: item[0] is not None))


def _counts(rules: list[str], immature: Immature | None) -> str:
    """How rules count, as it follows their names."""
    verb = "counts" if len(rules) == 1 else "count"
    kind = immature.kind if immature is not None else "as_arrived"
    law = " by the control's law" if getattr(immature, "law", "") == "control" else ""
    return f"{verb} labels by `{kind}`{law}"


def _converts(scenario: Scenario) -> bool:
    return all(isinstance(each, Success) for each in qualities_of_roles(scenario))


def _roles(scenario: Scenario) -> tuple[str, str]:
    return scenario.objective.control, scenario.objective.candidate


def _matters(scenario: Scenario, bias: float) -> bool:
    return abs(bias) >= _MATTERS * scenario.objective.smallest_effect  # NaN never is


def _points(bias: float) -> str:
    return f"{100 * two_figures(abs(bias)):g} points {'better' if bias > 0 else 'worse'}"


def _share(share: float) -> str:
    return f"{100 * share:.4g} %"
