"""Answers one by one are the labels that are counted, on both planes and at every look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given

from simab.draws import Draws
from simab.errors import InvalidInput
from simab.policies import Action, Answers, Observation
from simab.policies.immature import AsArrived, Wait
from simab.run.simulation import play_run, simulate
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.session import ENGINES
from tests.effort import examples
from tests.world.building import scenario, variant
from tests.world.drawn_runs import Play, plays
from tests.world.engines_comparison import compiled_plane

LOOKS = 5


@dataclass
class Reader:
    """Does what a drawn script says, and keeps the answers of some looks beside their totals."""

    play: Play
    reads: bool = True
    seen: list[tuple[Observation, dict[str, Answers]]] = field(default_factory=list)

    def reads_answers(self) -> bool:
        """Yes."""
        return self.reads

    def decide(self, state: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        """The state counts the ticks."""
        tick = (state or 0) + 1
        described = self.play.scenario
        stride = max(described.horizon // described.controller.interval // LOOKS, 1)
        if self.reads and tick % stride == 0:
            names = list(described.endpoint.variants)
            self.seen.append(
                (observation, {each: observation.metrics.answers(each) for each in names})
            )
        return self.play.actions(tick), tick


def once_labelled(described: Scenario) -> bool:
    """Whether no label is said twice or taken back."""
    labels = described.labels
    revised = labels.revised or any(each.revised for _, each in labels.said())
    return not revised and labels.duplicates is None


def hold_alike(observation: Observation, shown: dict[str, Answers]) -> None:
    """Counts and sums of the answers are those of `metrics.labels`."""
    for name, answers in shown.items():
        totals = observation.metrics.labels(name)
        assert len(answers) == totals.labelled
        assert (answers.known_ns < observation.now_ns).all()
        assert (np.diff(answers.known_ns) >= 0).all()
        if totals.rewards.count:
            assert answers.values.mean() == pytest.approx(totals.rewards.mean, rel=1e-9)
            squares = ((answers.values - answers.values.mean()) ** 2).sum()
            assert squares == pytest.approx(totals.rewards.squared_deviations, rel=1e-6, abs=1e-12)
        else:
            assert answers.values.sum() == totals.correct


@examples(1 / 4)
@given(play=plays())
def test_they_are_the_labels_that_are_counted(play: Play) -> None:
    """Drawn runs: targets, copies, retried draws, late and missing labels, outages and windows."""
    assume(once_labelled(play.scenario))
    assume(play.immature is None or isinstance(play.immature, AsArrived | Wait))
    blueprint = Blueprint.of(play.scenario).counting(play.immature)
    draws, readers = Draws(play.seed, play.replication), []
    for engine in ENGINES:
        with compiled_plane(log_chunk=16):
            reader = Reader(play)
            run = play_run(blueprint, ("reader", reader), draws, engine=engine)
        assert run.data.records is None  # kept for the policy alone
        readers.append(reader)
    for observation, shown in readers[0].seen:
        hold_alike(observation, shown)
    for (_, reference), (_, compiled) in zip(*(each.seen for each in readers), strict=True):
        for name, answers in reference.items():
            same_arrays(answers, compiled[name])
    for observation, shown in readers[1].seen:  # later looks have not changed what was seen
        for name, answers in shown.items():
            same_arrays(answers, observation.metrics.answers(name))


def same_arrays(one: Answers, other: Answers) -> None:
    """Bit for bit."""
    for name in ("segments", "users", "values", "arrived_ns", "known_ns"):
        assert (getattr(one, name) == getattr(other, name)).all(), name
    assert (one.sessions is None) == (other.sessions is None)
    if one.sessions is not None and other.sessions is not None:
        assert (one.sessions == other.sessions).all()


@examples(1 / 4)
@given(play=plays())
def test_a_run_is_the_same_with_and_without_them(play: Play) -> None:
    """To keep answers for a policy changes no count."""
    blueprint = Blueprint.of(play.scenario)
    draws = Draws(play.seed, play.replication)
    with_them, without = (
        play_run(blueprint, ("reader", Reader(play, reads)), draws) for reads in (True, False)
    )
    for name in ("requests", "labels", "totals", "rewards", "scores"):
        counted = getattr(with_them.data.run_counts, name)
        assert (counted == getattr(without.data.run_counts, name)).all()


class Asks:
    """Asks for answers without having said so."""

    def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
        """Read those of a."""
        observation.metrics.answers("a")
        return (), state


def small() -> Scenario:
    """Two segments of two and three clients, and labels after ten seconds."""
    users = {"rate": "1/s", "clients": 2}
    return scenario(
        {
            "a": variant(quality={"kind": "success", "probability": 0.5}),
            "b": variant(quality={"kind": "success", "probability": 0.5}),
        },
        traffic={"first": users, "second": {**users, "clients": 3}},
        horizon="5min",
    )


def test_who_asks_has_to_say_so_before() -> None:
    """Nothing was kept: the message says what to do."""
    with pytest.raises(InvalidInput, match=r"reads_answers\(\) that returns True"):
        simulate(small(), policy=Asks())
    simulate(small(), policy=Asks(), record_requests=True)  # the records are there


def test_users_are_numbered_over_all_segments() -> None:
    """Of clients 0 and 1 in the first segment and 0 to 2 in the second: against the records."""
    described = small()

    found: list[Observation] = []

    class Keeps:
        def reads_answers(self) -> bool:
            return True

        def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
            found.append(observation)
            return (), None

    run = simulate(described, policy=Keeps(), record_requests=True)
    requests, now_ns = run.requests, found[-1].now_ns
    known = requests[
        (requests.variant == "a") & (requests.label_ns >= 0) & (requests.label_ns < now_ns)
    ]
    first = {"first": 0, "second": 2}
    wanted = known.sort_values("label_ns", kind="stable")
    answers = found[-1].metrics.answers("a")
    assert len(answers) > 50
    assert answers.users.tolist() == [
        first[segment] + client
        for segment, client in zip(wanted.segment, wanted.client, strict=True)
    ]
    assert answers.values.tolist() == wanted.correct.tolist()
    assert answers.arrived_ns.tolist() == wanted.arrived_ns.tolist()
    assert set(answers.users.tolist()) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("engine", ENGINES)
def test_sessions_are_numbered_over_all_segments(engine: str) -> None:
    """Two requests at once every 2 s; those of the other segment are each one of their own.

    Against the records, in which the two of a session follow each other.
    """
    pairs = {"shares": {"2": "100%"}, "gap": {"kind": "constant", "value": "0s"}}
    users = {"rate": "1/s", "clients": 1}
    regular = {"arrivals": {"gaps": {"kind": "regular"}}}
    quality = {"quality": {"kind": "success", "probability": 0.5}}
    described = scenario(
        {"a": variant(**quality), "b": variant(**quality)},
        traffic={"plain": users, "paired": users | regular | {"sessions": pairs}},
        horizon="5min",
    )
    found: list[Answers] = []

    class Keeps:
        def reads_answers(self) -> bool:
            return True

        def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
            found.append(observation.metrics.answers("a"))
            return (), None

    run = simulate(described, policy=Keeps(), record_requests=True, engine=engine)
    records = run.requests[run.requests["segment"] == "paired"]
    of_a = (records["variant"] == "a").to_numpy()
    session_at = dict(zip(records["arrived_ns"], np.arange(len(records)) // 2, strict=True))
    answers = found[-1]
    assert answers.sessions is not None
    paired = answers.segments == 1
    expected = [session_at[arrived_ns] for arrived_ns in answers.arrived_ns[paired].tolist()]
    assert answers.sessions[paired].tolist() == expected
    assert 0 < len(expected) <= of_a.sum()
    own = answers.sessions[~paired]
    assert len(set(own.tolist())) == len(own) > 50
    assert not set(own.tolist()) & set(expected)
    assert found[0].arrived(10**18).sessions is not None


def kept_answers() -> list[Answers]:
    """Those of a small run's first variant, look by look."""
    found: list[Answers] = []

    class Keeps:
        def reads_answers(self) -> bool:
            return True

        def decide(self, state: Any, observation: Observation) -> tuple[Sequence[Action], Any]:
            found.append(observation.metrics.answers("a"))
            return (), None

    simulate(small(), policy=Keeps())
    return found


def test_without_sessions_there_are_no_numbers_of_them() -> None:
    """None: nothing is drawn again."""
    found = kept_answers()
    assert found[-1].sessions is None


def test_answers_by_their_arrival_and_read_only() -> None:
    """Those of a stretch of time; nothing that a policy is handed can be written to."""
    answers = Answers(
        *(np.array(each) for each in ([0, 0, 1], [0, 1, 2])),
        np.array([1.0, 0.0, 1.0]),
        *(np.array(each) for each in ([5, 20, 10], [30, 40, 50])),
    )
    assert answers.arrived(0) is answers
    assert answers.arrived(10).users.tolist() == [1, 2]
    assert answers.arrived(5, 20).users.tolist() == [0, 2]
    found = kept_answers()
    with pytest.raises(ValueError, match="read-only"):
        found[-1].values[0] = 7.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        found[-1].values.setflags(write=True)
