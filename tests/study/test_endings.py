"""Nothing is left running: workers end with their parent, and signals are distinguished."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simab.cli import main
from simab.errors import SimabError
from simab.scenario import dumps
from simab.study.local import local_processes
from tests.comparison.command_line import COMMAND, rows_in, wait_for_rows
from tests.study.building import small

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
PATIENCE_S = 60.0  # a worker that nothing ends waits for its next batch for ever


def members(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def wait_until_gone(session: int) -> None:
    """Fail, and end them, if processes of a session are left."""
    started_s = time.monotonic()
    while members(session):
        if time.monotonic() - started_s > PATIENCE_S:
            for number in members(session):
                os.kill(number, signal.SIGKILL)
            pytest.fail(f"processes are left after {PATIENCE_S} s")
        time.sleep(0.02)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A comparison with two workers that would take minutes."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    words = ["compare", str(file), "-n", "6000", "--workers", "2", "--store", tmp_path / "rows"]
    started = subprocess.Popen(
        [*COMMAND, *(str(word) for word in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Who runs the tests by nohup ignores hangups, and so would this process.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 (no threads here)
    )
    yield started
    if started.poll() is None:
        os.killpg(started.pid, signal.SIGKILL)
    started.communicate()


@pytest.mark.parametrize(
    "number",
    # Ctrl-C, in tests/cli/test_compare_interrupted.py, is handled as the last two are.
    [
        signal.SIGKILL,
        *(pytest.param(each, marks=pytest.mark.long) for each in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_workers_end_with_their_parent(
    process: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    """Only the parent gets the signal; a handled one says what is kept, and how to go on."""
    wait_for_rows(process, tmp_path / "rows", 20)
    assert len(members(process.pid)) >= 3
    process.send_signal(number)
    wait_until_gone(process.pid)
    _, err = process.communicate(timeout=30)
    if number is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
        return
    assert process.returncode == 128 + number
    assert f"{rows_in(tmp_path / 'rows')} replications are kept" in err
    assert "Traceback" not in err


@pytest.mark.long
def test_a_killed_worker_is_said_in_a_sentence(
    process: subprocess.Popen[str], tmp_path: Path
) -> None:
    """As the system does where memory runs out: exit code 71, and the rows stay.

    The same of a pool that stands in is in test_execution.py, with the default tests.
    """
    wait_for_rows(process, tmp_path / "rows", 20)
    spawned = [
        number
        for number in members(process.pid)
        if b"spawn_main" in Path(f"/proc/{number}/cmdline").read_bytes()
    ]
    os.kill(spawned[0], signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 71
    assert "A worker process ended before its work was done" in err
    assert f"{rows_in(tmp_path / 'rows')} replications are kept" in err
    assert "Traceback" not in err


@pytest.mark.long
def test_ten_kills_at_random_moments_leave_nothing(tmp_path: Path) -> None:
    """While Python loads, while workers start and while they play."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    words = ["compare", str(file), "-n", "6000", "--workers", "2", "--quiet"]
    draw = random.Random(23)
    for _ in range(10):
        started = subprocess.Popen([*COMMAND, *words], start_new_session=True)
        time.sleep(draw.uniform(0.5, 8.0))
        started.kill()
        wait_until_gone(started.pid)
        started.wait()


def test_a_class_that_cannot_cross_processes_is_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    """One message with the remedy, not what pickle says."""
    import simab
    from simab.errors import InvalidInput

    class Local:
        def decide(self, state: object, observation: object) -> tuple[list[object], object]:
            return [], state

    with (
        local_processes(1) as executor,
        pytest.raises(InvalidInput, match="cannot be sent to a worker process"),
    ):
        simab.compare(small(), policies={"x": Local()}, replications=1, executor=executor)  # type: ignore[dict-item]


FEW_FILES = "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (8, 8)); "
# With 400 MiB it may run out within LLVM, which ends the process or never comes back.
LITTLE_MEMORY = (
    "import resource; resource.setrlimit(resource.RLIMIT_AS, (320 << 20, 320 << 20)); "
    "import os; os.environ['OPENBLAS_NUM_THREADS'] = '1'; "
)


@pytest.mark.parametrize(
    ("lacking", "rows", "workers"),
    [
        (FEW_FILES, "100", "2"),
        pytest.param(LITTLE_MEMORY, "3", "1", marks=pytest.mark.long),
    ],
)
def test_a_lack_of_files_or_memory_is_no_bug(
    lacking: str, rows: str, workers: str, tmp_path: Path
) -> None:
    """One sentence and exit code 71."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    run = "from simab.cli.main import main; main(sys.argv[1:])"
    words = ["compare", str(file), "-n", rows, "--workers", workers, "--quiet"]
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; {lacking}{run}", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 71, ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.splitlines()[-1].startswith(("No more files", "Memory has run out"))


def test_a_library_that_finds_no_room_is_a_lack_of_memory(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And not an absent library: what loads it is told so by the loader's words alone."""

    def without_room(**_: object) -> None:
        try:
            raise ImportError("numpy.so: failed to map segment from shared object")
        except ImportError as error:
            raise SimabError("the compiled engine needs Numba, which does not load") from error

    monkeypatch.setattr(main.simab, "main", without_room)
    with pytest.raises(SystemExit) as ended:
        main.main(["compare"])
    assert ended.value.code == 71
    assert capsys.readouterr().err.startswith("Memory has run out")
