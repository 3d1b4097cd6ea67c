"""`simab verify`: what it prints and writes, and how it ends."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from simab.verification import chosen_cases
from simab.verify import playing
from simab.world import Blueprint
from tests.comparison.command_line import files_in, run
from tests.verify.planted import Planted, slower

ASKED = ["--only", "M/G/4/4, constant", "--only", "service, exponential", "--workers", 1]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the replications, but for those that a test plays in full."""
    monkeypatch.setattr("simab.verification.REPLICATIONS", 8)


def test_each_check_is_shown_beside_theory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And written, by this command and by `simab report` alike."""
    ended = run(capsys, "verify", *ASKED, "--out", tmp_path / "out")
    assert ended.code == 0, ended.err
    said = " ".join(ended.out.split())
    assert "Queues that lose" in said
    assert "M/G/4/4, constant: lost 0.27069 0.2" in said
    assert "All 2 checks of 2 cases agree with theory" in said
    assert "every identity holds" in said
    written = files_in(tmp_path / "out")
    assert set(written) == {"report.html", "verification.json", "verification.csv"}
    ended = run(capsys, "report", tmp_path / "out", "--out", tmp_path / "again")
    assert ended.code == 0, ended.err
    assert files_in(tmp_path / "again") == written
    rows = list(csv.DictReader(written["verification.csv"].decode().splitlines()))
    assert [row["check"] for row in rows] == ["lost", "time of service"]
    assert b"<script src" not in written["report.html"]


def test_the_number_of_workers_and_the_engine_change_no_result(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """JSON alone is on stdout, the same but for what names the engine."""
    found = [
        json.loads(run(capsys, "verify", "--only", "M(t)/M/inf", *words, "--json").out)
        for words in (["--workers", 1], ["--workers", 2])
    ]
    assert found[0] == found[1]
    assert found[0]["format"] == "simab-verification/1"
    assert found[0]["cases"][0]["checks"][0]["passed"]


def test_a_planted_error_ends_with_1_and_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services that take 2 % longer, with all replications."""
    monkeypatch.setattr("simab.verification.REPLICATIONS", 40)
    monkeypatch.setattr(playing, "Blueprint", Planted(slower))
    ended = run(capsys, "verify", *ASKED)
    assert ended.code == 1
    said = " ".join(ended.out.split())
    assert "M/G/4/4, constant: lost (refused)" in said
    assert "2 checks of 2 refused" in said


def test_a_broken_identity_ends_with_1_and_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[str]:
        return ["requests are lost or made up"]

    monkeypatch.setattr(playing, "broken_identities", broken)
    ended = run(capsys, "verify", "--only", "M(t)/M/inf", "--workers", 1)
    assert ended.code == 1
    said = " ".join(ended.out.split())
    assert "Identities are broken in “M(t)/M/inf after a step at 100 s”" in said
    assert "requests are lost or made up" in said


def test_two_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Equal ones end with 0; others with 1, and the first difference in full."""
    for name, status in (("a", 200), ("b", 200), ("c", 503)):
        (tmp_path / name).mkdir()
        rows = f"request,status\n0,200\n1,{status}\n2,200\n"
        (tmp_path / name / "requests.csv").write_text(rows, encoding="utf-8")
    ended = run(capsys, "verify", "--log", tmp_path / "a", tmp_path / "b")
    assert (ended.code, ended.out) == (0, "requests.csv: equal, 3 rows.\n")
    ended = run(capsys, "verify", "--log", tmp_path / "a", tmp_path / "c")
    assert ended.code == 1
    assert "1 of 3 rows that both have differ" in " ".join(ended.out.split())
    assert "The first difference is in row 1 of requests.csv" in ended.out
    assert "< 1: 1,200" in ended.out
    assert "> 1: 1,503" in ended.out
    ended = run(capsys, "verify", "--log", tmp_path / "a", tmp_path / "c", "--json")
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["format"] == "simab-log-comparison/1"
    assert found["tables"][0]["by_field"] == {"status": 1}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "nope"], "--only nope: no case has that in its name. Name one of “"),
        (["--log", "nowhere", "nope"], "--log: nowhere does not exist"),
        (["--log", "a", "b", "--thorough"], "--log compares two runs and plays nothing"),
        (["--engine", "other"], "--engine"),
        (["--figures", "there"], "--figures there"),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """One message with the value, and exit code 2."""
    ended = run(capsys, "verify", *words)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())


def test_the_planted_error_leaves_the_world_of_others_alone() -> None:
    assert playing.Blueprint is Blueprint


def test_the_page_names_cases_that_there_are():
    """Each `--only` of docs/verify.md chooses some."""
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    asked = re.findall(r"--only (\"[^\"]*\"|\S+)", page.partition("```sh")[2].partition("```")[0])
    assert len(asked) >= 2
    for each in asked:
        assert chosen_cases([each.strip('"')])
