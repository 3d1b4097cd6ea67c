"""The identity of the compiled kernel: a digest of every source that goes into it.

Numba keeps compiled code on disk and looks at one source file only to see whether it is stale. The
kernel takes constants and steps from many files, so its name carries a digest of them all: code
that was compiled from other sources is then simply not found.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["source_digest"]

_PACKAGE: Final = Path(__file__).parent.parent
_SOURCES: Final = (
    "draws.py",
    "profiles/outcomes.py",
    "profiles/quantile_table.py",
    "stats/label_totals.py",
    "stats/request_totals.py",
    "world/blueprint.py",
    "world/books.py",
    "world/kernel.py",
    "world/kernel_arrays.py",
    "world/kernel_arrivals.py",
    "world/kernel_booking.py",
    "world/kernel_draws.py",
    "world/kernel_instances.py",
    "world/kernel_log.py",
    "world/records.py",
    "world/routing.py",
)


@cache
def source_digest() -> str:
    """Sixteen hexadecimal digits that change when any source of the kernel does."""
    digest = hashlib.sha256()
    for name in _SOURCES:
        digest.update((_PACKAGE / name).read_bytes())
    return digest.hexdigest()[:16]
