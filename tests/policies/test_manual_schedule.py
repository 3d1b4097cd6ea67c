"""The manual schedule: its steps at their times, one a look, none during an update."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from simab.policies import AddVariant, EndpointStatus, Promote, RemoveVariant, SetWeights
from simab.policies.rollouts.manual_schedule import ManualSchedule
from tests.policies.fake_metrics import AT_START, MINUTE, observation

WALK_THROUGH = ManualSchedule.model_validate(
    {
        "steps": [
            {"at": "10min", "weights": {"old": 50, "new": 50}},
            {"at": "20min", "weights": {"old": 25, "new": 75}},
            {"at": "30min", "promote": "new"},
        ]
    }
)


def test_the_walk_through_is_played_step_by_step() -> None:
    """50/50, 25/75, 0/1: each at the first look from its time on, then nothing."""
    state: int | None = None
    taken = []
    for minute in range(0, 60, 3):
        actions, state = WALK_THROUGH.decide(state, observation(now_ns=minute * MINUTE))
        taken += [(minute, action) for action in actions]
    because = "the schedule says so at "
    assert taken == [
        (12, SetWeights({"old": 50, "new": 50}, because=because + "10min")),
        (21, SetWeights({"old": 25, "new": 75}, because=because + "20min")),
        (30, Promote("new", because=because + "30min")),
    ]
    assert state == 3


def test_an_update_holds_up_the_next_step() -> None:
    """A second change would be refused: it waits, and no step is lost."""
    updating = observation(now_ns=25 * MINUTE, status=EndpointStatus.UPDATING)
    assert WALK_THROUGH.decide(1, updating) == ((), 1)
    actions, state = WALK_THROUGH.decide(1, observation(now_ns=26 * MINUTE))
    assert actions[0].weights == {"old": 25, "new": 75}
    assert state == 2


def test_late_steps_are_taken_one_a_look() -> None:
    """After a long update, in their order."""
    late = observation(now_ns=50 * MINUTE)
    actions, state = WALK_THROUGH.decide(0, late)
    assert (len(actions), state) == (1, 1)
    actions, state = WALK_THROUGH.decide(state, late)
    assert (actions[0].weights, state) == ({"old": 25, "new": 75}, 2)


def test_variants_are_added_and_removed() -> None:
    """The other two kinds of step; added with weight 0."""
    policy = ManualSchedule.model_validate(
        {"steps": [{"at": "0s", "add": "newer"}, {"at": "1s", "remove": "old"}]}
    )
    (first,), state = policy.decide(None, observation(now_ns=MINUTE))
    (second,), _ = policy.decide(state, observation(now_ns=2 * MINUTE))
    assert isinstance(first, AddVariant)
    assert (first.variant, first.weight) == ("newer", 0.0)
    assert isinstance(second, RemoveVariant)
    assert second.variant == "old"


def test_its_splits_are_its_weights() -> None:
    """For the capacity check before a run."""
    splits = [dict(split) for split in WALK_THROUGH.splits("old", "new", AT_START)]
    assert splits == [{"old": 50, "new": 50}, {"old": 25, "new": 75}, {"old": 0.0, "new": 1.0}]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([], "at least 1"),
        ([{"at": "1s"}], "exactly one of"),
        ([{"at": "1s", "promote": "a", "remove": "b"}], "exactly one of"),
        ([{"at": "2s", "promote": "a"}, {"at": "1s", "promote": "b"}], "out of order"),
        ([{"at": "1s", "weights": {"a": -1}}], "greater than or equal to 0"),
    ],
)
def test_a_schedule_that_cannot_be_followed_is_refused(steps: Any, message: str) -> None:
    """Each with the rule that it breaks."""
    with pytest.raises(ValidationError, match=message):
        ManualSchedule(steps=steps)
