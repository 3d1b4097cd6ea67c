"""A script that uses S3, IAM and STS by moto, and SageMaker by simab, in one process.

It runs where simab is installed; moto, and what it needs, comes from the environment of these
tests, behind all that is there.
"""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.clients.conftest import PYTHON, REPOSITORY


@pytest.mark.parametrize("moto", ["outside", "inside"])
def test_moto_answers_what_simab_does_not(moto: str) -> None:
    script = Path(__file__).with_name("beside_moto.py")
    environment = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    done = subprocess.run(
        [PYTHON, str(script), sysconfig.get_path("purelib"), moto],
        cwd=REPOSITORY,
        env=environment | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
