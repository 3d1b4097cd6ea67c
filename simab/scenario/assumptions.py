"""The assumptions of a scenario that nobody is sure of, each halved and doubled, one at a time.

What cannot be halved or doubled, as a share of 60 % or a delay of 0, is named with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from simab import units
from simab.documents.violations import field_name
from simab.errors import InvalidInput, InvalidScenario
from simab.profiles.durations import Constant, Lognormal
from simab.scenario.changes import with_changes, with_effect
from simab.scenario.changes.variants import metric_of
from simab.scenario.models import Scenario

__all__ = ["DOUBLED", "HALVED", "ChangedAssumption", "KeptAssumption", "changed_assumptions"]

HALVED: Final = "halved"
DOUBLED: Final = "doubled"
_FACTORS: Final = {HALVED: Fraction(1, 2), DOUBLED: Fraction(2)}


@dataclass(frozen=True, slots=True)
class ChangedAssumption:
    """A scenario in which one assumption is halved or doubled; `becomes` has the fields changed."""

    assumption: str
    change: str
    was: Mapping[str, Any]
    becomes: Mapping[str, Any]
    scenario: Scenario

    @property
    def name(self) -> str:
        """What is changed, in words: "label delay doubled"."""
        return f"{self.assumption} {self.change}"


@dataclass(frozen=True, slots=True)
class KeptAssumption:
    """An assumption that cannot be halved, or doubled, and why."""

    assumption: str
    change: str
    reason: str


class _Kept(Exception):
    """Why an assumption stays; the argument is the reason."""


def changed_assumptions(scenario: Scenario) -> Iterator[ChangedAssumption | KeptAssumption]:
    """Each assumption halved and doubled, in the order of the file; policies stay as they are.

    The worlds and requirements of the file are kept: they are judged in the changed scenario.
    """
    for assumption, values in _ASSUMPTIONS.items():
        for change, factor in _FACTORS.items():
            try:
                was, becomes = values(scenario, factor)
                made = _made(scenario, becomes)
            except _Kept as kept:
                yield KeptAssumption(assumption, change, str(kept))
            else:
                yield ChangedAssumption(assumption, change, was, becomes, made)


def _made(scenario: Scenario, becomes: Mapping[str, Any]) -> Scenario:
    try:
        if "effect" in becomes:
            return with_effect(scenario, becomes["effect"])
        return with_changes(scenario, becomes)
    except InvalidScenario as refused:
        first = refused.problems[0]
        raise _Kept(f"{first.field} = {first.value}: {first.rule}") from None
    except InvalidInput as refused:
        raise _Kept(str(refused).partition(". ")[0]) from None


Values = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Fields by their path as they are, and as they become."""


def _scaled(was: Mapping[str, float], factor: Fraction, what: str) -> Values:
    """Numbers times the factor; those at 0 stay, and if all are there is nothing to change."""
    moved = {path: value for path, value in was.items() if value}
    if not moved:
        raise _Kept(f"{what} is 0")
    return moved, {path: float(Fraction(str(value)) * factor) for path, value in moved.items()}


def _whole(was: Mapping[str, int], factor: Fraction, what: str) -> Values:
    becomes = {path: value * factor for path, value in was.items()}
    for path, value in becomes.items():
        if value.denominator > 1:
            raise _Kept(f"{was[path]} {what} cannot be halved")
    return was, {path: int(value) for path, value in becomes.items()}


def _durations(was_ns: Mapping[str, int], factor: Fraction, what: str) -> Values:
    moved = {path: value for path, value in was_ns.items() if value}
    if not moved:
        raise _Kept(f"{what} is 0")
    return (
        {path: units.format_duration(value) for path, value in moved.items()},
        {path: units.format_duration(round(value * factor)) for path, value in moved.items()},
    )


def _variants(scenario: Scenario, *fields: str) -> dict[str, str]:
    """The path of a field of each variant."""
    return {
        name: field_name(("endpoint", "variants", name, *fields))
        for name in scenario.endpoint.variants
    }


def _traffic(scenario: Scenario, factor: Fraction) -> Values:
    was = {
        field_name(("traffic", name, "rate")): each.rate
        for name, each in scenario.traffic.items()
        if each.rate
    }
    speeds = {
        field_name(("traffic", name, "trace", "speed")): each.trace.speed
        for name, each in scenario.traffic.items()
        if each.trace is not None
    }
    _, becomes = _scaled(was | speeds, factor, "the rate")
    written = units.format_rate
    return (
        {path: written(value) for path, value in was.items()} | speeds,
        {path: written(each) if path in was else each for path, each in becomes.items()},
    )


def _clients(scenario: Scenario, factor: Fraction) -> Values:
    by_client = scenario.endpoint.assigns_clients
    by_client = by_client or scenario.objective.count_clients
    if not by_client and not any(
        getattr(policy, "session_affinity", False) for policy in scenario.policies.values()
    ):
        raise _Kept("no request finds its variant by its client, and clients are not counted")
    was = {
        field_name(("traffic", name, "clients")): each.clients
        for name, each in scenario.traffic.items()
    }
    return _whole(was, factor, "clients")


