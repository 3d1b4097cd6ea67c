"""Rules that fail as they do in life: what is assumed, what is measured, through the simulator.

Each demonstration gives rows of a table; every sentence is computed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final

from simab.expected.checks import check_failure, checks_passed_before
from simab.report import formatting
from simab.result import Proportion
from simab.scenario import Scenario, load
from simab.stats.intervals import share_interval
from simab.text import typeset
from simab.theory.controllers import (
    argo_failure_probability,
    check_failure_probability,
    kayenta_false_alarm_probability,
    pinned_share,
)
from validation.csv_rows import csv_text, read_rows
from validation.markdown import plain
from validation.naive.pinned_clients import WEIGHT, pinned_clients
from validation.naive.queue_latencies import BUSY, busy_and_idle, rejections
from validation.naive.single_checks import HEALTHY, single_checks
from validation.places import SCENARIOS, say
from validation.played_rules import Version, play_cells

__all__ = [
    "DEMONSTRATIONS",
    "Row",
    "naive_section",
    "overlapping",
    "play_naive_rules",
    "read_naive_rules",
]


@dataclass(frozen=True, slots=True)
class Row:
    """One measured share: how often `what` happened, of how many, beside what is assumed."""

    demonstration: str
    rule: str
    setting: str
    what: str
    count: int
    trials: int
    assumed: float
    assumption: str

    @property
    def share(self) -> float:
        """The measured share."""
        return self.count / self.trials

    @property
    def proportion(self) -> Proportion:
        """The measured share with its interval."""
        interval = share_interval(self.count, self.trials)
        return Proportion(self.count, self.share, interval.low, interval.high)


def overlapping(executor: Executor | None, replications: int = 1000) -> list[Row]:
    """Checks every 5 min that read 5 min, or 20 min and so share requests."""
    rows = []
    for window in (5, 20):
        version = _with_window(window)
        setting = f"reads {window} min every 5 min"
        played = Version("overlap", setting, 0.0, version, replications)
        flagger, argo = play_cells(played, executor=executor)
        formulas = (_flagger_formula(version, window), _argo_formula(version, window))
        for cell, formula in zip((flagger, argo), formulas, strict=True):
            rows.append(
                Row("overlapping windows", cell.rule, setting, "promoted", cell.promoted,
                    replications, formula, "independent checks")
            )  # fmt: skip
    return rows


_FLAGGER_WEIGHTS: Final = tuple(range(20, 30))
_FLAGGER_THRESHOLD: Final = 3
_ARGO = {"weight": 20, "count": 10, "limit": 2}
_LEAST: Final = 0.99


def _with_window(minutes: int) -> Scenario:
    """The rollouts' A/A scenario under two rules whose checks read that many minutes."""
    data = load(SCENARIOS / "rollouts_aa.yaml").model_dump(mode="json")
    span = f"{minutes}min"
    success: dict[str, Any] = {
        "metric": "success_rate_of_requests",
        "interval": "5min",
        "window": span,
    }
    success |= {"count": _ARGO["count"], "failure_limit": _ARGO["limit"], "initial_delay": "15min"}
    data["policies"] = {
        "Flagger": {
            "kind": "flagger", "interval": "5min", "threshold": _FLAGGER_THRESHOLD,
            "step_weights": list(_FLAGGER_WEIGHTS),
            "metrics": [
                {"name": "request-success-rate", "interval": span, "threshold_range": {"min": 99}}
            ],
        },
        "Argo": {
            "kind": "argo_rollouts", "traffic_routing": True,
            "steps": [
                {"set_weight": _ARGO["weight"]},
                {"analysis": {"ok": success | {"success_condition": "result[0] >= 0.99"}}},
            ],
        },
    }  # fmt: skip
    return Scenario.model_validate(data)


def _argo_formula(scenario: Scenario, minutes: int) -> float:
    rate, errors = _rate_and_errors(scenario)
    failure = check_failure(rate * 60 * minutes * _ARGO["weight"] / 100, errors, _LEAST)
    return 1.0 - argo_failure_probability(_ARGO["count"], _ARGO["limit"], failure)


