"""A job in a process of its own answers, or it is known how it died; nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from simab.aws.scripts.child_process import play_in_child
from simab.aws.scripts.printed import KEPT_BYTES
from simab.aws.scripts.script import ScriptEnd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process groups")

Answer = dict[str, Any] | ScriptEnd
Playing = Callable[..., Answer]


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process finds modules where this one finds them."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


def do(job: str, *, seed: int = 1, wall_limit_s: float = 60, **options: object) -> Answer:
    return play_in_child(f"child_jobs:{job}", options, seed=seed, wall_limit_s=wall_limit_s)


@pytest.fixture
def play(tmp_path: Path) -> Playing:
    """The end of a script, which a job in a process of its own plays."""

    def play(text: str, *, seed: int = 1) -> Answer:
        path = tmp_path / "script.py"
        path.write_text(dedent(text), encoding="utf-8")
        return do("script", seed=seed, path=str(path), random_seed=seed)

    return play


def died(answer: Answer) -> ScriptEnd:
    assert isinstance(answer, ScriptEnd)
    assert answer.kind == "died"
    return answer


def is_gone(process: int, within_s: float = 10) -> bool:
    """Nobody may have buried it yet, where the machine's first process does not."""
    for _ in range(round(within_s / 0.05)):
        try:
            state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").split()[2]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")


def test_an_answer_comes_back_as_json_has_it() -> None:
    options = {"number": 0.1, "list": [1, None, True], "text": "ä\n", "nested": {"a": {}}}
    assert do("same", **options) == options


@pytest.mark.long
@pytest.mark.parametrize("length", [65_536, 3_000_000])
def test_jobs_and_answers_may_be_longer_than_a_pipe(length: int) -> None:
    assert do("long_answer", length=length) == {"text": "a" * length}
    assert do("same", text="b" * length) == {"text": "b" * length}


def test_nobody_answers_its_questions() -> None:
    assert do("asks_its_user") == {"asked": ""}


@pytest.mark.long
def test_the_seed_decides_random_numbers_and_the_order_of_sets(play: Playing) -> None:
    text = """
        import random, numpy
        print([*map(str, {"one", "two", "three", "four", "five", "six", "seven"})])
        print(random.random(), numpy.random.random())
    """

    def lines(seed: int) -> list[str]:
        answer = play(text, seed=seed)
        assert isinstance(answer, dict)
        assert answer["kind"] == "ended", answer
        return answer["output"].splitlines()

    first, again, other = lines(7), lines(7), lines(2**33 + 8)
    assert first == again
    assert all(one != another for one, another in zip(first, other, strict=True))


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("print('a')", "ended", ""),
        ("import sys; print('a'); sys.exit(3)", "exited", ""),
        ("print('a')\nraise ValueError('b')", "raised", "ValueError: b"),
        ("import time; print('a')\nwhile True: time.sleep(60)", "over", "ten hours have passed"),
    ],
)
def test_the_end_of_a_script_is_an_answer(
    play: Playing, text: str, kind: str, message: str
) -> None:
    answer = play(text)
    assert isinstance(answer, dict)
    assert (answer["kind"], answer["output"]) == (kind, "a\n")
    assert message in answer["message"]
    assert answer["code"] == (3 if kind == "exited" else None)


def test_a_script_that_leaves_without_a_word_is_known_by_what_it_printed(play: Playing) -> None:
    end = died(play("import os, sys; print('a'); print('b', file=sys.stderr); os._exit(0)"))
    assert end.message == "its process ended by itself, with code 0"
    assert (end.output, end.errors) == ("a\n", "b\n")


def test_a_script_that_kills_its_process_has_died(play: Playing) -> None:
    end = died(play("import os, signal; print('a'); os.kill(os.getpid(), signal.SIGKILL)"))
    assert "killed by SIGKILL, as a system does that runs out of memory" in end.message
    assert end.output == "a\n"


@pytest.mark.long
def test_ten_megabytes_are_printed_and_both_ends_kept(play: Playing) -> None:
    answer = play("for number in range(100_000): print(f'{number:099}')")
    assert isinstance(answer, dict)
    assert answer["kind"] == "ended"
    assert f"[{10_000_000 - 2 * KEPT_BYTES} bytes left out]" in answer["output"]
    assert answer["output"].endswith(f"{99_999:099}\n")


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_is_named(number: signal.Signals) -> None:
    assert number.name in died(do("kills_itself", signal=number)).message


@pytest.mark.long
@pytest.mark.parametrize("code", [0, 7])
def test_a_process_that_leaves_has_died(code: int) -> None:
    end = died(do("exits", code=code))
    assert end.message == f"its process ended by itself, with code {code}"
    assert end.output == "last words"


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ("fails", "ValueError: no such world"),
        ("unwritable", "not JSON serializable"),
        ("nowhere", "nowhere"),
    ],
)
def test_a_job_that_fails_is_told(job: str, why: str) -> None:
    end = died(do(job))
    assert end.message.startswith("the job failed:\nTraceback")
    assert why in end.message


@pytest.mark.long
def test_a_job_that_does_not_end_is_killed() -> None:
    before = time.monotonic()
    end = do("loops", wall_limit_s=3)
    assert isinstance(end, ScriptEnd)
    assert end.kind == "out of time"
    assert "3 s of real time" in end.message
    assert time.monotonic() - before < 30


def test_what_prints_without_end_is_killed() -> None:
    options = {"lines": 10**9}
    end = died(
        play_in_child(
            "child_jobs:prints", options, seed=1, wall_limit_s=60, print_limit_bytes=2_000_000
        )
    )
    assert end.message == "killed: it printed more than 2000000 bytes"
    assert end.output.startswith("aaa")
    assert "bytes left out" in end.output


def test_what_prints_less_goes_on() -> None:
    assert do("prints", lines=5_000) == {"done": True}


@pytest.mark.long
@needs_proc
@pytest.mark.parametrize("ends", [True, False], ids=["it has ended", "it has answered"])
@pytest.mark.parametrize("job", ["leaves_a_process", "forks"])
def test_nothing_of_it_is_left(tmp_path: Path, job: str, ends: bool) -> None:
    file = tmp_path / "process"
    before = time.monotonic()
    answer = do(job, file=str(file), ends=ends, copy_sleeps_s=60)
    if ends:
        died(answer)
    else:
        assert answer == {"of": "the process"}
    assert time.monotonic() - before < 30  # it was not waited for
    assert is_gone(int(file.read_text(encoding="utf-8")))


@pytest.mark.long
def test_a_copy_of_the_process_does_not_answer_for_it(tmp_path: Path) -> None:
    file = str(tmp_path / "process")
    answer = do("forks", file=file, ends=False, copy_sleeps_s=0, sleeps_s=1)
    assert answer == {"of": "the process"}


@pytest.mark.long
@needs_proc
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    file = tmp_path / "process"
    options = {"file": str(file), "ends": False, "sleeps_s": 60}
    text = f"""
from simab.aws.scripts.child_process import play_in_child
play_in_child("child_jobs:leaves_a_process", {options!r}, seed=1, wall_limit_s=60)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen([sys.executable, "-c", text], env=environment)
    for _ in range(600):
        if file.exists() and file.read_text(encoding="utf-8"):
            break
        time.sleep(0.05)
    parent.kill()
    parent.wait()
    assert is_gone(int(file.read_text(encoding="utf-8")))
