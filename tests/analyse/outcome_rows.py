"""Rows of runs made by hand: an undecided run, and several that differ from it by column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from simab.analyse import Judgement, RunSummary, Verdict

__all__ = ["ROW", "rows"]

ROW: Final = RunSummary(
    policy="rule",
    replication=0,
    verdict=Verdict.UNDECIDED,
    decided_for=None,
    ends_with=None,
    ends_with_since_s=None,
    judgement=Judgement.NEITHER,
    correct=False,
    decided_s=None,
    requests_to_decision=None,
    requests_total=1000,
    requests_failed=30,
    requests_rejected=20,
    requests_on_worse=500,
    regret=2.5,
    guardrail_breach_s=0.0,
    weight_changes=1,
    actions_refused=0,
    refusal=None,
    held_for=None,
    in_flight_at_horizon=0,
    labels_outstanding=0,
    requests_served={"a": 450, "b": 500},
    cost_of_serving=12.5,
    clients_on_worse=40,
    candidate_gone_s=300.0,
    gain_estimate_error=0.004,
    corrected_gain_error=-0.001,
)


def rows(**columns: Any) -> list[RunSummary]:
    """A row a value of the columns, which are of one length; the rest is of ROW."""
    count = len(next(iter(columns.values())))
    return [
        replace(ROW, replication=at, **{name: values[at] for name, values in columns.items()})
        for at in range(count)
    ]
