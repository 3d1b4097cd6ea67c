"""Two runs beside each other: equal ones, the first difference, counts by field, and bad files."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.errors import InvalidInput
from simab.run.frames import csv_bytes
from simab.run.simulation import simulate
from simab.verify.run_logs import AROUND, compare_logs
from tests.study.building import small

HEADER = "request,arrived_ns,status\n"


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def rows(count: int) -> list[str]:
    return [f"{number},{number * 10},200" for number in range(count)]


def test_both_engines_write_equal_logs(tmp_path: Path) -> None:
    """Of a run as `simab run --out` writes it."""
    for engine in ("compiled", "reference"):
        run = simulate(small(), engine=engine, record_requests=True)
        folder = tmp_path / engine
        folder.mkdir()
        for name in ("requests", "windows", "decisions", "splits"):
            (folder / f"{name}.csv").write_bytes(csv_bytes(getattr(run, name)))
    compared = compare_logs(tmp_path / "compiled", tmp_path / "reference")
    assert [each.name for each in compared] == [
        *("requests.csv", "windows.csv", "decisions.csv", "splits.csv")
    ]
    assert all(each.equal for each in compared)
    assert compared[0].rows[0] == len(run.requests) > 100


def test_the_first_difference_is_kept_with_the_rows_around_it(tmp_path: Path) -> None:
    """Row 5 differs in one field and row 8 in two; nothing else."""
    changed = rows(12)
    changed[5], changed[8] = "5,50,500", "8,81,500"
    (found,) = compare_logs(
        table(tmp_path / "a.csv", *rows(12)), table(tmp_path / "b.csv", *changed)
    )
    assert not found.equal
    assert (found.differing, found.by_field) == (2, {"arrived_ns": 1, "status": 2})
    first = found.difference
    assert first is not None
    assert (first.row, first.first, first.second) == (5, ("5", "50", "200"), ("5", "50", "500"))
    assert [row[0] for row in first.before] == ["2", "3", "4"]
    assert [row[0] for row in first.after_first] == ["6", "7", "8"]
    assert first.after_second[-1] == ("8", "81", "500")
    assert len(first.before) == AROUND


def test_a_run_that_ends_earlier_differs_where_it_ends(tmp_path: Path) -> None:
    (found,) = compare_logs(
        table(tmp_path / "a.csv", *rows(4)), table(tmp_path / "b.csv", *rows(6))
    )
    assert found.rows == (4, 6)
    assert found.differing == 0
    assert found.difference is not None
    assert (found.difference.row, found.difference.first) == (4, None)
    assert found.difference.second == ("4", "40", "200")


def test_columns_that_one_version_lacks_are_named_and_the_others_compared(tmp_path: Path) -> None:
    more = [f"{row},7" for row in rows(3)]
    (found,) = compare_logs(
        table(tmp_path / "a.csv", *rows(3)),
        table(tmp_path / "b.csv", *more, header="request,arrived_ns,status,reward\n"),
    )
    assert not found.equal
    assert (found.only_first, found.only_second) == ((), ("reward",))
    assert found.difference is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("request,arrived_ns,status\n1,2\n", "b.csv:2: has 2 fields and the header 3"),
        ("a,b\n1,2\n", "no column in common"),
    ],
)
def test_what_is_not_such_a_table_is_refused(tmp_path: Path, content: str, said: str) -> None:
    first, second = table(tmp_path / "a.csv", *rows(3)), tmp_path / "b.csv"
    second.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=said):
        compare_logs(first, second)


def test_what_is_not_there_or_not_alike_is_refused(tmp_path: Path) -> None:
    file = table(tmp_path / "a.csv", *rows(3))
    with pytest.raises(InvalidInput, match="does not exist"):
        compare_logs(file, tmp_path / "nope.csv")
    with pytest.raises(InvalidInput, match="is a folder"):
        compare_logs(tmp_path, file)
    with pytest.raises(InvalidInput, match=r"share none of requests\.csv"):
        compare_logs(tmp_path, tmp_path)
