"""How batches get to an executor and back: few are under way at once, and none waits in line long.

An executor may say by attributes how it likes its work: `places` (how many batches to have under
way), `batch_s` (how long one should take), `code` (the digest of the code that its workers must
have), `lost` (exceptions that say that a worker is gone), `finishes_what_it_has` (a batch that is
played cannot be told from one that waits), `is_gone` (nothing will come back) and `abandon` (end
workers in the midst of what they play).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from hashlib import sha256
from pickle import PicklingError
from typing import Any, Final

from simab.errors import InvalidInput, NoResources
from simab.study.batches import Batches
from simab.study.pace import Pace
from simab.study.plan import Cell, StudyPlan
from simab.study.tasks import (
    Answer,
    OtherCode,
    Played,
    Task,
    UnknownWorld,
    play_task,
    remember_world,
)

__all__ = ["Ended", "played_batches"]

Ended = Sequence[tuple[Cell, Any]]
"""The cells of a batch and what came of each: its RunSummary, or what the plan's measure makes of
it; or a Failure."""

_BATCH_S: Final = 0.5
_PLACES: Final = 256  # of an executor that says nothing: enough for any machine
_LONGEST_WAIT_S: Final = 1.0  # rows that came back are on disk after that
_LOSSES: Final = 3  # of the worker that plays a batch, before the batch is to blame


def played_batches(
    plan: StudyPlan,
    cells: Sequence[Cell],
    executor: Executor | None,
    pace: Pace,
    *,
    deadline_s: float | None = None,
    idle: Callable[[], Any] = lambda: None,
) -> Generator[Ended, None, None]:
    """Play cells and give them back batch by batch, as they end.

    Without an executor they are played here. `idle` is called about once a second in which nothing
    ended. From `deadline_s` on (of `time.monotonic`) no batch is begun.

    Raises:
        NoResources: a worker process ended before its work was done.
        InvalidInput: a policy cannot be sent to a worker, or a worker has other code.
    """
    if executor is None:
        return _here(plan, cells, pace, deadline_s)
    return _there(plan, cells, executor, pace, deadline_s, idle)


def _here(
    plan: StudyPlan, cells: Sequence[Cell], pace: Pace, deadline_s: float | None
) -> Generator[Ended, None, None]:
    tasks = _Tasks(plan)
    batches = Batches(cells, pace, batch_s=_BATCH_S, places=1)
    while not _is_over(deadline_s) and (batch := batches.take()):
        played = play_task(tasks.of(batch, with_world=True))
        assert isinstance(played, Played)  # the world is in the task, and no code is asked for
        yield _ended(batch, played, pace)


def _there(
    plan: StudyPlan,
    cells: Sequence[Cell],
    executor: Executor,
    pace: Pace,
    deadline_s: float | None,
    idle: Callable[[], Any],
) -> Generator[Ended, None, None]:
    tasks = _Tasks(plan, getattr(executor, "code", None))
    sending = _Sending(executor, tasks, plan.policies)
    batch_s = getattr(executor, "batch_s", _BATCH_S)
    batches = Batches(cells, pace, batch_s=batch_s, places=sending.places)
    try:
        while _begin(sending, batches, deadline_s):
            ended = sending.next_ended(_wait_s(deadline_s))
            if not ended:
                idle()
                sending.require_executor()
            for future in ended:
                if answer := sending.answer(future, pace):
                    yield answer
    except (KeyboardInterrupt, GeneratorExit):
        if abandon := getattr(executor, "abandon", None):
            abandon()
            sending.futures.clear()  # they fail by themselves; one that is called off could not
        raise
    except BrokenExecutor:
        # The pool marks its futures as failed: one called off meanwhile would end its thread.
        sending.futures.clear()
        raise NoResources(
            "A worker process ended before its work was done: it was killed, as the system does "
            "where memory runs out, or could not start. Give less workers (--workers 1), and run "
            "the same again."
        ) from None
    finally:
        sending.call_off()


def _begin(sending: _Sending, batches: Batches, deadline_s: float | None) -> bool:
    """Begin what there is room for, nothing after the deadline; whether any is under way."""
    if _is_over(deadline_s):
        sending.call_off_if_not_begun()
        return bool(sending.futures)
    while len(sending.futures) < sending.places and (batch := batches.take()):
        sending.send(batch)
    return bool(sending.futures)


class _Tasks:
    """Makes tasks of batches; a world is named by the digest of its whole text."""

    def __init__(self, plan: StudyPlan, code: str | None = None) -> None:
        self._plan, self._code = plan, code
        self._scenarios = {name: each.model_dump_json() for name, each in plan.worlds.items()}
        self._digests = {
            name: sha256(text.encode()).hexdigest() for name, text in self._scenarios.items()
        }
        for name, digest in self._digests.items():  # threads are of this process
            remember_world(digest, self._scenarios[name])

    def of(self, batch: Sequence[Cell], *, with_world: bool) -> Task:
        """The task of a batch: cells of one world, policy and seed."""
        world, policy, seed, _ = batch[0]
        return Task(
            world=self._digests[world],
            scenario=self._scenarios[world] if with_world else None,
            policy=(policy, self._plan.policy(world, policy)),
            replications=[cell.replication for cell in batch],
            seed=seed,
            engine=self._plan.engine,
            code=self._code,
            measure=self._plan.measure,
        )


class _Sending:
    """The batches that are under way at an executor."""

    def __init__(self, executor: Executor, tasks: _Tasks, policies: Collection[str]) -> None:
        self._executor, self._tasks, self._policies = executor, tasks, policies
        self.futures: dict[Future[Answer], Sequence[Cell]] = {}
        self._lost: Counter[Cell] = Counter()

    @property
    def places(self) -> int:
        """How many batches to have under way: enough that no worker waits for one."""
        if places := getattr(self._executor, "places", 0):
            return int(places)
        workers = getattr(self._executor, "_max_workers", 0)
        return 2 * workers + 2 if workers else _PLACES

    def send(self, batch: Sequence[Cell], *, with_world: bool = False) -> None:
        """Begin a batch."""
        task = self._tasks.of(batch, with_world=with_world)
        # One statement: what is submitted before an interrupt must be called off.
        self.futures[self._executor.submit(play_task, task)] = batch

    def next_ended(self, wait_s: float) -> list[Future[Answer]]:
        """The batches that ended, after a second at most."""
        return list(wait(self.futures, wait_s, FIRST_COMPLETED).done)

    def answer(self, future: Future[Answer], pace: Pace) -> Ended | None:
        """What came of a batch that ended; None where it is sent once more.

        Raises:
            InvalidInput: the policy cannot be sent, or the worker has other code.
            NoResources: workers are lost each time that they play this batch.
        """
        batch = self.futures.pop(future)
        try:
            answer = future.result()
        except ModuleNotFoundError as error:
            raise InvalidInput(
                f"a worker has no module {error.name}; install what this process has there"
            ) from None
        except (AttributeError, TypeError, PicklingError) as error:
            if "pickle" not in str(error):
                raise
            raise InvalidInput(
                f"policies: one of {', '.join(self._policies)} cannot be sent to a worker process "
                f"({error}); define its class in a module, or give no executor"
            ) from None
        except getattr(self._executor, "lost", ()) as error:
            self._lost[batch[0]] += 1
            if self._lost[batch[0]] == _LOSSES:
                raise NoResources(_many_lost(batch, error)) from None
            self.send(batch)
            return None
        if isinstance(answer, OtherCode):
            raise InvalidInput(
                f"a worker has other code than this process ({answer.versions}), and its rows "
                "could be other ones; install the same simab, NumPy and SciPy there"
            )
        if isinstance(answer, UnknownWorld):
            self.send(batch, with_world=True)
            return None
        return _ended(batch, answer, pace)

    def call_off_if_not_begun(self) -> None:
        """What waits for a worker, where that can be told from what is played."""
        if not getattr(self._executor, "finishes_what_it_has", False):
            self.call_off()

    def require_executor(self) -> None:
        """Make sure that something can still come back.

        Raises:
            NoResources: the executor says that it is gone.
        """
        if getattr(self._executor, "is_gone", False):
            raise NoResources(
                "What plays the runs is gone: its scheduler does not answer any more."
            )

    def call_off(self) -> None:
        """Whatever has not begun."""
        if getattr(self._executor, "is_gone", False):
            self.futures.clear()  # to call off would wait for an answer
        for future in list(self.futures):
            if future.cancel():
                del self.futures[future]


def _ended(batch: Sequence[Cell], played: Played, pace: Pace) -> Ended:
    group = batch[0].world, batch[0].policy
    pace.add(group, len(batch), cpu_s=played.cpu_s, wall_s=played.wall_s)
    return list(zip(batch, played.rows, strict=True))


def _is_over(deadline_s: float | None) -> bool:
    return deadline_s is not None and time.monotonic() >= deadline_s


def _wait_s(deadline_s: float | None) -> float:
    if deadline_s is None:
        return _LONGEST_WAIT_S
    return min(max(deadline_s - time.monotonic(), 0.01), _LONGEST_WAIT_S)


def _many_lost(batch: Sequence[Cell], error: BaseException) -> str:
    first = batch[0]
    return (
        f"The worker was lost {_LOSSES} times while it played {first.policy} in the world "
        f"{first.world} from replication {first.replication} on ({error}). Give each worker more "
        "memory, and run the same again."
    )
