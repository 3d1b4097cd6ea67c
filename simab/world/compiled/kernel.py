"""The compiled data plane's kernel: all that happens to the requests up to the next control event.

Three loops over a block of a segment's requests: `preparing` what no queue decides, `serving` in
order of arrival, and `booking`. world/reference says what has to come out, bit for bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from simab.world.compiled.arrivals import draw_block
from simab.world.compiled.booking import book, book_all
from simab.world.compiled.draws import OPTIONS
from simab.world.compiled.kernel_identity import source_digest
from simab.world.compiled.preparing import prepare, prepare_again
from simab.world.compiled.serving import (
    DONE,
    LOG_FULL,
    QUEUE_FULL,
    ROWS_A_REQUEST,
    WINDOWS_FULL,
    serve,
)
from simab.world.compiled.streams import BLOCK
from simab.world.compiled.ticks import first_tick_ns, stop_ns

__all__ = ["DONE", "LOG_FULL", "QUEUE_FULL", "ROWS_A_REQUEST", "WINDOWS_FULL", "advance"]

_NEVER_NS = np.int64((1 << 63) - 1)


def _advance(until_ns, constants, routing, streams, instances, counts, watch, log, position):
    """Take every arrival before `until_ns` to its end, or before the tick that `watch` waits for.

    `counts` are the arrays of RunCounts, `log` has a row a request (no rows: no log) and
    `position[0]` is the next free one. Returns DONE, or LOG_FULL, QUEUE_FULL or WINDOWS_FULL when
    the caller has to make room and call again; nothing is lost in between.
    """
    prepare_again(constants, routing, streams)
    last_ns, reason = first_tick_ns(watch, until_ns), DONE
    while reason == DONE:
        _renew(constants, routing, streams, instances, counts, log)
        segment, arrived_ns, before_ns = _next_segment(streams)
        if arrived_ns >= last_ns:
            book_all(constants, routing, streams, instances, counts, log)
            last_ns = stop_ns(constants, watch, counts, arrived_ns, until_ns)
        if arrived_ns >= last_ns:
            return DONE
        if counts.latency_room[0] < (len(streams) + 1) * BLOCK:  # those served, and copies
            reason = WINDOWS_FULL
        else:
            before_ns = min(before_ns, last_ns)
            reason = serve(
                constants, routing, streams, instances, counts, log, position, segment, before_ns
            )
    book_all(constants, routing, streams, instances, counts, log)
    return reason


@njit(inline="always")
def _renew(constants, routing, streams, instances, counts, log):
    """Draw and prepare the next block of each segment whose block has been served."""
    for number in range(len(streams)):
        segment = np.uint64(number)
        if streams[segment].cursor == BLOCK:
            book(constants, routing, streams, instances, counts, log, segment)
            draw_block(constants, streams, segment)
            prepare(constants, routing, streams, segment, np.int64(0))


@njit(inline="always")
def _next_segment(streams):
    """The segment whose request comes next (of several at one instant, the first), when that is,
    and before which instant no other segment's request comes in between.
    """
    chosen, earliest_ns = np.uint64(0), np.int64(0)
    before_ns = _NEVER_NS
    for number in range(len(streams)):
        segment = np.uint64(number)
        ahead_ns = streams[segment].arrived_ns[np.uint64(streams[segment].cursor)]
        if number == 0:
            earliest_ns = ahead_ns
        elif ahead_ns < earliest_ns:
            chosen, earliest_ns, before_ns = segment, ahead_ns, earliest_ns
        else:
            before_ns = min(before_ns, ahead_ns + 1)
    return chosen, earliest_ns, before_ns


_advance.__qualname__ = f"advance_{source_digest()}"  # the name under which Numba keeps it on disk
try:
    advance = njit(cache=True, nogil=True, **OPTIONS)(_advance)
except RuntimeError:  # nowhere to keep it: neither here nor in the user's folder may be written
    advance = njit(nogil=True, **OPTIONS)(_advance)
