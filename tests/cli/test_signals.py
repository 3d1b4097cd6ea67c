"""Signals that ask the program to end arrive at any instant, also where Python cannot raise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A callback of a dying object, as compilers and collectors of garbage call them, gets the signal.
COMMAND = """
import os, signal, sys, time
from simab.cli import main

class Dies:
    def __del__(self):
        os.kill(os.getpid(), signal.{name})
        for _ in range(1000):
            pass

def command(*_, **__):
    Dies()
    time.sleep(60)

main._run = lambda _: _ended(command)

def _ended(work):
    try:
        work()
    except KeyboardInterrupt:
        return 130
    return 0

main.main([])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("ignoring", [False, True])
def test_an_interrupt_that_a_callback_swallows_comes_again_without_a_traceback(
    name: str, ignoring: bool
) -> None:
    """Whether or not Ctrl-C is ignored, as it is for jobs in the background of a shell."""

    def as_started() -> None:  # by a shell, whether or not the tests run under nohup
        signal.signal(getattr(signal, name), signal.SIG_DFL)
        if ignoring:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    ended = subprocess.run(
        [sys.executable, "-c", COMMAND.format(name=name)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=as_started,
        check=False,
    )
    assert ended.returncode == 128 + getattr(signal, name)
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr
