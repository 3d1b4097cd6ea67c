"""The text of a file, or one sentence on why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.documents.parsing import LARGEST_FILE_BYTES, TOO_LARGE, Unreadable
from simab.documents.texts import text_of_file
from simab.errors import Problem


def refused(path: Path) -> Problem:
    with pytest.raises(Unreadable) as raised:
        text_of_file(path)
    return raised.value.problem


def test_a_byte_that_is_no_text_has_its_line_and_column(tmp_path: Path) -> None:
    """Counted in bytes from the start of its line, both from 1."""
    path = tmp_path / "it.yaml"
    path.write_bytes(b"a: 1\nb: x\xff\n")
    assert (refused(path).line, refused(path).column) == (2, 5)


def test_a_file_that_is_too_large_is_called_so_wherever_it_is_cut(tmp_path: Path) -> None:
    """In the middle of a character too: what was not read is not wrong."""
    path = tmp_path / "it.yaml"
    path.write_text("é" * (LARGEST_FILE_BYTES // 2 + 1), encoding="utf-8")
    assert (refused(path).rule, refused(path).remedy) == TOO_LARGE


def test_a_file_that_is_not_there_is_named_as_such_and_not_as_unreadable(tmp_path: Path) -> None:
    """With the remedy of whoever asked for it."""
    with pytest.raises(Unreadable) as raised:
        text_of_file(tmp_path / "absent.yaml", absent="Make one.")
    assert raised.value.problem == Problem("", "", "no such file", "Make one.")
