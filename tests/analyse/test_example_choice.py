"""Which run is shown, and that the words which say why are true of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simab.analyse import Verdict
from simab.analyse.example_choice import chosen_example
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
