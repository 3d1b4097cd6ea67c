"""A replication whose policy raises is left out and counted; the study goes on."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest

import simab
from simab.analyse import RunSummary
from simab.errors import InvalidInput, ReplicationsFailed
from simab.policies import Action, Observation, Policy
from simab.policies.experiments.fixed_horizon import FixedHorizonTest
from simab.scenario import dumps
from simab.world.endpoint import Endpoint
from tests.comparison.command_line import run
from tests.comparison.failing import FailsAtOddCounts, Remembers, RemembersAsPolicy
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")

REPLICATIONS = 24


def compared(executor: Executor | None = None, **arguments: Any) -> simab.Study:
    policies = {"odd": FailsAtOddCounts(), "test": "test"}
    return simab.compare(
        small(), policies=policies, replications=REPLICATIONS, executor=executor, **arguments
    )


@pytest.fixture(scope="module")
def study() -> simab.Study:
    """Played here, one replication after the other."""
    return compared()


def test_the_study_goes_on_without_what_failed(study: simab.Study) -> None:
    """Some fail, the others have rows; the other policy loses none."""
    failed = [each.replication for each in study.failures]
    assert 0 < len(failed) < REPLICATIONS
    assert {each.policy for each in study.failures} == {"odd"}
    finished = [row.replication for row in study.rows["odd"]]
    assert sorted(failed + finished) == list(range(REPLICATIONS))
    assert len(study.rows["test"]) == REPLICATIONS
    assert re.fullmatch(
        r"ValueError: \d+ labels are an odd number, which it cannot bear", study.failures[0].error
    )


def test_shares_are_over_those_that_finished(study: simab.Study) -> None:
    """And the number that failed stands beside them."""
    odd, test = study.result.policies
    finished = REPLICATIONS - len(study.failures)
    assert odd.verdicts["promoted_candidate"].count == finished
    assert odd.verdicts["promoted_candidate"].share == 1.0
    assert odd.failed == len(study.failures)
    assert test.failed == 0


def test_pairs_are_those_that_both_finished(study: simab.Study) -> None:
    """A difference of means over other replications would compare other clients."""
    finished = {row.replication for row in study.rows["odd"]}
    right = {row.replication: row.correct for row in study.rows["test"]}
    expected = sum(right[number] - 1.0 for number in finished) / len(finished)
    pair = study.result.paired[0]
    assert (pair.quantity, pair.pairs) == ("correct", len(finished))
    assert pair.difference == pytest.approx(expected)


@pytest.mark.parametrize("policy", [FailsAtOddCounts(), Remembers()])
def test_workers_give_the_rows_and_failures_of_a_serial_study(
    policy: Any, worker_process: Executor
) -> None:
    """Whoever plays it, and although the object may remember what it saw."""
    arguments = {"policies": {"mine": policy}, "replications": 60}
    here = simab.compare(small(), **arguments)
    away = simab.compare(small(), **arguments, executor=worker_process)
    assert (away.rows, away.failures) == (here.rows, here.failures)


def test_a_fault_of_simabs_own_is_no_failed_replication(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the world raises ends the study: left out, it would only bias what remains."""

    def broken(*_: object) -> None:
        raise IndexError("a bug of the endpoint")

    monkeypatch.setattr(Endpoint, "accept", broken)
    with pytest.raises(IndexError, match="a bug of the endpoint"):
        simab.compare(small(), policies={"mine": Remembers()}, replications=3)


@pytest.mark.parametrize("kind", [Remembers, RemembersAsPolicy])
def test_no_replication_sees_what_another_left_in_a_policy(kind: Any) -> None:
    """A class of one's own is copied whatever it inherits from."""
    study = simab.compare(small(), policies={"mine": kind()}, replications=5)
    assert study.outcomes["decided_s"].tolist() == [30.0] * 5


def test_no_replication_sees_what_another_left_in_the_object() -> None:
    """Each plays a copy: the third look of every run is its own third look."""
    policy = Remembers()
    study = simab.compare(small(), policies={"mine": policy}, replications=5)
    assert study.outcomes["decided_s"].tolist() == [30.0] * 5
    assert policy.looks == []


