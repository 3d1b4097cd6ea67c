"""`simab plan`: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from simab.scenario import dumps
from tests.comparison.command_line import files_in, run
from tests.comparison.test_plan import scenario

pytestmark = pytest.mark.usefixtures("undrawn")

VARY = ["--vary", "policies.test.labelled_requests=10,60"]
RUNS = ["--most-runs", 400, "--fresh-runs", 200, "--no-store", "--workers", 1]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "plan.yaml"
    path.write_text(dumps(scenario()), encoding="utf-8")
    return path


@pytest.mark.long
def test_it_names_the_candidate_and_writes_what_remakes_it(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sentence and a row each; its own command and `report` make the same files."""
    ended = run(capsys, "plan", file, *VARY, *RUNS, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "Use “test: labelled_requests 60”" in ended.out
    assert "fails power at least" in " ".join(ended.out.split())
    written = files_in(tmp_path / "out")
    assert set(written) == {"report.html", "plan.json", "candidates.csv"}
    command = json.loads(written["plan.json"])["command"]
    words = [*shlex.split(command)[1:-1], str(tmp_path / "again"), "--no-store", "--workers", "1"]
    assert run(capsys, *words).code == 0
    assert files_in(tmp_path / "again") == written
    ended = run(capsys, "report", tmp_path / "out", "--out", tmp_path / "third")
    assert ended.code == 0, ended.err
    assert files_in(tmp_path / "third") == written


def test_json_is_the_whole_result_alone(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One document on stdout."""
    ended = run(capsys, "plan", file, *VARY, *RUNS, "--json")
    result = json.loads(ended.out)
    assert result["format"] == "simab-plan/1"
    assert result["chosen"] == "test: labelled_requests 60"


def test_where_none_can_it_ends_with_1_and_where_none_is_known_with_3(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sample of 10 has too little power; of 60 in 100 runs nobody can say."""
    small = ["--vary", "policies.test.labelled_requests=5,10"]
    ended = run(capsys, "plan", file, *small, *RUNS)
    assert ended.code == 1, ended.err
    assert "power at least 70" in ended.out
    assert "fails 2 of 2" in " ".join(ended.out.split())
    few = ["--most-runs", 100, "--fresh-runs", 100, "--no-store", "--workers", 1]
    hard = tmp_path / "hard.yaml"
    required = [{"quantity": "false_promotion", "at_most": "3%"}]
    hard.write_text(dumps(scenario(requirements=required)), encoding="utf-8")
    ended = run(capsys, "plan", hard, *VARY, *few)
    assert ended.code == 3, ended.err
    assert "No candidate is known to meet everything" in ended.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "effect=1%,2%"], "no parameter of one"),
        (["--vary", "policies.nobody.bake=1min"], "not a policy of the plan"),
        (["--vary", "policies.test.labelled_requests"], "labelled_requests"),
        ([*VARY, "--policy", "nobody"], "nobody"),
        ([*VARY, "--most-runs", "10"], "100"),
        ([], "--vary"),
    ],
)
def test_what_cannot_be_ends_with_2(
    words: list[str], said: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With one message, and nothing on stdout."""
    ended = run(capsys, "plan", file, *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
