"""Groups of clients by activity: their bounds, and the exact shares of requests they send."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simab.scenario.client_groups import client_groups, group_numbers
from simab.scenario.parts import Segment


def segment(clients: int, **activity: Any) -> Segment:
    return Segment.model_validate(
        {"rate": "1/s", "clients": clients, "activity": {"kind": "equal", **activity}}
    )


def test_groups_by_hand() -> None:
    """Of 200 clients by Zipf's law: 2, 18 and 180, with the sums of 1/i over their ranks."""
    groups = client_groups(segment(200, kind="zipf", exponent=1))
    total = sum(1 / i for i in range(1, 201))
    assert [(group.first, group.last) for group in groups] == [(0, 2), (2, 20), (20, 200)]
    sums = [sum(1 / (i + 1) for i in range(g.first, g.last)) for g in groups]
    assert [group.share for group in groups] == pytest.approx([each / total for each in sums])
    assert [group.clients for group in groups] == [2, 18, 180]


@pytest.mark.parametrize(
    ("clients", "sizes"),
    [(1, [1]), (2, [1, 1]), (10, [1, 9]), (11, [1, 1, 9]), (150, [2, 13, 135])],
)
def test_a_bound_within_a_client_takes_it_in(clients: int, sizes: list[int]) -> None:
    """Of few clients the heaviest 1 % is one, and groups without a client are left out."""
    for activity in ({}, {"kind": "lognormal", "sigma": 1.0}):
        groups = client_groups(segment(clients, **activity))
        assert [group.clients for group in groups] == sizes
        assert sum(group.share for group in groups) == pytest.approx(1)


def test_equal_clients_send_as_many_requests() -> None:
    """Each group sends its share of the clients."""
    groups = client_groups(segment(2**31))
    assert [group.share for group in groups] == pytest.approx([0.01, 0.09, 0.9], abs=1e-8)


def test_every_client_is_in_one_group() -> None:
    """By number, in an array of any shape."""
    groups = client_groups(segment(200))
    found = group_numbers(groups, np.array([[0, 1, 2], [19, 20, 199]]))
    assert found.tolist() == [[0, 0, 1], [1, 2, 2]]
