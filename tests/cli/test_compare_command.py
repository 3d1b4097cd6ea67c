"""`simab compare`: what it prints and writes, how it ends, and that nothing changes its result."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import simab.comparison
from simab.cli import progress
from simab.scenario import dumps
from simab.study import local
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")

WRITTEN = {"report.html", "study.json", "summary.csv", "paired.csv", "outcomes.csv"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


@pytest.fixture
def not_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command must end before it plays anything."""

    def compare(*_: Any, **__: Any) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr(simab.comparison, "compare", compare)


def test_the_same_command_writes_the_same_files_whatever_plays_it(
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Byte by byte: with other workers, with the other engine, and again, out of a store."""
    monkeypatch.setattr(local, "_WORTH_PROCESSES", 1)
    store = tmp_path / "rows.sqlite"
    ways: list[list[object]] = [
        ["--workers", 2, "--store", store],
        ["--workers", 1, "--no-store", "--engine", "reference"],
        ["--workers", 1, "--store", store, "--quiet"],
    ]
    written = []
    for number, way in enumerate(ways):
        folder = tmp_path / f"out {number}"
        words = ["compare", file, "-n", 4, "--policy", "test", "--seed", 5, "--out", folder]
        ended = run(capsys, *words, *way)
        assert ended.code == 0, ended.err
        written.append(files_in(folder))
    assert set(written[0]) == WRITTEN
    for way, files in zip(ways, written, strict=True):
        assert files == written[0], way


def test_json_is_the_study_and_nothing_else_is_on_stdout(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stdout is study.json to the byte; the rest goes to stderr (design, section 7)."""
    folder = tmp_path / "out"
    ended = run(capsys, "compare", file, "-n", 3, "--out", folder, "--json")
    assert ended.out.encode() == (folder / "study.json").read_bytes()
    result = json.loads(ended.out)
    assert result["format"] == "simab-study/2"
    assert [policy["name"] for policy in result["policies"]] == list(small().policies)
    assert str(folder / "report.html") in ended.err


def test_the_screen_shows_every_policy(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict in words and a row for each policy; nothing is written without --out."""
    before = sorted(file.parent.iterdir())
    ended = run(capsys, "compare", file, "-n", 3)
    assert ended.code == 0
    for name in small().policies:
        assert f"\n  {name} " in ended.out
    assert sorted(file.parent.iterdir()) == before


def test_quiet_prints_nothing(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Errors only: with none, neither stream gets a byte, and the files are written."""
    ended = run(capsys, "compare", file, "-n", 2, "--out", tmp_path / "out", "--quiet")
    assert ended == (0, "", "")
    assert set(files_in(tmp_path / "out")) == WRITTEN


def test_few_and_plain_lines_where_nobody_watches(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where stderr is not a terminal, progress does not flood a log and nothing is coloured."""
    ended = run(capsys, "compare", file, "-n", "30", "--workers", "1")
    assert ended.code == 0, ended.err
    assert "\x1b" not in ended.out + ended.err
    assert len(ended.err.splitlines()) <= 3


def test_progress_speaks_at_most_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand steps a tenth of a second apart: one line in ten seconds."""
    clock_s = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock_s[0])
    with progress.shown_progress("Replications", quiet=False) as tell:
        for done in range(1001):
            clock_s[0] = done / 10
            tell(done, 1001)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "Replications: 100 of 1001, 10 a second, about 1 min 30 s left"


@pytest.mark.parametrize("moment", ["compare", "Study.report"])
def test_an_interrupt_says_what_is_kept_at_any_moment(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    moment: str,
) -> None:
    """While it plays or while it writes: 130, and whether the same command would go on."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    store = file.parent / "rows.sqlite"
    first = run(capsys, "compare", file, "-n", 2, "--store", store, "--quiet")
    assert first.code == 0, first.err
    monkeypatch.setattr(f"simab.comparison.{moment}", interrupted)
    words = ["compare", file, "-n", 2, "--out", file.parent / "out", "--quiet"]
    kept = run(capsys, *words, "--store", store)
    assert kept == (
        130,
        "",
        f"Interrupted. 6 replications are kept in {store}; "
        "run the same command again for the rest.\n",
    )
    if moment == "compare":
        lost = run(capsys, "compare", file, "-n", 2, "--quiet", "--no-store")
        assert (lost.code, lost.out) == (130, "")
        assert "Nothing is kept" in lost.err


@pytest.mark.parametrize("raised", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_rows_and_table_survive_whatever_ends_the_report(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    raised: type[BaseException],
) -> None:
    """The table is printed though no page could be made, and the user's cache has the rows."""

    def fails(*_: Any, **__: Any) -> None:
        raise raised

    out = file.parent / "out"
    words = ["compare", file, "-n", 2, "--policy", "test", "--workers", 1, "--out", out]
    whole = run(capsys, *words)
    assert (whole.code, set(files_in(out))) == (0, WRITTEN)
    with monkeypatch.context() as patch:
        patch.setattr("simab.comparison.study_examples", fails)
        broken = run(capsys, *words)
    assert broken.code == {KeyboardInterrupt: 130}.get(raised, broken.code) != 0
    assert broken.out == whole.out
    if raised is KeyboardInterrupt:
        assert "2 replications are kept in" in broken.err
    with monkeypatch.context() as patch:
        patch.setattr("simab.study.tasks.play_batch", fails)
        again = run(capsys, *words)
    assert (again.code, again.out) == (0, whole.out), again.err
    assert set(files_in(out)) == WRITTEN


def test_a_table_needs_no_run_played_again(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a report nothing is replayed: the table follows the last row at once."""

    def replays(*_: Any, **__: Any) -> None:
        raise AssertionError("it played a run again")

    monkeypatch.setattr("simab.comparison.study_examples", replays)
    assert run(capsys, "compare", file, "-n", 2, "--workers", 1).code == 0


def test_only_the_policies_asked_for_are_compared(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the order of the command; their numbers are those of the whole comparison."""
    asked = ["--policy", "schedule", "--policy", "test"]
    some = json.loads(run(capsys, "compare", file, "-n", 4, "--json", *asked).out)
    every = json.loads(run(capsys, "compare", file, "-n", 4, "--json", "--no-store").out)
    assert [policy["name"] for policy in some["policies"]] == ["schedule", "test"]
    by_name = {policy["name"]: policy for policy in every["policies"]}
    assert some["policies"] == [by_name["schedule"], by_name["test"]]


@pytest.mark.parametrize("seed", [0, 9])
def test_the_command_in_the_report_makes_it_again(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    """The result names a command; run as it stands, it gives the same result (seed 0 too)."""
    first = run(capsys, "compare", file, "-n", 2, "--seed", seed, "--policy", "test", "--json")
    words = shlex.split(json.loads(first.out)["command"])
    assert words[0] == "simab"
    words[words.index("DIR")] = str(tmp_path / "again")
    assert run(capsys, *words[1:], "--json", "--no-store").out == first.out
    assert json.loads(first.out)["seed"] == seed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "tset"], ["tset", "test", "majority", "schedule"]),
        (["-n", "0"], ["0", "--replications"]),
        (["-n", "many"], ["many"]),
        (["--seed", "-1"], ["-1", "--seed"]),
        (["--workers", "0"], ["0", "--workers"]),
        (["--engine", "fast"], ["fast", "compiled", "reference"]),
        (
            ["--store", "{folder}/nowhere/rows.sqlite"],
            ["nowhere/rows.sqlite", "there is no folder", "name another"],
        ),
        (["--store", "{file}"], ["small.yaml", "not a store"]),
        (["--out", "{file}"], ["small.yaml", "--out"]),
        (["--out", "{file}/deeper"], ["small.yaml", "--out"]),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: list[str]
) -> None:
    """Field, value and remedy on stderr; no traceback, and nothing on stdout."""
    content = file.read_bytes()
    given = [each.format(file=file, folder=file.parent) for each in arguments]
    ended = run(capsys, "compare", file, "-n", 2, *given)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    for word in said:
        assert word in ended.err
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    file: Path, not_played: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits for results that cannot be written."""
    assert run(capsys, "compare", file, "--out", file / "out").code == 2


def test_a_scenario_that_is_not_there_or_wrong_is_bad_input(
    tmp_path: Path, not_played: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The messages of `simab check`; no folder is made for a scenario that cannot be played."""
    absent = run(capsys, "compare", tmp_path / "absent.yaml")
    assert (absent.code, absent.out) == (2, "")
    assert "no such file" in absent.err
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(dumps(small()).replace("horizon: 2min", "horizon: 2 fortnights"))
    ended = run(capsys, "compare", wrong, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "horizon" in ended.err
    assert not (tmp_path / "out").exists()
