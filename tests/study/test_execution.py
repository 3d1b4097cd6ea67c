"""How a study is played: rows do not depend on who plays them, and none is played twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from typing import Any

import pytest

from simab.analyse import RunSummary, Verdict, summary_of, truth_of_scenario
from simab.errors import InvalidInput, NoResources
from simab.run.simulation import simulate
from simab.scenario.world_names import DESCRIBED
from simab.study import (
    Cell,
    StudyPlan,
    WorldRows,
    local_processes,
    local_workers,
    playing,
    run_study,
    tasks,
    workers_worth_starting,
)
from tests.study.building import small
from tests.world.building import scenario, variant

REPLICATIONS = 12


def rows_of(planned: StudyPlan, **arguments: Any) -> WorldRows:
    """The rows of a study's one world."""
    return run_study(planned, **arguments)[DESCRIBED]


def plan(replications: int = REPLICATIONS, *names: str, seed: int = 1) -> StudyPlan:
    scenario = small()
    policies = {name: scenario.policies[name] for name in names or scenario.policies}
    return StudyPlan.of_scenario(scenario, policies, replications, seed, "compiled")


@pytest.fixture(scope="module")
def serial() -> dict[str, tuple[RunSummary, ...]]:
    """The rows as they are without an executor."""
    return rows_of(plan())


