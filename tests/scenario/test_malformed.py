"""Malformed scenario files through the command line: exit code 2 and the whole message, exactly.

Each file in `malformed/` says what is wrong with it; its message stands beside it as
`NAME.expected`. To write these anew: UPDATE_EXPECTED=1 pytest tests/scenario/test_malformed.py,
then read what has changed.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simab.cli.main import main
from simab.scenario import rules
from simab.scenario.partial import partial_scenario, until_unread
from simab.scenario.reading import read

MALFORMED = Path(__file__).parent / "malformed"
FILES = sorted(path for path in MALFORMED.iterdir() if path.suffix in (".yaml", ".json"))


@cache
def readable_files() -> list[dict[str, Any]]:
    """The data of every file that is a mapping in YAML."""
    found = []
    for path in FILES:
        with suppress(ValueError):
            found.append(read(path.read_text(encoding="utf-8"), path.name).data)
    return [data for data in found if isinstance(data, dict)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_message_is_exactly_the_expected_one(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A malformed file ends with exit code 2, its whole message on stderr and nothing on stdout."""
    monkeypatch.chdir(MALFORMED)
    with pytest.raises(SystemExit) as ended:
        main(["check", path.name])
    printed = capsys.readouterr()
    expected = path.with_suffix(".expected")
    if "UPDATE_EXPECTED" in os.environ:
        expected.write_text(printed.err, encoding="utf-8")
    assert printed.err == expected.read_text(encoding="utf-8")
    assert printed.out == ""
    assert ended.value.code == 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_problem_has_place_rule_and_remedy(path: Path) -> None:
    """Each line of a message is file, place, field and value, rule, remedy."""
    lines = path.with_suffix(".expected").read_text(encoding="utf-8").splitlines()
    problems = [line for line in lines if not re.fullmatch(r"\S+ has \d+ problems\.", line)]
    for line in problems:
        assert re.fullmatch(r"\S+\.(yaml|json)(:\d+:\d+)?: .+\. .+[.?]", line), line
        assert "Input should" not in line  # nobody translated that


def test_there_are_files_and_all_have_their_message() -> None:
    """No malformed file goes unchecked, and no expected message is left over."""
    assert len(FILES) >= 24
    assert {path.stem for path in FILES} == {path.stem for path in MALFORMED.glob("*.expected")}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_every_rule_across_fields_is_broken_by_some_file(
    rule: rules.Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No rule across fields is there that no malformed file breaks."""
    monkeypatch.chdir(MALFORMED)  # where the files of traces are
    assert any(
        True for data in readable_files() for _ in until_unread(rule(partial_scenario(data)))
    )


def test_all_problems_of_a_file_are_told_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Syntax apart, one run is enough to find everything that is wrong: keys, types, rules."""
    monkeypatch.chdir(MALFORMED)
    with pytest.raises(SystemExit):
        main(["check", "everything.yaml"])
    message = capsys.readouterr().err
    for rule in ("unknown key", "required", "duplicate key", "must be", "names no variant", "ends"):
        assert rule in message
    places = [tuple(map(int, place)) for place in re.findall(r"yaml:(\d+):(\d+):", message)]
    assert len(places) >= 15
    assert places == sorted(places)
