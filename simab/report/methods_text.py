"""How the study was made, item by item as the STRESS-DES checklist asks, from the result alone.

Monks, Currie, Onggo, Robinson, Kunc and Taylor, "Strengthening the reporting of empirical
simulation studies: introducing the STRESS guidelines", Journal of Simulation 13 (2019) 55-67.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from simab.report import formatting
from simab.report.methods_of_studies import draws_text
from simab.report.over_worlds import distinct
from simab.report.parameter_text import parameter_lines
from simab.result import StudyResult
from simab.text import typeset
from simab.text.lists import listed, named
from simab.text.numbers import counted

__all__ = ["METHODS", "methods"]

Answer = Callable[[StudyResult], str]


def methods(study: StudyResult) -> list[tuple[str, str, str]]:
    """Every item of the checklist: its group, its number and name, and what holds of the study."""
    return [(group, item, answer(study)) for group, items in METHODS for item, answer in items]


def _part(study: StudyResult, *path: str) -> Any:
    """A part of the scenario as played; None where it is absent."""
    value: Any = study.scenario.data
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _parts(study: StudyResult, *path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The entries of a mapping of the scenario that are mappings themselves."""
    found = _part(study, *path)
    for name, value in found.items() if isinstance(found, Mapping) else ():
        if isinstance(value, Mapping):
            yield str(name), value


def _words(value: Any) -> str:
    return "; ".join(parameter_lines(value)) if value is not None else "not stated"


def _of_each(study: StudyResult, path: tuple[str, ...], *keys: str) -> str:
    """What some fields of each variant or segment are, by name."""
    said = []
    for name, value in _parts(study, *path):
        known = [
            f"{key.replace('_', ' ')} {_words(value[key])}"
            for key in keys
            if value.get(key) not in (None, {}, [], ())
        ]
        said.append(f"{named(name)}: {', '.join(known) or 'not stated'}")
    return "; ".join(said) or "Not stated in the result"


# -- 1. Objectives -----------------------------------------------------------------------------


def _purpose(study: StudyResult) -> str:
    asked = f" The question: {study.question}" if study.question else ""
    everybody = [named(name) for name in (study.truth.control, *study.truth.every_candidate)]
    return (
        f"To rehearse, before anything touches production, which rule should decide between "
        f"{listed(everybody)}.{asked}"
    )


def _outputs(study: StudyResult) -> str:
    metric = formatting.metric_name(study.truth.metric)
    return (
        "For each policy the share of runs by ending and by whether it is right, time and requests "
        f"to a decision, requests on worse variants, and regret in {metric}, all counted in the "
        "run at the horizon. 95\u202f% intervals are over runs, never over the requests of one: "
        "Wilson's for shares, or that of Clopper and Pearson where fewer than 15 runs have it or "
        "have it not; of order statistics for medians; and for means one that allows for rare "
        "large values."
    )


def _aims(study: StudyResult) -> str:
    worlds = [world.label.title for world in distinct(study)]
    policies = [named(policy.name) for policy in study.policies]
    return (
        f"Scenario-based: {counted(len(worlds), 'world')} ({'; '.join(worlds)}) for each of "
        f"{_counted_policies(len(policies))}: {listed(policies)}. Nothing is optimised."
    )


def _counted_policies(count: int) -> str:
    return f"{count} {'policy' if count == 1 else 'policies'}"


# -- 2. Logic ----------------------------------------------------------------------------------


def _overview(_: StudyResult) -> str:
    return (
        "Request arrives \u2192 variant \u2192 instance \u2192 queue \u2192 worker \u2192 answer "
        "\u2192 label. Answers and labels \u2192 metric windows \u2192 policy \u2192 weights."
    )


