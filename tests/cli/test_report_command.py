"""`simab report`: the page of a saved study again, and one message for a damaged one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

from simab.comparison import compare
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small study."""
    folder = tmp_path_factory.mktemp("saved")
    compare(small(), replications=4, command="simab compare small.yaml").report(folder)
    return folder


@pytest.mark.parametrize("name", ["", "study.json"], ids=["its folder", "its file"])
def test_the_report_made_again_is_the_same_to_the_byte(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A result read back from its canonical JSON makes the same page and tables."""
    ended = run(capsys, "report", saved / name, "--out", tmp_path / "again")
    assert (ended.code, ended.out) == (0, "")
    assert str(tmp_path / "again" / "report.html") in ended.err
    before = files_in(saved)
    del before["outcomes.csv"]  # the rows themselves are not in study.json
    assert files_in(tmp_path / "again") == before


def test_a_page_gives_its_result_back(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--json prints study.json and writes nothing; --out writes all that it can of the report."""
    page = tmp_path / "sent" / "report.html"
    page.parent.mkdir()
    page.write_bytes((saved / "report.html").read_bytes())
    for given in (page, page.parent):
        ended = run(capsys, "report", given, "--json")
        assert (ended.code, ended.err) == (0, "")
        assert ended.out == (saved / "study.json").read_text(encoding="utf-8")
        assert set(files_in(page.parent)) == {"report.html"}
    assert run(capsys, "report", page, "--out", tmp_path / "again").code == 0
    before = files_in(saved)
    del before["outcomes.csv"]
    assert files_in(tmp_path / "again") == before


def test_versions_are_recorded_when_the_study_is_made(saved: Path) -> None:
    """Python, simab and the libraries that decide a number."""
    environment = json.loads((saved / "study.json").read_text(encoding="utf-8"))["environment"]
    assert environment["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert environment["NumPy"] == numpy.__version__
    assert set(environment) == {"Numba", "NumPy", "Python", "SciPy", "SimPy", "simab"}


def test_without_out_it_writes_beside_the_study_and_leaves_the_rows_as_they_are(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--quiet prints nothing. study.json has no rows to write outcomes.csv from; help says so."""
    (tmp_path / "study.json").write_bytes((saved / "study.json").read_bytes())
    (tmp_path / "outcomes.csv").write_text("kept", encoding="utf-8")
    assert run(capsys, "report", tmp_path, "--quiet") == (0, "", "")
    assert (tmp_path / "report.html").read_bytes() == (saved / "report.html").read_bytes()
    assert (tmp_path / "outcomes.csv").read_text(encoding="utf-8") == "kept"
    said = " ".join(run(capsys, "report", "--help").out.split())
    assert "outcomes.csv holds the single rows, which the study does not" in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not JSON"),
        (b'{"format": "simab-study/2", ', "is not JSON"),
        (b"\xff\xfe\x00\x80", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1, 2]", "is not a saved study"),
        (b"null", "is not a saved study"),
        (b'{"format": "simab-study/1", "command": "simab compare a.yaml"}', "simab compare a.yaml"),
        (b'{"format": "simab-study/9"}', "simab compare SCENARIO"),
        (b'{"format": "simab-study/2"}', "missing"),
        (b'{"format": "simab-study/2", "policies": 3}', "result"),
    ],
)
def test_a_damaged_study_is_one_message_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    """One line that names the file or the place in it; no traceback, no half-made page."""
    (tmp_path / "study.json").write_bytes(content)
    ended = run(capsys, "report", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert said in ended.err
    assert set(files_in(tmp_path)) == {"study.json"}


@pytest.mark.parametrize("name", ["", "study.json", "absent/study.json"])
def test_an_absent_study_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The message names the path that was looked for."""
    ended = run(capsys, "report", tmp_path / name)
    assert ended.code == 2
    assert "study.json cannot be read: no such file" in ended.err


def test_a_folder_that_cannot_be_made_is_bad_input(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands where the folder should be."""
    ended = run(capsys, "report", saved, "--out", saved / "study.json" / "deeper")
    assert ended.code == 2
    assert "--out" in ended.err


@pytest.mark.parametrize(
    "place",
    [
        ["policies", 0, "name"],
        ["policies", 0, "verdicts", "undecided", "share"],
        ["policies", 0, "decision_time_ecdf", "time_s", 0],
        ["paired", 0, "pairs"],
        ["truth", "control"],
        ["examples", 0, "spans", 0, "start_s"],
    ],
    ids=lambda place: ".".join(map(str, place)),
)
def test_a_wrong_value_is_told_with_its_place(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: list[Any]
) -> None:
    """A result that somebody edited is not taken on trust: path, value, rule and remedy."""
    result = json.loads((saved / "study.json").read_bytes())
    inner = result
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = {"wrong": True}
    (tmp_path / "study.json").write_text(json.dumps(result), encoding="utf-8")
    ended = run(capsys, "report", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert "wrong" in ended.err
    assert set(files_in(tmp_path)) == {"study.json"}
