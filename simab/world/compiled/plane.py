"""The compiled data plane: a Numba kernel that plays all requests up to the next control event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
import simpy
from numpy.typing import NDArray

from simab.draws import Draws, Purpose
from simab.scenario.serving import KEEPING
from simab.world.answer_log import LabelledRecords
from simab.world.blueprint import NO_VARIANT
from simab.world.calls import CallEnd
from simab.world.compiled.arrays import (
    LOG_ROW,
    InstanceState,
    RoutingArrays,
    constants_of,
    routing_arrays_of,
)
from simab.world.compiled.client_state import NO_COOKIE, STAYS, ClientState
from simab.world.compiled.kernel import (
    LOG_FULL,
    QUEUE_FULL,
    ROWS_A_REQUEST,
    WINDOWS_FULL,
    advance,
)
from simab.world.compiled.label_watch import LabelWatch
from simab.world.compiled.streams import BLOCK, CLIENT, NOWHERE, TARGET, streams_of
from simab.world.label_plan import LabelCounting
from simab.world.records import RECORD_COLUMNS, UNKNOWN, places_in_segments
from simab.world.routing import Routing
from simab.world.run_counts import CLIENT_BITS, RunCounts, Status

__all__ = ["CompiledPlane"]

_LOG_CHUNK: Final = 1 << 16
_FIRST_RING: Final = 16
_NO_ROUTING: Final = 0  # those in force are numbered from 1


class CompiledPlane:
    """Carries requests in compiled code, between two control events at a time."""

    def __init__(
        self,
        environment: simpy.Environment,
        run_counts: RunCounts,
        draws: Draws,
        *,
        record_requests: bool,
        log_chunk: int = _LOG_CHUNK,
    ) -> None:
        self._constants = constants_of(run_counts.blueprint, draws)
        self._streams = streams_of(run_counts.blueprint, clients_wanted=record_requests)
        self._run_counts, self._latency_counts = run_counts.arrays, run_counts.latency_counts
        self._workers = max(variant.workers for variant in run_counts.blueprint.variants)
        self._blueprint, self._draws = run_counts.blueprint, draws
        self._clients = sum(segment.clients for segment in run_counts.blueprint.segments)
        self._cookies: dict[tuple[int, int], NDArray[np.int64]] = {}
        keeping = run_counts.blueprint.scenario.endpoint.variant_routing in KEEPING
        remembered = self._clients if keeping else 0
        self._kept = np.zeros(remembered, np.int64), np.zeros(remembered, np.int64)
        remembering = any(segment.remembers for segment in run_counts.blueprint.segments)
        remembered = self._clients if remembering else 0
        self._met = np.full(remembered, NO_VARIANT, np.int64), np.full(remembered, STAYS, np.int64)
        self._users, self._epoch = np.zeros(0, dtype=np.uint64), -1
        self._slots: dict[tuple[int, int], int] = {}
        self._instances = _free_times(0, self._workers, _FIRST_RING)
        self._no_watch = LabelWatch.of(range(1), (), len(run_counts.blueprint.variants))
        self._routing: RoutingArrays
        self._routings = 0
        self._kernel: Callable[..., int]
        self._record = record_requests
        self._chunks: list[NDArray[np.void]] = []
        rows = max(log_chunk, ROWS_A_REQUEST) if record_requests else 0
        self._log = np.empty(rows, dtype=LOG_ROW)
        self._position = np.zeros(1, dtype=np.int64)
        self._looked_at = 0, 0
        self._counted = np.zeros(len(run_counts.blueprint.segments), dtype=np.int64)

    def route(self, routing: Routing) -> None:
        """Put a split in force for the requests that arrive from now on."""
        slots = [
            [self._slot(variant, number) for number in numbers]
            for variant, numbers in enumerate(routing.instances)
        ]
        self._routings += 1
        self._routing = routing_arrays_of(
            self._routings,
            routing,
            slots,
            ClientState(
                self._cookies_of(routing), self._users_of(routing), *self._kept, *self._met
            ),
        )
        self._make_room_for_instances()
        self._kernel = advance

    def advance(self, until_ns: int) -> None:
        """Play all that happens to the requests that arrive before `until_ns`."""
        self._advance(until_ns, self._no_watch)

    def call(self, target: int, now_ns: int) -> Callable[[], CallEnd | None]:
        """Play a request that arrives now, after all others of this instant, to its end."""
        stream = self._streams[-1]
        self.advance(now_ns)  # so that its words are drawn
        place = stream["cursor"]
        stream["arrived_ns"][place] = now_ns
        stream["words"][TARGET, place] = target + 1  # as the segment's target thresholds have it
        stream["routing"] = _NO_ROUTING  # so that it is prepared with its target
        self.advance(now_ns + 1)
        variant, slot, status, started_ns, finished_ns = stream["reply"].tolist()
        instance = None if slot == NOWHERE else int(self._instances.numbers[slot])
        end = CallEnd(variant, instance, Status(status), started_ns, finished_ns)
        return lambda: end

    def first_labelled(self, ticks: range, wanted: Sequence[tuple[Sequence[int], int]]) -> int:
        """Play up to the first tick with all the labels that are wanted, at most to the last."""
        if not wanted:
            return ticks[-1]
        labels = self._blueprint.labels
        if labels is not None and labels.counting is LabelCounting.WEIGHT:
            return ticks[0]  # what counts grows with the age of answers, not with labels alone
        watch = LabelWatch.of(ticks, wanted, len(self._blueprint.variants))
        self._advance(ticks[-1], watch)
        return watch.reached_ns or ticks[-1]

    def _advance(self, until_ns: int, watch: LabelWatch) -> None:
        while reason := self._kernel(
            until_ns,
            self._constants,
            self._routing,
            self._streams,
            self._instances,
            self._run_counts,
            watch,
            self._log,
            self._position,
        ):
            if reason == LOG_FULL:
                self._keep_chunk()
            elif reason == QUEUE_FULL:
                self._double_rings()
            elif reason == WINDOWS_FULL:
                self._latency_counts.put_away()
        if self._kernel is advance:
            self._kernel = _machine_code(advance)

    def newly_labelled(self) -> LabelledRecords:
        """The records whose label's arrival became known since this was last asked.

        That is known as soon as a request arrives.
        """
        assert self._record, "records are kept"
        chunk, row = self._looked_at
        parts = [*self._chunks[chunk:], self._log[: self._position[0]]]
        first = sum(map(len, self._chunks[:chunk])) + row
        self._looked_at = len(self._chunks), int(self._position[0])
        records = _table(np.concatenate([parts[0][row:], *parts[1:]]))
        labelled = records[:, RECORD_COLUMNS.index("label_ns")] != UNKNOWN
        places = places_in_segments(records, self._counted)
        return LabelledRecords(
            first + np.flatnonzero(labelled), places[labelled], records[labelled]
        )

    def records(self) -> NDArray[np.int64] | None:
        """The request records, if they were kept."""
        if not self._record:
            return None
        self._keep_chunk()
        return _table(np.concatenate(self._chunks))

    def _cookies_of(self, routing: Routing) -> NDArray[np.int64]:
        """Since when each client has the cookie that is given now; another age is another one."""
        if routing.pinned == NO_VARIANT:
            return np.zeros(0, dtype=np.int64)
        self._want_clients()
        cookie = routing.pinned, routing.cookie_ns
        if cookie not in self._cookies:
            self._cookies[cookie] = np.full(self._clients, NO_COOKIE, dtype=np.int64)
        return self._cookies[cookie]

    def _users_of(self, routing: Routing) -> NDArray[np.uint64]:
        """A bit for each client, or session, that has been assigned in this epoch."""
        if not routing.counts_users:
            return np.zeros(0, dtype=np.uint64)
        drawn = self._clients
        if self._blueprint.scenario.endpoint.assigns_sessions:
            drawn = int(self._constants.given_sessions.max(initial=0)) + 1
        words = (drawn >> CLIENT_BITS) + 1
        if routing.counting_epoch != self._epoch or len(self._users) != words:
            self._users, self._epoch = np.zeros(words, dtype=np.uint64), routing.counting_epoch
        return self._users

    def _want_clients(self) -> None:
        """From now on draw who asks; for the requests that are drawn already, draw it now."""
        streams = self._streams
        if streams["clients_wanted"].all():
            return
        streams["clients_wanted"] = 1
        for number, segment in enumerate(self._blueprint.segments):
            first = int(streams["drawn"][number]) - BLOCK
            if first >= 0:
                words = self._draws.blocks(Purpose.CLIENT, segment.stream, first, BLOCK)
                streams["words"][number, CLIENT] = segment.clients_of(words[:, 0])
                streams["words"][number, TARGET] = words[:, 1]
                self._want_given(number, first)

    def _want_given(self, number: int, first: int) -> None:
        """The same of what is given of a segment's requests."""
        plan, words = self._constants.segments[number], self._streams["words"][number]
        count = max(min(BLOCK, int(plan["given"]) - first), 0)
        given = slice(plan["first_given"] + first, plan["first_given"] + first + count)
        if plan["clients_given"]:
            words[CLIENT, :count] = self._constants.given_clients[given]
        if plan["targets_given"]:
            words[TARGET, :count] = self._constants.given_targets[given]

    def _slot(self, variant: int, number: int) -> int:
        place = self._blueprint.variants[variant].host, number
        return self._slots.setdefault(place, len(self._slots))

    def _make_room_for_instances(self) -> None:
        """New slots start with all workers free and an empty queue."""
        old = self._instances
        known, needed = len(old.numbers), len(self._slots)
        if needed == known:
            return
        new = _free_times(needed, self._workers, old.waiting.shape[1])
        for before, after in zip(old[:-1], new[:-1], strict=True):
            after[:known] = before
        new.longest[:] = old.longest
        new.numbers[:] = [number for _, number in self._slots]
        self._instances = new

    def _double_rings(self) -> None:
        old = self._instances
        waiting = np.zeros((len(old.heads), 2 * old.waiting.shape[1]), dtype=np.int64)
        for slot, head in enumerate(old.heads):
            waiting[slot, : old.waiting.shape[1]] = np.roll(old.waiting[slot], -head)
        self._instances = old._replace(waiting=waiting, heads=np.zeros_like(old.heads))

    def _keep_chunk(self) -> None:
        self._chunks.append(self._log[: self._position[0]].copy())
        self._position[0] = 0


def _table(records: NDArray[np.void]) -> NDArray[np.int64]:
    return records.view(np.int64).reshape(len(records), len(RECORD_COLUMNS))


@lru_cache(maxsize=4)
def _machine_code(kernel: Any) -> Callable[..., int]:
    """The kernel without Numba's look at the types of 40 arrays: 7 us of the 8 of a call.

    They are looked at in the first call after each change of the routing, when new arrays come in,
    and are the same for all runs. Without compilation (NUMBA_DISABLE_JIT) Python is the kernel.
    """
    if not getattr(kernel, "overloads", None):
        return kernel  # type: ignore[no-any-return]
    (only,) = kernel.overloads.values()
    entry: Callable[..., int] = only.entry_point
    return entry


def _free_times(slots: int, workers: int, ring: int) -> InstanceState:
    return InstanceState(
        numbers=np.zeros(slots, dtype=np.int64),
        free_ns=np.zeros((slots, workers), dtype=np.int64),
        waiting=np.zeros((slots, ring), dtype=np.int64),
        heads=np.zeros(slots, dtype=np.int64),
        counts=np.zeros(slots, dtype=np.int64),
        longest=np.zeros(1, dtype=np.int64),
    )
