"""No text steers a screen, a page, a document or a spreadsheet, and it can be had back."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simab.documents.writing import yaml_text
from simab.text.untrusted import json_escaped, spreadsheet_safe, steers, visible, without_controls

ANY = st.text(st.characters(exclude_categories=()), max_size=30)


@given(ANY)
def test_what_is_shown_holds_no_control_and_no_direction_mark(text: str) -> None:
    """By Unicode's own categories and bidirectional classes, line feed and tab apart."""
    for shown in (visible(text), without_controls(text)):
        assert not any(
            unicodedata.category(each) in ("Cc", "Cs") for each in shown if each not in "\n\t"
        )
        marks = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        assert not any(unicodedata.bidirectional(each) in marks for each in shown)
        assert not steers(shown)


@given(ANY)
def test_a_text_that_steers_nothing_is_shown_as_it_is(text: str) -> None:
    """Accents, emoji and narrow spaces are no business of the terminal's safety."""
    assert (visible(text) == text) is not steers(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\x9b2J", r"\x9b2J"),
        ("a\rb", r"a\x0db"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\ud800", r"\ud800"),
        ("Größe\u202f5\u2009%\n\tµ", "Größe\u202f5\u2009%\n\tµ"),
    ],
)
def test_what_would_steer_is_written_out(text: str, shown: str) -> None:
    """So that one sees what somebody tried."""
    assert visible(text) == shown


@given(st.dictionaries(ANY, ANY))
def test_json_is_harmless_and_means_the_same(value: dict[str, str]) -> None:
    """Its strings are spelled otherwise, and read as they were."""
    document = json_escaped(json.dumps(value, ensure_ascii=False))
    assert not steers(document)
    assert json.loads(document) == value


@given(st.dictionaries(ANY, ANY))
def test_yaml_is_harmless(value: dict[str, str]) -> None:
    """Whatever a scenario's names hold, a fragment to paste steers no terminal."""
    writable = {
        name.encode("utf-8", "ignore").decode(): text.encode("utf-8", "ignore").decode()
        for name, text in value.items()
    }
    assert not steers(yaml_text(writable))


@given(ANY)
def test_a_cell_is_no_formula_and_gives_the_text_back(text: str) -> None:
    """One apostrophe is taken away from what begins with one."""
    cell = spreadsheet_safe(text)
    assert cell[:1] not in tuple("=+-@\t\r\n")
    assert (cell[1:] if cell.startswith("'") else cell) == text


def test_a_cell_is_still_one_cell() -> None:
    """Defusing is not quoting: the csv module quotes."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow([spreadsheet_safe('=1,"2"'), spreadsheet_safe("plain")])
    assert next(csv.reader([buffer.getvalue()])) == ['\'=1,"2"', "plain"]