def _flagger_formula(scenario: Scenario, minutes: int) -> float:
    """Each check by its own probability: its window reaches back over the steps before."""
    rate, errors = _rate_and_errors(scenario)
    ticks = minutes // 5
    weights = [0] * (ticks - 1) + list(_FLAGGER_WEIGHTS)
    failures = [
        check_failure(rate * 300 * sum(weights[at : at + ticks]) / 100, errors, _LEAST)
        for at in range(len(_FLAGGER_WEIGHTS))
    ]
    return checks_passed_before(_FLAGGER_THRESHOLD, failures)


def _rate_and_errors(scenario: Scenario) -> tuple[float, float]:
    control = scenario.endpoint.variants[scenario.objective.control]
    return sum(segment.rate for segment in scenario.traffic.values()), control.error_rate


def kayenta_in_a_queue(executor: Executor | None, replications: int = 1000) -> list[Row]:
    """A/A under Kayenta, in a busy queue and in a nearly idle one."""
    rows = []
    for setting, scenario in busy_and_idle().items():
        version = Version("queue", setting, 0.0, scenario, replications)
        (cell,) = play_cells(version, executor=executor)
        alarms = len(cell.verdicts) - cell.promoted
        rows.append(
            Row("autocorrelated latency", "Kayenta, one metric", setting, "condemned", alarms,
                replications, kayenta_false_alarm_probability(), "independent minutes")
        )  # fmt: skip
    return rows


def welch_in_a_queue(executor: Executor | None, replications: int = 3000) -> list[Row]:
    """A/A under Welch's test at 5 %: on single requests, and on means of twenty runs."""
    rows = []
    for setting, scenario in busy_and_idle().items():
        found = rejections(scenario, replications, executor)
        for what, (count, trials) in found.items():
            rows.append(
                Row("t-test of latencies", f"Welch on {what}", setting, "rejected", count,
                    trials, 0.05, "independent values")
            )  # fmt: skip
    return rows


def checks_at_low_traffic(executor: Executor | None, replications: int = 300) -> list[Row]:
    """Every single check of 99 %, of a candidate that answers 0.5 % with a 5XX."""
    counted = single_checks(replications, executor)
    exact = check_failure_probability(50, HEALTHY, _LEAST)
    return [
        Row("low traffic", "check of 99 %", "exactly 50 requests", "failed",
            counted.failed_at_50, counted.checks_at_50, exact, "1 - P(Bin(50, 0.5 %) = 0)"),
        Row("low traffic", "check of 99 %", "50 requests on average", "failed",
            counted.failed, counted.checks, check_failure(50.0, HEALTHY, _LEAST),
            "the same over Poisson counts"),
    ]  # fmt: skip


def sticky_canary(executor: Executor | None) -> list[Row]:  # noqa: ARG001 - one run is enough
    """Requests at a canary of 10 % that keeps whom it has answered by a cookie, or does not."""
    rule = f"canary at {typeset.percent(WEIGHT)}"
    rows = []
    for setting, cookie in (("with a cookie", True), ("without one", False)):
        for requests, (pinned, clients) in pinned_clients((1, 5, 20), cookie=cookie).items():
            assumed = pinned_share(WEIGHT, requests) if cookie else WEIGHT
            rows.append(
                Row("session affinity", f"{rule} {setting}", f"request {requests} of each client",
                    "at the candidate", pinned, clients, assumed,
                    "1 - (1 - w)^r" if cookie else "w")
            )  # fmt: skip
    return rows


DEMONSTRATIONS: Final[tuple[Callable[[Executor | None], list[Row]], ...]] = (
    overlapping,
    kayenta_in_a_queue,
    welch_in_a_queue,
    checks_at_low_traffic,
    sticky_canary,
)


PLACE: Final = "reports/policies/naive.csv"


def play_naive_rules(folder: Path, executor: Executor) -> None:
    """Play every demonstration and write naive.csv below a folder."""
    rows: list[Row] = []
    for demonstration in DEMONSTRATIONS:
        say(f"naive rules: {demonstration.__name__.replace('_', ' ')}")
        rows += demonstration(executor)
    target = folder / PLACE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_csv(rows), encoding="utf-8")


def read_naive_rules(path: Path) -> list[Row]:
    """The rows that `play_naive_rules` wrote."""
    return read_rows(path, Row)


