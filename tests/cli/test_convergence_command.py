"""`simab convergence`: what it prints and writes, and how it ends."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest

from simab.scenario import dumps
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")

ASKED = ("-n", 4, "--workers", 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def test_it_says_whether_the_two_are_distinguished(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict first; and files that its own command makes again, and `simab report`."""
    ended = run(capsys, "convergence", file, *ASKED, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("Success rate cannot distinguish the two on 150 labelled requests")
    written = files_in(tmp_path / "out")
    assert set(written) == {"report.html", "convergence.json", "sizes.csv"}
    command = json.loads(written["convergence.json"])["command"]
    words = [*shlex.split(command)[1:-1], str(tmp_path / "again")]
    assert run(capsys, *words).code == 0
    assert files_in(tmp_path / "again") == written
    assert run(capsys, "report", tmp_path / "out", "--out", tmp_path / "third").code == 0
    assert files_in(tmp_path / "third") == written


def test_all_that_is_asked_stands_in_the_command(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rule, metric, width and labels; JSON goes to stdout and nothing else does."""
    asked = ["--policy", "schedule", "--metric", "latency_p99", "--half-width", "5ms"]
    asked += ["--labels", 30, "--seed", 7]
    ended = run(capsys, "convergence", file, *ASKED, *asked, "--json")
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    assert result["found"]["metrics"][0]["name"] == "latency_p99"
    assert result["found"]["metrics"][0]["asked_half_width"] == 5.0
    found = result["found"]
    assert (found["policy"], found["decision_labels"], result["seed"]) == ("schedule", 30, 7)
    for words in (asked[:6], asked[6:8], asked[8:]):
        assert " ".join(map(str, words)) in result["command"]


def test_estimates_of_every_run_are_written_on_request(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As CSV; nothing of it is in the result."""
    series = tmp_path / "series.csv"
    assert run(capsys, "convergence", file, *ASKED, "--series", series, "--quiet").code == 0
    with series.open(encoding="utf-8", newline="") as read:
        rows = list(csv.DictReader(read))
    assert {row["replication"] for row in rows} == {"0", "1", "2", "3"}
    assert {row["variant"] for row in rows} == {"a", "b"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--half-width", "wide"), "--half-width wide"),
        (("--metric", "latency_p99", "--half-width", "0.1"), "--half-width 0.1"),
        (("--metric", "f1"), "metric = 'f1'"),
        (("--policy", "nobody"), "policy = 'nobody'"),
        (("--series", "/no/such/folder/series.csv"), "series.csv"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_code_2(
    file: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    """One clear message."""
    ended = run(capsys, "convergence", file, *ASKED, *words)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
