"""A worker process that the tests of comparisons share: to start one takes two seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from simab.study import local_processes


@pytest.fixture(scope="session")
def worker_process(repository: Path) -> Iterator[Executor]:
    """One process, which can import the classes of tests."""
    with local_processes(1) as executor:
        with pytest.MonkeyPatch.context() as patch:
            # Last, so that an installed simab comes before the checkout's.
            patch.setattr(sys, "path", [*sys.path, str(repository)])
            executor.submit(int).result()  # starts with the path of now
        yield executor
