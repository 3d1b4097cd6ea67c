"""`simab sensitivity`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from simab.scenario import dumps
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")

ASKED = ["--policy", "schedule", "--world", "described", "-n", 3, "--no-store", "--workers", 1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def test_it_says_what_the_answer_depends_on(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a change, what cannot be changed, and files that its own command makes again."""
    ended = run(capsys, "sensitivity", file, *ASKED, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "traffic halved" in ended.out
    assert "10/s to 5/s" in ended.out
    assert "Label delay cannot be halved or doubled" in " ".join(ended.out.split())
    written = files_in(tmp_path / "out")
    assert set(written) == {"report.html", "sensitivity.json", "sensitivity.csv"}
    command = json.loads(written["sensitivity.json"])["command"]
    words = [*shlex.split(command)[1:-1], str(tmp_path / "again"), "--no-store"]
    assert run(capsys, *words).code == 0
    assert files_in(tmp_path / "again") == written
    ended = run(capsys, "report", tmp_path / "out", "--out", tmp_path / "third")
    assert ended.code == 0, ended.err
    assert files_in(tmp_path / "third") == written


def test_the_quantity_of_the_figures_can_be_chosen(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page has it, the command names it, and the page that is made again has it as well."""
    asked = ["--policy", "test", *ASKED[2:], "--quantity", "requests_on_worse"]
    assert run(capsys, "sensitivity", file, *asked, "--out", tmp_path / "out").code == 0
    written = files_in(tmp_path / "out")
    assert "Requests of “test” on worse variants" in written["report.html"].decode()
    assert "--quantity requests_on_worse" in json.loads(written["sensitivity.json"])["command"]
    assert run(capsys, "report", tmp_path / "out", "--out", tmp_path / "again").code == 0
    assert files_in(tmp_path / "again") == written


def test_json_is_the_whole_result_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document on stdout."""
    ended = run(capsys, "sensitivity", file, *ASKED, "--json")
    result = json.loads(ended.out)
    assert result["format"] == "simab-sensitivity/1"
    assert {each["change"] for each in result["effects"]} == {"halved", "doubled"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--policy", "nobody"], "nobody"),
        (["--world", "nowhere"], "nowhere"),
        (["-n", "1000000"], "runs"),
        (["--quantity", "regret"], "requests_on_worse"),
    ],
)
def test_what_cannot_be_ends_with_2(
    words: list[str], said: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one message, and nothing on stdout."""
    ended = run(capsys, "sensitivity", file, *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
