"""A real Dask cluster of processes on loopback: the rows of a serial study, though workers die."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from simab.errors import InvalidInput
from simab.scenario import dumps
from simab.study.dask_workers import DaskWorkers
from simab.study.store import SqliteStore
from tests.comparison.command_line import Ended, run, start
from tests.study.building import small

pytest.importorskip("distributed")
PATIENCE_S = 120.0


class Cluster:
    """A scheduler and workers, each a process that can be killed."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.processes: list[subprocess.Popen[bytes]] = []
        self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        ends_s = time.monotonic() + PATIENCE_S
        while not self.file.exists():
            assert time.monotonic() < ends_s, "no scheduler"
            time.sleep(0.1)
        self.address = json.loads(self.file.read_text())["address"]

    def _start(self, name: str, *words: str) -> subprocess.Popen[bytes]:
        words = ("--scheduler-file", str(self.file), "--no-dashboard", *words)
        process = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{name}", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        """One more worker, of one thread."""
        return self._start("dask_worker", "--nthreads", "1", "--no-nanny")

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path)
    yield cluster
    cluster.end()


def finished(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=3 * PATIENCE_S)
    return Ended(process.returncode, out, err)


def wait_for_rows(process: subprocess.Popen[str], rows: Path) -> None:
    """Until some replications are kept: its lines of progress come too far apart to wait for."""
    ends_s = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < ends_s:
        # Not made yet, or just being made.
        with suppress(InvalidInput), closing(SqliteStore(rows, create=False)) as store:
            if len(store):
                return
        time.sleep(0.05)
    pytest.fail(f"it kept nothing and ended with {process.poll()}")


@pytest.mark.long
def test_a_cluster_gives_the_bytes_of_a_serial_study_though_a_worker_is_killed(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the midst of what it plays; the other one, and one that comes later, do the rest."""
    file = tmp_path / "small.yaml"
    worlds = {"worse": {"title": "worse", "effect": "-2%"}, "equal": None}
    file.write_text(dumps(small(worlds=worlds)), encoding="utf-8")
    words = ("compare", file, "-n", 600, "--json")
    workers = [cluster.worker() for _ in range(2)]
    process = start(*words, "--store", tmp_path / "rows", "--dask", cluster.address)
    wait_for_rows(process, tmp_path / "rows")
    workers[0].send_signal(signal.SIGKILL)
    cluster.worker()
    played = finished(process)
    assert played.code == 0, played.err
    assert played.out == run(capsys, *words, "--no-store", "--workers", 1).out


@pytest.mark.long
@pytest.mark.parametrize(
    "asked", [("sweep", "--vary", "effect=-5%..5%/3"), ("sensitivity", "--world", "described")]
)
def test_sweeps_and_sensitivities_play_there_as_well(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...]
) -> None:
    """The bytes of a serial one."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    words = (asked[0], file, *asked[1:], "-n", 20, "--no-store", "--json")
    cluster.worker()
    played = run(capsys, *words, "--dask", cluster.address)
    assert played.code == 0, played.err
    assert played.out == run(capsys, *words, "--workers", 1).out


@pytest.mark.long
def test_a_scheduler_that_goes_away_is_said_and_costs_no_finished_row(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 71, and the same command goes on without the cluster."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    words = ("compare", file, "-n", 1200, "--store", tmp_path / "rows", "--policy", "test")
    cluster.worker()
    process = start(*words, "--dask", cluster.address)
    wait_for_rows(process, tmp_path / "rows")
    cluster.processes[0].kill()
    ended = finished(process)
    assert ended.code == 71, ended.err
    assert "kept in" in ended.err
    assert "Traceback (most recent call last)" not in ended.err
    assert run(capsys, *words, "--workers", 1, "--quiet").code == 0


def test_an_address_where_nothing_answers_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to start a scheduler."""
    monkeypatch.setattr("simab.study.dask_workers._TIMEOUT_S", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(InvalidInput, match="no scheduler answers there"):
            DaskWorkers(address)


def test_without_distributed_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InvalidInput, match=r"simab\[dask\]"):
        DaskWorkers("tcp://127.0.0.1:9")
