"""The next requests of each segment as arrays: a block of them, from its words to its bookings."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simab.world.blueprint import Blueprint

__all__ = [
    "BLOCK",
    "BY_COOKIE",
    "BY_WEIGHT",
    "CLIENT",
    "DELAY",
    "ERROR",
    "INSTANCE",
    "LATENCY",
    "LEAST_BUSY",
    "NAMED",
    "NEVER",
    "NEVER_LABELLED",
    "NOT_CALLED_NS",
    "NOWHERE",
    "ON_ARRIVAL",
    "ROW",
    "SCORE",
    "STAYS_AWAY",
    "TARGET",
    "VARIANT",
    "streams_of",
]

BLOCK: Final = 128
"""Requests of a segment that are drawn, prepared, served and booked together."""
WORDS: Final = 10
REPLY: Final = 5
"""Variant, slot, status, start and finish of a request."""
CLIENT, TARGET, VARIANT, INSTANCE, LATENCY, ERROR, ROW, SCORE, DELAY, NEVER_LABELLED = (
    np.uint64(number) for number in range(WORDS)
)
"""Words of a request, in their order."""
NEVER: Final = -1
NOT_CALLED_NS: Final = 1 << 62
"""Arrival of a request that has not been made from outside: after every horizon."""
NAMED, BY_COOKIE, BY_WEIGHT, ON_ARRIVAL, STAYS_AWAY = (np.int64(number) for number in range(5))
"""In which way a request comes by its variant; ON_ARRIVAL is not known before. One that STAYS_AWAY
never comes: its client has left."""
NOWHERE: Final = -1
"""The slot of a request whose variant has no instances."""
LEAST_BUSY: Final = -2
"""The slot of a request that goes to the instance with the fewest, which is known on arrival."""

_SEGMENT: Final = np.dtype(
    [
        ("clock_ticks", np.int64),  # of the last request drawn
        ("knot", np.int64),  # of the rate's curve, before it
        ("drawn", np.int64),
        ("cursor", np.int64),  # place of the next request to serve within the block
        ("booked", np.int64),  # place of the next one to book
        ("stayed_away", np.int64),  # how many of those between the two never came
        ("clients_wanted", np.int64),
        ("routing", np.int64),  # number of the one that the block is prepared for
        # Of each request of the block, drawn:
        ("entities", np.uint64, (BLOCK,)),  # whose words are drawn
        ("words", np.uint64, (WORDS, BLOCK)),  # of clients, targets: only where asked for or wanted
        ("arrived_ns", np.int64, (BLOCK,)),
        ("delays_ns", np.int64, (BLOCK,)),  # until the label, or NEVER
        # Prepared, from these and the routing in force:
        ("variants", np.int64, (BLOCK,)),
        ("ways", np.int64, (BLOCK,)),  # in which they came by their variant
        ("slots", np.int64, (BLOCK,)),  # or NOWHERE, LEAST_BUSY
        ("services_ns", np.int64, (BLOCK,)),
        ("statuses", np.int64, (BLOCK,)),  # if served before the horizon; settled when served
        ("labels", np.int64, (BLOCK,)),
        ("scores", np.int64, (BLOCK,)),
        ("corrects", np.int64, (BLOCK,)),
        ("score_bins", np.int64, (BLOCK,)),
        # Known when served:
        ("started_ns", np.int64, (BLOCK,)),
        ("finished_ns", np.int64, (BLOCK,)),
        ("records", np.int64, (BLOCK,)),  # rows of the log
        ("reply", np.int64, (REPLY,)),  # of a segment that is called: how its last request ended
    ]
)


def streams_of(blueprint: Blueprint, *, clients_wanted: bool) -> NDArray[np.void]:
    """A record for each segment: its clock at zero, and an empty block."""
    streams = np.zeros(len(blueprint.segments), dtype=_SEGMENT)
    streams["cursor"] = streams["booked"] = BLOCK
    streams["clients_wanted"] = clients_wanted or bool(blueprint.watched)
    return streams
