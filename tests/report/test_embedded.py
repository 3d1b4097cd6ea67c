"""A page holds its whole result as data, which no text in it can close or change."""

from __future__ import annotations

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.report import figure_block, render_page
from simab.report.embedded import data_block, saved_study_of
from simab.result.saved_study import canonical_json, read_result, read_saved_study
from tests.undrawn import empty

Result = dict[str, Any]
Of = Callable[[str], Result]
Page = Callable[[str], str]

CLOSING = (
    "</script>",
    "</SCRIPT ><b>",
    "<!-- <script>",
    "]]> &lt;/script&gt;",
    '<script type="application/json" id="study">{"format":"none"}</script>',
    "\u2028 \u0000 \ud800 \u202e",
    "\\u003c/script\\u003e",
)


class Data(HTMLParser):
    """What a parser of HTML finds inside of the element `study`, and how many such there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = dict(attrs).get("id") == "study"
        self.found += [""] * self.inside

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1] += data


def test_what_is_read_out_of_a_page_is_its_study_json(
    result: Of, page_of: Page, any_name: str
) -> None:
    """To the byte, for every page."""
    content = saved_study_of(page_of(any_name).encode(), "report.html")
    again = canonical_json(read_saved_study(content, "report.html"))
    assert again == canonical_json(read_result(result(any_name)))


@pytest.mark.parametrize("text", CLOSING)
def test_no_text_closes_the_data(result: Of, text: str) -> None:
    """A title comes back as it was, also for a parser of HTML, and there is one element."""
    study = result("two_policies")
    study["scenario"]["title"] = text
    study["scenario_yaml"] = text
    known = read_result(study)
    block = data_block(known)
    content = saved_study_of(f"<!DOCTYPE html><p>a</p>{block}<p>b</p>".encode(), "page")
    assert read_saved_study(content, "page").title == text
    (found,) = Data(f"<p>a</p>{block}<p>b</p>").found
    assert json.loads(found)["scenario"]["title"] == text


def test_in_a_whole_page_the_data_is_found_behind_hostile_texts(
    result: Of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A title that looks like the data stands before it in the page, escaped."""
    monkeypatch.setattr(figure_block, "rendered", empty)
    study = result("two_policies")
    study["scenario"]["title"] = CLOSING[4]
    page = render_page(read_result(study))
    content = saved_study_of(page.encode(), "page")
    assert json.loads(content)["format"] == study["format"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe"])
def test_what_is_no_page_stays_as_it_is(content: bytes) -> None:
    """Whether it is a study is for its reader to say."""
    assert saved_study_of(content, "study.json") == content


@pytest.mark.parametrize("cut", [-400, 300])
def test_a_page_that_was_cut_off_is_refused(page_of: Page, cut: int) -> None:
    """Within its data or before it: the message names the file."""
    page = page_of("one_policy").encode()
    with pytest.raises(InvalidInput, match=r"half\.html"):
        saved_study_of(page[:cut], "half.html")


def test_versions_are_those_of_the_result_and_not_of_the_reader(
    result: Of, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page made again later says what played it; one of an older study says that none is known.

    So the same study.json gives the same page on every machine.
    """
    monkeypatch.setattr(figure_block, "rendered", empty)
    study = result("two_policies")
    study["environment"] = {"Python": "2.7.18", "NumPy": "1.0"}
    page = render_page(read_result(study))
    assert "<dt>Python</dt><dd>2.7.18</dd>" in page
    assert "<dt>SciPy</dt>" not in page
    del study["environment"]
    assert "was not recorded" in render_page(read_result(study))
