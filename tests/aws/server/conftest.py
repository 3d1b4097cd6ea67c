"""Accounts that are served on loopback, and what asks them: boto3, or bytes on a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

pytest.importorskip("boto3")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from tests.aws.conftest import Platform, responses_fit_the_model
from tests.aws.server.asking import HttpPlatform, Server

__all__ = ["responses_fit_the_model"]


@pytest.fixture
def platform() -> Iterator[Callable[..., Platform]]:
    """Makes a platform whose clients ask over HTTP."""
    with ExitStack() as served:
        yield lambda *given, **named: HttpPlatform(served, *given, **named)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Serves an account, or the scenario of most tests, until the end of the test."""
    with ExitStack() as stack:
        yield lambda *given, **named: Server(stack, *given, **named)
