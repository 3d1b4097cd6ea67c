"""`simab init`, `check`, `explain` and `schema`: what they print and write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simab.explain import explain
from simab.scenario import json_schema, load
from simab.scenario.starter import starter_text

SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
MINIMAL = str(SHIPPED / "minimal.yaml")
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
    assert path.read_text(encoding="utf-8") == starter_text()
    assert run("init", str(tmp_path))[0] == 0
    assert (tmp_path / "scenario.yaml").exists()
    assert "cannot be written" in run("init", str(tmp_path / "no" / "such.yaml"))[2]


def test_the_starter_explains_its_fields() -> None:
    """Every part of the starter has a comment, and no line is too wide to read."""
    text = starter_text()
    assert sum("#" in line for line in text.splitlines()) > 25
    assert max(map(len, text.splitlines())) <= 100


def test_check_explains_what_is_valid(run) -> None:
    """A valid file is named, and its sentences and its table of loads are printed."""
    code, out, err = run("check", MINIMAL)
    assert (code, err) == (0, "")
    assert out.startswith(f"{MINIMAL} is valid.\n\nA test and a canary\n\n- 10 requests a second")
    assert "variant  traffic  requests/s  load  mean wait  set by" in out
    assert all(line == line.rstrip() for line in out.splitlines())
    assert max(map(len, out.splitlines()[1:])) <= 80


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
    bad, good = json.loads(out)["files"]
    assert (bad["file"], bad["valid"], good["valid"]) == (BAD, False, True)
    assert bad["problems"][1] == {
        "field": "endpoint.variants.current.wieght",
        "value": "-1",
        "rule": "unknown key",
        "remedy": bad["problems"][1]["remedy"],
        "line": 5,
        "column": 7,
    }
    assert good["explanation"] == explain(load(MINIMAL)).to_dict()
    assert "unknown key" in err


def test_quiet_prints_errors_only(run) -> None:
    """--quiet says nothing of what is valid and everything of what is not."""
    assert run("check", "--quiet", MINIMAL) == (0, "", "")
    code, out, err = run("check", "--quiet", BAD)
    assert (code, out) == (2, "")
    assert "unknown key" in err


def test_explain_prints_the_same_as_check(run) -> None:
    """`explain` is `check` of one file without the verdict."""
    _, checked, _ = run("check", MINIMAL)
    code, explained, err = run("explain", MINIMAL)
    assert (code, err) == (0, "")
    assert checked.endswith(explained)
    assert json.loads(run("explain", MINIMAL, "--json")[1]) == explain(load(MINIMAL)).to_dict()
    assert run("explain", BAD)[0] == 2


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
