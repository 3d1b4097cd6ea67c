"""Given arrivals of all segments as flat arrays, one segment after the other, for the kernel."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simab.draws import Draws
from simab.world.blueprint import Blueprint
from simab.world.given_arrivals import GivenArrivals, given_arrivals

__all__ = ["NOT_GIVEN", "GivenArrays", "given_arrays", "per_unit_ns"]

Array: TypeAlias = NDArray[Any]
NOT_GIVEN: Final = -1
"""In place of a number of arrivals, where they are drawn as they come."""


class GivenArrays(NamedTuple):
    """Entries of given arrivals; arrays that no segment needs have none.

    `given_sessions`, numbered over all segments, and their hashes `given_words` are there only
    where routing goes by them.
    """

    given_ns: NDArray[np.int64]
    given_clients: NDArray[np.int64]
    given_targets: NDArray[np.uint64]
    given_sizes: NDArray[np.int32]
    given_sessions: NDArray[np.int64]
    given_words: NDArray[np.uint64]


def given_arrays(
    blueprint: Blueprint, draws: Draws | None, segments: NDArray[np.void]
) -> GivenArrays:
    """The arrivals of a replication; without draws none, until they are known.

    The records of `segments` are told where each has its own.
    """
    found = [
        None if draws is None else given_arrivals(segment, draws, blueprint.horizon_ns)
        for segment in blueprint.segments
    ]
    counts = [0 if each is None else len(each.arrived_ns) for each in found]
    segments["given"] = [NOT_GIVEN if each is None else len(each.arrived_ns) for each in found]
    segments["first_given"] = np.cumsum([0, *counts[:-1]])
    for field in ("clients", "targets", "sizes"):
        given = [each is not None and getattr(each, field) is not None for each in found]
        segments[f"{field}_given"] = given
    there = [each for each in found if each is not None]
    columns = per_unit_ns(blueprint).shape[1]
    sessions, words = _by_session(blueprint, found, segments)
    return GivenArrays(
        given_ns=_joined([each.arrived_ns for each in there], np.zeros(0, dtype=np.int64)),
        given_clients=_field(there, "clients", np.zeros(0, dtype=np.int64)),
        given_targets=_field(there, "targets", np.zeros(0, dtype=np.uint64)),
        given_sizes=_field(there, "sizes", np.zeros((0, columns), dtype=np.int32)),
        given_sessions=sessions,
        given_words=words,
    )


def _by_session(
    blueprint: Blueprint, found: list[GivenArrivals | None], segments: NDArray[np.void]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The session of each given request and its hash, in zeros where a segment has none."""
    sessions, words = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint64)]
    if not blueprint.scenario.endpoint.assigns_sessions:
        return sessions[0], words[0]
    before = 0
    for segment, each in zip(segments, found, strict=True):
        if each is None:
            continue
        own, hashes = np.zeros(len(each.arrived_ns), dtype=np.int64), None
        if each.sessions is not None and each.session_words is not None:
            segment["sessions_given"] = True
            own, hashes = each.sessions + before, each.session_words[each.sessions]
            before += len(each.session_words)
        sessions.append(own)
        words.append(own.astype(np.uint64) if hashes is None else hashes)
    return np.concatenate(sessions), np.concatenate(words)


def _field(found: list[GivenArrivals], name: str, none: Array) -> Array:
    """A column of all of them, with zeros for those that do not have it; none if nobody has."""
    columns = [getattr(each, name) for each in found]
    if all(column is None for column in columns):
        return none
    return _joined(
        [
            np.zeros((len(each.arrived_ns), *none.shape[1:]), none.dtype)
            if column is None
            else column
            for each, column in zip(found, columns, strict=True)
        ],
        none,
    )


def _joined(parts: list[Array], none: Array) -> Array:
    """One after the other, as an array of its own: compiled code takes writable ones."""
    return np.concatenate([none, *parts])


def per_unit_ns(blueprint: Blueprint) -> NDArray[np.int64]:
    """What a unit of each column takes with each variant, shape (variants, columns)."""
    plans = [variant.by_size for variant in blueprint.variants]
    columns = max((len(plan.per_unit_ns) for plan in plans if plan is not None), default=0)
    found = np.zeros((len(plans), columns), dtype=np.int64)
    for row, plan in zip(found, plans, strict=True):
        if plan is not None:
            row[:] = plan.per_unit_ns
    return found
