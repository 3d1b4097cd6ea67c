"""Suggestions of a name: the nearest spelling among few names, and none among very many."""

from __future__ import annotations

from simab.scenario.suggestions import nearest, remedy_for_name


def test_the_nearest_spelling_is_suggested() -> None:
    """Whatever its case; nothing where none is near."""
    assert nearest("Wieght", ["workers", "weight"]) == "Did you mean weight? "
    assert nearest("colour", ["workers", "weight"]) == ""


def test_very_many_names_are_not_compared() -> None:
    """A file with thousands of unknown names among thousands of known ones is refused at once."""
    names = [f"name-{number}" for number in range(3_000)]
    assert nearest("name-x", names) == ""
    assert "and 2,976 more" in remedy_for_name("name-x", names).replace("2976", "2,976")