def _label_delay(scenario: Scenario, factor: Fraction) -> Values:
    was = {
        ".".join(("labels", *path, "scale")): delay.scale
        for path, delay in scenario.labels.delays()
        if not (isinstance(delay, Constant) and not delay.value)
    }
    if not was:
        raise _Kept("labels come without delay")
    return _scaled(was, factor, "the delay")


def _never_labelled(scenario: Scenario, factor: Fraction) -> Values:
    return _share({"labels.never": scenario.labels.never}, factor, "the share without a label")


def _positives(scenario: Scenario, factor: Fraction) -> Values:
    if scenario.labels.positive_share is None:
        raise _Kept("no model here has labels of 0 and 1")
    was = {"labels.positive_share": scenario.labels.positive_share}
    return _share(was, factor, "the share of positives")


def _share(was: Mapping[str, float], factor: Fraction, what: str) -> Values:
    moved, becomes = _scaled(was, factor, what)
    for path, value in becomes.items():
        if value >= 1:
            raise _Kept(f"{what} is {100 * was[path]:g} %, and twice that is not below 100 %")
    return moved, becomes


def _publication(scenario: Scenario, factor: Fraction) -> Values:
    was = {"metrics.publication_delay": scenario.metrics.publication_delay}
    return _durations(was, factor, "the delay")


def _weight_update(scenario: Scenario, factor: Fraction) -> Values:
    was = {"endpoint.weight_update": scenario.endpoint.weight_update}
    return _durations(was, factor, "the time")


def _provisioning(scenario: Scenario, factor: Fraction) -> Values:
    candidate = scenario.objective.candidate
    if not any(policy.adds_candidate(candidate) for policy in scenario.policies.values()):
        raise _Kept("no policy deploys anything")
    was = {"endpoint.provisioning": scenario.endpoint.provisioning}
    return _durations(was, factor, "the time")


def _latency(scenario: Scenario, factor: Fraction) -> Values:
    paths = _variants(scenario, "latency", "scale")
    was = {paths[name]: each.latency.scale for name, each in scenario.endpoint.variants.items()}
    return _scaled(was, factor, "the latency")


def _spread(scenario: Scenario, factor: Fraction) -> Values:
    """Of a lognormal the standard deviation of its logarithm, or its cv; of others their cv."""
    was: dict[str, Any] = {}
    becomes: dict[str, Any] = {}
    for name, variant in scenario.endpoint.variants.items():
        latency, paths = variant.latency, _variants(scenario, "latency")
        if isinstance(latency, Lognormal) and latency.median and latency.p99:
            log = math.log(latency.p99 / latency.median) * float(factor)
            path = f"{paths[name]}.p99"
            was[path] = units.format_duration(latency.p99)
            becomes[path] = units.format_duration(round(latency.median * math.exp(log)))
        elif cv := getattr(latency, "cv", None):
            was[f"{paths[name]}.cv"] = cv
            becomes[f"{paths[name]}.cv"] = float(Fraction(str(cv)) * factor)
    if not was:
        kinds = {variant.latency.kind for variant in scenario.endpoint.variants.values()}
        raise _Kept(f"a latency of kind {', '.join(sorted(kinds))} has no spread of its own")
    return was, becomes


def _errors(scenario: Scenario, factor: Fraction) -> Values:
    paths = _variants(scenario, "error_rate")
    was = {paths[name]: each.error_rate for name, each in scenario.endpoint.variants.items()}
    return _share(was, factor, "the error rate")


def _workers(scenario: Scenario, factor: Fraction) -> Values:
    paths = _variants(scenario, "workers")
    was = {paths[name]: each.workers for name, each in scenario.endpoint.variants.items()}
    return _whole(was, factor, "worker" if 1 in was.values() else "workers")


def _effect(scenario: Scenario, factor: Fraction) -> Values:
    objective = scenario.objective
    gain = metric_of(scenario, objective.candidate) - metric_of(scenario, objective.control)
    if math.isnan(gain):
        raise _Kept(f"the {objective.metric} of one of them is not defined")
    rounded = round(gain, 12)
    return _scaled({"effect": rounded}, factor, "the effect")


_ASSUMPTIONS: Final[Mapping[str, Callable[[Scenario, Fraction], Values]]] = {
    "traffic": _traffic,
    "clients": _clients,
    "effect": _effect,
    "share of positives": _positives,
    "label delay": _label_delay,
    "share never labelled": _never_labelled,
    "publication delay": _publication,
    "weight update time": _weight_update,
    "provisioning time": _provisioning,
    "latency": _latency,
    "latency spread": _spread,
    "error rate": _errors,
    "workers": _workers,
}
