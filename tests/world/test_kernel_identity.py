"""Machine code on disk is found only while sources and constants are those it was compiled from."""

from __future__ import annotations

import pytest

from simab.world import run_counts
from simab.world.compiled import kernel, kernel_identity
from simab.world.compiled.kernel_identity import constants_imported, source_digest


@pytest.fixture
def fresh_digest(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(kernel_identity, "source_digest", source_digest.__wrapped__)
    return monkeypatch


def test_the_kernel_carries_the_digest() -> None:
    assert kernel.advance.py_func.__qualname__ == f"advance_{source_digest()}"


def test_a_changed_constant_of_another_module_changes_the_digest(
    fresh_digest: pytest.MonkeyPatch,
) -> None:
    """CARRY_NS is of counts.py, which is not a source of the kernel: its value is."""
    before = kernel_identity.source_digest()
    assert before == source_digest()
    fresh_digest.setattr(run_counts, "CARRY_NS", run_counts.CARRY_NS >> 1)
    assert kernel_identity.source_digest() != before


def test_enumerations_and_constants_are_read_and_functions_are_not() -> None:
    counts = "simab.world.run_counts"
    names = ("CARRY_NS", "RequestColumn", "time_sum_ns")
    found = dict(constants_imported([("numpy", ""), *((counts, name) for name in names)]))
    assert set(found) == {"CARRY_NS", "RequestColumn"}
    assert "'COPIES': 9" in found["RequestColumn"]


def test_the_kernels_files_are_found_by_its_imports() -> None:
    """All that it imports from its package; the Python around it is none of them."""
    found = {module.rpartition(".")[2] for module in kernel_identity.sources()}
    assert {"kernel", "arrivals", "booking", "draws", "instances", "log", "arrays"} <= found
    assert "plane" not in found
