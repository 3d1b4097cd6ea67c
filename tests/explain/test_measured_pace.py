"""A forecast rests on what was last measured on this machine, and says on what."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.explain.forecast import size_of, size_sentence, usual_run_s
from simab.explain.measured_pace import keep_pace, measured_pace
from simab.files import user_cache
from simab.study.pace import Pace
from tests.study.building import small


def test_without_a_measurement_stated_rates_are_taken() -> None:
    """And said to be: 8 rows of 5 ms, 1,200 requests and 11 looks each."""
    asked = small(study={"replications": 8}, policies={"test": small().policies["test"]})
    found = size_of(asked)
    assert (found.measured, found.rows) == ("nothing", 8)
    assert found.seconds == pytest.approx(8 * (5e-3 + 1200 * 0.2e-6 + 11 * 50e-6))
    assert "as nothing was measured on this machine yet" in size_sentence(found)


def test_runs_of_the_scenario_say_what_its_runs_take() -> None:
    """The last measurement counts; other words of the file do not matter."""
    for run_s in (0.5, 0.02):
        keep_pace(small(), run_s, usual_run_s(small()))
    found = size_of(small(title="Another"))
    assert found.measured == "scenario"
    assert found.seconds == pytest.approx(0.02 * found.rows)
    assert "last played on this machine" in size_sentence(found)


def test_runs_of_another_scenario_say_how_fast_the_machine_is() -> None:
    """Twice as long as stated there is twice as long as stated here."""
    usual_s = usual_run_s(small())
    keep_pace(small(), 2 * usual_s, usual_s)
    other = small(horizon="4min")
    found = size_of(other)
    assert found.measured == "others"
    assert found.seconds == pytest.approx(2 * usual_run_s(other) * found.rows)
    assert "another scenario" in size_sentence(found)


def test_engines_are_measured_apart() -> None:
    """The reference takes a hundred times as long."""
    keep_pace(small(), 9.0, usual_run_s(small()), "reference")
    assert measured_pace(small()) is None
    assert size_of(small()).measured == "nothing"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"x": 1}'])
def test_a_damaged_memory_is_as_good_as_none(content: bytes) -> None:
    """And is written anew."""
    folder = user_cache()
    assert isinstance(folder, Path)
    keep_pace(small(), 1.0, 1.0)
    (folder / "pace.json").write_bytes(content)
    assert measured_pace(small()) is None
    keep_pace(small(), 1.0, 1.0)
    assert measured_pace(small()) is not None


def test_the_first_batch_of_a_process_does_not_count_for_all() -> None:
    """It loads the kernel: the median of a group's batches is taken, and the mean over groups."""
    pace = Pace()
    for seconds in (5.0, 0.1, 0.1, 0.1):
        pace.add(("described", "quick"), 10, cpu_s=seconds, wall_s=seconds)
    pace.add(("described", "slow"), 1, cpu_s=0.03, wall_s=0.03)
    assert pace.cpu_s == pytest.approx((0.01 + 0.03) / 2)
    assert pace.rows == 41
    assert pace.rows_in(("described", "quick"), 0.5) == 50
    assert pace.rows_in(("equal", "quick"), 0.5) == 1
