"""A saved study is read back as it was; another format is refused by its name."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from simab.errors import InvalidInput
from simab.report import render_page
from simab.result.columns import COLUMNS
from simab.result.saved_study import canonical_json, read_result, read_saved_study
from simab.result.study_result import FORMAT
from tests.report.toy_study import CHURN, build


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    return build(CHURN[:2], runs=20)


def test_it_comes_back_to_the_byte(plain: dict[str, Any]) -> None:
    """The dump of what was read is the file that it was read from."""
    text = canonical_json(read_result(plain))
    assert canonical_json(read_saved_study(text.encode(), "study.json")) == text


def test_characters_that_steer_a_screen_stay_in_the_file(plain: dict[str, Any]) -> None:
    """Only the page replaces them: a file read and written again has lost nothing."""
    command = "\x1b[31m\u202ered"
    study = read_result({**plain, "command": command})
    assert json.loads(canonical_json(study))["command"] == command
    assert "\x1b" not in render_page(study)


def refusal(content: dict[str, Any]) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_saved_study(json.dumps(content).encode(), "old.json")
    return str(refused.value)


def test_another_format_is_refused_by_its_name() -> None:
    """The message names the file, the format found, and the one that is read."""
    for word in ("old.json", "'simab-run/1'", repr(FORMAT)):
        assert word in refusal({"format": "simab-run/1"})


def test_an_older_study_is_refused_with_the_command_that_makes_it_again() -> None:
    """A study of version 1 says `not_as_usual`; its own command makes it with the words of now."""
    said = refusal({"format": "simab-study/1", "command": "simab compare a.yaml --seed 3"})
    for word in ("old.json", "'simab-study/1'", repr(FORMAT), "simab compare a.yaml --seed 3"):
        assert word in said


@pytest.mark.parametrize("key", COLUMNS)
def test_a_file_from_before_a_column_shows_it_as_not_known(plain: dict[str, Any], key: str) -> None:
    """It is read all the same: a column more does not make a new format."""
    older = {**plain, "policies": [{**each} for each in plain["policies"]]}
    for policy in older["policies"]:
        del policy[key]
    study = read_result(older)
    assert all(math.isnan(policy.means[key].mean) for policy in study.policies)
    known = [name for name, mean in study.policies[0].means.items() if math.isfinite(mean.mean)]
    assert known == [each for each in COLUMNS if each != key]


def test_a_truth_that_does_not_judge_a_variant_is_an_error(plain: dict[str, Any]) -> None:
    """Every sentence asks whether an ending is right."""
    judgements = dict(plain["truth"]["judgements"])
    del judgements["Variant2"]
    spoilt = {**plain, "truth": {**plain["truth"], "judgements": judgements}}
    with pytest.raises(InvalidInput, match=r"result\.truth\.judgements = .*'Variant2' is missing"):
        read_result(spoilt)
