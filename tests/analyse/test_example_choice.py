"""Which run is shown, and that the words which say why are true of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simab.analyse import Judgement, Verdict
from simab.analyse.example_choice import chosen_example, worst_example
from tests.analyse.outcome_rows import ROW

KEPT, UNDECIDED = Verdict.KEPT_CONTROL, Verdict.UNDECIDED


def rows(*endings: tuple[Verdict, float | None]) -> list:
    return [
        replace(ROW, replication=number, verdict=verdict, decided_s=decided_s)
        for number, (verdict, decided_s) in enumerate(endings)
    ]


@pytest.mark.parametrize(
    ("endings", "number", "words"),
    [
        ([(KEPT, 9.0)], 0, "the only run"),
        (
            [(KEPT, 9.0), (KEPT, 5.0), (KEPT, 7.0)],
            2,
            "by time to decision, then by number, this is the",
        ),
        (
            [(KEPT, 5.0)] * 4,
            1,
            "all 4 runs kept the control, at the same time; by number, this is the",
        ),
        ([(KEPT, 9.0), (KEPT, 5.0)], 1, "the earlier of the two in the middle"),
        (
            [(UNDECIDED, None)] * 3 + [(KEPT, 1.0)],
            1,
            "3 of 4 runs stayed undecided, more often than they ended in any other way; by number",
        ),
        (
            [(KEPT, 1.0), (UNDECIDED, None)],
            0,
            "1 of 2 runs kept the control, as often as they ended in any other way; this is",
        ),
    ],
)
def test_the_reason_is_true_of_the_run(
    endings: list[tuple[Verdict, float | None]], number: int, words: str
) -> None:
    """An undecided run has no time to decision, and of two runs none is in the middle."""
    chosen, why = chosen_example(rows(*endings))
    assert (chosen.replication, words in why) == (number, True), why
    assert ("time to decision" in why) <= (chosen.decided_s is not None)


def test_promotions_of_two_candidates_are_two_endings() -> None:
    """The usual run is of the candidate that most runs promote, and the reason names it."""
    promoted = [
        replace(ROW, replication=at, verdict=Verdict.PROMOTED_CANDIDATE, decided_for=name)
        for at, name in enumerate(["medium", "large", "medium", "large", "large"])
    ]
    chosen, why = chosen_example(promoted, several=True)
    assert chosen.decided_for == "large"
    assert why.startswith("3 of 5 runs promoted “large”, more often than they ended in any other")


def test_one_candidate_needs_no_name() -> None:
    promoted = replace(ROW, verdict=Verdict.PROMOTED_CANDIDATE, decided_for="new")
    other = replace(ROW, verdict=Verdict.PROMOTED_OTHER, decided_for="third")
    assert chosen_example([promoted] * 3)[1].startswith("all 3 runs promoted the candidate")
    assert chosen_example([other] * 3)[1].startswith("all 3 runs promoted “third”")


def harm(*requests: int, decided_s: tuple[float, ...] = ()) -> list:
    times = decided_s or (60.0,) * len(requests)
    return [
        replace(ROW, replication=at, requests_on_worse=many, decided_s=times[at], verdict=KEPT)
        for at, many in enumerate(requests)
    ]


def test_the_worst_run_is_that_with_most_requests_on_worse_variants() -> None:
    """Of all worlds; of equally many the one decided last."""
    played = {"one": harm(5, 90, 7), "two": harm(90, 3, 90, decided_s=(50.0, 60.0, 70.0))}
    found = worst_example(played)
    assert found is not None
    world, row, why = found
    assert (world, row.replication) == ("two", 2)
    assert why == "of 6 runs in 2 worlds this one sent the most: 90 requests to worse variants"


def test_where_no_variant_is_worse_it_is_the_latest_wrong_ending() -> None:
    """And where no run does harm at all there is none."""
    right = harm(0, 0, 0, decided_s=(10.0, 30.0, 20.0))
    assert worst_example({"one": right}) is None
    wrong = [replace(row, judgement=Judgement.WRONG) for row in right[1:]]
    found = worst_example({"one": [right[0], *wrong]})
    assert found is not None
    assert found[1].replication == 1
    assert found[2] == "of 2 runs that ended wrong, this one was decided last"
