"""What a script registers with `atexit` belongs to the script: it is called in simulated time."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent

import pytest

from simab.aws.errors import RehearsalOver
from simab.aws.scripts.script import ScriptEnd, run_script
from simab.aws.timeline import Timeline

Playing = Callable[[str], ScriptEnd]


class Horizon:
    """A world that ends after ten hours."""

    def advance(self, until_ns: int) -> None:
        if until_ns > 36_000 * 10**9:
            raise RehearsalOver("ten hours have passed")


@pytest.fixture
def timeline() -> Timeline:
    timeline = Timeline(datetime(2026, 1, 1, tzinfo=UTC))
    timeline.move_with(Horizon())
    return timeline


@pytest.fixture
def play(tmp_path: Path, timeline: Timeline) -> Playing:
    def play(text: str) -> ScriptEnd:
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        return run_script(script, [], timeline=timeline, wall_limit_s=60, seed=1)

    return play


AT_EXIT = """
    import atexit, sys, time
    @atexit.register
    def cleanup():
        time.sleep(60)
        print("slept", time.monotonic() - before)
    def fails(*arguments, **named):
        print(arguments, named)
        raise ValueError("at exit")
    atexit.register(fails, 1, a=2)
    atexit.register(print, "forgotten")
    atexit.unregister(print)
    before = time.monotonic()
"""


@pytest.mark.parametrize(
    ("last", "kind"),
    [("print('end')", "ended"), ("sys.exit('end')", "exited"), ("raise ValueError", "raised")],
)
def test_what_it_registers_for_its_exit_is_called_in_simulated_time(
    play: Playing, timeline: Timeline, last: str, kind: str
) -> None:
    end = play(f"{dedent(AT_EXIT)}{last}\n")
    assert end.kind == kind
    assert end.output.removeprefix("end\n") == "(1,) {'a': 2}\nslept 60.0\n"
    assert "ValueError: at exit" in end.errors
    assert timeline.now_ns == 60 * 10**9
    assert atexit.register.__module__ == "atexit"


def test_simulated_time_may_be_over_at_its_exit(play: Playing) -> None:
    end = play("import atexit, time; atexit.register(time.sleep, 40_000)")
    assert (end.kind, end.errors) == ("over", "")


def test_nothing_is_called_once_simulated_time_is_over(play: Playing) -> None:
    end = play("import atexit, time; atexit.register(print, 1); time.sleep(40_000)")
    assert (end.kind, end.output) == ("over", "")


def test_what_a_library_registers_waits_for_the_end_of_the_process(
    play: Playing, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path_factory.mktemp("library")
    text = "import atexit\natexit.register(print, 'at the end')\natexit.unregister(print)\n"
    (library / "some_library.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(library))
    assert play("import some_library") == ScriptEnd("ended")


def test_a_module_beside_the_script_belongs_to_it(play: Playing, tmp_path: Path) -> None:
    text = "import atexit\natexit.register(print, 'at its end')\n"
    (tmp_path / "beside_the_script.py").write_text(text, encoding="utf-8")
    assert play("import beside_the_script") == ScriptEnd("ended", output="at its end\n")
