"""Remarks of the answer on what a rule takes, on requests past the weights and on false alarms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from simab.report import formatting
from simab.report.candidate_text import any_candidate
from simab.report.convergence_quickest import options
from simab.report.convergence_text import metric_title
from simab.report.over_worlds import distinct, in_world, promoting
from simab.report.requirement_text import where_text
from simab.result import PolicyResult, StudyResult
from simab.result.known_worlds import BROKEN, TITLES
from simab.result.truth_summary import PROMOTE
from simab.result.world_result import WorldResult
from simab.text import typeset
from simab.text.lists import either, named
from simab.text.numbers import number_text, two_figures

__all__ = ["by_name", "false_alarms", "floor", "of_the_rule", "too_short"]


_VARIANT: Final = {
    "latency": {"kind": "constant", "value": "1s"},
    "quality": {"kind": "success", "probability": 1},
}
_ANY: Final = {
    "title": "any",
    "endpoint": {"variants": {"any": _VARIANT}},
    "objective": {"control": "any", "candidate": "any", "metric": "accuracy"}
    | {"smallest_effect": 0.1},
    "policies": {"any": {"kind": "manual_schedule", "steps": [{"at": "1h", "weights": {}}]}},
}
"""What a scenario needs to be read, and how many requests come does not depend on."""
_COMING: Final = ("traffic", "horizon", "starts_at", "time_zone")
_NEAR: Final = 0.95
"""Of the requests that name a variant; with fewer on it a rule has taken it away."""


def by_name(study: StudyResult) -> dict[str, float]:
    """How many requests of a run name each variant on average, and go past the weights."""
    # Loaded here, as few studies have such requests, and scenarios take long to load.
    from pydantic import ValidationError

    from simab.scenario.parts import UncheckedScenario
    from simab.scenario.rates import mean_rate_per_s

    found: dict[str, float] = {}
    try:
        known = {name: study.scenario.data[name] for name in _COMING if name in study.scenario.data}
        scenario = UncheckedScenario.model_validate(_ANY | known)
        rates = {name: mean_rate_per_s(scenario, each) for name, each in scenario.traffic.items()}
    except (ValidationError, OSError, ValueError):  # edited by hand, or its trace is elsewhere
        return {}
    for segment_name, segment in scenario.traffic.items():
        requests, paired = rates[segment_name] * study.horizon_s, segment.paired_targets
        shares = [*segment.targets.items(), *((name, 1 / len(paired)) for name in paired)]
        for name, share in shares:
            found[name] = found.get(name, 0.0) + requests * share
    return found


def floor(study: StudyResult) -> list[str]:
    """How many of the requests on worse variants no rule can save, as they name the variant."""
    steady = study.truth.over_time is None  # else requests count by who is worse at the time
    known = by_name(study) if study.targeted and study.truth.worse and steady else {}
    names = [each for each in study.truth.worse if known.get(each) and _deployed(study, each)]
    requests = math.fsum(known[name] for name in names)
    if requests < 1:
        return []
    means = [each.means["requests_on_worse"].mean for each in study.policies]
    if min(means) < _NEAR * requests:  # some rule removes the variant: whoever names it is refused
        return []
    least, most = (typeset.count(round(each)) for each in (min(means), max(means)))
    among = least if least == most else f"{least} to {most}"
    where = f" ({study.world.title})" if len(study.worlds) > 1 else ""
    return [
        f"About {number_text(two_figures(requests))} requests of a run name {either(names)} and go "
        f"past the weights, so that no weight saves them: of the {among} requests on worse "
        f"variants that rules have in a run on average{where} so many are the floor."
    ]


def too_short(study: StudyResult) -> list[str]:
    """That a run ends before the metric can be distinguished, by the test of fewest labels."""
    found = study.convergence
    if found is None or not found.metric.better or found.metric.kind != "labels":
        return []
    own = [each for each in options(found) if each.metric == found.metric.name]
    last = found.metric.samples[-1]
    smallest = found.metric.size("smallest effect")
    if smallest is not None and abs(found.metric.true_difference) < abs(smallest.difference):
        return []
    if own and not own[0].labels > last:
        return []
    if not own:
        return [
            f"A run of {typeset.duration(found.horizon_s)} is too short to estimate what it takes "
            f"to find the difference in {metric_title(found.metric.name)}: the variant with fewer "
            f"gets about {number_text(two_figures(last))} labelled requests with the weights held."
        ]
    title, test = metric_title(found.metric.name), own[0].test.removeprefix("a ")
    time = f" ({own[0].time})" if own[0].time else ""
    runs = typeset.count(found.replications)
    return [
        f"A run of {typeset.duration(found.horizon_s)} is too short to be sure of the difference "
        f"in {title}: a 5{typeset.THIN}% {test} needs {own[0].about} labelled requests of "
        f"each{time} to find it in 80{typeset.THIN}% of the runs, as estimated from {runs} of "
        "them, and the variant with fewer gets "
        f"about {number_text(two_figures(last))} with the weights held."
    ]


def _deployed(study: StudyResult, variant: str) -> bool:
    """Whether the variant is there from the start, as far as is known: who names it reaches it."""
    endpoint = study.scenario.data.get("endpoint")
    variants = endpoint.get("variants") if isinstance(endpoint, Mapping) else None
    found = variants.get(variant) if isinstance(variants, Mapping) else None
    return not isinstance(found, Mapping) or found.get("deployed", True) is True


def of_the_rule(study: StudyResult, name: str) -> list[str]:
    """When a rule decides where promoting is right, and what a broken candidate costs under it."""
    worlds = distinct(study)
    promote = [world for world in worlds if world.asks == PROMOTE and in_world(world, name)]
    shown = [max(promote, key=lambda each: _late(in_world(each, name)))] if promote else []
    broken = next((each for each in worlds if _is_broken(each) and in_world(each, name)), None)
    shown += [broken] if broken is not None and broken not in shown else []
    parts = []
    for world in shown:
        policy = in_world(world, name)
        assert policy is not None
        errors = _served_in_error(policy) if world is broken else ""
        parts.append(f"{where_text(study, world.name)} {_decides(study, policy)}{errors}")
    return [f"{named(name)}: {'; '.join(parts)}."] if parts else []


def _is_broken(world: WorldResult) -> bool:
    """Whether it is the world of the broken candidate that every study has."""
    return world.name == BROKEN and world.label.title == TITLES[BROKEN]


def _late(policy: PolicyResult | None) -> float:
    at_s = policy.decision_time_s.p50 if policy is not None else math.inf
    return at_s if math.isfinite(at_s) else math.inf


def _decides(study: StudyResult, policy: PolicyResult) -> str:
    at_s, ends = policy.decision_time_s.p50, policy.promotes.share
    promotes = f"it promotes {any_candidate(study)} in {typeset.percent(ends)} of its runs and"
    if not math.isfinite(at_s):
        return f"{promotes} is undecided in half of them or more at the horizon"
    return f"{promotes} decides after {typeset.duration(at_s)} at the median"


def _served_in_error(policy: PolicyResult) -> str:
    """How many requests fail or are refused in a run; empty where none can."""
    share, total = (policy.means[key].mean for key in ("error_share", "requests_total"))
    if not (share > 0 and total > 0):
        return ""
    requests = number_text(two_figures(share * total))
    written = formatting.mean_share(policy.means["error_share"]).value
    return f", where about {requests} requests of a run ({written}) fail or are refused"


def false_alarms(study: StudyResult) -> list[str]:
    """Rules that a warning says roll back by chance, where they miss a promotion that is right."""
    promote = [world for world in distinct(study) if world.asks == PROMOTE]
    found = []
    for policy in study.policies:
        start = f"{named(policy.name)} "
        own = [each for each in study.warnings if each.startswith(start)]
        warning = next((each for each in own if " by chance, although " in each), "")
        missed = any(
            promoting(world, played).share < 1
            for world in promote
            if (played := in_world(world, policy.name)) is not None
        )
        if missed and warning:
            said = warning.partition(": ")[0]
            found.append(
                f"{said} (see Health): where promoting is right such runs count against it here."
            )
    return found
