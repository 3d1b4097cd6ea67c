"""The checks of this repository, one nox session each; plain `nox` runs them all.

All sessions but `wheel` use the environment that nox itself runs in: install `.[dev]` there first.
"""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "floors", "tests", "docs", "long", "wheel"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "constraints.txt"
WORKERS = "2"


def run_module(session: nox.Session, module: str, *arguments: str, **variables: str) -> None:
    """Run a tool of the current environment, which need not be on PATH."""
    session.run(sys.executable, "-m", module, *arguments, external=True, env=variables)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, likely bugs, formatting."""
    run_module(session, "ruff", "check", ".")
    run_module(session, "ruff", "format", "--check", ".")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Types, strictly."""
    run_module(session, "mypy")


@nox.session(venv_backend="none")
def floors(session: nox.Session) -> None:
    """Imports only point down, and each outside library has one home."""
    # import-linter has no `python -m` of its own.
    command = Path(sysconfig.get_path("scripts")) / "lint-imports"
    session.run(str(command), "--no-logo", "--no-cache", external=True)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """The default tests; arguments after -- go to pytest."""
    run_module(session, "pytest", "-n", WORKERS, "--ignore=tests/docs", *session.posargs)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The examples in README.md and docs/ do what they show."""
    run_module(session, "pytest", "-n", WORKERS, "tests/docs", *session.posargs)


@nox.session(venv_backend="none")
def long(session: nox.Session) -> None:
    """The tests that take more than a few seconds, with more Hypothesis examples."""
    run_module(
        session, "pytest", "-n", WORKERS, "-m", "long", *session.posargs,
        HYPOTHESIS_PROFILE="thorough",
    )  # fmt: skip


@nox.session
def wheel(session: nox.Session) -> None:
    """What users install passes the default tests, in a virtualenv without this checkout."""
    with tempfile.TemporaryDirectory(prefix="simab-wheel-") as folder:
        # Without isolation, so that constraints.txt has pinned the builder as well.
        run_module(session, "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT))
        (built,) = Path(folder).glob("*.whl")
        session.install("--constraint", str(CONSTRAINTS), f"{built}[dev]")
    session.run(
        "pytest", "-n", WORKERS, *session.posargs,
        env={
            # Neither pytest's workers nor `python -m simab` may find simab in the current folder.
            "PYTHONSAFEPATH": "1",
            # Makes tests/repository/test_installed.py assert just that.
            "SIMAB_TESTS_INSTALLED": "1",
        },
    )  # fmt: skip
