"""`simab init`, `check`, `explain` and `schema`: what they print and write."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from simab.explain import explain, warnings
from simab.explain.forecast import size_of, size_sentence
from simab.scenario import json_schema, load
from simab.scenario.starter import starter_text, with_its_name
from simab.version import VERSION

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
MINIMAL = str(SHIPPED / "minimal.yaml")
TWELVE = str(SHIPPED / "twelve_policies.yaml")
BAD = str(Path(__file__).parents[1] / "scenario" / "malformed" / "everything.yaml")


def test_init_writes_a_scenario_that_works(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter is written to scenario.yaml, is valid and needs no warning."""
    monkeypatch.chdir(tmp_path)
    code, out, err = run("init")
    assert (code, err) == (0, "")
    assert "simab check scenario.yaml" in out
    assert (tmp_path / "scenario.yaml").read_text(encoding="utf-8") == starter_text()
    assert explain(load(tmp_path / "scenario.yaml")).warnings == ()


def test_init_does_not_overwrite(run, tmp_path: Path) -> None:
    """An existing file is kept unless --force is given; a folder gets a scenario.yaml."""
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    code, out, err = run("init", str(path))
    assert (code, out) == (2, "")
    assert "exists already. Use --force" in err
    assert path.read_text(encoding="utf-8") == "mine"
    assert run("init", str(path), "--force", "--quiet") == (0, "", "")
    assert path.read_text(encoding="utf-8") == with_its_name(starter_text(), str(path))
    assert run("init", str(tmp_path))[0] == 0
    assert (tmp_path / "scenario.yaml").exists()
    assert "cannot be written" in run("init", str(tmp_path / "no" / "such.yaml"))[2]


def test_the_starter_explains_its_fields() -> None:
    """Every part of the starter has a comment, and no line is too wide to read."""
    text = starter_text()
    assert sum("#" in line for line in text.splitlines()) > 25
    assert max(map(len, text.splitlines())) <= 100


def test_check_is_short(run) -> None:
    """A valid file is named; then come what the study takes and each warning, and nothing else."""
    code, out, err = run("check", MINIMAL)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{MINIMAL} is valid."
    said, _, worlds = " ".join(out.splitlines()[1:]).partition(" Promoting is ")
    assert said == size_sentence(size_of(load(MINIMAL)))
    assert worlds == (
        "right in “as described”; wrong in “equally good”, “exchanged”, “broken” and “three times "
        "as slow”."
    )
    warned = run("check", TWELVE)[1]
    found, text = list(warnings(load(TWELVE))), " ".join(warned.split())
    assert [each for each in found if f"Warning: {each}" not in text] == []
    assert text.count("Warning: ") == len(found) == 2
    assert all(line == line.rstrip() for line in warned.splitlines())
    assert max(map(len, [*out.splitlines()[1:], *warned.splitlines()[1:]])) <= 80


def test_explain_is_the_long_view(run) -> None:
    """The title, the sentences and the table of loads."""
    code, out, err = run("explain", MINIMAL)
    assert (code, err) == (0, "")
    assert out.startswith("A test and a canary\n\n- 10 requests a second")
    assert "variant  traffic  requests/s  load  mean wait  set by" in out
    assert all(line == line.rstrip() for line in out.splitlines())
    assert max(map(len, out.splitlines())) <= 80


def test_check_and_explain_say_nothing_twice(run) -> None:
    """No line of one is a line of the other; `explain` counts the warnings that `check` prints."""
    checked, explained = (run(words, TWELVE)[1] for words in ("check", "explain"))
    assert {*checked.splitlines()} & {*explained.splitlines()} == {""}
    assert "`simab check` has 2 warnings on it." in explained
    assert "`simab check`" not in run("explain", MINIMAL)[1]
    assert run("explain", BAD)[0] == 2


def test_check_goes_through_all_files(run) -> None:
    """One bad file does not keep the others from being checked; the exit code is 2."""
    code, out, err = run("check", BAD, MINIMAL, "absent.yaml")
    assert code == 2
    assert "minimal.yaml is valid" in out
    assert "16 problems" in err
    assert "absent.yaml: no such file" in err


def test_check_as_json(run) -> None:
    """--json puts one JSON document on stdout, with the problems in it; messages go to stderr."""
    code, out, err = run("check", "--json", BAD, MINIMAL)
    assert code == 2
    result = json.loads(out)
    assert (result["format"], result["simab_version"]) == ("simab-check/1", VERSION)
    bad, good = result["files"]
    assert (bad["file"], bad["valid"], good["valid"]) == (BAD, False, True)
    assert bad["problems"][1] == {
        "field": "endpoint.variants.current.wieght",
        "value": "-1",
        "rule": "unknown key",
        "remedy": bad["problems"][1]["remedy"],
        "line": 5,
        "column": 7,
    }
    assert good["warnings"] == list(warnings(load(MINIMAL)))
    assert good["forecast"] == asdict(size_of(load(MINIMAL)))
    assert "unknown key" in err


def test_quiet_prints_errors_only(run) -> None:
    """--quiet says nothing of what is valid and everything of what is not."""
    assert run("check", "--quiet", MINIMAL) == (0, "", "")
    code, out, err = run("check", "--quiet", BAD)
    assert (code, out) == (2, "")
    assert "unknown key" in err


def test_explain_as_json(run) -> None:
    """A format with a version, then the explanation as Python gives it."""
    head = {"format": "simab-explanation/1", "simab_version": VERSION}
    result = json.loads(run("explain", MINIMAL, "--json")[1])
    worlds = result.pop("worlds")
    assert result == head | explain(load(MINIMAL)).to_dict()
    assert [(each["name"], each["asks"]) for each in worlds] == [
        ("described", "promote"),
        ("equal", "keep"),
        ("exchanged", "keep"),
        ("broken", "keep"),
        ("slow", "keep"),
    ]
    assert json.loads(run("check", MINIMAL, "--json")[1])["files"][0]["worlds"] == worlds


def test_schema_is_printed(run) -> None:
    """`simab schema` prints the JSON Schema."""
    code, out, err = run("schema")
    assert (code, err) == (0, "")
    assert json.loads(out) == json_schema()


def test_a_terminal_gets_lines_that_fit(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a problem stands wrapped under its place; elsewhere each is one line."""
    _, _, whole = run("check", BAD)
    assert all(line.startswith(BAD) for line in whole.splitlines())
    monkeypatch.setenv("FORCE_COLOR", "1")
    _, _, wrapped = run("check", BAD)
    assert f"{BAD}:6:16: endpoint.variants.current.workers = 0" in wrapped
    assert "\n    must be at least 1. Write a value from 1 to 1,000.\n" in wrapped
    assert all(len(line) <= 80 for line in wrapped.splitlines() if line.startswith("    "))


def test_no_color_means_no_color(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With NO_COLOR a saturated row is not red, even on a terminal."""
    path = tmp_path / "small.yaml"
    path.write_text(Path(MINIMAL).read_text(encoding="utf-8").replace("10/s", "100/s"))
    red = "\x1b[31m"
    assert red not in run("explain", str(path))[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert red in run("explain", str(path))[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert red not in run("explain", str(path))[1]
