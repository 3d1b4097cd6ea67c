"""Group sequential looks at uneven parts of the labels, and by the calendar."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simab.policies import Promote
from simab.policies.experiments.group_sequential import GroupSequential
from simab.stats.futility import futility_design
from simab.stats.spending import obrien_fleming_spending, pocock_spending, spending_bounds
from tests.policies.experiments import Look, play, standard_error
from tests.policies.fake_metrics import MINUTE


def planned(**fields: Any) -> GroupSequential:
    plain = {"labelled_requests": 1000, "boundary": "pocock_spending"}
    return GroupSequential.model_validate(plain | fields)


def looks_of(policy: GroupSequential, labelled: list[int]) -> list[int]:
    """The number of the last look at each minute; nobody is ahead."""
    state, found = None, []
    for minute, each in enumerate(labelled, start=1):
        counts = {"old": (each // 2, each), "new": (each // 2, each)}
        _, state = policy.decide(state, Look(minute * MINUTE, counts).observation)
        found.append(state.look)
    return found


def test_looks_come_at_parts_of_the_labels() -> None:
    """A fifth, a half and all of 1,000."""
    policy = planned(look_parts=["20%", "50%", 1])
    assert looks_of(policy, [199, 200, 499, 700, 999, 1000]) == [0, 1, 1, 2, 2, 3]
    assert policy.most_looks == 3
    assert policy.labels_needed(1.0) == 1000


def test_looks_come_by_the_clock() -> None:
    """At 2, 4 and 5 minutes, however few labels are there; the last ends it."""
    policy = planned(look_times=["2min", "4min", "5min"])
    assert looks_of(policy, [500, 600, 900, 900, 901]) == [0, 1, 1, 2, 3]
    assert policy.longest_ns() == 5 * MINUTE
    assert policy.shortest_promotion_ns(0) == 2 * MINUTE
    assert policy.labels_needed(1.0) == 0


def test_error_is_spent_by_the_time_and_labels_correlate_the_looks() -> None:
    """300 and 400 labels at 2 of 5 minutes and at the end: the bounds of both, to the log's."""
    policy = planned(look_times=["2min", "5min"], alpha=0.1)
    bounds = spending_bounds([0.3, 0.4], pocock_spending(0.05), calendar=[0.4, 1.0])
    state, found = None, []
    for minute, each in ((2, 300), (5, 400)):
        counts = {"old": (each // 2, each), "new": (each // 2, each)}
        actions, state = policy.decide(state, Look(minute * MINUTE, counts).observation)
        found += actions
    (action,) = found
    assert isinstance(action, Promote)
    assert action.variant == "old"
    assert f"look 2 of 2: old 200/400 correct, new 200/400: z = 0.000, bounds -{bounds[1]:.3f}" in (
        action.because
    )


def test_futility_follows_the_parts() -> None:
    """The design of uneven information."""
    policy = planned(look_parts=[0.3, 1], boundary="obrien_fleming_spending", beta=0.2)
    design = futility_design(
        [0.3, 1.0], obrien_fleming_spending(0.025), obrien_fleming_spending(0.2)
    )
    assert policy._bounds(1, ((0.3, 0.3),)) == pytest.approx((design.lower[0], design.upper[0]))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"look_parts": [0.5, 1], "looks": 3}, "give one"),
        ({"look_parts": [0.5, 1], "look_times": ["1h"]}, "give one"),
        ({"look_parts": [0.5, 0.4, 1]}, "look_parts does not rise"),
        ({"look_times": ["2h", "2h"]}, "look_times does not rise"),
        ({"look_parts": [0.001, 0.5, 1]}, "less than a hundredth of the planned labels apart"),
        ({"look_parts": [0.5, 0.505, 1]}, "less than a hundredth of the planned labels apart"),
        ({"look_parts": [0.5, 0.9]}, "ends at 0.9 of the planned labels; end with 100%"),
        ({"look_parts": [1], "boundary": "pocock"}, "is for even steps of information"),
        ({"look_times": ["1h"], "beta": 0.2}, "beta needs to know the labels of the last look"),
        ({"look_times": ["1h"], "gives_up_below": 0.2}, "gives_up_below needs to know"),
    ],
)
def test_plans_that_do_not_fit_are_refused(fields: dict[str, Any], message: str) -> None:
    """With the remedy."""
    with pytest.raises(ValueError, match=message):
        planned(**fields)


def test_a_file_without_them_is_as_before() -> None:
    """Neither field is written where it is not given."""
    assert {"look_parts", "look_times"} & planned().model_dump().keys() == set()
    for fields in ({"look_parts": [0.5, 1]}, {"look_times": ["1h", "2h"]}):
        written = planned(**fields).model_dump(mode="json")
        assert GroupSequential.model_validate(written) == planned(**fields)


@pytest.mark.long
@pytest.mark.parametrize("boundary", ["pocock_spending", "obrien_fleming_spending"])
def test_traffic_as_it_comes_keeps_the_level(boundary: str) -> None:
    """Five days whose labels differ up to tenfold by chance: alpha / 2 of equal variants.

    Neither fewer nor more, for all error is spent by the end, whatever has come. By labels the same
    traffic, which may end short of the plan or skip looks, errs as often at most.
    """
    random, runs, alpha = np.random.default_rng(31), 3000, 0.1
    fields = {"boundary": boundary, "alpha": alpha, "labelled_requests": 3000}
    days = planned(look_times=[f"{minute}min" for minute in range(1, 6)], **fields)
    parts = planned(look_parts=[0.1, 0.5, 0.9, 1], **fields)
    won = {"days": 0, "parts": 0}
    for _ in range(runs):
        labelled = np.cumsum(random.choice([150, 300, 900, 1500], 5))
        right = [
            np.cumsum(random.binomial(np.diff(labelled, prepend=0), 0.5)).tolist() for _ in range(2)
        ]
        for name, policy in (("days", days), ("parts", parts)):
            won[name] += play(policy, *right, labelled.tolist()).winner == "new"
    error = 3.9 * standard_error(alpha / 2, runs) + 0.002
    assert math.isclose(won["days"] / runs, alpha / 2, abs_tol=error)
    assert won["parts"] / runs < alpha / 2 + error
