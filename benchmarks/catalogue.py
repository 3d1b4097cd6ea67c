"""The rows of the benchmark by name, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from benchmarks import (
    against_rivals,
    calls,
    features,
    looks,
    memory,
    request_parts,
    scaling,
    starting,
    tick,
    whole,
    workers,
)
from benchmarks.figures import Effort, Figure

__all__ = ["ROWS", "Row", "question"]

Row = Callable[[Effort], Iterator[Figure]]

ROWS: Final[Mapping[str, Row]] = {
    "simpy": against_rivals.against_simpy,
    "cimba": against_rivals.against_cimba,
    "ciw": against_rivals.against_ciw,
    "heap": against_rivals.against_heap,
    "sfc64": against_rivals.against_sfc64,
    "features": features.features_used,
    "parts": request_parts.parts_of_a_request,
    "memory": memory.peak_memory,
    "many-windows": memory.many_windows,
    "workers": workers.two_workers,
    **{sweep.__name__.replace("_", "-"): sweep for sweep in scaling.SWEEPS},
    "tick": tick.controller_tick,
    "kinds": tick.tick_of_each_kind,
    "statistics": looks.statistics_of_a_look,
    "start": starting.start_of_the_command,
    "check": starting.check_of_a_scenario,
    "cold-start": starting.cold_start,
    "studies": whole.whole_studies,
    "calls": calls.calls_of_an_account,
}


def question(row: Row) -> str:
    """What a row measures, in a sentence."""
    return (row.__doc__ or "").strip()