def _csv(rows: Sequence[Row]) -> str:
    return csv_text(
        (field.name for field in fields(Row)),
        ([f"{v:.6g}" if isinstance(v, float) else v for v in astuple(row)] for row in rows),
    )


def naive_section(rows: Sequence[Row]) -> str:
    """The section on naive rules: a table, and what each demonstration shows."""
    lines = [
        "\n## Naive rules fail as they do in life\n",
        "Two equal models throughout. Each row is measured through the whole simulator, beside "
        "what the rule, or who trusts it, takes for granted. Trials are runs; for single checks "
        "they are checks of disjoint minutes, for means of twenty runs tests of as many runs each, "
        "and for cookies the clients of one run, which are independent of each other by "
        "construction; there w is the weight and r the number of the request.\n",
        "| rule | setting | what happens | measured | assumed |",
        "|---|---|---|---:|---|",
    ]
    lines += [
        f"| {row.rule} | {row.setting} | {row.what} | {formatting.proportion(row.proportion)} "
        f"| {typeset.percent(row.assumed, 1 if row.assumed > 0.01 else 2)}, {row.assumption} |"
        for row in rows
    ]
    lines += ["", *(f"- {sentence}" for sentence in _sentences(rows))]
    return plain("\n".join(lines)) + "\n"


def _sentences(rows: Sequence[Row]) -> list[str]:
    by_name = {(each.rule, each.setting): each for each in rows}

    def row(rule: str, setting: str) -> Row:
        return by_name[rule, setting]

    def gap(one: Row) -> str:
        return f"{_measured(one)} against {typeset.percent(one.assumed, 1)}"

    shared, own = "reads 20 min every 5 min", "reads 5 min every 5 min"
    busy, idle = (next(each.setting for each in rows if each.setting.startswith(word))
                  for word in ("busy", "nearly"))  # fmt: skip
    kayenta = row("Kayenta, one metric", busy)
    single, means = (
        row("Welch on single requests", busy),
        row("Welch on means of twenty runs", busy),
    )
    check = row("check of 99 %", "exactly 50 requests")
    last = "request 20 of each client"
    sticky, free = (
        row(f"canary at {typeset.percent(WEIGHT)} {setting}", last)
        for setting in ("with a cookie", "without one")
    )
    return [
        "**Overlapping windows.** Where a check reads longer than the time to the next, one burst "
        f"of errors fails several: Flagger promotes in {gap(row('Flagger', shared))} by the "
        f"formula for independent checks, Argo in {gap(row('Argo', shared))}. With windows of "
        f"their own they promote in {gap(row('Flagger', own))} and {gap(row('Argo', own))}.",
        f"**Autocorrelated latency.** In a queue at load {BUSY:g} Kayenta condemns an equal "
        f"candidate in {_measured(kayenta)} of the runs, {_times(kayenta)} what independent "
        f"minutes give; in the nearly idle queue in {_counted(row(kayenta.rule, idle))} runs.",
        "**A t-test of single requests.** In the busy queue Welch's test at 5 % rejects the "
        f"equality of two equal queues in {_measured(single)} of the runs; on means of whole "
        f"runs, which are independent, in {_counted(means)} tests.",
        f"**Few requests a check.** A limit of 99 % fails {_measured(check)} of "
        "the checks that hold 50 requests of a candidate with "
        f"{typeset.percent(HEALTHY, 1)} errors, for one error is enough; the binomial says "
        f"{typeset.percent(check.assumed, 1)}.",
        f"**Session cookies.** Of the twentieth requests of a canary's clients at a weight of "
        f"{typeset.percent(WEIGHT)}, {_measured(sticky)} go to the candidate where a cookie keeps "
        f"them there, {_measured(free)} where none does.",
    ]


def _measured(row: Row) -> str:
    """The share as finely as its interval warrants: as in the table."""
    return formatting.proportion(row.proportion).value


def _counted(row: Row) -> str:
    return f"{typeset.count(row.count)} of {typeset.count(row.trials)}"


def _times(row: Row) -> str:
    """By how much more often than assumed: both ends of the interval, for one ratio says little."""
    low, high = (each / row.assumed for each in (row.proportion.low, row.proportion.high))
    return f"{typeset.count(low)} to {typeset.count(high)} times (95 % interval)"
