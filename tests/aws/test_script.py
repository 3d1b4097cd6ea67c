"""A script runs as `python script.py` runs it, in simulated time, and it is known how it ended."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from simab.aws.errors import RehearsalOver
from simab.aws.scripts.printed import KEPT_BYTES
from simab.aws.scripts.script import ScriptEnd, run_script
from simab.aws.timeline import Timeline

HOUR_NS = 3600 * 10**9
Playing = Callable[..., ScriptEnd]


class Horizon:
    """A world that ends after ten hours."""

    def advance(self, until_ns: int) -> None:
        if until_ns > 10 * HOUR_NS:
            raise RehearsalOver("ten hours have passed")


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline(datetime(2026, 1, 1, tzinfo=UTC))
    timeline.move_with(Horizon())
    return timeline


@pytest.fixture
def play(tmp_path: Path, timeline: Timeline) -> Playing:
    def play(
        text: str, *arguments: str, seed: int = 1, wall_limit_s: float = 60, echo: bool = False
    ) -> ScriptEnd:
        script = tmp_path / "script.py"
        script.write_text(dedent(text), encoding="utf-8")
        return run_script(
            script,
            arguments,
            timeline=timeline,
            wall_limit_s=wall_limit_s,
            seed=seed,
            echo=echo,
        )

    return play


def test_it_finds_what_python_shows_it(play: Playing, tmp_path: Path) -> None:
    """The same text as the interpreter prints in a process of its own."""
    (tmp_path / "beside.py").write_text("NAME = __name__\n", encoding="utf-8")
    text = """
        import os, sys
        import beside
        import __main__
        print(__name__, __file__, sys.argv, sys.path[0], beside.NAME)
        print(__main__.__file__, sys.modules["__main__"] is __main__, __builtins__ is not None)
        print("to errors", file=sys.stderr)
    """
    before = sys.argv[:], sys.path[:], sys.modules["__main__"], sys.stdout
    end = play(text, "--to", "here")
    assert (sys.argv, sys.path, sys.modules["__main__"], sys.stdout) == before
    real = subprocess.run(
        [sys.executable, tmp_path / "script.py", "--to", "here"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert end == ScriptEnd("ended", output=real.stdout, errors=real.stderr)


def test_it_lives_in_simulated_time(play: Playing, timeline: Timeline) -> None:
    end = play("""
        from datetime import datetime
        from time import monotonic, sleep
        before, at = monotonic(), datetime.now()
        sleep(3600.5)
        print(datetime.now() - at, monotonic() - before, datetime.now())
    """)
    assert end == ScriptEnd("ended", output="1:00:00.500000 3600.5 2026-01-01 01:00:00.500000\n")
    assert timeline.now_ns == 3_600_500_000_000


def test_a_loop_ends_with_simulated_time(play: Playing, timeline: Timeline) -> None:
    end = play("""
        import time
        turns = 0
        while True:
            time.sleep(60)
            turns += 1
            print(turns)
    """)
    assert (end.kind, end.message) == ("over", "ten hours have passed")
    assert end.output.endswith("\n600\n")
    assert timeline.now_ns == 10 * HOUR_NS


@pytest.mark.parametrize(
    "text",
    [
        """
        import time
        while True:
            try:
                time.sleep(60)
            except Exception:
                print("caught")
        """,
        """
        import sys, time
        try:
            time.sleep(40_000)
        except:
            sys.exit(1)
        """,
        """
        import time
        try:
            time.sleep(40_000)
        finally:
            {}["missing"]
        """,
        """
        import time
        try:
            time.sleep(40_000)
        except BaseException as error:
            over = error
        raise ValueError from over
        """,
    ],
    ids=["catches Exception", "exits because of it", "fails because of it", "chains them"],
)
def test_what_a_script_does_about_the_end_changes_nothing(play: Playing, text: str) -> None:
    assert play(text) == ScriptEnd("over", "ten hours have passed")


def test_a_script_that_computes_for_ever_is_out_of_time(play: Playing) -> None:
    before = signal.getsignal(signal.SIGALRM)
    end = play("print('begun')\ndef loop():\n  while True: pass\nloop()", wall_limit_s=2.0)
    assert (end.kind, end.output) == ("out of time", "begun\n")
    assert "2 s of real time" in end.message
    assert end.message.endswith("It was at line 3")
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_real_limit_comes_again_where_it_was_caught(play: Playing) -> None:
    end = play(
        """
        try:
            int()  # in Python 3.11, a jump back to a block's first line is not in the block
            while True: int()
        except BaseException:
            print("caught")
            while True: int()
        """,
        wall_limit_s=2.0,
    )
    assert (end.kind, end.output) == ("out of time", "caught\n")


def test_what_it_raised_is_told_from_its_own_frames_on(play: Playing, tmp_path: Path) -> None:
    end = play("""
        def fails():
            raise ValueError("no such thing")
        fails()
    """)
    script = tmp_path / "script.py"
    expected = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False
    ).stderr
    assert end == ScriptEnd("raised", expected)
    assert end.message.startswith(f'Traceback (most recent call last):\n  File "{script}", line 4')


def test_a_relative_path_is_found(
    play: Playing, timeline: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play("import sys; print(__file__, sys.path[0])")
    monkeypatch.chdir(tmp_path)
    end = run_script(Path("script.py"), [], timeline=timeline, wall_limit_s=10, seed=1)
    assert end == ScriptEnd("ended", output=f"{tmp_path / 'script.py'} {tmp_path}\n")


def test_a_script_that_is_not_python_says_where(play: Playing) -> None:
    end = play("x = = 1")
    assert end.kind == "raised"
    assert 'script.py", line 1' in end.message
    assert end.message.endswith("SyntaxError: invalid syntax\n")
    assert "runpy" not in end.message


def test_a_script_that_is_not_there_raises(timeline: Timeline, tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    end = run_script(path, [], timeline=timeline, wall_limit_s=10, seed=1)
    assert end.kind == "raised"
    assert "No such file or directory" in end.message


def test_what_is_refused_is_raised(play: Playing) -> None:
    end = play("import threading; threading.Thread(target=print).start()")
    assert end.kind == "raised"
    assert "NotRehearsable: threads are not simulated" in end.message


def test_errors_chained_in_a_circle_are_told(play: Playing) -> None:
    end = play("""
        one, other = ValueError("one"), ValueError("other")
        one.__cause__, other.__cause__ = other, one
        raise one
    """)
    assert end.kind == "raised"
    assert "ValueError: one" in end.message


@pytest.mark.parametrize(
    ("argument", "code", "message"),
    [("3", 3, ""), ("", 0, ""), ("None", 0, ""), ("True", 1, ""), ("'no data'", 1, "no data")],
)
def test_an_exit_has_its_code(play: Playing, argument: str, code: int, message: str) -> None:
    end = play(f"import sys; sys.exit({argument})")
    errors = f"{message}\n" if message else ""
    assert end == ScriptEnd("exited", message, errors=errors, code=code)


def test_an_interrupt_is_for_whoever_rehearses(play: Playing, timeline: Timeline) -> None:
    with pytest.raises(KeyboardInterrupt):
        play("raise KeyboardInterrupt")
    assert abs(time.time() - timeline.now.timestamp()) > 1


DRAWING = "import random, numpy; print(random.random(), numpy.random.random(3))"


def test_the_seed_decides_its_random_numbers(play: Playing) -> None:
    first, again, other = (play(DRAWING, seed=seed).output for seed in (7, 7, 2**40 + 7))
    assert first == again != other
    assert play("import random; print(random.random())", seed=8).output != first.split()[0]


def test_a_long_output_keeps_both_ends(play: Playing) -> None:
    end = play("""
        import sys
        for number in range(100_000):
            print(f"{number:099}")
        sys.stderr.buffer.write(b"raw\\xff")
    """)
    left_out = 10_000_000 - 2 * KEPT_BYTES
    assert len(end.output) == 2 * KEPT_BYTES + len(f"\n[{left_out} bytes left out]\n")
    assert end.output.startswith(f"{0:099}\n{1:099}\n")
    assert end.output.endswith(f"{99_998:099}\n{99_999:099}\n")
    assert f"[{left_out} bytes left out]" in end.output
    assert end.errors == "raw\N{REPLACEMENT CHARACTER}"


def test_what_it_prints_goes_on_to_the_output_of_the_process(
    play: Playing, capfd: pytest.CaptureFixture[str]
) -> None:
    end = play("import sys; print('out'); print('err', file=sys.stderr)", echo=True)
    assert (end.output, end.errors) == tuple(capfd.readouterr()) == ("out\n", "err\n")


def test_beside_the_main_thread_there_is_no_real_limit(play: Playing) -> None:
    ends = []
    thread = threading.Thread(target=lambda: ends.append(play("print(1)", wall_limit_s=0.01)))
    thread.start()
    thread.join()
    assert ends == [ScriptEnd("ended", output="1\n")]
