"""The numbers behind a timeline: traffic, latency and errors, the metric, and what was measured."""

from __future__ import annotations

import math
from itertools import groupby
from typing import Final

from simab.report.table import Cell, Column, Table
from simab.report.timeline_parts import BINS, Envelope, envelopes, errors_speak, latencies_speak
from simab.result import TruthSummary
from simab.result.example_run import Example, Realised
from simab.result.metrics import OF_REQUESTS
from simab.text import typeset

__all__ = ["timeline_tables", "traffic"]

_MOST_ROWS: Final = 24
_RESULTS: Final = {True: "passed", False: "not passed", None: "left open"}


def timeline_tables(example: Example, truth: TruthSummary) -> tuple[Table, ...]:
    """A table for each panel, of long series as many rows as are read; study.json has all."""
    dots = example.realised(truth.candidate, example.shown_until_s, BINS)
    bands = envelopes(example, truth.candidate, example.shown_until_s)
    found = [traffic(example, truth.candidate, dots, bands)] if example.weights else []
    if latencies_speak(example) or errors_speak(example):
        found.append(_windows(example))
    if example.metric_series:
        found.append(_metric(example, truth))
    if example.readings:
        found.append(_readings(example))
    return tuple(found)


def traffic(example: Example, variant: str, dots: list[Realised], bands: list[Envelope]) -> Table:
    """Weights and realised shares of a variant, and what chance makes of a constant weight."""
    chance = {each.realised: each for each in bands}
    columns = (
        Column("Windows", "from, to", numeric=False),
        Column("Weight", "as a share"),
        Column("Realised share"),
        Column("Chance alone", "95\u202f% of it"),
        Column("Requests", "that ended then"),
    )
    rows = tuple(
        (
            Cell(typeset.duration_range(each.since_s, each.until_s)),
            Cell(_weights_in_force(example, variant, each)),
            Cell(typeset.percent(each.share, 1)),
            Cell(_chance(chance.get(each))),
            Cell(typeset.count(each.requests)),
        )
        for each in dots
    )
    table = Table(f"Share of {variant}", columns, rows)
    return table.without(frozenset({typeset.NOT_KNOWN}))


def _chance(band: Envelope | None) -> str:
    if band is None:
        return typeset.NOT_KNOWN
    return f"{typeset.percent(band.low, 1)} to {typeset.percent(band.high, 1)}"


def _weights_in_force(example: Example, variant: str, windows: Realised) -> str:
    """The weight as a share at the windows' begin, and each that came into force within them."""
    times, shares = example.weight_steps(variant, math.inf)
    steps = list(zip(times[:-1], shares, strict=False))
    before = [share for at_s, share in steps if at_s <= windows.since_s]
    within = [share for at_s, share in steps if windows.since_s < at_s < windows.until_s]
    in_force = [each for each, _ in groupby([*before[-1:], *within])]
    return ", then ".join(typeset.percent(each, 1) for each in in_force) or typeset.NOT_KNOWN


def _metric(example: Example, truth: TruthSummary, most: int = 12) -> Table:
    """The metric of both variants at a few times."""
    names, by_requests = (truth.control, truth.candidate), truth.metric in OF_REQUESTS
    columns = (
        Column("Time", numeric=False),
        Column("Variant", numeric=False),
        Column("Requests" if by_requests else "Labels"),
        Column("Value", "" if by_requests else "95\u202f% interval"),
    )
    points = sorted(
        (point for name in names for point in example.series(name, most)),
        key=lambda point: (point.at_s, point.variant != names[0]),
    )
    rows = tuple(
        (
            Cell(typeset.duration(point.at_s)),
            Cell(point.variant),
            Cell(typeset.count(point.labelled)),
            Cell(
                typeset.metric_value(point.value),
                ""
                if by_requests
                else f"{typeset.metric_value(point.low)} to {typeset.metric_value(point.high)}",
            ),
        )
        for point in points
    )
    counted = "requests that have ended" if by_requests else "labels that have arrived"
    return Table(f"The metric over the {counted}", columns, rows)


def _windows(example: Example) -> Table:
    """Errors and the latency shown, of each variant; evenly many windows where there are more."""
    shown = [each for each in example.spans if each.start_s < example.shown_until_s]
    starts = sorted({each.start_s for each in shown})
    every = max(1, math.ceil(len(starts) / _MOST_ROWS))
    kept = set(starts[::every])
    kind = example.latency_shown.removeprefix("latency_")
    columns = (
        Column("Windows", "from, to", numeric=False),
        Column("Variant", numeric=False),
        Column("Requests"),
        Column("Errors", "share of requests"),
        Column(f"Latency {kind}"),
    )
    rows = tuple(
        (
            Cell(typeset.duration_range(each.start_s, each.end_s)),
            Cell(each.variant),
            Cell(typeset.count(each.invocations)),
            Cell(typeset.percent(each.error_rate, 2)),
            Cell(_latency(each.latency_shown_ms)),
        )
        for each in shown
        if each.start_s in kept
    )
    some = "" if every == 1 else f", of every {every} windows the first"
    return Table(f"Latency and errors of each variant{some}", columns, rows)


def _latency(milliseconds: float) -> str:
    return typeset.duration(milliseconds / 1000) if milliseconds >= 0 else typeset.NOT_KNOWN


def _readings(example: Example) -> Table:
    columns = (
        Column("When", numeric=False),
        Column("Analysis", numeric=False),
        Column("Result", numeric=False),
        Column("Measured, beside its bound", numeric=False),
    )
    rows = tuple(
        (
            Cell(typeset.duration(each.at_s)),
            Cell(each.name),
            Cell(_RESULTS[each.passed]),
            Cell(each.reading),
        )
        for each in example.readings
    )
    return Table("What the policy measured, passed or not", columns, rows)
