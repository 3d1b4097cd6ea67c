"""The kernel is compiled once a run of the tests, beside those that play nothing.

It takes half a minute of a processor. Two workers that come to it together would compile it twice.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, TypeVar

import pytest

__all__ = ["Compilation", "compile_once", "kernel_last", "needs_kernel"]

PLAY_NOTHING: Final = frozenset(
    {
        "code_digest", "documents", "draws", "files", "oracles", "profiles", "prometheus",
        "scenario", "stats", "theory", "units",
    }
)  # fmt: skip
"""Folders of tests that can run before the kernel is compiled."""
_TESTS: Final = Path(__file__).parent
_LOCK: Final = "SIMAB_TESTS_COMPILING"
_COMPILE: Final = """
import fcntl, sys
with open(sys.argv[1]) as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    from simab.world.warm_up import compile_now
    compile_now()
"""

_Item = TypeVar("_Item", bound=pytest.Item)


class Compilation:
    """The kernel being compiled in a process of its own, which holds a lock meanwhile.

    Workers find the lock by a variable of the environment; they start later than this process.
    """

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="simab-tests-")
        lock = Path(self._folder) / "compiling"
        lock.touch()
        os.environ[_LOCK] = str(lock)
        self._process = subprocess.Popen(
            [sys.executable, "-c", _COMPILE, str(lock)], stderr=subprocess.DEVNULL
        )

    def end(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait()
        del os.environ[_LOCK]
        shutil.rmtree(self._folder)


@cache
def compile_once() -> None:
    """Have the kernel in this process: compiled here, or loaded once another has compiled it."""
    from simab.world.warm_up import compile_now  # the process that hands out tests loads no kernel

    with _alone():
        compile_now()


@contextmanager
def _alone() -> Iterator[None]:
    if not (lock := os.environ.get(_LOCK)):
        yield
        return
    with Path(lock).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@cache
def needs_kernel(path: Path) -> bool:
    """Whether the tests of a file may play."""
    inside = path.relative_to(_TESTS).parts if path.is_relative_to(_TESTS) else ("",)
    return inside[0] not in PLAY_NOTHING


def kernel_last(items: Sequence[_Item], workers: int) -> list[_Item]:
    """The items in as many parts of equal length as there are workers, what plays last in each.

    pytest-xdist gives each worker one of such parts to begin with. Neighbours stay neighbours.
    """
    playing = [item for item in items if needs_kernel(item.path)]
    others = [item for item in items if not needs_kernel(item.path)]
    ordered = []
    for part in range(workers):
        for some in (others, playing):
            first, last = (len(some) * number // workers for number in (part, part + 1))
            ordered += some[first:last]
    return ordered
