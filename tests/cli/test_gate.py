"""`simab compare` as a gate: exit codes, and the files for build servers and merge requests."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from simab.errors import InvalidInput
from simab.result.quantities import QUANTITIES
from simab.scenario import dumps
from simab.scenario.assertions import requirement_of
from simab.scenario.requirements import (
    PowerRequirement,
    PromotionRequirement,
    TimeRequirement,
)
from tests.comparison.command_line import run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three policies; the candidate is better as described, and equal or worse elsewhere."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small(worlds={"broken": None, "slow": None})), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--policy", "schedule"], 0),
        (["--policy", "schedule", "--gate"], 1),  # it promotes whatever the candidate is
        (
            [
                "--policy",
                "schedule",
                "--assert",
                'power("schedule") >= 10%',
                "--world",
                "described",
            ],
            0,
        ),
        (["--policy", "schedule", "--assert", "power >= 99.9%", "--world", "described"], 3),
        (["--policy", "schedule", "--assert", "time_to_decision <= 30s"], 1),
        (["--policy", "schedule", "--assert", "time_to_decision <= 110s in 10% of runs"], 0),
        (["--assert", 'power("nobody") >= 10%'], 2),
        (["--assert", "power is good"], 2),
        (["--policy", "test", "--assert", 'power("schedule") >= 10%'], 2),  # it is left out
        (["--assert", "cost_of_serving <= 10"], 2),  # no variant states a price
        (["--assert", "clients_on_worse <= 10"], 2),  # nobody counts clients
        (["--assert", "broken_gone_within <= 1h"], 2),  # the file leaves out broken worlds
        # Nothing is required of the two other policies, so that they cannot keep the gate shut.
        (["--assert", 'power("schedule") >= 10%', "--world", "described"], 0),
    ],
)
def test_the_exit_code_says_whether_requirements_are_met(
    file: Path, words: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --gate or --assert the verdict is printed only."""
    assert run(capsys, "compare", file, "-n", 20, "--workers", 1, "--quiet", *words).code == code


def test_a_gate_of_policies_that_nothing_is_required_of_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The requirements of the file are of another policy than the one that plays."""
    path = tmp_path / "small.yaml"
    asked = [{"quantity": "power", "at_least": 0.1, "policy": "schedule"}]
    path.write_text(dumps(small(requirements=asked)), encoding="utf-8")
    found = run(capsys, "compare", path, "-n", 2, "--workers", 1, "--policy", "test", "--gate")
    assert found.code == 2
    assert "only of schedule" in found.err


@pytest.mark.parametrize(
    ("junit", "markdown"),
    [("absent/a.xml", "a.md"), ("a.xml", "./a.xml"), (".", "a.md"), ("small.yaml", "a.md")],
)
def test_a_place_that_cannot_be_written_is_refused_before_playing(
    file: Path, junit: str, markdown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its folder is absent, or it is a folder, the other file or the scenario itself."""
    before, folder = file.read_bytes(), file.parent
    words = ("compare", file, "-n", 10**6, "--junit", folder / junit, "--markdown")
    assert run(capsys, *words, folder / markdown).code == 2
    assert file.read_bytes() == before


