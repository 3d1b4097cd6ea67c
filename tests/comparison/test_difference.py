"""`simab.diff`: what changed between two studies, paired where they had the same clients."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

import simab
from simab.errors import InvalidInput
from simab.result.saved_study import canonical_json
from simab.result.study_change import QuantityChange, StudyChange
from simab.run.frames import csv_bytes
from simab.study.frames import whole_numbers
from tests.comparison.command_line import run
from tests.study.building import POLICIES, small

LATER = {
    "kind": "manual_schedule",
    "steps": [{"at": "30s", "weights": {"a": 1, "b": 3}}, {"at": "90s", "promote": "b"}],
}
WORLDS = {"broken": None, "exchanged": None, "slow": None}
ONE = {"schedule": POLICIES["schedule"], "majority": POLICIES["majority"]}


def study(policies: dict[str, Any] = ONE, seed: int = 1, **parts: Any) -> simab.Study:
    parts = {"worlds": WORLDS} | parts
    return simab.compare(small(policies=policies, **parts), replications=40, seed=seed)


def saved(of: simab.Study, folder: Path, *, rows: bool = True) -> Path:
    """The study as its files, without a page."""
    folder.mkdir(exist_ok=True)
    (folder / "study.json").write_text(canonical_json(of.result), encoding="utf-8")
    if rows:
        (folder / "outcomes.csv").write_bytes(csv_bytes(whole_numbers(of.outcomes)))
    return folder


@pytest.fixture(scope="module")
def before() -> simab.Study:
    return study()


@pytest.fixture(scope="module")
def later() -> simab.Study:
    """The schedule promotes half a minute later."""
    return study(ONE | {"schedule": LATER})


def found(change: StudyChange, quantity: str, policy: str = "schedule") -> QuantityChange:
    return next(
        each
        for each in change.quantities
        if (each.world, each.policy, each.quantity) == ("described", policy, quantity)
    )


def test_nothing_changes_from_a_study_to_itself(before: simab.Study) -> None:
    change = simab.diff(before, before)
    assert all(each.paired for each in change.worlds)
    assert not change.changed
    assert change.verdicts == change.parameters == ()
    assert {each.difference for each in change.quantities if each.paired} <= {0.0}


def test_a_policy_that_decides_later_has_exactly_that_difference(
    before: simab.Study, later: simab.Study
) -> None:
    """Half a minute in each run, though the intervals of the two studies say nothing."""
    change = simab.diff(before, later)
    time = found(change, "time_to_decision")
    assert (time.before, time.after, time.difference) == (60.0, 90.0, 30.0)
    assert 0 < time.low < 30.0 < time.high
    assert time.paired
    assert time in change.changed
    (parameter,) = change.parameters
    assert (parameter.policy, parameter.parameter) == ("schedule", "steps")
    assert not [each for each in change.changed if each.policy == "majority"]


def test_a_saved_study_is_compared_as_the_study_itself(
    before: simab.Study, later: simab.Study, tmp_path: Path
) -> None:
    """By folder or by file; the rows are those of outcomes.csv."""
    first, second = saved(before, tmp_path / "a"), saved(later, tmp_path / "b")
    whole = simab.diff(before, later)
    for paths in ((first, second), (first / "study.json", str(second / "study.json"))):
        change = simab.diff(*paths)
        assert repr(change.quantities) == repr(whole.quantities)
        assert change.worlds == whole.worlds
        assert change.before.name == str(paths[0])


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (None, "is absent"),
        ("other", "has other runs"),
        ("world,policy\n1,2\n", "is not a table"),
        ("", "has other runs"),
        ('"world', "is not a table"),
    ],
    ids=["absent", "of another study", "of something else", "empty", "cut off"],
)
def test_without_its_rows_a_study_is_compared_by_its_intervals(
    rows: str | None, reason: str, before: simab.Study, later: simab.Study, tmp_path: Path
) -> None:
    """And that is said."""
    folder = saved(before, tmp_path / "a", rows=False)
    if rows == "other":
        saved(study(seed=2), tmp_path / "other")
        rows = (tmp_path / "other/outcomes.csv").read_text()
    if rows is not None:
        (folder / "outcomes.csv").write_text(rows)
    change = simab.diff(folder, later)
    assert not any(each.paired for each in change.worlds)
    assert all(each.same_scenario and reason in each.reason for each in change.worlds)


def test_another_seed_or_scenario_is_compared_by_intervals(before: simab.Study) -> None:
    seeds = simab.diff(before, study(seed=2))
    assert {each.reason for each in seeds.worlds} == {"the seeds are 1 and 2"}
    changed = simab.diff(before, study(horizon="3min"))
    assert not any(each.same_scenario or each.paired for each in changed.worlds)
    share = found(seeds, "promotes", "majority")
    assert share.difference == pytest.approx(share.after - share.before)
    assert share.low < share.difference < share.high


def test_what_only_one_study_has_is_named(before: simab.Study) -> None:
    asked = [{"quantity": "requests_on_worse", "at_most": 5}]
    other = study(
        {"schedule": LATER, "new": LATER},
        worlds=WORLDS | {"equal": None, "worse": {"effect": "-2%"}},
        requirements=asked,
    )
    change = simab.diff(before, other)
    assert (change.only_before.worlds, change.only_after.worlds) == (("equal",), ("worse",))
    assert (change.only_before.policies, change.only_after.policies) == (("majority",), ("new",))
    assert [each.quantity for each in change.only_before.requirements] == [
        "false_promotion",
        "power",
    ]
    assert [each.quantity for each in change.only_after.requirements] == ["requests_on_worse"]
    assert {each.world for each in change.quantities} == {"described"}


def test_verdicts_that_change_are_named_by_policy_and_requirement(before: simab.Study) -> None:
    """A schedule that never promotes is safe, and powerless."""
    never = {"kind": "manual_schedule", "steps": [{"at": "30s", "weights": {"a": 1, "b": 1}}]}
    bound = [{"quantity": "time_to_decision", "at_most": "100s"}]
    first, second = (study({"rule": rule}, requirements=bound) for rule in (LATER, never))
    change = simab.diff(first, second)
    first_verdict = change.verdicts[0]
    assert (first_verdict.policy, first_verdict.before, first_verdict.after) == (
        "rule",
        "passes",
        "fails",
    )
    assert {(each.world, each.requirement.quantity) for each in change.verdicts[1:]} == {  # type: ignore[union-attr]
        ("described", "time_to_decision"),
        ("equal", "time_to_decision"),
    }
    assert (change.before.recommended, change.after.recommended) == ("rule", None)


def test_what_is_no_study_is_refused(before: simab.Study, tmp_path: Path) -> None:
    for path in (tmp_path / "absent.json", tmp_path, __file__):
        with pytest.raises(InvalidInput):
            simab.diff(path, before)
    with pytest.raises(InvalidInput, match="after = 7: must be a study"):
        simab.diff(before, 7)  # type: ignore[arg-type]


def test_the_command_prints_the_change_and_ends_with_0(
    before: simab.Study, later: simab.Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = saved(before, tmp_path / "a"), saved(later, tmp_path / "b")
    shown = run(capsys, "diff", *paths)
    words = " ".join(shown.out.split())
    assert shown.code == 0
    assert "In all worlds both had the same clients: 40 runs are compared one by one." in words
    assert "“schedule” is another rule: steps from" in words
    assert "as described schedule time to decision, mean within the horizon 1 min 1 min 30 s" in (
        words.replace("\u202f", " ").replace("\u00a0", " ")
    )
    printed = json.loads(run(capsys, "diff", *paths, "--json").out)
    assert printed["format"] == "simab-diff/1"
    assert len(printed["quantities"]) == len(simab.diff(before, later).quantities)
    for missing in (("diff", paths[0]), ("diff", paths[0], tmp_path / "absent")):
        assert run(capsys, *missing).code == 2


def test_against_adds_the_change_to_the_screen_and_to_the_lines_for_a_merge_request(
    before: simab.Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the new report takes the place of the old one."""
    from simab.scenario import dumps

    folder, lines = saved(before, tmp_path / "a"), tmp_path / "verdict.md"
    policies = ONE | {"schedule": LATER} | {f"rule {n}": LATER for n in range(12)}
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small(policies=policies, worlds=WORLDS)), encoding="utf-8")
    one = ("--workers", 1, "--world", "described", "--markdown", lines)
    words = ("compare", path, "-n", 15, *one)
    found = run(capsys, *words, "--against", folder)
    assert found.code == 0
    assert "Only the second study has the policies" in " ".join(found.out.split())
    text = lines.read_text("utf-8").splitlines()
    assert len(text) <= 15
    assert "requests on worse variants" in text[-1]
    absent = run(capsys, "compare", path, "-n", 10**6, *one, "--against", tmp_path / "absent")
    assert absent.code == 2


def test_names_of_a_saved_study_are_no_markup_and_steer_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A study is a file that anybody may have written."""
    name = "=a|<b>[c](d)\x1b[31m\n#"
    studies = [study({name: rule}) for rule in (POLICIES["schedule"], LATER)]
    paths = [saved(each, tmp_path / str(n)) for n, each in enumerate(studies)]
    change = simab.diff(*paths)
    assert all(each.paired for each in change.worlds)
    assert "\x1b" not in run(capsys, "diff", *paths).out
    from simab.report.verdict_files import markdown_lines

    lines = markdown_lines(studies[1].result, change).splitlines()
    assert len(lines) <= 15
    assert "\\<b\\>\\[c\\]" in lines[-1]
    assert all("<b>" not in line for line in lines)


@pytest.mark.long
def test_studies_of_one_scenario_rarely_differ() -> None:
    """Of pairs with other seeds, at most 5 % have any quantity that differs; 40 pairs."""
    differ = 0
    for seed in range(40):
        pair = (study(seed=2 * seed + 100), study(seed=2 * seed + 101))
        differ += any(each.differs for each in simab.diff(*pair).quantities)
    assert binomtest(differ, 40, 0.05, alternative="greater").pvalue > 0.001
