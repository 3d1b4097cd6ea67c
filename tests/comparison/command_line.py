"""Running simab's command line from tests: here, or in a process of its own that can be ended."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from simab.cli.main import main

# Where the tests run in the background of a script, Ctrl-C is ignored, and so by what they start.
CTRL_C_COUNTS = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = [sys.executable, "-c", f"{CTRL_C_COUNTS}; from simab.cli.main import main; main()"]


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Ended:
    """Run a command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        main([str(argument) for argument in arguments])
    code = end.value.code
    return Ended(int(code or 0), *capsys.readouterr())


def start(*arguments: object, **variables: str) -> subprocess.Popen[str]:
    """Start a command in a process group of its own."""
    return subprocess.Popen(
        [*COMMAND, *(str(argument) for argument in arguments)],
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen[str], number: signal.Signals) -> Ended:
    """Send a signal to the command and all of its workers, as Ctrl-C does, and wait."""
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out, err)


def rows_in(store: Path) -> int:
    """How many rows a store holds; 0 while it is being made."""
    try:
        connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True)
        count: int = connection.execute("SELECT count(*) FROM outcomes").fetchone()[0]
        connection.close()
    except sqlite3.OperationalError:
        return 0
    return count


def wait_for_rows(process: subprocess.Popen[str], store: Path, count: int) -> None:
    """Wait until a running command has put so many rows into its store."""
    patience_ends_s = time.monotonic() + 120
    while rows_in(store) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < patience_ends_s, "no rows after two minutes"
        time.sleep(0.02)


def files_in(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
