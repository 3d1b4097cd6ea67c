"""What explain says of traces that are replayed and of sessions, and the warning of a short one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from simab import units
from simab.explain.session_requests import share_within
from simab.scenario.models import Scenario
from simab.scenario.parts import Segment
from simab.scenario.replay import replay, rows_of
from simab.scenario.trace import Sessions, Trace
from simab.scenario.traced import busiest, counts_in, dispersion, ends_ns
from simab.text.durations import duration_text
from simab.text.lists import named
from simab.text.numbers import counted, number_text, percent_text, rate_text, two_figures

__all__ = ["given_sentences", "traces_that_end", "windows_that_overlap"]

_MINUTE_NS = 60 * 10**9
_FEWEST_MINUTES = 10
_FEWER = 0.98
"""The share of the requests of a segment's sessions within a run below which it is said."""


def given_sentences(scenario: Scenario, name: str, segment: Segment) -> Iterator[str]:
    """How busy a trace is and how much its counts scatter; how sessions come."""
    if segment.trace is not None:
        yield _trace_sentence(name, segment.trace, scenario.horizon)
    if segment.sessions is not None:
        yield _session_sentence(name, segment.sessions, scenario.horizon)


def traces_that_end(scenario: Scenario) -> Iterator[str]:
    """A trace that is over before the run is."""
    for name, segment in scenario.traffic.items():
        end_ns = None if segment.trace is None else ends_ns(segment.trace)
        if end_ns is not None and end_ns < scenario.horizon:
            assert segment.trace is not None
            yield (
                f"The trace of {named(name)} ends after {duration_text(units.seconds(end_ns))}, "
                f"and the run goes on to {duration_text(units.seconds(scenario.horizon))} without "
                "its requests. Shorten horizon, or let the trace `loop`."
            )


def windows_that_overlap(scenario: Scenario) -> Iterator[str]:
    """Counts of windows that reach into the next, of which each would be counted again."""
    for name, segment in scenario.traffic.items():
        trace = segment.trace
        if trace is None or trace.window is None:
            continue
        apart_ns = np.diff(rows_of(trace).times_ns)
        close = apart_ns[(apart_ns > 0) & (apart_ns < trace.window)]
        if len(close):
            apart, window = (
                units.format_duration(int(each)) for each in (min(close), trace.window)
            )
            yield (
                f"Windows of the trace of {named(name)} begin {apart} apart and last {window}: "
                "they overlap, and requests of both are added up. Write the `window` that its rows "
                "have, or choose rows by `where`."
            )


def _trace_sentence(name: str, trace: Trace, horizon_ns: int) -> str:
    arrived_ns = replay(trace, horizon_ns).arrived_ns
    requests = f"{named(name)} replays {counted(len(arrived_ns), 'request')} of {trace.file}"
    if trace.keep < 1.0:
        requests += f", of which {percent_text(trace.keep)} are kept"
    minutes = horizon_ns // _MINUTE_NS
    if minutes < _FEWEST_MINUTES:
        return f"{requests}."
    most = busiest(trace, horizon_ns, _MINUTE_NS)
    begins = duration_text(units.seconds(most.begins_ns))
    index = dispersion(counts_in(arrived_ns, _MINUTE_NS, horizon_ns))
    scatter = 1.0 + (index - 1.0) * trace.keep
    return (
        f"{requests}; the busiest minute begins {f'after {begins}' if most.begins_ns else 'it'}, "
        f"with {rate_text(most.per_s)}, and counts of a minute scatter "
        f"{number_text(two_figures(math.sqrt(scatter)))} times as much as those of Poisson "
        "arrivals. Waits said here are those of Poisson arrivals in the busiest hour; a run plays "
        "the trace."
    )


def _session_sentence(name: str, sessions: Sessions, horizon_ns: int) -> str:
    gap = duration_text(units.seconds(round(sessions.gap.table().mean)))
    mean = counted(float(two_figures(sessions.mean_requests)), "request")
    within, begun = share_within(sessions, horizon_ns), ""
    if within < _FEWER:
        share = percent_text(two_figures(within))
        begun = f"; a run begins without any, so that it has {share} of as many as come later on"
    return (
        f"Requests of {named(name)} come in sessions of {mean} on average, each of one client, "
        f"with {gap} between two of them{begun}."
    )
