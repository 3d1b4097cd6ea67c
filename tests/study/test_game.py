"""A person as the controller: commands from text, what they do, and the score at the end."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.analyse import summary_of, truth_of_scenario
from simab.errors import InvalidInput
from simab.policies import Promote, RollBack, SetWeights
from simab.run.game import Game
from simab.run.hand_commands import Act, Quit, Show, Wait, hand_command
from simab.run.looks import looks
from simab.run.session import Session
from simab.run.simulation import simulate
from simab.study.scores import scores
from tests.study.building import small

VARIANTS = ("a", "b", "new one")


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", Wait(None)),
        ("wait", Wait(None)),
        ("wait 10min", Wait(600 * 10**9)),
        ("wait 10 min", Wait(600 * 10**9)),
        ("quit", Quit()),
        ("show", Show()),
        ("help", Show(help=True)),
        ("weights a=1 b=3", Act(SetWeights({"a": 1.0, "b": 3.0}, because="by hand"), False)),
        ("weights 'new one=2'", Act(SetWeights({"new one": 2.0}, because="by hand"), False)),
        ('PROMOTE "new one"', Act(Promote("new one", because="by hand"), True)),
        ("rollback", Act(RollBack(because="by hand"), True)),
    ],
)
def test_a_line_says_what_to_do(line: str, command: object) -> None:
    assert hand_command(line, VARIANTS) == command


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("promte b", "Did you mean promote"),
        ("promote", "which one variant"),
        ("promote c", "no such variant"),
        ("promote a b", "which one variant"),
        ("weights", "a=1 b=1"),
        ("weights a", "NAME=NUMBER"),
        ("weights a=-1", "from 0 on"),
        ("weights a=nan", "from 0 on"),
        ("weights a=inf", "from 0 on"),
        ("weights c=1", "no such variant"),
        ("wait -5min", "wait"),
        ("wait soon", "soon"),
        ("wait 0s", "longer than nothing"),
        ("rollback b", "nothing more"),
        ("promote 'b", "quote"),
    ],
)
def test_a_wrong_line_says_what_can_be_written(line: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        hand_command(line, VARIANTS)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_command_or_one_message(line: str) -> None:
    """Nothing else is raised, whatever a cat on the keyboard writes."""
    with contextlib.suppress(InvalidInput):
        assert hand_command(line, VARIANTS) is not None


def played(*lines: str) -> Game:
    game = Game(small(), seed=4, replication=2)
    for line in lines:
        game.do(hand_command(line, game.variants))
    return game


def test_a_game_is_the_run_of_a_policy_that_does_the_same() -> None:
    """As the schedule of the file: weights at 30 s, and a promotion at 60 s."""
    by_hand = played("wait 30s", "weights a=1 b=3", "wait 30s", "promote b").close()
    same = simulate(small(), policy="schedule", seed=4, replication=2)
    assert by_hand.totals == same.totals
    assert by_hand.decision_log.splits == same.decision_log.splits


def test_a_game_that_is_left_is_undecided() -> None:
    """Its weights stay as they are to the horizon."""
    game = played("wait 20s")
    assert game.do(Quit()).over
    run = game.close()
    assert summary_of(run, truth_of_scenario(small())).decided_s is None
    assert len(run.decision_log.splits) == 1


def test_a_refused_promotion_does_not_end_the_game() -> None:
    """While an update is under way nothing else is accepted."""
    game = played("weights a=1 b=3")
    moved = game.do(hand_command("promote b", game.variants))
    assert (len(moved.refused), moved.over) == (1, False)


def test_nothing_can_be_asked_for_after_the_horizon() -> None:
    game = played("wait 1h")
    assert game.over
    with pytest.raises(InvalidInput, match="horizon"):
        game.do(Wait(None))


def test_the_score_has_the_person_first_and_each_policy_as_it_runs_alone() -> None:
    """The same seed and replication: the rows that `simulate` gives."""
    run = played("wait 60s", "promote b").close()
    (name, own), *others = scores(run)
    truth = truth_of_scenario(small())
    assert name == "by hand"
    assert own == summary_of(run, truth)
    assert [name for name, _ in others] == list(small().policies)
    for policy, summary in others:
        alone = summary_of(simulate(small(), policy=policy, seed=4, replication=2), truth)
        assert asdict(summary) == asdict(alone)


@pytest.mark.parametrize("policy", ["test", "majority", "schedule"])
def test_a_run_watched_look_by_look_is_the_run(policy: str) -> None:
    """Asked at every tick rather than where it wants to be, the policy does the same."""
    scenario = small()
    session = Session(scenario, seed=4, replication=2)
    seen = list(looks(session, scenario.policies[policy]))
    run, same = session.close(), simulate(scenario, policy=policy, seed=4, replication=2)
    assert run.decision_log == same.decision_log
    assert run.totals == same.totals
    times = [look.observation.now_ns for look in seen]
    assert times == list(range(10 * 10**9, 120 * 10**9, 10 * 10**9))
    acted = [action for look in seen for action in look.actions]
    assert acted == [entry.action for entry in same.decision_log.decisions]
