"""The checks of this repository, one nox session each; plain `nox` runs them all.

All sessions but `clients` and `wheel` use the environment that nox itself runs in: install `.[dev]`
there first.
"""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "types", "floors", "tests", "docs", "long", "clients", "wheel"]
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
CONSTRAINTS = ROOT / "constraints.txt"
# Each worker begins with its own half of the tests, in order, and takes from the other when done:
# what the tests of a file or folder share is mostly set up by one worker.
WORKERS = ("-n", "2", "--dist", "worksteal")
# What takes longest, so that a suite that grows too slow is seen to, and where.
SLOWEST = "--durations=25"

# What may differ between a checkout and an installed wheel: that every file of the package is
# there and found (templates, the schema), the entry point, processes that import it anew, and the
# scenarios and commands that use all of it. What a function computes cannot.
WHEEL_TESTS = (
    "tests/repository/test_installed.py",
    "tests/repository/test_light_start.py",
    "tests/cli/test_command_line.py",
    "tests/cli/test_compare_command.py",
    "tests/cli/test_report_command.py",
    "tests/cli/test_run_command.py",
    "tests/cli/test_scenario_commands.py",
    "tests/interop/test_import_command.py",
    "tests/report/test_writing.py",
    "tests/scenario/test_schema.py",
    "tests/scenarios",
    "tests/study/test_execution.py",
)
# Not the whole of [dev]: one of its packages would stand in for a dependency that is not declared.
WHEEL_TOOLS = ("hypothesis", "jsonschema", "pytest", "pytest-xdist")


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
    elsewhere = ("--ignore=tests/docs", "--ignore=tests/clients")
    run_module(session, "pytest", *WORKERS, SLOWEST, *elsewhere, *session.posargs)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The examples in README.md and docs/ do what they show."""
    run_module(session, "pytest", *WORKERS, "tests/docs", *session.posargs)


@nox.session(venv_backend="none")
def long(session: nox.Session) -> None:
    """The tests that take more than a few seconds, with more Hypothesis examples."""
    run_module(
        session, "pytest", *WORKERS, SLOWEST, "-m", "long", *session.posargs,
        HYPOTHESIS_PROFILE="thorough",
    )  # fmt: skip


@nox.session
def clients(session: nox.Session) -> None:
    """Clients of other versions and makers ask a server of this checkout.

    They are installed in a virtualenv of their own; the server runs in the environment of nox.
    """
    session.install("--requirement", str(ROOT / "tests" / "clients" / "requirements.txt"))
    # Not the conftest.py above: it needs what is not installed here.
    session.run(
        "python", "-m", "pytest", "--confcutdir=tests/clients", "tests/clients", *session.posargs,
        env={"SIMAB_CLIENTS_PYTHON": sys.executable},
    )  # fmt: skip


@nox.session
def wheel(session: nox.Session) -> None:
    """What users install passes the tests that could tell it from this checkout.

    In a virtualenv of its own, with nothing but what the package asks for and the tools of the
    tests. Files to run after -- replace WHEEL_TESTS.
    """
    with tempfile.TemporaryDirectory(prefix="simab-wheel-") as folder:
        # Without isolation, so that constraints.txt has pinned the builder as well.
        run_module(session, "build", "--wheel", "--no-isolation", "--outdir", folder, str(ROOT))
        (built,) = Path(folder).glob("*.whl")
        session.install("--constraint", str(CONSTRAINTS), str(built), *WHEEL_TOOLS)
    session.run(
        "pytest", *WORKERS, *(session.posargs or WHEEL_TESTS),
        env={
            # Neither pytest's workers nor `python -m simab` may find simab in the current folder.
            "PYTHONSAFEPATH": "1",
            # Makes tests/repository/test_installed.py assert just that.
            "SIMAB_TESTS_INSTALLED": "1",
        },
    )  # fmt: skip
