"""A run's records, windows, decisions, splits and scalings as pandas frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from simab.errors import InvalidInput
from simab.policies import Action
from simab.policies.metrics import LATENCY_PROBABILITIES
from simab.profiles.outcomes import NONE, SCORE_ONE
from simab.scenario.models import Scenario
from simab.text.numbers import counted
from simab.text.untrusted import spreadsheet_safe
from simab.world import Blueprint, DecisionLog, RunData
from simab.world.blueprint import CALLER
from simab.world.control import OthersEntry, ScalingEntry
from simab.world.records import COPY, RECORD_COLUMNS
from simab.world.run_counts import (
    INSTANCE_SHARE_ONE,
    LabelColumn,
    RequestColumn,
    RunCounts,
    time_sum_ns,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "csv_bytes",
    "decisions_frame",
    "describe_action",
    "describe_others",
    "describe_scaling",
    "requests_frame",
    "scalings_frame",
    "splits_frame",
    "users_met",
    "windows_frame",
]

_WORDS: Final = ("variant", "instances", "reason")  # of actions, in this order
_SHOWN_COLUMNS: Final = tuple(column for column in RequestColumn if "CARRIES" not in column.name)


def requests_frame(scenario: Scenario, run_data: RunData) -> pd.DataFrame:
    """`Run.requests`."""
    import pandas as pd

    records = run_data.records
    if records is None:
        raise InvalidInput("the run kept no request log; simulate with record_requests=True")
    names = np.array([*scenario.endpoint.variants, ""], dtype=object)
    segments = np.array([*scenario.traffic, CALLER], dtype=object)
    column = dict(zip(RECORD_COLUMNS, records.T, strict=True))
    score, reward = _scores_and_rewards(run_data.run_counts.blueprint, column)
    frame = pd.DataFrame(
        {
            "request": np.cumsum(column["attempt"] != COPY) - 1,
            "client": column["client"],
            "segment": segments[column["segment"]],
            "variant": names[column["variant"]],
            "instance": column["instance"],
            "arrived_ns": column["arrived_ns"],
            "started_ns": column["started_ns"],
            "finished_ns": column["finished_ns"],
            "status": column["status"],
            "attempt": column["attempt"],
            "label": column["label"],
            "score": score,
            "correct": column["correct"],
            "label_ns": column["label_ns"],
        }
    )
    return frame if reward is None else frame.assign(reward=reward)


def users_met(scenario: Scenario, run_data: RunData) -> dict[str, int] | None:
    """`Run.users_met`: clients of all segments, mirrored copies and unrouted requests apart."""
    if run_data.records is None:
        return None
    column = dict(zip(RECORD_COLUMNS, run_data.records.T, strict=True))
    own = (column["attempt"] != COPY) & (column["variant"] >= 0)
    who = np.stack([column[name][own] for name in ("variant", "segment", "client")], axis=1)
    met = np.bincount(np.unique(who, axis=0)[:, 0], minlength=len(scenario.endpoint.variants))
    return dict(zip(scenario.endpoint.variants, met.tolist(), strict=True))


def _scores_and_rewards(
    blueprint: Blueprint, column: Mapping[str, NDArray[np.int64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Scores, and rewards where a variant earns any; NaN where there is none or it is unknown."""
    units = column["score"]
    score = np.where(units == NONE, np.nan, units / SCORE_ONE)
    reward = np.full(len(units), np.nan)
    samplers = map(blueprint.conditions.own, range(len(blueprint.variants)))
    scales = [sampler.reward_scale for sampler in samplers]
    for number, scale in enumerate(scales):
        if scale is not None:
            own = (column["variant"] == number) & (units != NONE)
            reward[own] = [scale.value(each) for each in units[own].tolist()]
            score[own] = np.nan
    return score, reward if any(scales) else None


def windows_frame(run_counts: RunCounts) -> pd.DataFrame:
    """`Run.windows`."""
    import pandas as pd

    rows = [
        row
        for window in range(len(run_counts.requests))
        for number in range(len(run_counts.blueprint.variants))
        if (row := _window_row(run_counts, window, number))
    ]
    frame = pd.DataFrame(rows, columns=_window_columns(run_counts))
    frame["invocations_per_instance"] /= INSTANCE_SHARE_ONE
    return frame


