"""A socket at which an account is served: the address that is said, and how serving fails."""

from __future__ import annotations

import socket

import pytest

from simab.aws import Account
from simab.aws.server import listening
from simab.aws.server.listening import Listening, served
from tests.aws.test_endpoints import served as three_models


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("0.0.0.0", "build-7"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
    ],
)
def test_the_address_is_one_that_others_can_reach(
    monkeypatch: pytest.MonkeyPatch, host: str, shown: str
) -> None:
    """0.0.0.0 means on each machine itself; what listens at all addresses goes by its name."""
    monkeypatch.setattr(socket, "gethostname", lambda: "build-7")
    made = Listening(Account(three_models()), host=host)
    with made._socket:
        assert made.url.startswith(f"http://{shown}:{made._socket.getsockname()[1]}")


def test_a_server_that_ends_as_it_begins_is_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(self: Listening) -> None:
        self._socket.close()

    monkeypatch.setattr(listening.Listening, "run", ends)
    with (
        pytest.raises(RuntimeError, match="ended before it answered"),
        served(Account(three_models())),
    ):
        pytest.fail("it was served")
