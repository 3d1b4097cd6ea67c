"""A comparison that is interrupted or killed: what it says, and that it goes on where it was."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import threading
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import pytest

from simab.cli.main import main
from simab.comparison import compare
from simab.result.saved_study import canonical_json
from simab.scenario import dumps
from tests.comparison.command_line import end, rows_in, run, start, wait_for_rows
from tests.study.building import small

REPLICATIONS = 400  # half a second and more of rows, to be stopped among them
COMPARE = ("compare", "--policy", "test", "--policy", "schedule", "-n", REPLICATIONS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed() -> bytes:
    """The result of the study when nothing happens, but for the command that it names."""
    names = ["test", "schedule"]
    study = compare(small(), policies=names, replications=REPLICATIONS)
    return without_command(canonical_json(study.with_examples()))


def without_command(text: str) -> bytes:
    result = json.loads(text)
    del result["command"]
    return json.dumps(result, sort_keys=True).encode()


# With workers it is the same store; that they end with their parent is in test_endings.py.
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_killed_study_goes_on_and_gives_the_identical_result(
    file: Path, undisturbed: bytes, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    """SIGKILL in the middle: no acknowledged row is lost, none is played again, nothing differs."""
    store = file.parent / "rows.sqlite"
    process = start(*COMPARE, file, "--workers", workers, "--store", store, "--quiet")
    wait_for_rows(process, store, 1)
    killed = end(process, signal.SIGKILL)
    kept = rows_in(store)
    assert killed.code == -signal.SIGKILL
    assert 1 <= kept < 2 * REPLICATIONS
    resumed = run(capsys, *COMPARE, file, "--workers", 1, "--store", store, "--json")
    assert resumed.code == 0, resumed.err
    assert without_command(resumed.out) == undisturbed
    assert rows_in(store) == 2 * REPLICATIONS


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_with_a_store_says_how_many_replications_are_kept(file: Path, workers: int) -> None:
    """Exit code 130, one line with what is kept and how to go on, and no traceback."""
    store = file.parent / "rows.sqlite"
    process = start(*COMPARE, file, "--workers", workers, "--store", store)
    wait_for_rows(process, store, 1)
    ended = end(process, signal.SIGINT)
    assert ended.code == 130, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    said = ended.err.splitlines()[-1]
    assert re.search(rf" {rows_in(store)} replications? (is|are) kept in {store}", said)
    assert "run the same command again" in said


def seen_on_a_terminal(*arguments: object) -> str:
    """What a command writes when stdout and stderr are a terminal."""
    master, terminal = pty.openpty()
    seen: list[bytes] = []

    def read() -> None:
        with suppress(OSError):  # what Linux says when the other end is closed
            while block := os.read(master, 65536):
                seen.append(block)

    reader = threading.Thread(target=read)
    reader.start()
    with (
        os.fdopen(terminal, "w", encoding="utf-8") as screen,
        redirect_stdout(screen),
        redirect_stderr(screen),
        pytest.raises(SystemExit) as end,
    ):
        main([str(argument) for argument in arguments])
    reader.join(timeout=60)
    os.close(master)
    text = b"".join(seen).decode()
    assert not end.value.code, text
    return text


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9]")


def test_no_color_takes_the_colours_away(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: with NO_COLOR set to anything, a terminal gets no colour at all."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert COLOUR.search(seen_on_a_terminal("compare", file, "-n", 3))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not COLOUR.search(seen_on_a_terminal("compare", file, "-n", 3))