def _logic(study: StudyResult) -> str:
    routing = _words(_part(study, "endpoint", "variant_routing"))
    update = _words(_part(study, "endpoint", "weight_update"))
    return (
        f"A request goes to a variant by the routing ({routing}), then to one of its instances, "
        f"whose worker serves it. A change of weights is in force {update} after it is asked for. "
        f"The controller looks every {_words(_part(study, 'controller', 'interval'))}; it sees "
        f"windows of {_words(_part(study, 'metrics', 'period'))}, "
        f"{_words(_part(study, 'metrics', 'publication_delay'))} late, and labels once they have "
        "arrived."
    )


def _scenarios(study: StudyResult) -> str:
    made = [
        f"{each.label.title}: {each.label.made.rstrip('.')}"
        for each in distinct(study)
        if each.label.made
    ]
    return f"{'; '.join(made)}." if made else "One world, as the file describes it."


def _algorithms(study: StudyResult) -> str:
    rules = [f"{named(policy.name)}: {policy.kind}" for policy in study.policies]
    return f"The policies, whose rules are on this page in words: {'; '.join(rules)}."


def _entities(study: StudyResult) -> str:
    clients = _of_each(study, ("traffic",), "clients", "targets", "paired_targets")
    return f"Requests of clients in segments. {clients}."


def _activities(study: StudyResult) -> str:
    return f"Service by a worker. {_of_each(study, ('endpoint', 'variants'), 'latency')}."


def _resources(study: StudyResult) -> str:
    each = _of_each(study, ("endpoint", "variants"), "instances", "workers", "instance_routing")
    return f"Workers of instances. {each}."


def _queues(study: StudyResult) -> str:
    limits = [
        f"{named(name)}: at most {value['queue_limit']} waiting, then 503"
        for name, value in _parts(study, "endpoint", "variants")
        if value.get("queue_limit") is not None
    ]
    limited = "; ".join(limits) or "No queue is limited"
    return f"One for each instance, first in, first out; nobody leaves it. {limited}."


def _entry(study: StudyResult) -> str:
    kind = "Poisson arrivals" + (" where nothing else is said" if _arrivals(study) else "")
    said = _of_each(study, ("traffic",), "rate", "arrivals", "trace", "sessions")
    return (
        f"{kind}. {said}. Requests leave answered, failed (500) or refused "
        "(503); what is in flight at the horizon is counted."
    )


def _arrivals(study: StudyResult) -> bool:
    """Whether any segment says how its requests arrive, or replays them."""
    said = ("arrivals", "trace")
    return any(segment.get(each) for _, segment in _parts(study, "traffic") for each in said)


# -- 3. Data -----------------------------------------------------------------------------------


def _sources(study: StudyResult) -> str:
    tables = [name for name, _ in _parts(study, "outcome_tables")]
    kept = (
        f" It holds the outcomes of {listed([named(each) for each in tables])}." if tables else ""
    )
    return f"The scenario file; where its numbers come from is said there, in comments.{kept}"


def _preparation(_: StudyResult) -> str:
    return (
        "Durations become tables of quantiles in whole nanoseconds, which are read by "
        "interpolation in whole numbers; otherwise the numbers are used as they are given."
    )


def _inputs(study: StudyResult) -> str:
    return (
        "The scenario with all defaults applied stands on this page, under Reproduce; its digest "
        f"is {study.scenario_hash}."
    )


def _assumptions(study: StudyResult) -> str:
    labels = _words(_part(study, "labels"))
    changing = [
        *(["as arrivals say"] if _arrivals(study) else []),
        *(["as the timeline says"] if _part(study, "timeline") else []),
    ]
    change = "do not change by themselves during a run"
    if changing:
        change = f"change during a run only {listed(changing)}"
    return (
        f"Clients neither retry nor give up, and rates, latency and quality {change}; "
        "service times, outcomes and label delays are independent of each other and of the load"
        f"{_dependences(study)}. Labels: {labels}."
    )


