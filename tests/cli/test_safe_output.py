"""Whatever names, titles and messages hold, no command sends it to the terminal as it is."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from simab.text.untrusted import steers

pytestmark = pytest.mark.usefixtures("undrawn")

ESCAPE = "\x1b]0;owned\x07\x9b31m"
NAMES = {"a": f"a{ESCAPE}", "b": "=cmd|' /C calc'!A0", "p": "@p\u202e", "title": f"T{ESCAPE}"}


def scenario(names: dict[str, str]) -> str:
    """A small scenario as JSON, whose names are these."""
    variant = {
        "latency": {"kind": "constant", "value": "20ms"},
        "quality": {"kind": "success", "probability": "90%"},
    }
    return json.dumps(
        {
            "title": names["title"],
            "question": names["title"],
            "endpoint": {"variants": {names["a"]: variant, names["b"]: variant}},
            "traffic": {names["p"]: {"rate": "1/s"}},
            "objective": {
                "control": names["a"],
                "candidate": names["b"],
                "metric": "success_rate",
                "smallest_effect": 0.02,
            },
            "horizon": "6min",
            "policies": {
                names["p"]: {
                    "kind": "manual_schedule",
                    "steps": [{"at": "5min", "promote": names["b"]}],
                }
            },
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hostile.json"
    path.write_text(scenario(NAMES))
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("check", "--json"),
        ("explain",),
        ("run", "--engine", "reference"),
        ("run", "--engine", "reference", "--json"),
        ("run", "--policy", f"p{ESCAPE}"),
        ("compare", "-n", "2", "--engine", "reference"),
        ("compare", "-n", "2", "--engine", "reference", "--json"),
        ("run", f"--{ESCAPE}"),
    ],
)
def test_no_command_sends_a_control_character(run, file: Path, words: tuple[str, ...]) -> None:
    """On stdout and on stderr, in results, refusals and suggestions."""
    command, *rest = words
    _, out, err = run(command, str(file), *rest)
    assert out or err
    assert not steers(out + err)


def test_a_mistake_quotes_a_name_harmlessly(run, tmp_path: Path) -> None:
    """The value of a violation and the suggestion that follows it."""
    path = tmp_path / "flawed.json"
    path.write_text(scenario(NAMES).replace('"candidate"', r'"candidat\u009be"'))
    code, out, err = run("check", str(path))
    assert code == 2
    assert "candidat" in err
    assert not steers(out + err)


def test_tables_hold_no_formula_and_tell_the_name(run, file: Path, tmp_path: Path) -> None:
    """CSV cells that begin like a formula have an apostrophe, which gives the name back."""
    run("run", str(file), "--engine", "reference", "--out", str(tmp_path / "run"))
    run("compare", str(file), "-n", "2", "--engine", "reference", "--out", str(tmp_path / "study"))
    tables = [*(tmp_path / "run").glob("*.csv"), *(tmp_path / "study").glob("*.csv")]
    assert len(tables) == 7
    seen = set()
    for table in tables:
        with table.open(newline="", encoding="utf-8") as lines:
            for row in csv.reader(lines):
                texts = [cell for cell in row if not _is_number(cell)]
                assert not any(cell.startswith(("=", "+", "-", "@")) for cell in texts)
                seen |= {cell[1:] for cell in texts if cell.startswith("'")}
    assert {NAMES["b"], NAMES["p"]} <= seen


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_a_saved_study_is_told_from_a_scenario(run, file: Path, tmp_path: Path) -> None:
    """Not by a hundred unknown keys."""
    run("compare", str(file), "-n", "2", "--engine", "reference", "--out", str(tmp_path))
    code, _, err = run("check", str(tmp_path / "study.json"))
    assert code == 2
    assert "this is a saved study" in err
    assert err.count("\n") == 1


def test_a_number_beyond_bounds_in_a_study_is_bad_input(run, file: Path, tmp_path: Path) -> None:
    """Exit code 2, no traceback; a NaN is a number that is not known."""
    run("compare", str(file), "-n", "2", "--engine", "reference", "--out", str(tmp_path))
    study = tmp_path / "study.json"
    text = study.read_text()
    assert '"replications": 2' in text
    page = (tmp_path / "report.html").read_bytes()
    for number in ("1" + "0" * 400, "1e999", "1" * 5000, "NaN"):
        study.write_text(text.replace('"replications": 2', f'"replications": {number}'))
        code, _, err = run("report", str(study))
        assert code == 2, number
        assert "Traceback" not in err
        assert (tmp_path / "report.html").read_bytes() == page


TWO_COMMANDS = """
from simab.cli.main import main
for words in (["schema"], ["compare", "--help"]):
    try:
        main(words)
    except SystemExit as end:
        print(end.code)
"""


def said_by(*words: str, options: tuple[str, ...] = ()) -> bytes:
    """Stdout of an interpreter with these options."""
    run = [sys.executable, *options, *words]
    return subprocess.run(run, capture_output=True, check=True).stdout


@pytest.mark.long
def test_no_docstrings_no_difference() -> None:
    """`python -OO` gives the bytes of `python`: schema and help."""
    said = said_by("-c", TWO_COMMANDS)
    assert said_by("-c", TWO_COMMANDS, options=("-OO",)) == said
    assert b"$schema" in said
    assert b"Usage: " in said


@pytest.mark.long
def test_no_docstrings_no_difference_in_a_study(file: Path, tmp_path: Path) -> None:
    """Study and page as well; Python compiles every library anew for `-OO`, which takes a while."""
    written = []
    for options in ((), ("-OO",)):
        folder = tmp_path / f"with{len(options)}"
        words = ["-m", "simab", "compare", str(file), "-n", "2", "--engine", "reference", "-q"]
        words.append("--no-store")
        assert said_by(*words, "--out", str(folder), options=options) == b""
        written.append({each.name: each.read_bytes() for each in folder.iterdir()})
    assert written[0] == written[1]


def test_a_locked_store_is_refused_in_one_sentence(
    run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the code of bad input, and what to do."""
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0))  # 5 s otherwise
    store = tmp_path / "rows.sqlite"
    words = ("compare", str(file), "-n", "2", "--engine", "reference", "--store", str(store))
    assert run(*words)[0] == 0
    with sqlite3.connect(store, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, _, err = run(*words)
    assert code == 2
    assert "locked" in err
    assert err.count("\n") == 1
