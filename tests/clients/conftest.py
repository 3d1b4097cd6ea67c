"""A server of this checkout, in the environment that nox itself runs in; see `nox -s clients`.

The tests run where other clients are installed, and simab is not. Without SIMAB_CLIENTS_PYTHON,
which names the Python that has simab, nothing is collected.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PYTHON = os.environ.get("SIMAB_CLIENTS_PYTHON", "")
collect_ignore_glob = [] if PYTHON else ["test_*.py"]
REPOSITORY = Path(__file__).resolve().parents[2]


class Server:
    """A server of its own process; `environment` is what points clients at it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "simulated",
            "AWS_SECRET_ACCESS_KEY": "simulated",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_PAGER": "",
        }

    def ask(self, path: str, body: bytes | None = None) -> Any:
        """JSON of a path of the server's own."""
        with urllib.request.urlopen(f"{self.url}{path}", data=body) as response:
            return json.load(response)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        self.ask("/_simab/advance", json.dumps({"seconds": seconds}).encode())


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serves scenarios/churn.yaml, without an endpoint, for the tests of a file."""
    process = subprocess.Popen(
        [PYTHON, "-m", "simab", "serve", "scenarios/churn.yaml", "--port", "0", "--quiet"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        _, _, url = process.stdout.readline().strip().partition("AWS_ENDPOINT_URL=")
        assert url, "simab serve printed no address"
        yield Server(url)
    finally:
        process.terminate()
        process.communicate(timeout=30)
