"""Metrics and alarms by the query protocol, as clients up to botocore 1.41 ask for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.aws.conftest import Platform
from tests.aws.server.asking import OverQuery
from tests.aws.test_alarms import *  # noqa: F403
from tests.aws.test_metrics import *  # noqa: F403

pytestmark = pytest.mark.long


@pytest.fixture
def platform() -> Iterator[Callable[..., Platform]]:
    """Makes a platform whose CloudWatch is asked by forms and answers in XML."""
    with ExitStack() as served:
        yield lambda *given, **named: OverQuery(served, *given, **named)
