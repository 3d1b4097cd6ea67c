"""Common random numbers across worlds: the same clients at the same instants, whatever is true.

Without a policy that acts, requests also find the same variants and instances, so that each request
can be followed from one world into another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab import simulate
from simab.scenario import Scenario, changed, load, worlds_of

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
SEED = 11
NAMED = ["segment", "client", "arrived_ns", "variant", "instance"]


class Watch:
    """Decides nothing."""

    def decide(self, state: Any, observation: Any) -> tuple[list[Any], Any]:
        return [], state


def requests_by_world(scenario: Scenario) -> dict[str, pd.DataFrame]:
    return {
        world.name: simulate(
            world.scenario, policy=Watch(), seed=SEED, record_requests=True
        ).requests
        for world in worlds_of(scenario)
    }


@pytest.fixture(scope="module")
def minimal() -> dict[str, pd.DataFrame]:
    return requests_by_world(changed(load(SHIPPED / "minimal.yaml"), "horizon", "20min"))


@pytest.fixture(scope="module")
def churn() -> dict[str, pd.DataFrame]:
    return requests_by_world(load(SHIPPED / "churn.yaml"))


@pytest.mark.parametrize("file", ["minimal", "churn"])
def test_all_worlds_have_the_same_clients_and_arrivals(
    file: str, request: pytest.FixtureRequest
) -> None:
    """To the nanosecond; and at the same weights the same variant and instance."""
    worlds: dict[str, pd.DataFrame] = request.getfixturevalue(file)
    described = worlds["described"]
    assert len(described) > 1000
    for requests in worlds.values():
        pd.testing.assert_frame_equal(requests[NAMED], described[NAMED])


def service_ns(requests: pd.DataFrame) -> np.ndarray:
    return (requests["finished_ns"] - requests["started_ns"]).to_numpy()


def test_what_a_world_leaves_alone_is_drawn_alike(minimal: dict[str, pd.DataFrame]) -> None:
    """Latencies of both in the broken world, the control's in all, and its answers."""
    described = minimal["described"]
    served = described["status"] == 200
    control = (described["variant"] == "current") & served
    for name in ("equal", "broken", "slow"):
        same = control if name != "broken" else served & (minimal[name]["status"] == 200)
        assert (service_ns(minimal[name])[same] == service_ns(described)[same]).all()
        assert (minimal[name]["correct"][control] == described["correct"][control]).all()


def test_a_slow_candidate_takes_three_times_as_long_on_each_request(
    minimal: dict[str, pd.DataFrame],
) -> None:
    """The same draw of a distribution that is stretched; tables are rounded to nanoseconds."""
    candidate = (minimal["described"]["variant"] == "new").to_numpy()
    for name in ("described", "slow"):  # a request in flight at the end has not finished
        candidate = candidate & (minimal[name]["status"] == 200).to_numpy()
    assert candidate.sum() > 500
    once = service_ns(minimal["described"])[candidate]
    thrice = service_ns(minimal["slow"])[candidate]
    assert np.abs(thrice - 3 * once).max() <= 4


def test_a_better_probability_only_turns_wrong_answers_right(
    minimal: dict[str, pd.DataFrame],
) -> None:
    """A candidate at 92 % is right wherever the same one at 90 % is, on the same request."""
    candidate = minimal["described"]["variant"] == "new"
    better = minimal["described"]["correct"][candidate]
    equal = minimal["equal"]["correct"][candidate]
    assert (better >= equal).all()
    assert (better > equal).any()


def test_a_request_has_one_label_in_all_worlds_of_a_table(churn: dict[str, pd.DataFrame]) -> None:
    """Mixed or exchanged columns are of the same rows, in the same order."""
    labels = churn["described"]["label"]
    for requests in churn.values():
        known = (labels >= 0) & (requests["label"] >= 0)  # an error has no answer to label
        assert known.sum() > 1000
        assert (requests["label"][known] == labels[known]).all()


def test_exchanged_columns_answer_as_the_other_did(churn: dict[str, pd.DataFrame]) -> None:
    """Pairs of the evaluation: the same row goes to each variant in turn."""

    def pairs(requests: pd.DataFrame) -> pd.DataFrame:
        evaluation = requests[requests["segment"] == "evaluation"]
        return pd.DataFrame(
            {
                name: evaluation.loc[evaluation["variant"] == name, "correct"].to_numpy()[:600]
                for name in ("Variant1", "Variant2")
            }
        )

    described, exchanged = pairs(churn["described"]), pairs(churn["exchanged"])
    assert (described["Variant1"] == exchanged["Variant2"]).all()
    assert (described["Variant2"] == exchanged["Variant1"]).all()
    equal = pairs(churn["equal"])
    assert (
        (equal["Variant1"] != equal["Variant2"]) == (described["Variant1"] != described["Variant2"])
    ).all()
