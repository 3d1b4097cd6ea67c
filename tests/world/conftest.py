"""The engines that every test of the world runs on."""

from __future__ import annotations

import pytest

from simab.world.session import ENGINES


@pytest.fixture(scope="session", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The name of a data plane: each test holds for all of them."""
    return request.param