@pytest.fixture
def plays(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What was really played: policy and replication, in order."""
    played = []
    play_run = playing.play_run

    def counted(blueprint: Any, policy: Any, draws: Any, **arguments: Any) -> Any:
        played.append((policy[0], draws.replication))
        return play_run(blueprint, policy, draws, **arguments)

    monkeypatch.setattr(playing, "play_run", counted)
    return played


def test_a_row_is_the_outcome_of_its_replication(serial: dict[str, tuple[RunSummary, ...]]) -> None:
    """Replication n of a study is `simulate(..., replication=n)`."""
    scenario = small()
    for name, rows in serial.items():
        assert [row.replication for row in rows] == list(range(REPLICATIONS))
        run = simulate(scenario, policy=name, seed=1, replication=7)
        assert rows[7] == summary_of(run, truth_of_scenario(scenario))


def test_the_study_is_one_in_which_something_happens(
    serial: dict[str, tuple[RunSummary, ...]],
) -> None:
    """Otherwise equal rows would prove little: verdicts differ between and within policies."""
    assert {row.verdict for row in serial["test"]} == {
        Verdict.PROMOTED_CANDIDATE,
        Verdict.KEPT_CONTROL,
    }
    assert {row.verdict for row in serial["schedule"]} == {Verdict.PROMOTED_CANDIDATE}


def test_processes_give_the_rows_of_a_serial_study(
    serial: dict[str, tuple[RunSummary, ...]],
) -> None:
    """Every draw is a function of (seed, replication, purpose, entity): no worker can change it.

    One process here; tests/cli/test_compare_command.py has two.
    """
    with local_processes(1) as executor:
        assert rows_of(plan(), executor=executor) == serial


def test_threads_give_the_rows_of_a_serial_study(serial: dict[str, tuple[RunSummary, ...]]) -> None:
    """Any `concurrent.futures.Executor` will do."""
    with ThreadPoolExecutor(3) as executor:
        assert rows_of(plan(), executor=executor) == serial


@pytest.mark.parametrize(
    ("rate", "workers", "engine", "kind"),
    [
        ("2000/s", 2, "compiled", ThreadPoolExecutor),
        ("2000/s", 2, "reference", ProcessPoolExecutor),  # Python alone, which one lock guards
        ("2000/s", 40, "compiled", ProcessPoolExecutor),
        ("2/s", 2, "compiled", ProcessPoolExecutor),
    ],
)
def test_threads_are_taken_where_the_kernel_does_the_work(
    rate: str, workers: int, engine: str, kind: type[Executor]
) -> None:
    """From 2,000 requests between two ticks for each worker, here ten seconds."""
    busy = scenario(rate=rate)
    with local_workers(workers, busy, engine=engine) as executor:
        assert isinstance(executor, kind)


@pytest.mark.parametrize(
    ("rate", "workers", "rows", "kind"),
    [
        ("2000/s", 2, 2, ThreadPoolExecutor),  # long rows, and threads start at once
        ("2/s", 2, 199, type(None)),
        ("2/s", 2, 200, ProcessPoolExecutor),
        ("2000/s", 1, 1000, type(None)),
    ],
)
def test_workers_are_started_where_they_pay(
    rate: str, workers: int, rows: int, kind: type[object]
) -> None:
    """A process takes as long to start as some hundred short rows take to play."""
    executor = workers_worth_starting(workers, scenario(rate=rate), rows)
    assert isinstance(executor, kind)
    if executor:
        executor.shutdown()


def test_threads_of_the_kernels_give_the_rows_of_a_serial_study() -> None:
    """Several kernels at once in one process: each has arrays of its own."""
    busy = scenario(rate="2000/s", variants={"a": variant(workers=50), "b": variant(workers=50)})
    rehearsal = StudyPlan.of_scenario(busy, busy.policies, 12, 1, "compiled")
    with local_workers(4, busy) as executor:
        assert rows_of(rehearsal, executor=executor) == rows_of(rehearsal)


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_the_engine_does_not_change_a_row(
    serial: dict[str, tuple[RunSummary, ...]], engine: str
) -> None:
    """Design, section 4."""
    scenario = small()
    few = StudyPlan.of_scenario(scenario, scenario.policies, 3, 1, engine)
    assert rows_of(few) == {name: rows[:3] for name, rows in serial.items()}


def test_only_what_the_store_lacks_is_played(
    serial: dict[str, tuple[RunSummary, ...]], plays: list[tuple[str, int]]
) -> None:
    """More replications of the same study cost only those that are new."""
    store: dict[str, RunSummary] = {}
    rows_of(plan(5), store=store)
    assert len(plays) == 15
    plays.clear()
    assert rows_of(plan(8), store=store) == {name: rows[:8] for name, rows in serial.items()}
    assert sorted(plays) == sorted((name, n) for name in serial for n in (5, 6, 7))
    plays.clear()
    rows_of(plan(6), store=store)
    assert plays == []
    rows_of(plan(1, seed=2), store=store)
    assert len(plays) == 3


def test_any_missing_rows_are_filled_in(
    serial: dict[str, tuple[RunSummary, ...]], plays: list[tuple[str, int]]
) -> None:
    """Whichever rows a crash left out, they and only they are played."""
    store: dict[str, RunSummary] = {}
    rows_of(plan(), store=store)
    lost = [("majority", 3), ("test", 0), ("test", 11), ("schedule", 6)]
    for name, number in lost:
        del store[plan().row_key(Cell(DESCRIBED, name, 1, number))]
    plays.clear()
    assert rows_of(plan(), store=store) == serial
    assert sorted(plays) == sorted(lost)


def test_the_same_policy_under_two_names_is_played_for_each_and_named_right() -> None:
    """Rows are kept by content: a store may know them under another name."""
    scenario = small()
    rule = scenario.policies["test"]
    twice = StudyPlan.of_scenario(scenario, {"one": rule, "two": rule}, 3, 1, "compiled")
    rows = rows_of(twice)
    assert [[row.policy for row in each] for each in rows.values()] == [["one"] * 3, ["two"] * 3]
    store: dict[str, RunSummary] = {}
    rows_of(twice, store=store)
    renamed = rows_of(
        StudyPlan.of_scenario(scenario, {"three": rule}, 3, 1, "compiled"), store=store
    )
    assert [row.policy for row in renamed["three"]] == ["three"] * 3


def test_the_order_of_policies_changes_no_row(serial: dict[str, tuple[RunSummary, ...]]) -> None:
    """Policies meet the same clients and do not meet each other."""
    names = list(reversed(list(serial)))
    rows = rows_of(plan(4, *names))
    assert list(rows) == names
    assert rows == {name: serial[name][:4] for name in names}


def test_progress_counts_up_to_all_rows() -> None:
    """It starts with what the store holds and ends with everything, never backwards."""
    told: list[tuple[int, int]] = []
    store: dict[str, RunSummary] = {}
    rows_of(plan(2), store=store, progress=lambda *counts: told.append(counts))
    assert (told[0], told[-1]) == ((0, 6), (6, 6))
    told.clear()
    rows_of(plan(4), store=store, progress=lambda *counts: told.append(counts))
    assert (told[0], told[-1]) == ((6, 12), (12, 12))
    assert told == sorted(told)


class Pending(Executor):
    """Plays the first `ready` batches at once; the others wait until they are called off."""

    def __init__(self, ready: int, error: Exception | None = None) -> None:
        self.ready = ready
        self.error = error
        self.futures: list[Future[Any]] = []

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.futures.append(future)
        if len(self.futures) <= self.ready:
            future.set_result(call(*args, **kwargs))
        elif self.error is not None and len(self.futures) == self.ready + 1:
            future.set_exception(self.error)
        return future


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_what_has_not_begun_is_called_off_when_the_study_stops(
    interruption: type[BaseException],
) -> None:
    """At once, while the interruption is still on its way up, so that closing a pool is quick."""
    executor, store = Pending(ready=2), {}

    def progress(done: int, total: int) -> None:
        if done:
            raise interruption

    def play() -> None:
        try:
            run_study(plan(), executor=executor, store=store, progress=progress)
        except interruption:
            assert all(future.cancelled() for future in executor.futures[2:])
            raise

    with pytest.raises(interruption):
        play()
    assert len(store) == 1


def test_a_failing_batch_is_not_hidden_and_costs_no_finished_row() -> None:
    """What a worker raises is raised here; rows that came back are in the store."""
    executor, store = Pending(ready=2, error=RuntimeError("a worker broke")), {}
    with pytest.raises(RuntimeError, match="a worker broke"):
        run_study(plan(), executor=executor, store=store)
    assert len(store) <= 2
    assert all(future.done() for future in executor.futures)


def test_nothing_is_called_off_in_a_pool_that_broke() -> None:
    """The pool marks its futures as failed, and never ends where one of them was cancelled."""
    executor = Pending(ready=2, error=BrokenExecutor("a worker was killed"))
    with pytest.raises(NoResources, match="A worker process ended before its work was done"):
        rows_of(plan(), executor=executor)
    assert not any(future.cancelled() for future in executor.futures)


@pytest.mark.parametrize(
    ("policies", "replications", "message"),
    [(["test"], 0, "replications = 0.*from 1 to 10,000,000"), ([], 3, "at least one policy")],
)
def test_a_plan_without_anything_to_play_is_refused(
    policies: list[str], replications: int, message: str
) -> None:
    """The message says the value, the rule and the remedy."""
    scenario = small()
    chosen = {name: scenario.policies[name] for name in policies}
    with pytest.raises(InvalidInput, match=message):
        StudyPlan.of_scenario(scenario, chosen, replications, 1, "compiled")


class Gone(Executor):
    """An executor whose cluster goes away: nothing comes back, and nothing can be called off."""

    is_gone = False

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.is_gone = True
        future: Future[Any] = Future()
        future.cancel = self.fails  # type: ignore[method-assign]
        return future

    def fails(self) -> bool:
        raise AssertionError("it would wait for ever")


def test_an_executor_that_is_gone_ends_the_study() -> None:
    """With the code for workers that are gone, rather than never."""
    with pytest.raises(NoResources, match="does not answer any more"):
        rows_of(plan(), executor=Gone())


class Forgetful(Executor):
    """Workers that know no world until they are sent it, and lose each batch once."""

    class Lost(Exception):
        """A worker was killed."""

    lost = (Lost,)
    places = 3

    def __init__(self, losses: int = 1) -> None:
        self.losses = losses
        self.seen: dict[Any, int] = {}
        self.most_under_way = 0
        self.with_world: list[bool] = []

    def submit(self, call: Callable[..., Any], task: Any, /) -> Future[Any]:
        future: Future[Any] = Future()
        batch = (task.policy[0], *task.replications)
        self.seen[batch] = self.seen.get(batch, 0) + 1
        self.with_world.append(task.scenario is not None)
        if self.seen[batch] <= self.losses:
            future.set_exception(self.Lost())
        elif task.scenario is None:
            future.set_result(tasks.UnknownWorld(task.world))
        else:
            future.set_result(call(task))
        return future


def test_a_lost_worker_and_an_unknown_world_cost_a_try(
    serial: dict[str, tuple[RunSummary, ...]],
) -> None:
    """Each batch is sent again, with its world once a worker has said that it lacks it."""
    executor = Forgetful()
    assert rows_of(plan(), executor=executor) == serial
    assert set(executor.seen.values()) == {3}


def test_a_batch_that_loses_every_worker_ends_the_study() -> None:
    """With where it was, and what may help."""
    with pytest.raises(NoResources, match=r"lost 3 times .* in the world described"):
        rows_of(plan(), executor=Forgetful(losses=9))


def test_few_batches_are_under_way_and_all_cells_in_step() -> None:
    """As many as there are places; each begins with the lowest replication that is left."""
    order: list[tuple[str, int]] = []
    begun: list[int] = []

    class Narrow(Pending):
        places = 3

        def submit(self, call: Callable[..., Any], task: Any, /) -> Future[Any]:
            pending = sum(not future.done() for future in self.futures)
            assert pending < self.places
            order.extend((task.policy[0], number) for number in task.replications)
            begun.append(task.replications[0])
            return super().submit(call, task)

    rows_of(plan(), executor=Narrow(ready=1000))
    assert sorted(order) == sorted((name, n) for name in plan().policies for n in range(12))
    assert begun == sorted(begun)
