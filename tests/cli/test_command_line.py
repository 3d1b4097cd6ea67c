"""The command line as a whole: help, exit codes, and what goes to which stream."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from simab import __version__
from simab.cli import main as entry
from simab.cli.exits import ExitCode, Interrupted
from simab.errors import InvalidInput

ROOT = Path(__file__).parents[2]


def test_help_lists_every_command(run) -> None:
    """`simab --help` and `simab -h` show each command with what it does, and the exit codes."""
    code, out, err = run("--help")
    assert (code, err) == (0, "")
    assert run("-h")[1] == out
    for name, short_help in entry.COMMANDS.items():
        assert f"  {name}" in out
        assert short_help[:40] in out
    assert "2 bad input" in out


def test_help_lists_no_exit_code_that_nothing_returns(run) -> None:
    """Each code is of the table of exit codes, or one of the two of signals."""
    _, _, explained = run("--help")[1].partition("Exit codes: ")
    codes = {int(code) for code in re.findall(r"(?<!\S)(\d+) [a-z]", explained)}
    assert ExitCode.BAD_INPUT in codes
    assert {ExitCode.REQUIREMENTS_FAILED, ExitCode.CANNOT_TELL} <= codes
    assert codes <= {*ExitCode, 129, 143}


@pytest.mark.parametrize("name", list(entry.COMMANDS))
def test_every_command_has_its_help(run, name: str) -> None:
    """Each command of the table exists, and its help names it."""
    code, out, err = run(name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: simab {name} ")
    assert import_module(f"simab.cli.commands.{name}").command.name == name


def test_version(run) -> None:
    """`simab --version` is the package's version."""
    assert run("--version") == (0, f"simab {__version__}\n", "")


def test_a_misspelt_command_is_guessed(run) -> None:
    """An unknown command is bad input; the message names the nearest and all others."""
    code, out, err = run("chekc", "file.yaml")
    assert (code, out) == (2, "")
    assert "no command named chekc. Did you mean check? Commands: init, check" in err


