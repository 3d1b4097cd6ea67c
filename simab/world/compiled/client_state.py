"""What the kernel remembers of each client, as arrays in order of segments and clients."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_COOKIE", "STAYS", "ClientState"]

NO_COOKIE: Final = -(1 << 62)  # as if it had run out long ago
STAYS: Final = 1 << 62  # in place of when a client leaves: after every horizon


class ClientState(NamedTuple):
    """What routing remembers of clients and they of what they met, as RoutingArrays says."""

    cookies: NDArray[np.int64]
    users: NDArray[np.uint64]
    kept: NDArray[np.int64]
    kept_until_ns: NDArray[np.int64]
    met: NDArray[np.int64]
    left_ns: NDArray[np.int64]