def _window_row(run_counts: RunCounts, window: int, number: int) -> dict[str, Any]:
    """A variant's window; empty where it had neither requests nor labels."""
    per_window = run_counts.blueprint.period_ns // run_counts.blueprint.label_resolution_ns
    buckets = window * per_window, (window + 1) * per_window
    requests = run_counts.requests[window, number]
    labels = run_counts.label_columns(number, *buckets)
    rewards = run_counts.label_totals(number, *buckets).rewards
    traffic = requests[RequestColumn.INVOCATIONS] or requests[RequestColumn.ASSIGNED]
    if not (traffic or any(labels) or rewards.count):
        return {}
    totals = run_counts.request_totals(number, window, window + 1)
    row = {
        "start_ns": window * run_counts.blueprint.period_ns,
        "variant": run_counts.blueprint.names[number],
    }
    row |= {column.name.lower(): int(requests[column]) for column in _SHOWN_COLUMNS}
    for column in (RequestColumn.LATENCY_SUM_NS, RequestColumn.WAIT_SUM_NS):
        row[column.name.lower()] = time_sum_ns(requests[np.newaxis], column)
    quantiles = {
        f"{name}_ns": totals.latency_quantile_ns(probability)
        for name, probability in LATENCY_PROBABILITIES.items()
    }
    counted = {column.name.lower(): int(labels[column]) for column in LabelColumn}
    return row | quantiles | counted | {"rewards": rewards.count, "reward_mean": rewards.mean}


def decisions_frame(decision_log: DecisionLog) -> pd.DataFrame:
    """`Run.decisions`."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "at_ns": entry.at_ns,
                "action": type(entry.action).__name__,
                "detail": describe_action(entry.action),
                "accepted": entry.accepted,
                "refusal": entry.refusal,
                "because": entry.action.because,
            }
            for entry in decision_log.decisions
        ],
        columns=["at_ns", "action", "detail", "accepted", "refusal", "because"],
    )


def splits_frame(decision_log: DecisionLog) -> pd.DataFrame:
    """`Run.splits`."""
    import pandas as pd

    rows = []
    for entry in decision_log.splits:
        total = sum(entry.weights.values())
        rows += [
            (entry.at_ns, name, weight, weight / total, entry.instances[name])
            for name, weight in entry.weights.items()
        ]
    return pd.DataFrame(rows, columns=["at_ns", "variant", "weight", "share", "instances"])


def scalings_frame(decision_log: DecisionLog) -> pd.DataFrame:
    """`Run.scalings`."""
    import pandas as pd

    columns = [each.name for each in fields(ScalingEntry)]
    rows = [astuple(entry) for entry in decision_log.scalings]
    return pd.DataFrame(rows, columns=columns)


def describe_scaling(entry: ScalingEntry) -> tuple[str, str]:
    """What autoscaling asked for and why: `Variant2 from 2 to 4 instances`."""
    asked = f"{entry.variant} from {entry.before} to {counted(entry.after, 'instance')}"
    load = counted(entry.invocations_per_instance, "invocation")
    return asked, f"{load} per instance in the newest metric window"


def describe_others(entry: OthersEntry) -> tuple[str, str]:
    """What weights somebody else asked for, and the name that the timeline has for it."""
    asked = ", ".join(f"{name} {weight:g}" for name, weight in entry.weights.items())
    return asked, entry.name or "the timeline says so"


def describe_action(action: Action) -> str:
    """What an action asks for, in a few words: `Variant1 25, Variant2 75`."""
    weights = getattr(action, "weights", None)
    if weights is not None:
        return ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    words = [getattr(action, name) for name in _WORDS if hasattr(action, name)]
    return " ".join(str(word) for word in words)


def _window_columns(run_counts: RunCounts) -> list[str]:
    return [
        "start_ns",
        "variant",
        *(column.name.lower() for column in _SHOWN_COLUMNS),
        *(f"{name}_ns" for name in LATENCY_PROBABILITIES),
        *(column.name.lower() for column in LabelColumn),
        *(("rewards", "reward_mean") if len(run_counts.rewards) else ()),
    ]


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A frame as CSV in UTF-8; texts, names of columns too, are defused for spreadsheets.

    `simab.text.spreadsheet_safe` says how, and how to get them back.
    """
    safe = frame.rename(columns=spreadsheet_safe)
    for name in safe.select_dtypes(exclude="number").columns:
        cells = safe[name]
        safe[name] = [spreadsheet_safe(each) if isinstance(each, str) else each for each in cells]
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8", "backslashreplace")
