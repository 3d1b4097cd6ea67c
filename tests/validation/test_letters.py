"""The letters in tables of verdicts: each one that stands there is explained, and no other."""

from __future__ import annotations

from simab.analyse import Verdict
from validation.played_rules import LETTERS, Cell, letters_in


def cell(verdicts: str) -> Cell:
    return Cell("scenario", "equal", "rule", "kind", 0.0, None, verdicts)


def test_every_verdict_has_a_letter_of_its_own() -> None:
    """A verdict without one could not be written."""
    assert set(LETTERS) == set(Verdict)
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_the_legend_explains_the_letters_that_stand_in_the_table() -> None:
    """In the order of the verdicts, over all cells."""
    assert letters_in([cell("PPK"), cell("U")]) == "P promoted, K kept, U undecided"


def test_a_third_variant_is_explained_where_one_was_promoted() -> None:
    """Its letter is rare, and stands in the legend as soon as it comes up."""
    assert letters_in([cell("KO")]) == "O promoted another variant, K kept"
