"""The executors of this machine: Ctrl-C is for the command, not for its workers."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

import pytest

from simab.study import local_processes


@pytest.fixture
def interrupts_count() -> Iterator[None]:
    """As on a terminal: a process that a script runs in its background ignores them for good."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interrupts_count")
def test_a_process_leaves_ctrl_c_to_the_command_from_its_very_start() -> None:
    """A terminal sends it to all, also to one that is just loading Python or simab's modules."""
    with local_processes(2) as executor:
        answers = [executor.submit(abs, -number) for number in range(4)]
        workers = multiprocessing.active_children()
        for worker in workers:
            assert worker.pid
            os.kill(worker.pid, signal.SIGINT)
        assert [answer.result() for answer in answers] == [0, 1, 2, 3]
        assert len(workers) == 2


@pytest.mark.usefixtures("interrupts_count")
def test_ctrl_c_while_a_process_is_started_waits_until_it_has_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that nobody looks after would wait for ever, and the end of the command for it."""
    start = SpawnProcess.start

    def start_and_interrupt(process: SpawnProcess) -> None:
        start(process)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", start_and_interrupt)
    with local_processes(2) as executor:
        with pytest.raises(KeyboardInterrupt):
            executor.submit(abs, -1)
        monkeypatch.undo()
        assert executor.submit(abs, -2).result() == 2
    unattended = multiprocessing.active_children()
    for process in unattended:
        process.terminate()
    assert unattended == []


@pytest.mark.usefixtures("interrupts_count")
def test_ctrl_c_is_heard_again_when_they_have_started() -> None:
    """What keeps it from the workers lasts no longer than their start."""
    with local_processes(1) as executor:
        executor.submit(abs, -1)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
