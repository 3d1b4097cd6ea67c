"""The part of the positives that has arrived: against the labels of every answer by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simab.policies.immature import Weight
from simab.world.blueprint import Blueprint
from simab.world.label_plan import LabelPlan
from simab.world.reference.labelling import _arrival_ns
from tests.world.building import SECOND, scenario, variant

UNIFORM = {"kind": "samples", "values": ["0s", "40s"]}
LATE = {"at": "20s", "lasts": "15s", "then": "late"}
LOST = {"at": "50s", "lasts": "10s", "then": "lost"}


def blueprint(labels: dict[str, Any]) -> Blueprint:
    success = variant(quality={"kind": "success", "probability": 0.5})
    made = scenario({"a": success}, horizon="3min", labels={"delay": UNIFORM} | labels)
    return Blueprint.of(made).counting(Weight())


def expected(plan: LabelPlan, replies_ns: np.ndarray, now_ns: int) -> float:
    """The mean over a thousand even delays of each answer of whether it has arrived before now."""
    delays_ns = (np.arange(1000) + 0.5) / 1000 * 40 * SECOND
    arrived = 0
    for reply_ns in replies_ns:
        for delay_ns in delays_ns:
            at_ns = _arrival_ns(plan, int(reply_ns + delay_ns))
            arrived += at_ns is not None and at_ns < now_ns
    return arrived / 1000


@pytest.mark.parametrize(
    "labels",
    [
        {},
        {"batches": {"every": "30s", "at": "0s"}},
        {"batches": {"every": "17s", "at": "3500ms"}},
        {"batches": {"every": "1min", "at": "100s"}},
        {"outages": [LATE]},
        {"outages": [LOST, LATE]},
        {"outages": [LATE, {"at": "35s", "lasts": "5s", "then": "late"}]},
        {"outages": [LATE, {"at": "35s", "lasts": "5s", "then": "lost"}]},
        {"batches": {"every": "25s", "at": "5s"}, "outages": [LATE, LOST]},
    ],
    ids=str,
)
def test_an_answer_weighs_what_has_arrived_of_labels_like_its_own(labels: dict[str, Any]) -> None:
    """Eight answers in each bucket of ten seconds, in even distances."""
    made = blueprint(labels)
    assert made.labels is not None
    assert made.maturity is not None
    assert made.label_resolution_ns == 10 * SECOND
    for buckets in (1, 2, 3, 4, 5, 6, 7, 9, 12):
        answered = np.full(buckets, 8, dtype=np.int64)
        replies_ns = (np.arange(8 * buckets) + 0.5) / 8 * 10 * SECOND
        now_ns = buckets * 10 * SECOND
        exact = expected(made.labels, replies_ns, now_ns)
        assert made.maturity.matured(0, answered) == pytest.approx(exact, abs=0.6), buckets