def _dependences(study: StudyResult) -> str:
    """What does depend on something else, where the scenario says so."""
    said = []
    latencies = [value.get("latency") for _, value in _parts(study, "endpoint", "variants")]
    if any(isinstance(each, Mapping) and each.get("kind") == "by_size" for each in latencies):
        said.append("service times go by the sizes of requests")
    labels = _part(study, "labels")
    outcomes = ("positive", "negative", "attribution_window")
    if isinstance(labels, Mapping) and any(labels.get(each) for each in (*outcomes, "variants")):
        said.append("when a label comes goes by what it says and by the variant")
    return f", but {listed(said)}" if said else ""


# -- 4. Experimentation ------------------------------------------------------------------------


def _initialisation(study: StudyResult) -> str:
    weights = _of_each(study, ("endpoint", "variants"), "weight")
    return (
        "Terminating: a run ends at the horizon. It starts empty, with the weights of the file, "
        f"and no warm-up is cut off, as a rollout has none. {weights}."
    )


def _length(study: StudyResult) -> str:
    return f"{typeset.duration(study.horizon_s)}; time is counted in whole nanoseconds."


def _estimation(study: StudyResult) -> str:
    runs = counted(study.replications, "independent replication")
    return (
        f"{runs} of each policy in each world. All policies meet the same clients and the same "
        "potential outcomes, so differences between policies are paired; p-values are Holm's over "
        "all comparisons."
    )


# -- 5. Implementation, 6. Code access ---------------------------------------------------------


def _software(study: StudyResult) -> str:
    versions = [f"{name} {version}" for name, version in study.environment.items()]
    return listed(versions) or f"simab {study.simab_version}; other versions were not recorded"


def _sampling(study: StudyResult) -> str:
    return (
        f"{draws_text(study.seed)} No draw depends on the order of others, which makes the random "
        "numbers common to all policies."
    )


def _execution(_: StudyResult) -> str:
    return (
        "Events. At one instant control events come first, then completions, then arrivals in "
        "order. Requests between two control events are played by a compiled kernel, bit for bit "
        "as by a process for each request; replications run in parallel, one writer keeps them."
    )


def _system(_: StudyResult) -> str:
    return "Machine and run time are not recorded; neither they nor the number of workers matter."


def _access(study: StudyResult) -> str:
    command = study.command or "not recorded"
    return f"simab {study.simab_version}; the command that makes this page again: {command}"


METHODS: Final[tuple[tuple[str, tuple[tuple[str, Answer], ...]], ...]] = (
    (
        "Objectives",
        (
            ("1.1 Purpose of the model", _purpose),
            ("1.2 Model outputs", _outputs),
            ("1.3 Experimentation aims", _aims),
        ),
    ),
    (
        "Logic",
        (
            ("2.1 Base model overview diagram", _overview),
            ("2.2 Base model logic", _logic),
            ("2.3 Scenario logic", _scenarios),
            ("2.4 Algorithms", _algorithms),
            ("2.5.1 Components: entities", _entities),
            ("2.5.2 Components: activities", _activities),
            ("2.5.3 Components: resources", _resources),
            ("2.5.4 Components: queues", _queues),
            ("2.5.5 Components: entry and exit points", _entry),
        ),
    ),
    (
        "Data",
        (
            ("3.1 Data sources", _sources),
            ("3.2 Pre-processing", _preparation),
            ("3.3 Input parameters", _inputs),
            ("3.4 Assumptions", _assumptions),
        ),
    ),
    (
        "Experimentation",
        (
            ("4.1 Initialisation", _initialisation),
            ("4.2 Run length", _length),
            ("4.3 Estimation approach", _estimation),
        ),
    ),
    (
        "Implementation",
        (
            ("5.1 Software or programming language", _software),
            ("5.2 Random sampling", _sampling),
            ("5.3 Model execution", _execution),
            ("5.4 System specification", _system),
        ),
    ),
    ("Code access", (("6.1 Computer model sharing statement", _access),)),
)
