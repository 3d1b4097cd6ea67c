"""Templates of `simab init`, and the shell's completion of commands, options and templates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simab.cli.templates import TEMPLATES
from simab.explain import warnings
from simab.scenario import load
from simab.scenario.starter import starter_text, with_its_name
from tests.comparison.command_line import run

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = "from simab.cli.main import main; main()"


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_written_and_valid(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mine.yaml"
    assert run(capsys, "init", path, "--template", name).code == 0
    assert path.read_text("utf-8") == with_its_name(starter_text(name), str(path))
    assert run(capsys, "check", path).code == 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_its_commands_name_the_file(name: str) -> None:
    """As a shell reads it, in columns; and nothing else of the template is another."""
    text = starter_text(name)
    written = with_its_name(text, "my tests/first.yaml")
    commands = [line for line in written.splitlines() if line.startswith("#   simab")]
    for line in commands:
        assert "'my tests/first.yaml'" in line
    words = {line.index(line.split("  ")[-1].strip()) for line in commands}
    assert len(words) <= 1
    assert "FILE" not in written.partition("\ntitle:")[0]
    assert written.partition("\ntitle:")[2] == text.partition("\ntitle:")[2]
    assert with_its_name(text, "a\nb") == text


def test_the_usual_name_changes_nothing_but_spaces() -> None:
    """The template of the default name has it already."""
    text = starter_text()
    assert with_its_name(text, "scenario.yaml").split() == text.split()


@pytest.mark.parametrize("name", ["canary", "test", "bandit", "revenue"])
def test_a_template_warns_of_nothing_and_says_what_is_required(name: str, tmp_path: Path) -> None:
    """A file to start from has no fault to be looked up first."""
    path = tmp_path / "mine.yaml"
    path.write_text(starter_text(name), encoding="utf-8")
    scenario = load(path)
    assert list(warnings(scenario)) == []
    assert scenario.requirements
    assert scenario.question


def test_the_founding_example_is_the_shipped_scenario() -> None:
    """An installed simab has no scenarios/ beside it."""
    shipped = (REPOSITORY / "scenarios/churn.yaml").read_text("utf-8")
    assert starter_text("founding-example") == shipped


def test_templates_are_listed_and_a_misspelt_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = run(capsys, "init", "--list")
    assert [line.partition(":")[0] for line in listed.out.splitlines()] == list(TEMPLATES)
    for wrong in ("canry", "../start", "", "start.yaml\x1b[31m"):
        refused = run(capsys, "init", tmp_path / "a.yaml", "--template", wrong)
        assert refused.code == 2
        assert "\x1b" not in refused.err
    assert "Did you mean canary" in run(capsys, "init", tmp_path / "a", "--template", "canry").err
    assert not list(tmp_path.iterdir())


def completed(words: str, folder: Path, shell: str = "bash") -> list[str]:
    """What the shell is offered for the last of these words."""
    variables = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    ended = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv[0] = 'simab'; {SCRIPT}"],
        cwd=folder,
        env=os.environ | variables | {"_SIMAB_COMPLETE": f"{shell}_complete"},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout.split()


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("simab comp", ["plain,compare"]),
        ("simab compare --jun", ["plain,--junit"]),
        ("simab compare world.yaml --polic", ["plain,--policies", "plain,--policy"]),
        ("simab compare world.yaml --policies ", ["file,"]),
        ("simab init --template ca", ["plain,canary"]),
        ("simab init --template x", []),
    ],
)
def test_the_shell_completes(words: str, offers: list[str], tmp_path: Path) -> None:
    """Commands, options, templates; and it is told where a file comes next."""
    assert completed(words, tmp_path) == offers


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_bash_takes_the_line_of_the_page(tmp_path: Path) -> None:
    """`eval "$(_SIMAB_COMPLETE=bash_source simab)"` defines a completion for simab."""
    command = tmp_path / "simab"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{SCRIPT}' \"$@\"\n", "utf-8")
    command.chmod(0o755)
    line = 'eval "$(_SIMAB_COMPLETE=bash_source simab)" && complete -p simab'
    page = (REPOSITORY / "docs/command_line.md").read_text("utf-8")
    assert line.partition(" &&")[0] in page
    shown = subprocess.run(
        ["bash", "--norc", "-c", line],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "simab" in shown.stdout
