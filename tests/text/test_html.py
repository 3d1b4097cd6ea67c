"""What notebooks show: small tables in which no text is markup."""

from __future__ import annotations

from xml.etree import ElementTree

import simab
from simab.text.html import html_paragraph, html_table
from tests.study.building import POLICIES, small

HOSTILE = "<script>alert(1)</script>\"'&\x1b[31m\u202e"


def texts(html: str) -> list[str]:
    """All texts of a fragment, which has to be well formed, and hold tables and paragraphs only."""
    root = ElementTree.fromstring(f"<div>{html}</div>")
    allowed = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert {element.tag for element in root.iter()} <= allowed
    return [element.text or "" for element in root.iter()]


def test_every_text_of_a_table_is_a_text() -> None:
    html = html_table(HOSTILE, [HOSTILE], [[HOSTILE]]) + html_paragraph(HOSTILE)
    assert "\x1b" not in html
    assert sum("<script>" in text for text in texts(html)) == 4


def test_a_notebook_shows_results_runs_and_changes_as_tables() -> None:
    """Names of policies and titles come from files, and so does what a policy gives as reason."""
    scenario = small(title=HOSTILE, policies={HOSTILE: POLICIES["schedule"]})
    study = simab.compare(scenario, replications=3, worlds=["described"])
    run = simab.simulate(scenario)
    for shown in (study.result, simab.diff(study, study), run):
        found = texts(shown._repr_html_())
        assert any("<script>" in text for text in found) or shown is not run
        assert not any("\x1b" in text or "\u202e" in text for text in found)
    words = " ".join(texts(run._repr_html_()))
    assert "SetWeights" in words
    assert "Promote" in words


def test_a_run_without_actions_says_so() -> None:
    never = {"kind": "manual_schedule", "steps": [{"at": "1h", "promote": "b"}]}
    run = simab.simulate(small(policies={"still": never}))
    assert "The policy did nothing." in texts(run._repr_html_())