@pytest.mark.parametrize("arguments", [["check"], ["check", "--jsn", "x"], ["--nothing"]])
def test_wrong_usage_is_bad_input(run, arguments: list[str]) -> None:
    """A missing argument or an unknown option ends with 2 and says so on stderr."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `simab schema` end with this exception."""

    @click.command("schema")
    def command() -> None:
        raise error

    monkeypatch.setattr(import_module("simab.cli.commands.schema"), "command", command)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (InvalidInput("x = 3: must be even. Write 4."), 2, "x = 3: must be even. Write 4.\n"),
        (KeyboardInterrupt(), 130, "Interrupted. Nothing is kept"),
        (Interrupted("Run it again."), 130, "Interrupted. Run it again.\n"),
        (click.FileError("x.yaml", "is gone"), 2, "x.yaml"),
        (ZeroDivisionError("a bug"), 70, "ZeroDivisionError: a bug"),
    ],
)
def test_every_ending_has_its_code(
    run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    """Bad input is 2, an interruption 130, and a bug neither these nor a failed assertion."""
    raising(monkeypatch, error)
    ended, out, err = run("schema")
    assert (ended, out) == (code, "")
    assert message in err
    assert ("Traceback" in err) is (code == ExitCode.BUG)
    assert ExitCode.BUG not in (1, ExitCode.BAD_INPUT)


def test_a_command_may_end_with_a_code_of_its_own(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ends with `ctx.exit(3)` ends the process with 3."""
    raising(monkeypatch, click.exceptions.Exit(3))
    assert run("schema") == (3, "", "")


@pytest.mark.parametrize(
    "command",
    [["check", "scenarios/minimal.yaml"], pytest.param(["schema"], marks=pytest.mark.long)],
)
def test_a_closed_pipe_is_silent(command: list[str]) -> None:
    """`simab schema | head -1` prints one line and no complaint; so do rich's tables."""
    process = subprocess.Popen(
        [sys.executable, "-m", "simab", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert err == b""
    assert process.returncode == ExitCode.OUTPUT_CLOSED == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    "words", [["chekc"], pytest.param(["check", "bad.yaml"], marks=pytest.mark.long)]
)
def test_a_closed_pipe_for_complaints_is_silent_too(tmp_path: Path, words: list[str]) -> None:
    """`simab check bad.yaml 2>&1 | true`, and the same of a command that there is not."""
    (tmp_path / "bad.yaml").write_text("title: 3\n", encoding="utf-8")
    reads, writes = os.pipe()
    os.close(reads)
    ended = subprocess.run(
        [sys.executable, "-m", "simab", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=writes,
        check=False,
    )
    os.close(writes)
    assert (ended.returncode, ended.stdout) == (ExitCode.OUTPUT_CLOSED, b"")


@pytest.mark.parametrize(
    "command",
    [
        ["--version"],
        pytest.param(["check", "scenarios/minimal.yaml"], marks=pytest.mark.long),
        pytest.param(["schema"], marks=pytest.mark.long),
    ],
)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_no_bug(command: list[str]) -> None:
    """One line that says so."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "simab", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            check=False,
        )
    assert ended.returncode == ExitCode.BAD_INPUT
    assert ended.stderr == "The output cannot be written: no space left on device. Free some.\n"


def test_an_error_that_is_its_own_context_ends_as_any_other(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`raise error from None` where it was caught makes it the context of its own context."""
    error, caught = RuntimeError("no decision"), ValueError("a policy's")
    error.__context__, caught.__context__ = caught, error
    raising(monkeypatch, error)
    code, _, err = run("schema")
    assert code == ExitCode.BUG
    assert "RecursionError" not in err


def test_an_interrupt_that_a_library_wraps_is_still_one(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Python does where a class is being made: RuntimeError from KeyboardInterrupt."""
    wrapped = RuntimeError("Error calling __set_name__")
    wrapped.__cause__ = KeyboardInterrupt()
    raising(monkeypatch, wrapped)
    assert run("schema") == (
        ExitCode.INTERRUPTED,
        "",
        "Interrupted. Run the same command again.\n",
    )


def test_completion_names_the_commands() -> None:
    """Shell completion offers the commands that begin as typed."""
    environment = os.environ | {
        "_SIMAB_COMPLETE": "bash_complete",
        "COMP_WORDS": "simab ex",
        "COMP_CWORD": "1",
    }
    completed = subprocess.run(
        [sys.executable, "-m", "simab"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "plain,explain" in completed.stdout.splitlines()


def shell(command: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """What a shell makes of a command, `simab` being this one."""
    whole = command.replace("simab", f"{sys.executable} -m simab", 1)
    return subprocess.run(
        ["sh", "-c", whole], cwd=ROOT, env=os.environ | variables, capture_output=True, check=False
    )


def test_a_closed_stdout_is_said_once() -> None:
    """`>&-`: nothing can be shown, and nothing breaks; who asks for silence gets it."""
    loud = shell("simab check scenarios/minimal.yaml >&-")
    assert loud.returncode == ExitCode.OUTPUT_CLOSED
    assert loud.stderr.decode().splitlines() == [
        "Nothing can be shown: stdout is closed. Leave it open, or give --quiet."
    ]
    quiet = shell("simab check --quiet scenarios/minimal.yaml >&- 2>&-")
    assert (quiet.returncode, quiet.stderr) == (0, b"")


BOTH_FORMS = """
import sys
from simab.cli.main import main
for form in ([], ["--json"]):
    try:
        main(["explain", *form, sys.argv[1]])
    except SystemExit as end:
        assert not end.code
"""


def test_a_terminal_without_letters_gets_their_numbers(tmp_path: Path) -> None:
    """ASCII alone, as in many containers: words escaped, JSON still JSON."""
    text = (ROOT / "scenarios/minimal.yaml").read_text(encoding="utf-8")
    title = "Gr\u00f6\u00dfe \u2014 \U0001f600"
    file = tmp_path / "letters.yaml"
    rest = [line for line in text.splitlines() if not line.startswith("title:")]
    file.write_text("\n".join([f"title: {title}", *rest]), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-c", BOTH_FORMS, file],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.isascii()
    words, found, form = ended.stdout.partition(b"\n{")
    assert words
    assert json.loads(found + form)["title"] == title
