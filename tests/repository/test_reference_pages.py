"""The pages of policies, profiles and actions are what the code says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from simab.scenario.reference import TOPICS, Topic, entries
from tests.repository import reference


@pytest.mark.parametrize("topic", TOPICS)
def test_the_page_is_as_the_code_says(repository: Path, topic: Topic) -> None:
    """Written again by `python tests/repository/reference.py`."""
    name, *_ = reference.PAGES[topic]
    written = (repository / "docs" / name).read_text(encoding="utf-8")
    assert written == reference.page(topic)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_kind_and_every_field_is_on_its_page(topic: Topic) -> None:
    """As a heading, and as the first cell of a row."""
    page = reference.page(topic)
    for entry in entries(topic):
        assert f"# {entry.kind}\n" in page
        for parameter in entry.parameters:
            assert f"| `{parameter.name}` | " in page


def test_marks_of_markdown_are_shown_as_they_are() -> None:
    """A power and a comparison stay; code between backticks is left alone."""
    assert reference._escaped("1 - (1 - w)**r < `a_b`") == r"1 - (1 - w)\*\*r \< `a_b`"
