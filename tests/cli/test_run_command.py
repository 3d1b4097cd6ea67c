"""`simab run`: one replication, as JSON, as words and as tables, equal to `simab.simulate`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from simab.cli.exits import ExitCode
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.run.simulation import simulate
from simab.scenario import dumps
from simab.version import VERSION
from tests.comparison.command_line import files_in, run
from tests.study.building import small


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


def test_json_says_how_requests_ended_and_what_was_decided(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same run as `simulate` with the same policy, seed and replication."""
    words = ["--policy", "schedule", "--seed", 4, "--replication", 2, "--json"]
    ended = run(capsys, "run", file, *words)
    assert (ended.code, ended.err) == (0, "")
    told = json.loads(ended.out)
    assert (told["format"], told["simab_version"]) == ("simab-run/1", VERSION)
    same = simulate(small(), policy="schedule", seed=4, replication=2)
    assert told["totals"] == asdict(same.totals)
    assert told["decisions"] == same.decisions.to_dict(orient="records")
    assert told["splits"] == same.splits.to_dict(orient="records")
    assert (told["policy"], told["seed"], told["replication"]) == ("schedule", 4, 2)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_the_tables_are_those_of_the_run(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str
) -> None:
    """Four CSV files; read back they are the frames of `Run`, whichever engine played it."""
    out = tmp_path / "out"
    ended = run(capsys, "run", file, "--policy", "schedule", "--engine", engine, "--out", out)
    assert ended.code == 0, ended.err
    names = {"requests", "windows", "decisions", "splits"}
    assert set(files_in(out)) == {f"{name}.csv" for name in names}
    same = simulate(small(), policy="schedule", record_requests=True)
    for name in names:
        read = pd.read_csv(out / f"{name}.csv", keep_default_na=name in ("requests", "windows"))
        frame = getattr(same, name)
        pd.testing.assert_frame_equal(read, frame, check_dtype=False, rtol=1e-15)
    assert str(out) in ended.err


def test_the_same_command_twice_writes_the_same_bytes(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And so does the other engine."""
    ways = [[], [], ["--engine", "reference"], ["--quiet"]]
    for number, way in enumerate(ways):
        assert run(capsys, "run", file, "--out", tmp_path / str(number), *way).code == 0
    written = [files_in(tmp_path / str(number)) for number in range(len(ways))]
    assert all(files == written[0] for files in written)


def test_the_screen_tells_counts_and_decisions_with_their_reasons(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The counts are those of the run, the reasons the policy's own."""
    shown = run(capsys, "run", file, "--policy", "schedule").out
    totals = simulate(small(), policy="schedule").totals
    assert f"arrived  {totals.arrived:,}" in " ".join(shown.split()).replace(" ", "  ")
    assert "SetWeights a 1, b 3" in shown
    assert "the schedule says so at 30s" in shown


def test_a_policy_that_does_nothing_is_said_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty table would leave the reader guessing."""
    file = tmp_path / "still.yaml"
    patient = {"wait": {"kind": "fixed_horizon", "labelled_requests": 10**6}}
    file.write_text(dumps(small(policies=patient)), encoding="utf-8")
    assert "The policy did nothing." in run(capsys, "run", file).out


def test_a_policy_that_raises_ends_in_one_sentence(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code of failed replications, with the policy and what it raised."""

    def fail(self: object, state: object, observation: object) -> None:
        raise ValueError("out of patience")

    monkeypatch.setattr(ManualSchedule, "decide", fail)
    code, out, err = run(capsys, "run", file, "--policy", "schedule")
    assert (code, out) == (ExitCode.REPLICATIONS_FAILED, "")
    assert "'schedule'" in err
    assert "ValueError: out of patience" in err
    assert "Traceback" not in err


def test_quiet_prints_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors only."""
    assert run(capsys, "run", file, "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--policy", "tset"], ["'tset'", "test, majority, schedule"]),
        (["--replication", "-1"], ["-1", "--replication"]),
        (["--seed", "one"], ["one"]),
        (["--out", "{file}"], ["small.yaml", "--out"]),
        (["--out", "{file}/deeper"], ["small.yaml", "--out"]),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    file: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: list[str]
) -> None:
    """Field, value and remedy on stderr; no traceback, and nothing on stdout."""
    ended = run(capsys, "run", file, *[each.format(file=file) for each in arguments])
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    for word in said:
        assert word in ended.err


def test_an_absent_file_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message of `simab check`."""
    ended = run(capsys, "run", tmp_path / "absent.yaml")
    assert ended.code == 2
    assert "no such file" in ended.err


def test_the_screen_ends_with_what_a_person_asks(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Right or wrong, and what is true; before it requests and users of each variant."""
    shown = run(capsys, "run", file, "--policy", "schedule").out
    *_, last = shown.strip().split("\n\n")
    assert last.startswith("Right: promoted the candidate “b”")
    assert "In truth “b” is better than “a”" in " ".join(last.split())
    same = simulate(small(), policy="schedule", record_requests=True)
    for name, users in (same.users_met or {}).items():
        *_, row = [line.split() for line in shown.splitlines() if line.split()[:1] == [name]]
        assert f"{len(same.requests[same.requests['variant'] == name]):,}" in row
        assert str(users) in row


def test_json_judges_the_run_and_lists_what_was_measured(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the screen does."""
    told = json.loads(run(capsys, "run", file, "--policy", "majority", "--json").out)
    assert (told["judgement"] == "right") == (told["decided_for"] == told["best"] == "b")
    assert [each["name"] for each in told["readings"]] == ["success_rate"]
    assert sum(each["requests"] for each in told["variants"]) == told["totals"]["arrived"]


@pytest.mark.parametrize("columns", [40, 60, 100])
@pytest.mark.parametrize("policy", ["majority", "schedule", "test"])
def test_no_line_is_wider_than_the_terminal(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    policy: str,
) -> None:
    """Tables, charts and sentences keep to a narrow terminal, and stay without colour."""
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = run(capsys, "run", file, "--policy", policy, "--plot").out
    assert max(map(len, shown.splitlines())) <= columns
    assert "\x1b" not in shown


def test_the_plot_is_drawn_only_where_it_is_asked_for_and_may_be(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not without --plot, and neither with --quiet nor into JSON."""
    axis, words = "-+-", ["run", file, "--policy", "schedule"]
    assert axis in run(capsys, *words, "--plot").out
    assert axis not in run(capsys, *words).out
    assert run(capsys, *words, "--plot", "--quiet").out == ""
    json.loads(run(capsys, *words, "--plot", "--json").out)
