"""CI runs the line that the README gives to contributors, on versions that are pinned."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

START = "python3 -m venv "


def check_line(text: str) -> str:
    """The one line that installs everything and runs every check; another may play a scenario."""
    lines = [line.strip() for line in text.splitlines() if line.strip().startswith(START)]
    checking = [line for line in lines if line.endswith("nox")]
    assert len(checking) == 1, f"one line that runs nox is expected, found {checking}"
    return checking[0]


def test_readme_and_ci_give_the_same_line(repository: Path) -> None:
    readme = check_line((repository / "README.md").read_text(encoding="utf-8"))
    assert readme == check_line((repository / ".ci" / "run").read_text(encoding="utf-8"))
    assert readme.endswith(".venv/bin/nox")


@pytest.fixture
def stand_ins(tmp_path: Path, repository: Path) -> Path:
    """A checkout with only .ci/run in it, and stand-ins for the programs that it calls."""
    (tmp_path / "checkout" / ".ci").mkdir(parents=True)
    shutil.copy(repository / ".ci" / "run", tmp_path / "checkout" / ".ci" / "run")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("python3", "chromium"):
        stand_in(programs / name, 0)
    for name in ("pip", "nox"):
        (tmp_path / "checkout" / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        stand_in(tmp_path / "checkout" / ".venv" / "bin" / name, 0)
    return tmp_path


def stand_in(path: Path, code: int) -> None:
    path.write_text(f"#!/bin/sh\nexit {code}\n", encoding="utf-8")
    path.chmod(0o755)


def run_ci(folder: Path) -> int:
    path = f"{folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
    command = [folder / "checkout" / ".ci" / "run"]
    return subprocess.run(
        command, env=os.environ | {"PATH": path}, capture_output=True, check=False
    ).returncode


def test_ci_passes_when_every_step_does(stand_ins: Path) -> None:
    assert run_ci(stand_ins) == 0


@pytest.mark.parametrize(
    "step", ["programs/python3", "checkout/.venv/bin/pip", "checkout/.venv/bin/nox"]
)
def test_ci_fails_when_a_step_does(stand_ins: Path, step: str) -> None:
    stand_in(stand_ins / step, 1)
    assert run_ci(stand_ins) != 0


def test_constraints_are_plain_pinned_versions(repository: Path) -> None:
    # No hashes, no addresses: they would tie the project to one registry.
    lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    odd = [pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.!+]*", pin)]
    assert odd == []
    names = [re.sub(r"[-_.]+", "-", pin.partition("==")[0]).lower() for pin in pins]
    assert len(set(names)) == len(names)
