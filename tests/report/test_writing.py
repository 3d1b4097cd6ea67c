"""A report is four files, whose numbers are those of the result, unrounded."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.report import write_report
from simab.report.writing import paired_csv, summary_csv
from simab.result.json_form import dumped
from simab.result.saved_study import canonical_json, read_result

Of = Callable[[str], dict[str, Any]]


def test_the_four_files(result: Of, page_of: Callable[[str], str], tmp_path: Path) -> None:
    study = result("one_policy")
    folder = tmp_path / "new" / "folder"
    write_report(read_result(study), folder)
    assert {each.name for each in folder.iterdir()} == {
        "report.html", "study.json", "summary.csv", "paired.csv"
    }  # fmt: skip
    assert (folder / "report.html").read_bytes() == page_of("one_policy").encode()
    assert b"\r" not in (folder / "summary.csv").read_bytes()


def test_nothing_is_written_for_a_spoilt_result(result: Of, tmp_path: Path) -> None:
    study = result("churn")
    del study["truth"]
    with pytest.raises(InvalidInput):
        write_report(read_result(study), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_the_result_is_written_canonically(result: Of) -> None:
    """Sorted keys, one space of indentation, a newline at the end, null for what is not finite."""
    study = read_result(result("two_policies"))
    text = canonical_json(study)
    assert json.loads(text) == dumped(study)
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    assert math.isnan(study.paired[0].restricted_to_s)
    assert json.loads(text)["paired"][0]["restricted_to_s"] is None


def test_the_summary_has_every_policy_and_number(result: Of) -> None:
    study = result("hostile")
    rows = list(csv.DictReader(summary_csv(read_result(study)).splitlines()))
    assert len(rows) == len(study["policies"])
    for row, policy in zip(rows, study["policies"], strict=True):
        assert int(row["correct_count"]) == policy["correct"]["count"]
        assert float(row["correct_low"]) == policy["correct"]["low"]
        assert float(row["requests_on_worse_mean"]) == policy["requests_on_worse"]["mean"]
    assert rows[0]["policy"] == "<script>alert(1)</script>"


def test_what_is_not_known_is_empty(result: Of) -> None:
    row = next(csv.DictReader(summary_csv(read_result(result("nobody_decides"))).splitlines()))
    assert row["decision_time_s_decided"] == "0"
    assert row["decision_time_s_p50"] == ""


def test_the_pairs_are_all_there(result: Of) -> None:
    study = result("twelve_policies")
    rows = list(csv.DictReader(paired_csv(read_result(study)).splitlines()))
    assert len(rows) == len(study["paired"]) == 3 * 66
    assert float(rows[5]["difference"]) == study["paired"][5]["difference"]
