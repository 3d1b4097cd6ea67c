"""In the `wheel` session the tests run what users install, and never the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    "SIMAB_TESTS_INSTALLED" not in os.environ,
    reason="only the wheel session promises that the checkout is not imported",
)

ASK = "import simab; print(simab.__file__)"


def inside(path: str | Path, folder: Path) -> bool:
    return Path(path).resolve().is_relative_to(folder)


def test_these_tests_import_the_installed_package(repository: Path) -> None:
    import simab

    assert inside(simab.__file__, Path(sys.prefix).resolve())
    assert not inside(simab.__file__, repository / "simab")


def test_a_process_started_in_the_checkout_imports_the_installed_package(repository: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ASK], cwd=repository, capture_output=True, text=True, check=True
    )
    assert not inside(run.stdout.strip(), repository / "simab")


def test_the_wheel_holds_every_file_of_the_package(repository: Path) -> None:
    import simab

    def files(folder: Path) -> set[str]:
        return {
            file.relative_to(folder).as_posix()
            for file in folder.rglob("*")
            if file.is_file() and file.suffix not in {".pyc", ".nbi", ".nbc"}
        }

    assert files(Path(simab.__file__).parent) == files(repository / "simab")
