"""Files of traces that are not what they should be: one message each, and no row that vanishes."""

from __future__ import annotations

import datetime
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from simab.errors import InvalidInput
from simab.scenario import trace_csv
from simab.scenario.replay import rows_of
from simab.scenario.trace import Trace
from simab.scenario.trace_file import require_file


def trace(file: Path, content: str | list[Any] | None = None, **fields: Any) -> Trace:
    """Of a file with this text, or with this column `t`."""
    if isinstance(content, str):
        file.write_text(content, encoding="utf-8")
    elif content is not None:
        pd.DataFrame({"t": content}).to_parquet(file)
    return Trace.model_validate({"file": str(file), "time": "t"} | fields)


def fault(*arguments: Any, **fields: Any) -> str:
    """What is wrong with a trace, in words."""
    with pytest.raises(InvalidInput) as refused:
        rows_of(trace(*arguments, **fields))
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("t,c\n1,2\n2,3\n,4\n", "line 4, t = '': not a time"),
        ("t\n1\n2\nnan\nnan\n", "line 4, t = 'nan': not a time"),
        ("t\n1\n\n2\n", "line 3, t = '': not a time"),
        ("t,c\n1,2\n3\n4,5,6\n", "Expected 2 fields in line 4, saw 3"),
        ("t,c\n4,5,6\n1,2\n", "Expected 2 fields in line 2, saw 3"),
        ("t,t\n1,2\n2,3\n", "line 1 names 2 columns 't'"),
        ("t,x,x\n1,2,3\n", "line 1 names 2 columns 'x'"),
        ("t\n1\n99999999999999999999999999\n", "line 3, t = '99999999999999999999999999': too far"),
        ("t\n1\n1e308\n", "line 3, t = '1e+308': too far away"),
        ("t\nTrue\nFalse\n", "line 2, t = 'True': neither a number nor a date (boolean)"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(text: str, said: str, tmp_path: Path) -> None:
    """At the end as in the middle, and of whichever column."""
    fields = {"sizes": ["x"]} if "x" in text else {}
    assert said in fault(tmp_path / "t.csv", text, **fields)


@pytest.mark.parametrize("at_once", [1, 2, 1 << 20])
@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n\n", ",,\n", "\n,,\n,,\n"])
def test_blank_lines_at_the_end_say_nothing(
    ending: str, at_once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows of a file are read at once."""
    monkeypatch.setattr(trace_csv, "_ROWS_AT_ONCE", at_once)
    rows = rows_of(trace(tmp_path / "t.csv", f"t,c,d\n1,,2\n2,,3\n3,,4\n{ending}"))
    assert rows.times_ns.tolist() == [0, 10**9, 2 * 10**9]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([1.0, None, float("nan")], "line 3, t = 'nan': not a time"),
        (["1", None], "line 3"),
        ([[1], [2]], "t = '[1]': neither a number nor a date"),
        ([{"a": 1}, {"a": 2}], "neither a number nor a date"),
        ([datetime.timedelta(seconds=1)], "neither a number nor a date (timedelta64)"),
        ([True, False], "neither a number nor a date (boolean)"),
        ([b"1", b"2"], "neither a number nor a date (bytes)"),
    ],
)
def test_cells_of_parquet_that_are_no_times_are_refused(
    cells: list[Any], said: str, tmp_path: Path
) -> None:
    """Whatever sort of cell a column has."""
    pytest.importorskip("pyarrow")
    assert said in fault(tmp_path / "t.parquet", cells)


@pytest.mark.parametrize(
    "cells", [["1.5", "2.5"], [Decimal("1.5"), Decimal("2.5")], pd.Categorical(["1.5", "2.5"])]
)
def test_times_of_parquet_may_be_of_several_sorts(cells: Any, tmp_path: Path) -> None:
    """Texts, decimals and what is stored as a dictionary are read as numbers."""
    pytest.importorskip("pyarrow")
    rows = rows_of(trace(tmp_path / "t.parquet", list(cells)))
    assert rows.times_ns.tolist() == [0, 10**9]


def test_what_is_not_a_file_is_said_to_be_none(tmp_path: Path) -> None:
    """A pipe and a folder are there, and no files; a name may be too long to be looked for."""
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path, tmp_path / "pipe.csv", Path(os.devnull)):
        with pytest.raises(InvalidInput, match="is not a regular file; write the path of one"):
            require_file(str(path))
    with pytest.raises(InvalidInput, match="there is no file"):
        require_file(str(tmp_path / "nothing.csv"))
    with pytest.raises(InvalidInput, match="cannot be looked for") as refused:
        require_file("a" * 5_000 + ".csv")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("zero", [float("nan"), float("inf"), -float("inf")])
def test_a_beginning_that_is_no_number_has_one_message(zero: float, tmp_path: Path) -> None:
    """And it names the field that a file has."""
    with pytest.raises(ValidationError) as refused:
        trace(tmp_path / "t.csv", "t\n1\n2\n", zero=zero)
    (problem,) = refused.value.errors()
    assert problem["loc"] == ("zero",)
