"""The page stands alone, is the same bytes each time and takes no text for markup."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.report import render_page, summary_table_html
from simab.report.page import templates
from simab.report.palette import COLOURS
from simab.result.saved_study import canonical_json, read_result

Result = dict[str, Any]
Of = Callable[[str], Result]
Page = Callable[[str], str]

DATA = {"type": "application/json", "id": "study"}
"""The one element script, which holds data."""
VOID = {"meta", "link", "br", "wbr", "img", "input", "hr"}


class Elements(HTMLParser):
    """All start tags with their attributes, and whether every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag


def test_elements_are_nested_properly(page_of: Page, any_name: str) -> None:
    assert Elements(page_of(any_name)).open == []


@pytest.mark.parametrize("name", ["hostile", pytest.param("bandit", marks=pytest.mark.long)])
def test_a_result_read_back_from_its_file_gives_the_same_bytes(
    result: Of, page_of: Page, name: str
) -> None:
    """`simab report` on study.json remakes the page of the study, though keys are sorted there."""
    text = canonical_json(read_result(result(name)))
    assert render_page(read_result(json.loads(text))) == page_of(name)


@pytest.mark.long
def test_another_process_gives_the_same_bytes(result: Of, page_of: Page, tmp_path: Path) -> None:
    """Read back from its file; neither the order of hashing nor a matplotlibrc reaches the page."""
    study = tmp_path / "study.json"
    study.write_text(canonical_json(read_result(result("churn"))), encoding="utf-8")
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 9\nsvg.fonttype: path\n")
    program = (
        "import pathlib, sys; from simab.report import render_page; "
        "from simab.result.saved_study import read_saved_study; "
        f"study = read_saved_study(pathlib.Path({str(study)!r}).read_bytes(), 'study.json'); "
        "page = render_page(study); "
        "sys.stdout.buffer.write(page.encode())"
    )
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    page = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": seed, "MATPLOTLIBRC": str(tmp_path)},
        capture_output=True,
        check=True,
    ).stdout
    assert page == page_of("churn").encode()


def test_no_text_becomes_markup(page_of: Page) -> None:
    page = page_of("hostile")
    tags = Elements(page).tags
    assert {tag for tag, _ in tags}.isdisjoint({"img", "b&control", "iframe"})
    assert [each for tag, each in tags if tag == "script"] == [DATA]
    assert not any(name.startswith("on") for _, attributes in tags for name in attributes)
    assert page.count("<style>") == page.count("</style>") == 1
    assert page.count("</title>") == 1 + page.count("<svg")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", page, re.DOTALL)[0]


def test_control_characters_do_not_reach_the_page(page_of: Page) -> None:
    """A name cannot turn the direction of the sentence that it stands in."""
    page = page_of("hostile")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page)
    assert "\ufffdgnirts" in page


def test_nothing_is_loaded_and_nothing_is_linked(page_of: Page, any_name: str) -> None:
    page = page_of(any_name)
    assert set(re.findall(r"https?://[^\s\"'<>)]+", page)) == {"http://www.w3.org/2000/svg"}
    for tag, attributes in Elements(page).tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            target = attributes.get(name)
            assert target is None or target.startswith("#") or target == "data:,", (tag, target)
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_ids_are_unique_and_references_resolve(page_of: Page, any_name: str) -> None:
    """SVGs share a document: an id of one must not capture the reference of another."""
    page = page_of(any_name)
    attributes = [each for _, each in Elements(page).tags]
    ids = [each["id"] for each in attributes if "id" in each]
    assert len(ids) == len(set(ids))
    wanted = set(re.findall(r"url\(#([^)]+)\)", page.split("</style>", 1)[1])) - {"x"}
    wanted |= {each["href"][1:] for each in attributes if (each.get("href") or "").startswith("#")}
    for each in attributes:
        wanted |= set((each.get("aria-labelledby") or "").split())
    assert wanted <= set(ids)


def test_every_svg_has_role_title_and_description(page_of: Page, any_name: str) -> None:
    page = page_of(any_name)
    svgs = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert svgs
    for svg in svgs:
        named = r'<title id="[^"]+">[^<]+</title><desc id="[^"]+">[^<]+</desc>'
        assert re.match(rf'<svg [^>]*role="img"[^>]*>{named}', svg)


def test_every_colour_of_a_figure_is_a_variable_of_the_theme(page_of: Page, any_name: str) -> None:
    page = page_of(any_name)
    svgs = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    # Names such as #12 in texts are not colours: only attributes count.
    assert re.findall(r'(?:fill|stroke)[:=]"?\s*#[0-9a-f]{3,6}', svgs) == []
    assert set(re.findall(r"var\(--([a-z]+)\)", page)) <= {each.variable for each in COLOURS}


