"""A metrics view of labelled answers one by one, for rules that judge by user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simab.policies import Answers
from simab.stats.label_totals import LabelTotals
from tests.policies.fake_metrics import earned, successes

__all__ = ["OneByOne", "answers"]


@dataclass(frozen=True)
class OneByOne:
    """A metrics view of answers, whose totals are the answers' own."""

    by_variant: Mapping[str, Answers]
    earning: bool = False
    asked: list[str] = field(default_factory=list)

    def labels(self, variant: str) -> LabelTotals:
        """As counts."""
        values = self.by_variant[variant].values
        if self.earning:
            return earned(values.tolist())
        return successes(int(values.sum()), int((1 - values).sum()))

    def answers(self, variant: str) -> Answers:
        """One by one."""
        self.asked.append(variant)
        return self.by_variant[variant]


def answers(users: Any, values: Any, arrived_ns: Any = 0) -> Answers:
    """Those of one segment."""
    users, values = np.asarray(users), np.asarray(values, dtype=np.float64)
    arrived = np.broadcast_to(np.asarray(arrived_ns), users.shape)
    return Answers(np.zeros_like(users), users, values, arrived, arrived)
