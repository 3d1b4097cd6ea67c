"""Textbook regrets of bandits, met by the whole simulator: one request at a time, labelled at once.

A look every 50 ms and a request a second: one request in forty is routed before the label of the
one before it is seen. The number of requests is Poisson; a regret that bends as little as these do
hardly minds. Both are far below the bands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simab.comparison import compare
from simab.scenario import Scenario
from tests.world.building import scenario, variant

A, B, C = (0.9, 0.8), (0.9, 0.6), (0.55, 0.45)
# Policy, shares of right answers, mean and standard error of the regret after 100 requests in the
# independent simulations that tests/policies/test_bandits.py lists, and how many runs to make.
REGRETS = [
    ({"kind": "thompson"}, C, 3.323, 0.0374, 150),
    ({"kind": "ucb1"}, A, 3.888, 0.0126, 120),
    ({"kind": "ucb1"}, B, 6.769, 0.0307, 120),
    ({"kind": "epsilon_greedy", "epsilon": 0.1}, C, 3.391, 0.0558, 200),
]
PULLS = 100


def bandit_problem(policy: dict[str, Any], shares: tuple[float, ...]) -> Scenario:
    variants = {
        f"arm{number}": variant(
            quality={"kind": "success", "probability": share},
            latency={"kind": "constant", "value": "1ns"},
        )
        for number, share in enumerate(shares)
    }
    fields = {"update_every": "50ms", "floor": 0.0, "champion_at": None}
    return scenario(
        variants,
        rate="1/s",
        horizon=f"{PULLS}s",
        endpoint={"weight_update": "0s"},
        controller={"interval": "50ms"},
        metrics={"period": "50ms", "publication_delay": "0s"},
        policies={"bandit": policy | fields},
    )


@pytest.mark.long
@pytest.mark.parametrize(("policy", "shares", "expected", "error", "runs"), REGRETS)
def test_the_regret_is_that_of_the_textbook(
    policy: dict[str, Any], shares: tuple[float, ...], expected: float, error: float, runs: int
) -> None:
    """Within four standard errors, which a regret one third larger or smaller would miss."""
    regret = compare(bandit_problem(policy, shares), replications=runs).outcomes["regret"]
    band = 4.0 * np.hypot(regret.std(ddof=1) / np.sqrt(runs), error)
    assert abs(regret.mean() - expected) < band
    assert band < expected / 3.0


@pytest.mark.long
@pytest.mark.parametrize("floor", [0.01, 0.2])
def test_of_two_equal_arms_thompson_promotes_either_as_often(floor: float) -> None:
    """400 runs: within four standard errors of a half, be it champion or best at the end."""
    thompson = {
        "kind": "thompson",
        "update_every": "20s",
        "floor": floor,
        "maximum_duration": "100s",
    }
    equal = scenario(
        {name: variant(quality={"kind": "success", "probability": 0.9}) for name in ("a", "b")},
        rate="10/s",
        horizon="2min",
        endpoint={"weight_update": "1s"},
        controller={"interval": "1s"},
        policies={"thompson": thompson},
    )
    study = compare(equal, worlds=["described"], replications=400)
    ended = study.result.policies[0].ends_with
    assert ended["a"].count + ended["b"].count == 400
    assert abs(ended["b"].share - 0.5) < 4.0 * 0.5 / np.sqrt(400)