def test_files_for_a_build_server_and_a_merge_request(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A case for each requirement, policy and world; a table of at most 15 lines."""
    junit, lines = tmp_path / "verdicts.xml", tmp_path / "verdict.md"
    words = ("compare", file, "-n", 20, "--workers", 1, "--quiet", "--gate")
    assert run(capsys, *words, "--junit", junit, "--markdown", lines).code == 1
    suites = ElementTree.fromstring(junit.read_bytes())
    by_name = {suite.get("name"): suite for suite in suites}
    assert list(by_name) == ["test", "majority", "schedule"]
    cases = by_name["schedule"].findall("testcase")
    assert len(cases) == 3  # false promotion of the equal and the exchanged, power as described
    assert int(by_name["schedule"].get("failures")) == len(
        by_name["schedule"].findall(".//failure")
    )
    assert {case.get("name") for case in by_name["schedule"].findall("testcase[failure]")} == {
        "false promotion at most 5\u202f%, with the candidate equally good",
        "false promotion at most 5\u202f%, with the candidate exchanged",
    }
    text = lines.read_text(encoding="utf-8").splitlines()
    assert len(text) <= 15
    assert text[0].startswith(("Use “", "No rule "))
    assert sum(line.startswith("| ") for line in text) == 4


def test_names_in_a_table_of_markdown_are_no_markup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A policy may be called what ends a cell, or begins a link."""
    policies = {"a | [b](c) <i>": small().policies["schedule"].model_dump(mode="json")}
    path, lines = tmp_path / "odd.yaml", tmp_path / "odd.md"
    path.write_text(dumps(small(policies=policies)), encoding="utf-8")
    run(capsys, "compare", path, "-n", 2, "--workers", 1, "--quiet", "--markdown", lines)
    assert "a \\| \\[b\\](c) \\<i\\>" in lines.read_text(encoding="utf-8")


def test_one_world_says_which_requirement_failed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The screen names the requirement, and the policy's own one says what no world asks."""
    words = ("compare", file, "-n", 20, "--workers", 1, "--world")
    schedule = ("--policy", "schedule")
    failed = run(capsys, *words, "equal", *schedule, "--assert", "false_promotion <= 5%")
    assert "does not meet false promotion at most 5" in failed.out
    open_ = run(capsys, *words, "equal", *schedule, "--assert", "power >= 80%")
    assert open_.code == 3
    assert "no world that was played asks it" in " ".join(open_.out.split())


def test_the_lines_for_a_merge_request_are_at_most_fifteen_of_twelve_policies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = {
        f"rule {n}": small().policies["schedule"].model_dump(mode="json") for n in range(12)
    }
    path, lines = tmp_path / "many.yaml", tmp_path / "many.md"
    path.write_text(dumps(small(policies=policies)), encoding="utf-8")
    run(capsys, "compare", path, "-n", 2, "--workers", 1, "--quiet", "--markdown", lines)
    text = lines.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 15
    assert "3 more rules" in text


def test_an_assertion_is_read_as_it_is_written() -> None:
    assert requirement_of('false_promotion("my canary") <= 5%') == PromotionRequirement(
        quantity="false_promotion", at_most=0.05, policy="my canary"
    )
    for written in ("3h", "3 h", "2h 60min"):
        text = f"time_to_decision() <= {written} in 95 % of runs"
        assert requirement_of(text) == TimeRequirement(
            quantity="time_to_decision", at_most="3h", share_of_runs=0.95
        )
    assert requirement_of("power >= 80 %") == PowerRequirement(quantity="power", at_least=0.8)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_every_quantity_of_a_file_can_be_asserted(quantity: str) -> None:
    side, value = (">=", "50%") if quantity == "power" else ("<=", "10%")
    value = "10min" if quantity in ("time_to_decision", "broken_gone_within") else value
    value = "10" if quantity in ("requests_on_worse", "clients_on_worse", "regret") else value
    value = "10" if quantity == "cost_of_serving" else value
    assert requirement_of(f"{quantity} {side} {value}").quantity == quantity


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fals_promotion <= 5%", "Did you mean false_promotion"),
        ("power <= 80%", "at least a value; write >="),
        ("false_promotion >= 5%", "at most a value; write <="),
        ("power >= 200%", "between 0 and 1"),
        ("power >= 100%", "no number of runs shows"),
        ("false_promotion <= 0", "write for example 1%"),
        ("power >= 80% in 90% of runs", "leave out"),
        ('__import__("os").system("true")', "is no requirement"),
        ("", "is no requirement"),
        ('false_promotion("a) <= 5%', "is no requirement"),
    ],
)
def test_what_is_no_assertion_is_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        requirement_of(text)


def test_the_gate_of_one_world_is_in_every_file(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the exit code goes by, though it is customary and the file states nothing."""
    words = ("compare", file, "-n", 20, "--workers", 1, "--world", "equal", "--policy", "schedule")
    gated = run(capsys, *words, "--gate", "--out", tmp_path / "gated")
    assert gated.code == 1
    says = "does not meet false promotion at most 5"
    assert says in gated.out
    assert says in (tmp_path / "gated/report.html").read_text("utf-8").replace("\n", " ")
    saved = json.loads((tmp_path / "gated/study.json").read_text("utf-8"))
    assert [each["quantity"] for each in saved["requirements"]] == ["false_promotion", "power"]
    assert not saved["customary"]
    assert " --gate " in saved["command"]


def test_a_choice_in_one_world_is_no_average_over_worlds(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two rules pass; the soonest is named with its time in that world."""
    words = ("compare", file, "-n", 60, "--workers", 1, "--assert", "power >= 5%")
    rules = ("--policy", "majority", "--policy", "schedule")
    found = " ".join(run(capsys, *words, *rules, "--world", "described").out.split())
    assert "of the 2 rules that meet" in found
    assert "on average over the worlds" not in found
