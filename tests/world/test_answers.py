"""What a policy may answer: plain actions; anything else is refused, or is not a decision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simab
from simab.errors import InvalidInput
from simab.policies import (
    Action,
    AddVariant,
    Conclude,
    Mirror,
    Observation,
    Promote,
    RemoveVariant,
    RollBack,
    SessionAffinity,
    SetInstances,
    SetWeights,
)
from simab.world.answers import MOST_ACTIONS, NoDecision, checked_decision
from tests.study.building import small


class Unreadable:
    """A number and a text that nobody can read."""

    def __float__(self) -> float:
        raise RuntimeError("no")

    def __repr__(self) -> str:
        raise RuntimeError("no")


@dataclass(frozen=True)
class Asks:
    """Ask for one thing at the third look."""

    action: Any

    def __deepcopy__(self, _: object) -> Asks:
        return self

    def __getstate__(self) -> object:
        return {"instance": id(self)}  # what distinguishes rows: some actions cannot be pickled

    def decide(self, state: int | None, observation: Observation) -> tuple[Sequence[Action], int]:
        looks = (state or 0) + 1
        return ([self.action] if looks == 3 else []), looks


NO_DECISIONS: list[Any] = [
    SetWeights(None),  # type: ignore[arg-type]
    SetWeights([("a", 1)]),  # type: ignore[arg-type]
    SetWeights(np.array([1.0, 2.0])),  # type: ignore[arg-type]
    SetWeights({1: 2}),  # type: ignore[dict-item]
    SetWeights({"a": "0.5"}),  # type: ignore[dict-item]
    SetWeights({"a": None}),  # type: ignore[dict-item]
    SetWeights({"a": 1j}),  # type: ignore[dict-item]
    SetWeights({"a": np.array([1.0, 2.0])}),  # type: ignore[dict-item]
    SetWeights({"a": Unreadable()}),  # type: ignore[dict-item]
    SetWeights({"a": 1.0}, session_affinity="a"),  # type: ignore[arg-type]
    SetWeights({"a": 1.0}, SessionAffinity("a", None)),  # type: ignore[arg-type]
    SetWeights({"a": 1.0}, mirror=Mirror("b", "x")),  # type: ignore[arg-type]
    SetWeights({"a": 1.0}, mirror=Mirror(["b"])),  # type: ignore[arg-type]
    Promote(["b"]),  # type: ignore[arg-type]
    Promote(None),  # type: ignore[arg-type]
    Promote("b", "0.5"),  # type: ignore[arg-type]
    Promote("b", because=3),  # type: ignore[arg-type]
    RollBack(because=b"bytes"),  # type: ignore[arg-type]
    RollBack(removed=5),  # type: ignore[arg-type]
    SetInstances("a", None),  # type: ignore[arg-type]
    SetInstances("a", np.array([2])),  # type: ignore[arg-type]
    AddVariant("a", None),  # type: ignore[arg-type]
    RemoveVariant({}),  # type: ignore[arg-type]
    Promote,
    Action(),
    "promote",
    Unreadable(),
]


@pytest.mark.parametrize("action", NO_DECISIONS, ids=lambda action: type(action).__name__)
def test_what_is_no_action_is_said_of_the_policy(action: Any) -> None:
    """The policy, the field and the value; not a traceback out of the endpoint or the report."""
    with pytest.raises(InvalidInput, match=r"^policy mine: decide returned "):
        simab.compare(small(), policies={"mine": Asks(action)}, replications=1)


OUT_OF_RANGE: list[tuple[Action, str]] = [
    (SetWeights({"a": 10**400}), "weight inf of a"),
    (SetWeights({"a": -(10**5000)}), "weight -inf of a"),
    (SetWeights({"a": math.nan}), "weight nan of a"),
    (SetWeights({"a": 1e308, "b": 1e308}), "above 1,000,000,000"),
    (SetWeights({"\ud800": 1.0}), "is not on the endpoint"),
    (SetWeights({"a": 1.0}, SessionAffinity("a", 10**5000)), "a cookie cannot last"),
    (SetWeights({"a": 1.0}, mirror=Mirror("b", math.nan)), "share of copies nan"),
    (SetInstances("a", 10**5000), "cannot run on"),
    (SetInstances("a", math.inf), "cannot run on"),  # type: ignore[arg-type]
    (Promote("\udcff" * 10**6), "is not on the endpoint"),
]


@pytest.mark.usefixtures("undrawn")
def test_what_is_out_of_range_is_refused_and_reported(tmp_path: Path) -> None:
    """The study goes on, and the report of it can be written."""
    policies = {f"mine {number}": Asks(action) for number, (action, _) in enumerate(OUT_OF_RANGE)}
    study = simab.compare(small(), policies=policies, replications=1)
    assert study.outcomes["actions_refused"].tolist() == [1] * len(OUT_OF_RANGE)
    refusals = dict(zip(study.outcomes["policy"], study.outcomes["refusal"], strict=True))
    for policy, (_, reason) in zip(policies, OUT_OF_RANGE, strict=True):
        assert reason in refusals[policy]
    study.report(tmp_path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("action", "plain"),
    [
        (SetWeights({"a": np.float32(0.5), "b": np.int64(3)}), SetWeights({"a": 0.5, "b": 3.0})),
        (SetWeights({"a": np.array(2.0)}), SetWeights({"a": 2.0})),  # type: ignore[dict-item]
        (SetWeights({"a": Fraction(1, 4)}), SetWeights({"a": 0.25})),  # type: ignore[dict-item]
        (SetInstances("a", np.int32(2)), SetInstances("a", 2)),  # type: ignore[arg-type]
        (Promote(np.str_("b")), Promote("b")),
        (Promote("b", np.float64(-0.5)), Promote("b", -0.5)),
        (Promote("b", because="half \ud800"), Promote("b", because="half \\ud800")),
    ],
)
def test_numbers_and_texts_of_other_kinds_become_plain(action: Action, plain: Action) -> None:
    """NumPy's numbers count as Python's, so that JSON can hold them."""
    (asked,), state = checked_decision(([action], None))
    assert (asked, state) == (plain, None)
    texts = [getattr(asked, name) for name in ("variant", "because") if hasattr(asked, name)]
    assert all(type(text) is str for text in texts)


def test_actions_without_an_end_are_no_decision() -> None:
    """A generator of any length is taken, up to a number that no look needs."""
    actions, _ = checked_decision(((Conclude() for _ in range(MOST_ACTIONS)), None))
    assert len(actions) == MOST_ACTIONS
    with pytest.raises(NoDecision, match="more than 1,000 actions"):
        checked_decision((repeat(Conclude()), None))
