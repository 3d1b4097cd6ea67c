"""What holds in every run whatever its scenario: the laws, each a function that asserts one.

They read only the frames of a run and its scenario, and compute anew, in pandas or plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from simab.draws import Draws, Purpose, stream_of
from simab.profiles.by_size import BySize
from simab.profiles.outcomes import SCORE_ONE
from simab.run.simulation import Run
from simab.scenario.timeline import Conditions
from simab.world.run_counts import INSTANCE_SHARE_ONE

SERVED = (200, 500)


def conservation(run: Run) -> None:
    """Every request ends in one way, every answer has one label; the records say the same."""
    totals, requests = run.totals, run.requests
    ended = totals.answered + totals.failed + totals.rejected + totals.invalid
    assert totals.arrived == ended + totals.in_flight == len(requests)
    labels = totals.labels_arrived + totals.labels_outstanding + totals.labels_never
    assert totals.answered == labels
    counts = requests["status"].value_counts()
    for status, counted in (
        (200, totals.answered),
        (500, totals.failed),
        (503, totals.rejected),
        (400, totals.invalid),
        (0, totals.in_flight),
    ):
        assert counts.get(status, 0) == counted, status
    answered = requests[requests["status"] == 200]
    horizon = run.scenario.horizon
    assert (answered["label_ns"] == -1).sum() == totals.labels_never
    assert (answered["label_ns"] >= horizon).sum() == totals.labels_outstanding
    unanswered = requests[requests["status"] != 200]
    assert (unanswered["label_ns"] == -1).all()


def order_of_time(run: Run) -> None:
    """Arrivals in order and before the horizon, start not before arrival, finish after start."""
    requests, horizon = run.requests, run.scenario.horizon
    assert requests["arrived_ns"].is_monotonic_increasing
    assert (requests["arrived_ns"].between(0, horizon - 1)).all()
    started = requests[requests["started_ns"] >= 0]
    assert (started["started_ns"] >= started["arrived_ns"]).all()
    assert (started["started_ns"] < horizon).all()
    served = requests[requests["status"].isin(SERVED)]
    assert (served["finished_ns"] > served["started_ns"]).all()
    assert (served["finished_ns"] < horizon).all()
    refused = requests[requests["status"].isin((400, 503))]
    assert (refused["finished_ns"] == refused["arrived_ns"]).all()
    assert (refused["started_ns"] == -1).all()
    answered = requests[(requests["status"] == 200) & (requests["label_ns"] >= 0)]
    assert (answered["label_ns"] >= answered["finished_ns"]).all()


def first_come_first_served(run: Run) -> None:
    """At each instance requests start in the order in which they arrived."""
    for _, queue in _queues(run):
        started = queue["started_ns"]
        assert started[started >= 0].is_monotonic_increasing
        waiting = (started < 0).to_numpy()
        assert not (waiting[:-1] & ~waiting[1:]).any(), "one that still waits was overtaken"


def lindley_kiefer_wolfowitz(run: Run) -> None:
    """Each request starts at its arrival or when the first worker is free, whichever is later.

    The Kiefer-Wolfowitz recursion over arrivals and the scenario's own service times gives every
    start and finish to the nanosecond; what it puts at or after the horizon is in flight.
    """
    variants = run.scenario.endpoint.variants
    if any(isinstance(each.latency, BySize) for each in variants.values()):
        return  # test_traces has these, by hand
    if any(each.opt_out for each in run.scenario.traffic.values()):
        return  # which number a request has is not recorded where others stayed away
    horizon, service_ns = run.scenario.horizon, _service_times(run)
    for variant, queue in _queues(run):
        free_ns = [0] * variants[variant].workers
        for row in queue.itertuples():
            free_ns.sort()
            start = max(row.arrived_ns, free_ns[0])
            free_ns[0] = start + _stretched(run, row, start, service_ns[row.request])
            assert row.started_ns == (start if start < horizon else -1)
            assert row.finished_ns == (free_ns[0] if free_ns[0] < horizon else -1)


def _stretched(run: Run, row: Any, start_ns: int, service_ns: int) -> int:
    """A service by what the timeline says at its start."""
    times, scenario = 1.0, run.scenario
    for entry in reversed(scenario.timeline):
        if not isinstance(entry, Conditions) or not entry.hits(row.segment, row.variant):
            continue
        if entry.instance in (None, row.instance) and start_ns < scenario.horizon:
            knots = entry.strength_over(scenario.start, scenario.horizon).knots
            before = [knot for knot in knots if knot.at_ns <= start_ns][-1]
            after = next(knot for knot in knots if knot.at_ns > start_ns)
            slope = (before.end - before.start) / (after.at_ns - before.at_ns)
            strength = before.start + slope * (start_ns - before.at_ns)
            times *= 1.0 + (entry.latency_times - 1.0) * strength
    return service_ns if times == 1.0 else max(int(service_ns * times), 1)


def workers_and_places(run: Run) -> None:
    """At most W requests are served and at most `queue_limit` wait; 503 only at a full queue."""
    for variant, everyone in _instances(run):
        plan = run.scenario.endpoint.variants[variant]
        held: list[tuple[float, float]] = []
        for row in everyone.itertuples():
            now = row.arrived_ns
            held = [(start, end) for start, end in held if end > now]
            busy = sum(start <= now for start, _ in held)
            waiting = len(held) - busy
            assert busy <= plan.workers
            full = busy == plan.workers
            if plan.queue_limit is not None:
                assert waiting <= plan.queue_limit
                full = full and waiting == plan.queue_limit
                assert (row.status == 503) == full
            if row.status != 503:
                start = row.started_ns if row.started_ns >= 0 else np.inf
                held.append((start, row.finished_ns if row.finished_ns >= 0 else np.inf))
        starts = everyone.loc[everyone["started_ns"] >= 0, "started_ns"]
        ends = everyone.loc[everyone["status"].isin(SERVED), "finished_ns"]
        changes = pd.concat([pd.Series(1, index=starts), pd.Series(-1, index=ends)])
        if len(changes):
            assert changes.groupby(level=0).sum().sort_index().cumsum().max() <= plan.workers


def little(run: Run) -> None:
    """Number in system over time is the sum of sojourns: Little's law as an identity of the counts.

    The left side counts who is there at each change of the records; the right side is the
    windows' summed latency, and for those in flight the time since their arrival.
    """
    requests, horizon = run.requests, run.scenario.horizon
    inside = requests[requests["status"].isin((0, *SERVED))]
    leave = inside["finished_ns"].where(inside["status"] != 0, horizon)
    changes = pd.concat([pd.Series(1, index=inside["arrived_ns"]), pd.Series(-1, index=leave)])
    present = changes.groupby(level=0).sum().sort_index().cumsum()
    times = present.index.to_numpy()
    area = int((present.to_numpy()[:-1] * np.diff(times)).sum()) if len(times) else 0
    in_flight = inside[inside["status"] == 0]
    booked = int(run.windows["latency_sum_ns"].sum())
    assert area == booked + int((horizon - in_flight["arrived_ns"]).sum())


def windows_are_sums_of_records(run: Run) -> None:
    """Every window is what pandas counts in the records; the others have assignments alone.

    A record has the first label of a request: windows also count second deliveries and corrections.
    """
    ended = run.windows[run.windows["invocations"] > 0].reset_index(drop=True)
    counted = recomputed_windows(run)
    counted = counted[counted["invocations"] > 0].reset_index(drop=True)
    columns = list(_WINDOW_SUMS if labelled_once(run) else (*_KEYS, *_COUNTED_OF_REQUESTS))
    pd.testing.assert_frame_equal(ended[columns], counted[columns], check_dtype=False)
    run_counts = run.data.run_counts
    invalid = run.requests[run.requests["status"] == 400]
    expected = np.bincount(
        invalid["arrived_ns"] // run_counts.blueprint.period_ns, minlength=len(run_counts.invalid)
    )
    np.testing.assert_array_equal(run_counts.invalid, expected)


def quantiles_of_windows(run: Run) -> None:
    """A window's percentile is the sorted latency at its rank, within 0.8 % or 0.5 us."""
    served = run.requests[run.requests["status"].isin(SERVED)]
    latency = served["finished_ns"] - served["arrived_ns"]
    period = run.scenario.metrics.period
    groups = dict(list(latency.groupby([served["finished_ns"] // period, served["variant"]])))
    shares = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
    for row in run.windows.to_dict("records"):
        group = groups.get((row["start_ns"] // period, row["variant"]))
        for name, share in shares.items():
            shown = row[f"latency_{name}_ns"]
            if group is None:
                assert np.isnan(shown)
                continue
            exact = group.sort_values().iloc[max(ceil(share * len(group)), 1) - 1]
            assert abs(shown - exact) <= max(0.008 * exact, 513)


def shares_are_one(run: Run) -> None:
    """The shares in force sum to 1, and only deployed variants have one."""
    sums = run.splits.groupby("at_ns", sort=False)["share"].sum()
    np.testing.assert_allclose(sums, 1.0, atol=1e-12)
    for at_ns, split in run.splits.groupby("at_ns"):
        assert (split["instances"] > 0).all(), at_ns
        assert (split["weight"] >= 0).all(), at_ns


def traffic_keeps_to_the_split(run: Run) -> None:
    """Nobody without a target reaches a variant that has weight 0 or is not deployed then.

    A request that names a variant gets it if it is deployed, whatever its weight, else a 400. An
    open connection leads on to a variant that is deployed, whatever its weight has become; so may a
    router that holds other weights.
    """
    segments = run.scenario.traffic
    endpoint = run.scenario.endpoint
    connected = endpoint.variant_routing == "keep_alive" or endpoint.routers is not None
    for row, force in zip(run.requests.itertuples(), _splits_at_arrival(run), strict=True):
        segment = segments[row.segment]
        by_trace = segment.trace is not None and segment.trace.target is not None
        if row.status == 400:
            assert segment.targets or segment.paired_targets or by_trace
            assert by_trace or not {*segment.targets, *segment.paired_targets} <= set(force)
        elif not (segment.targets or segment.paired_targets or by_trace or connected):
            assert force[row.variant].weight > 0
        else:
            assert row.variant in force


LAWS: tuple[Callable[[Run], None], ...] = (
    conservation,
    order_of_time,
    first_come_first_served,
    lindley_kiefer_wolfowitz,
    workers_and_places,
    little,
    windows_are_sums_of_records,
    quantiles_of_windows,
    shares_are_one,
    traffic_keeps_to_the_split,
)

_KEYS = ("start_ns", "variant")
_COUNTED_OF_REQUESTS = (
    "invocations",
    "answered",
    "failed",
    "rejected",
    "latency_sum_ns",
    "wait_sum_ns",
    "invocations_per_instance",
)
_COUNTED = (
    *_COUNTED_OF_REQUESTS,
    "true_positive",
    "false_positive",
    "false_negative",
    "true_negative",
    "success",
    "failure",
    "squared_error",
)
_WINDOW_SUMS = (*_KEYS, *_COUNTED)


def labelled_once(run: Run) -> bool:
    """Whether no label is delivered again or corrected."""
    labels = run.scenario.labels
    revised = (settings.revised for _, settings in labels.said())
    return labels.duplicates is None and not labels.revised and not any(revised)


def recomputed_windows(run: Run) -> pd.DataFrame:
    """The windows as pandas counts them in the request records."""
    requests, period = run.requests, run.scenario.metrics.period
    sent = requests[requests["status"] != 400]
    forces = zip(_splits_at_arrival(run), requests["variant"], strict=True)
    instances = pd.Series([force[name].instances if name else 1 for force, name in forces])
    ended = sent[sent["status"] != 0].copy()
    served = ended["status"].isin(SERVED)
    ended["window"] = ended["finished_ns"] // period
    ended["invocations"] = 1
    ended["answered"] = ended["status"] == 200
    ended["failed"] = ended["status"] == 500
    ended["rejected"] = ended["status"] == 503
    ended["latency_sum_ns"] = (ended["finished_ns"] - ended["arrived_ns"]).where(served, 0)
    ended["wait_sum_ns"] = (ended["started_ns"] - ended["arrived_ns"]).where(served, 0)
    ended["invocations_per_instance"] = INSTANCE_SHARE_ONE // instances[ended.index]
    labelled = requests[requests["label_ns"].between(0, run.scenario.horizon - 1)].copy()
    labelled["window"] = labelled["label_ns"] // period
    label, right = labelled["label"], labelled["correct"] == 1
    labelled["true_positive"] = (label == 1) & right
    labelled["false_positive"] = (label == 0) & ~right
    labelled["false_negative"] = (label == 1) & ~right
    labelled["true_negative"] = (label == 0) & right
    labelled["success"] = (label == -1) & right
    labelled["failure"] = (label == -1) & (labelled["correct"] == 0)
    score = (labelled["score"].fillna(0) * SCORE_ONE).astype("int64")
    score = score.where(label >= 0, 0)
    distance = score - label.clip(lower=0) * SCORE_ONE
    labelled["squared_error"] = (distance**2 // SCORE_ONE).where(label >= 0, 0)
    names = list(run.scenario.endpoint.variants)
    request_sums, label_sums = (
        frame.assign(variant=frame["variant"].map(names.index))
        .groupby(["window", "variant"])[[name for name in _COUNTED if name in frame]]
        .sum()
        for frame in (ended, labelled)
    )
    both = request_sums.join(label_sums, how="outer").fillna(0).sort_index().reset_index()
    both["start_ns"] = both.pop("window") * period
    both["variant"] = [names[number] for number in both["variant"]]
    both["invocations_per_instance"] = both["invocations_per_instance"] / INSTANCE_SHARE_ONE
    return both[list(_WINDOW_SUMS)]


class Force(NamedTuple):
    """What a variant has in some split."""

    weight: float
    instances: int


def _splits_at_arrival(run: Run) -> Iterator[dict[str, Force]]:
    """The split in force when each request arrived; a change counts from its own instant on."""
    forces: dict[int, dict[str, Force]] = {}
    for row in run.splits.itertuples():
        forces.setdefault(row.at_ns, {})[row.variant] = Force(row.weight, row.instances)
    starts, splits = sorted(forces), [forces[at_ns] for at_ns in sorted(forces)]
    latest = np.searchsorted(starts, run.requests["arrived_ns"], side="right") - 1
    return (splits[number] for number in latest)


def _instances(run: Run) -> Iterator[tuple[str, pd.DataFrame]]:
    """All requests sent to each instance, in order of arrival, with the variant whose it is."""
    sent = run.requests[run.requests["status"] != 400]
    variants = run.scenario.endpoint.variants
    hosts = sent["variant"].map(
        {name: each.instances_of or name for name, each in variants.items()}
    )
    for (host, _), everyone in sent.groupby([hosts, "instance"], sort=False):
        yield host, everyone


def _queues(run: Run) -> Iterator[tuple[str, pd.DataFrame]]:
    """The requests that each instance took, in order of arrival."""
    for variant, everyone in _instances(run):
        yield variant, everyone[everyone["status"] != 503]


def _service_times(run: Run) -> list[int]:
    """The service time of each request, drawn anew: its segment's stream, its number there."""
    draws = Draws(run.seed, run.replication)
    tables = {name: each.latency.table() for name, each in run.scenario.endpoint.variants.items()}
    numbers = run.requests.groupby("segment").cumcount()
    words = {
        segment: draws.blocks(Purpose.SERVICE, stream_of(segment), 0, int(count))[:, 2].tolist()
        for segment, count in run.requests["segment"].value_counts().items()
    }
    return [
        max(tables[variant].draw(words[segment][number]), 1) if variant else 0
        for variant, segment, number in zip(
            run.requests["variant"], run.requests["segment"], numbers, strict=True
        )
    ]