def test_an_object_that_cannot_be_copied_is_refused() -> None:
    """The message says what stands in the way, and what to do."""

    class Locked(Remembers):
        def __init__(self) -> None:
            self.lock = Lock()

    with pytest.raises(InvalidInput, match=r"mine = Locked: cannot be copied .*__deepcopy__"):
        simab.compare(small(), policies={"mine": Locked()}, replications=1)


def test_what_failed_is_not_kept_and_played_again() -> None:
    """A store holds outcomes only, so a mended policy needs no new store."""
    store: dict[str, RunSummary] = {}
    first = compared(store=store)
    assert len(store) == 2 * REPLICATIONS - len(first.failures)
    again = compared(store=store)
    assert (again.failures, again.rows) == (first.failures, first.rows)


def test_the_report_says_what_failed_and_how_to_replay_it(
    study: simab.Study, tmp_path: Path
) -> None:
    """On the page, in JSON and in CSV."""
    page = study.report(tmp_path).read_text(encoding="utf-8")
    first = study.failures[0]
    assert f"{len(study.failures)} of {REPLICATIONS} replications of “odd” failed" in page
    assert f"replication={first.replication}, seed=1)" in page
    with (tmp_path / "summary.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["failed"] for row in rows] == [str(len(study.failures)), "0"]
    assert [row["runs"] for row in rows] == [
        str(REPLICATIONS - len(study.failures)), str(REPLICATIONS)
    ]  # fmt: skip
    assert study.result.failures[0].failed == len(study.failures)


class Fails:
    """Raise an error at every look.

    It is made by a function, which every replication's copy shares: an exception would be copied,
    and where `distributed` is imported so would all that it was raised from, be that a circle.
    """

    def __init__(self, made: Callable[[], BaseException]) -> None:
        self.made = made

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        raise self.made()


def test_a_policy_that_never_finishes_has_no_numbers(tmp_path: Path) -> None:
    """The others are compared; a sentence says why it is not among them."""
    policies = {"broken": Fails(lambda: ZeroDivisionError("by zero")), "test": "test"}
    study = simab.compare(small(), policies=policies, replications=3)
    assert study.summary["name"].tolist() == ["test"]
    page = study.report(tmp_path).read_text(encoding="utf-8")
    assert "All 3 replications of “broken” failed and are left out: ZeroDivisionError" in page


def test_a_study_in_which_nothing_finished_says_so() -> None:
    """One message with the first failure, not a traceback out of the statistics."""
    fails = Fails(lambda: KeyError("weight"))
    study = simab.compare(small(), policies={"x": fails}, replications=2)
    with pytest.raises(ReplicationsFailed, match=r"All 2 replications .*KeyError: 'weight'"):
        study.result  # noqa: B018


def test_a_long_message_is_cut() -> None:
    """An exception may hold a whole data frame."""
    fails = Fails(lambda: ValueError("x" * 9999))
    study = simab.compare(small(), policies={"x": fails}, replications=1)
    assert study.failures[0].error.endswith("xx…")
    assert len(study.failures[0].error) == 300


@pytest.mark.parametrize(
    ("error", "said"), [(KeyboardInterrupt(), "^$"), (InvalidInput("a = 3: no"), "policy x: a = 3")]
)
def test_what_concerns_the_whole_study_still_ends_it(error: BaseException, said: str) -> None:
    """An interrupt, and input that is wrong for all replications, with the policy's name."""
    with pytest.raises(type(error), match=said):
        simab.compare(small(), policies={"x": Fails(lambda: error)}, replications=2)


class Unspeakable(Exception):
    """An exception whose text cannot be had, and that no pickle can hold."""

    def __init__(self, first: int, second: int) -> None:
        self.held = lambda: (first, second)

    def __str__(self) -> str:
        raise SystemExit(3)


def in_a_circle() -> Exception:
    """An exception that is the cause of its own cause."""
    error, cause = ValueError("around"), KeyError("and around")
    error.__cause__, cause.__context__ = cause, error
    return error


# Made anew each time: what is raised keeps the frames that it has come through.
ERRORS: list[Callable[[], BaseException]] = [
    lambda: SystemExit(3),
    GeneratorExit,
    lambda: MemoryError("1 TiB"),
    lambda: RecursionError("too deep"),
    lambda: StopIteration(4),
    lambda: BaseException("of any kind"),
    lambda: ValueError("half \ud800"),
    lambda: Unspeakable(1, 2),
    in_a_circle,
]


@pytest.fixture(params=ERRORS, ids=lambda made: type(made()).__name__)
def error(request: pytest.FixtureRequest) -> BaseException:
    """One of them."""
    made: BaseException = request.param()
    return made


def test_whatever_a_policy_raises_costs_its_replications_only(tmp_path: Path) -> None:
    """Also what ends a program elsewhere, and what cannot be written as it is."""
    failing = {f"x{number}": Fails(made) for number, made in enumerate(ERRORS)}
    study = simab.compare(small(), policies={**failing, "test": "test"}, replications=2)
    page = study.report(tmp_path).read_text(encoding="utf-8")
    for name, policy in failing.items():
        own = [each for each in study.failures if each.policy == name]
        assert [each.replication for each in own] == [0, 1]
        assert own[0].error.startswith(type(policy.made()).__name__)
        assert f"2 replications of “{name}” failed" in page
    assert len(study.rows["test"]) == 2


def test_a_run_raises_what_its_policy_raised(error: BaseException) -> None:
    """The exception itself: outside a study nothing stands between."""
    with pytest.raises(type(error)) as raised:
        simab.simulate(small(), policy=Fails(lambda: error))
    assert raised.value is error


def test_a_run_whose_policy_raises_ends_with_4(
    error: BaseException,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence with policy, replication, seed and error, and the exit code of a failure."""
    monkeypatch.setattr(FixedHorizonTest, "decide", Fails(lambda: error).decide)
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    ended = run(capsys, "run", file, "--policy", "test", "--replication", 3, "--seed", 5)
    assert (ended.code, ended.out) == (4, "")
    said = f"Replication 3 of 'test' with seed 5 failed: {type(error).__name__}"
    assert ended.err.startswith(said)
    assert len(ended.err.splitlines()) == 1


class Holds(Policy):
    """Do nothing, whatever it holds."""

    held: Any = None

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        return [], state


HELD = [10**5000, float("nan"), "\ud800", b"\xff", object(), np.zeros(3), [np.zeros(2)], {1: {2}}]


def test_whatever_a_policy_of_ones_own_holds_is_written(tmp_path: Path) -> None:
    """Compared once, it must not fail in the report: JSON and UTF-8 get what they can hold."""
    policies = {f"mine {number}": Holds(held=held) for number, held in enumerate(HELD)}
    study = simab.compare(small(), policies=policies, replications=1)
    study.report(tmp_path)
    written = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in written["policies"]] == list(policies)


def test_a_name_that_cannot_be_written_is_refused() -> None:
    """Before anything is played."""
    with pytest.raises(InvalidInput, match="half of a surrogate pair"):
        simab.compare(small(), policies={"\ud800": "test"}, replications=1)


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy that simab ships, with a fault that shows in some replications."""
    decide = FixedHorizonTest.decide

    def faulty(self: Any, state: Any, observation: Observation) -> Any:
        if observation.now_ns == 30_000_000_000:
            FailsAtOddCounts().decide(None, observation)
        return decide(self, state, observation)

    monkeypatch.setattr(FixedHorizonTest, "decide", faulty)


@pytest.mark.usefixtures("breaking")
@pytest.mark.parametrize(("policies", "said"), [((), "left out"), (("test",), "left out")])
def test_the_command_ends_with_4(
    policies: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Design, section 7: 4 means that some replications failed; how to replay one is on stdout."""
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    chosen = [word for name in policies for word in ("--policy", name)]
    ended = run(capsys, "compare", file, "-n", 12, "--workers", 1, *chosen)
    assert ended.code == 4
    assert said in ended.out
    assert "simab run FILE --policy test --replication" in " ".join(ended.out.split())


@pytest.mark.usefixtures("breaking")
def test_the_command_ends_with_4_where_nothing_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback."""
    monkeypatch.setattr(FixedHorizonTest, "decide", Fails(lambda: ValueError("no")).decide)
    file = tmp_path / "small.yaml"
    file.write_text(dumps(small()), encoding="utf-8")
    ended = run(capsys, "compare", file, "-n", 2, "--workers", 1, "--policy", "test")
    assert ended.code == 4
    assert "All 2 replications of every policy failed" in ended.err
    assert "Traceback" not in ended.err
