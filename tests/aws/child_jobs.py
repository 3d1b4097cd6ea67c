"""Jobs that the tests of `play_in_child` let a process do; it imports them by their name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simab.aws.errors import RehearsalOver
from simab.aws.scripts.script import run_script
from simab.aws.timeline import Timeline

Options = dict[str, Any]


class Horizon:
    """A world that ends after ten hours."""

    def advance(self, until_ns: int) -> None:
        if until_ns > 36_000 * 10**9:
            raise RehearsalOver("ten hours have passed")


def script(options: Options) -> Options:
    """Play a script, as a rehearsal does, and say how it ended."""
    timeline = Timeline(datetime(2026, 1, 1, tzinfo=UTC))
    timeline.move_with(Horizon())
    end = run_script(
        Path(options["path"]),
        [],
        timeline=timeline,
        wall_limit_s=60,
        seed=options["random_seed"],
        echo=True,
    )
    return asdict(end)


def same(options: Options) -> Options:
    return options


def long_answer(options: Options) -> Options:
    return {"text": "a" * options["length"]}


def asks_its_user(_: Options) -> Options:
    return {"asked": sys.stdin.read()}


def fails(_: Options) -> Options:
    raise ValueError("no such world")


def unwritable(_: Options) -> Options:
    return {"answer": object()}


def exits(options: Options) -> Options:
    os.write(1, b"last words")
    os._exit(options["code"])


def kills_itself(options: Options) -> Options:
    os.kill(os.getpid(), options["signal"])
    time.sleep(60)
    return {}


def loops(_: Options) -> Options:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        pass


def prints(options: Options) -> Options:
    for _ in range(options["lines"]):
        os.write(1, b"a" * 999 + b"\n")
    return {"done": True}


def leaves_a_process(options: Options) -> Options:
    """It holds this one's output open, as any such does."""
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(options["file"]).write_text(str(left.pid), encoding="utf-8")
    return end_or_answer(options)


def forks(options: Options) -> Options:
    """A copy of this process, which goes on to its end before this one does."""
    if copy := os.fork():
        Path(options["file"]).write_text(str(copy), encoding="utf-8")
        return end_or_answer(options)
    time.sleep(options["copy_sleeps_s"])
    return {"of": "the copy"}


def end_or_answer(options: Options) -> Options:
    if options["ends"]:
        os._exit(0)
    time.sleep(options.get("sleeps_s", 0))
    return {"of": "the process"}
