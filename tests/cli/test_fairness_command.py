"""`simab fairness`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from simab.scenario import dumps
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")

ASKED = ["-n", 3, "--workers", 1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def test_it_says_whether_the_split_is_as_asked(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verdict, the phases, and files that its own command and `simab report` make again."""
    asked = ["--policy", "schedule", "--tolerance", "2%", *ASKED]
    ended = run(capsys, "fairness", file, *asked, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "No deviation from the weights shows" in " ".join(ended.out.split())
    assert "Next: count requests by variant" in " ".join(ended.out.split())
    assert "figures below" not in " ".join(ended.out.split())
    assert "from 40 s" in " ".join(ended.out.split())
    written = files_in(tmp_path / "out")
    assert set(written) == {"report.html", "fairness.json", "fairness.csv"}
    command = json.loads(written["fairness.json"])["command"]
    words = [*shlex.split(command)[1:-1], str(tmp_path / "again")]
    assert run(capsys, *words).code == 0
    assert files_in(tmp_path / "again") == written
    ended = run(capsys, "report", tmp_path / "out", "--out", tmp_path / "third")
    assert ended.code == 0, ended.err
    assert files_in(tmp_path / "third") == written


def test_rules_stand_side_by_side(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rules = ["--rule", "sticky_hash", "--rule", "smooth_weighted_round_robin"]
    ended = run(capsys, "fairness", file, *rules, *ASKED)
    assert ended.code == 0, ended.err
    said = " ".join(ended.out.split())
    assert "in turn" in said
    assert "a hash of the client, in ranges" in said


def test_json_alone_is_on_stdout(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ended = run(capsys, "fairness", file, *ASKED, "--json")
    found = json.loads(ended.out)
    assert found["format"] == "simab-fairness/1"
    assert found["split"]["rules"][0]["runs"] == 3
    assert found["seed"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rule", "nope"], "rule = 'nope'"),
        (["--tolerance", "200%"], "--tolerance 200%"),
        (["--tolerance", "0"], "--tolerance 0"),
        (["--policy", "nobody"], "policy = 'nobody'"),
        (["-n", "1"], "--replications"),
    ],
)
def test_what_cannot_be_is_refused(
    file: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """One message with the field and the value, and exit code 2."""
    ended = run(capsys, "fairness", file, *words)
    assert ended.code == 2
    assert said in ended.err
