"""The kernel is compiled once, and tests that play nothing come before those that wait for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.kernel_compilation import kernel_last, needs_kernel

TESTS = Path(__file__).resolve().parents[1]


def items(folder: str, number: int) -> list[Any]:
    return [SimpleNamespace(path=TESTS / folder / "test_a.py", number=n) for n in range(number)]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_each_worker_begins_with_tests_that_need_no_kernel(workers: int) -> None:
    """pytest-xdist gives each the same number of neighbours; none is lost or comes twice."""
    given = [*items("policies", 9), *items("stats", 12), *items("world", 15)]
    ordered = kernel_last(given, workers)
    assert sorted(map(id, ordered)) == sorted(map(id, given))
    size = len(given) // workers
    for first in range(0, len(given), size):
        part = [needs_kernel(item.path) for item in ordered[first : first + size]]
        assert part == sorted(part)
        assert not part[0]


def test_a_folder_that_nobody_knows_may_play() -> None:
    assert needs_kernel(TESTS / "new" / "test_a.py")
    assert needs_kernel(Path("/elsewhere/test_a.py"))
    assert not needs_kernel(TESTS / "stats" / "test_a.py")