def test_the_sections_come_in_order(page_of: Page) -> None:
    page = page_of("churn")
    found = re.findall(r'<section id="(\w+)"', page)
    assert found[:4] == ["answer", "policies", "figures", "costs"]
    assert found[4:7] == ["rules", "examples", "health"]
    assert found[7:] == ["methods", "reproduce", "environment"]
    assert page.index("<h1>") < page.index(">The answer</h2>")


def test_differences_are_shown_or_not_and_nothing_is_told(page_of: Page, any_name: str) -> None:
    """Plain words: no sentence or figure says that something can be told apart."""
    assert not re.search(r"\b(told|tells? apart)\b", re.sub(r"<[^>]*>", " ", page_of(any_name)))


def test_what_is_needed_to_reproduce_it_is_there(result: Of, page_of: Page) -> None:
    study, page = result("churn"), page_of("churn")
    assert study["command"] in page
    assert study["scenario_hash"] in page
    assert study["scenario_yaml"] in page.replace("&#39;", "'")


def test_every_figure_has_its_data(page_of: Page) -> None:
    page = page_of("churn")
    assert page.count("<figure") == page.count("Data behind figure") > 5
    assert page.count("<svg") == 2 * page.count("<figure")


def test_each_decision_is_shown_with_what_it_saw(result: Of, page_of: Page) -> None:
    because = result("churn")["examples"][0]["decisions"][0]["because"]
    assert because in page_of("churn").replace("<wbr>", "")


def test_very_many_decisions_are_counted_rather_than_listed(page_of: Page) -> None:
    page = page_of("bandit")
    assert "260 more are in study.json" in page


def test_the_page_stays_small(result: Of, page_of: Page, any_name: str) -> None:
    """What is shown; the data in it is as large as the study's."""
    shown, data = page_of(any_name).split("<script")
    assert len(shown.encode()) < 600_000
    assert len(data) < 1.1 * len(canonical_json(read_result(result(any_name))))


def test_the_table_for_notebooks_stands_alone(any_result: Result) -> None:
    fragment = summary_table_html(read_result(any_result))
    assert Elements(fragment).open == []
    assert fragment.startswith("<div")
    assert fragment.count("<tr>") == 1 + len(any_result["policies"])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: r.update(format="simab-study/1"), "simab-study/1.*simab-study/2"),
        (lambda r: r.pop("truth"), "'truth' is missing"),
        (lambda r: r.update(seed="7"), "result.seed = '7': a number is expected"),
        (lambda r: r.update(policies=[]), "at least one policy"),
        (lambda r: r["policies"][1].update(correct=3), r"policies\[1\].correct = 3: an object"),
        (lambda r: r["examples"][0].update(replication=1.5), "a whole number"),
        (lambda r: r["scenario"].update(title=None), "title = None: a text"),
        (lambda r: r.update(warnings="none"), "warnings = 'none': a list"),
    ],
)
def test_a_spoilt_result_names_the_place(
    result: Of, spoil: Callable[[Result], object], message: str
) -> None:
    study = result("churn")
    spoil(study)
    with pytest.raises(InvalidInput, match=message):
        render_page(read_result(study))


@pytest.mark.parametrize("decides", [True, False])
def test_of_one_thing_the_page_speaks_in_the_singular(result: Of, decides: bool) -> None:
    """A study of one run: no "1 runs", and nothing "in any of 1 run"."""
    study = result("one_run")
    if not decides:
        for policy in study["policies"]:
            shares = policy["verdicts"]
            shares |= {name: {**shares[name], "count": 0, "share": 0.0} for name in shares}
            shares["undecided"] = {**shares["undecided"], "count": 1, "share": 1.0}
            policy["correct"] = {**policy["correct"], "count": 0, "share": 0.0}
    text = re.sub(r"<[^>]+>", " ", render_page(read_result(study))).replace("\u202f", " ")
    things = "runs|requests|labels|windows|policies|replications|actions|times|pairs|warnings"
    assert re.findall(rf"(?<![\d.,])1 (?:{things})\b", text) == []
    assert "any of 1 run" not in text


def test_code_in_a_rule_is_set_as_code_and_all_else_is_escaped() -> None:
    """Backticks are how the source marks code; on a page they say nothing."""
    marked = templates().filters["code_marked"]
    assert marked("below `a_b` < `c`") == "below <code>a_b</code> &lt; <code>c</code>"
    assert marked("`<b>`") == "<code>&lt;b&gt;</code>"
    assert marked("no ` mark") == "no ` mark"
