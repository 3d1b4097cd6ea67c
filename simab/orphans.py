"""A worker process ends with the process that started it, however that one ended.

Nothing else is imported here: a worker must know of its parent's end while it still loads the rest.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import Final

__all__ = ["begin_worker"]

_ORPHANED: Final = 1


def begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end as soon as it is gone, in the middle of a call as well.

    A killed parent stops no worker: each would wait endlessly for the next call, with
    the memory of a whole simulator.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="simab-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()  # returns when its end of a pipe closes, which no death can prevent
        os._exit(_ORPHANED)  # the main thread may be in the kernel, or waiting for a lock
