"""`simab watch` and `simab play`: a run shown, and a run decided by lines of the input."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from simab.cli.exits import ExitCode
from simab.scenario import dumps
from tests.comparison.command_line import run
from tests.study.building import small


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Lines on the standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_a_piped_run_is_lines_at_once_and_ends_with_the_verdict(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each action at its time with its reason; nothing waits for the clock, however slow."""
    words = ["--policy", "schedule", "--seed", 4, "--replication", 2, "--speed", "0.001"]
    ended = run(capsys, "watch", file, *words)
    assert ended.code == 0
    assert "\x1b" not in ended.out
    assert "30 s  SetWeights a 1, b 3: the schedule says so at 30s" in ended.out
    alone = run(capsys, "run", file, *words[:-2]).out
    assert ended.out.strip().split("\n\n")[-1] == alone.strip().split("\n\n")[-1]


def test_a_game_from_the_input_is_scored_beside_the_policies(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong line costs nothing; the person is the first row of the table."""
    typed(monkeypatch, "wait 60s", "promte b", "promote b")
    ended = run(capsys, "play", file)
    assert ended.code == 0
    assert "Did you mean promote" in ended.out
    assert "Right: promoted the candidate “b”" in ended.out
    table = [line.split()[0] for line in ended.out.split("on the same clients")[1].splitlines()[1:]]
    assert table == ["you", "test", "majority", "schedule"]


def test_the_end_of_the_input_ends_the_game_undecided(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `quit` does."""
    for lines in ((), ("wait 30s",), ("wait 30s", "quit")):
        typed(monkeypatch, *lines)
        ended = run(capsys, "play", file)
        assert ended.code == 0
        assert "nothing was decided" in ended.out


def test_a_person_sees_only_what_production_would_show(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the end no word of the truth: .85 and .8 are what is true."""
    typed(monkeypatch, "wait 60s", "show", "quit")
    before, _, after = run(capsys, "play", file).out.partition("nothing was decided")
    assert "In truth" not in before
    assert "In truth" in after


@pytest.mark.parametrize("columns", [40, 60])
def test_no_line_of_a_game_is_wider_than_the_terminal(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    typed(monkeypatch, "wait 60s", "promote b")
    shown = run(capsys, "play", file).out
    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize("command", ["watch", "play"])
def test_an_absent_file_is_bad_input(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(capsys, command, tmp_path / "absent.yaml")
    assert ended.code == ExitCode.BAD_INPUT
    assert "no such file" in ended.err
