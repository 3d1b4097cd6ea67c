"""The vendor's walk-through of production variants, step by step, and once more round.

Question: what does a team see at each step, 50/50, 25/75, 0/1, drop the loser, next candidate?
Numbers: scenarios/churn.yaml and its sources. The next candidate is hypothetical: it is right on
every row on which either of the two published models is right.
You see: realised splits that scatter like independent draws (recorded: 187:147 of 334 at 50/50,
77:257 at 25/75, exactly 0 at weight 0), metrics of the rows sent to each variant in turn, a split
that moves 62 s after it was asked for, and requests to a variant that is gone answered with 400.

Run it with: python scenarios/walk_through.py
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd

import simab
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.stats.classification import accuracy, f1, precision, recall, roc_auc_binary
from simab.stats.scores import confusion

CHURN = Path(__file__).with_name("churn.yaml")

STEPS = [
    {"at": "8min", "weights": {"Variant1": 25, "Variant2": 75}},
    {"at": "16min", "promote": "Variant2"},
    {"at": "24min", "remove": "Variant1"},
    {"at": "32min", "add": "Variant3"},
    {"at": "48min", "weights": {"Variant2": 50, "Variant3": 50}},
    {"at": "56min", "weights": {"Variant2": 25, "Variant3": 75}},
    {"at": "64min", "promote": "Variant3"},
    {"at": "72min", "remove": "Variant2"},
]


def rehearsal() -> simab.Scenario:
    """The churn scenario with a third variant in reserve, and the evaluation sent to all three."""
    description: dict[str, Any] = simab.load(CHURN).model_dump(mode="json")
    for row in description["outcome_tables"]["churn"]["rows"]:
        right = row["label"] in row["scores"].values()
        row["scores"]["model3"] = row["label"] if right else 1 - row["label"]
    variants = description["endpoint"]["variants"]
    variants["Variant3"] = {
        **variants["Variant2"],
        "quality": {**variants["Variant2"]["quality"], "column": "model3"},
        "deployed": False,
    }
    description["traffic"]["evaluation"]["paired_targets"] = ["Variant1", "Variant2", "Variant3"]
    description["horizon"] = "80min"
    return simab.Scenario.model_validate(description)


def show_step(run: simab.Run, since_ns: int, until_ns: int) -> None:
    """Print one stretch of constant weights: weights, realised split, metrics of the evaluation."""
    weights = run.splits[run.splits["at_ns"] == since_ns].set_index("variant")["weight"]
    requests = run.requests
    requests = requests[requests["arrived_ns"].between(since_ns, until_ns - 1)]
    split = requests[requests["segment"] == "users"]["variant"].value_counts()
    total = int(split.sum())
    print(f"\n{clock(since_ns)} to {clock(until_ns)}")
    for variant, weight in weights.items():
        count = int(split.get(variant, 0))
        print(
            f"  {variant}  weight {weight:>4g}  share asked {weight / weights.sum():>4.0%}  "
            f"realised {count:>3} of {total} = {count / total:.1%}"
        )
    evaluated = requests[(requests["segment"] == "evaluation") & (requests["label"] >= 0)]
    if not evaluated.empty:
        print(metrics_by_variant(evaluated).to_string(float_format="{:.3f}".format))
    refused = int((requests["status"] == 400).sum())
    if refused:
        print(f"  {refused} requests named a variant that was not there: 400")


def clock(time_ns: int) -> str:
    """Minutes and seconds since the start: 9:02."""
    minutes, seconds = divmod(round(time_ns / 1e9), 60)
    return f"{minutes}:{seconds:02}"


def metrics_by_variant(evaluated: pd.DataFrame) -> pd.DataFrame:
    """The walk-through's metrics of the labelled rows that each variant was sent."""
    rows = {}
    for variant, sent in evaluated.groupby("variant"):
        counts = confusion(sent["label"].to_numpy(), sent["score"].to_numpy())
        rows[f"  {variant}"] = {
            "rows": len(sent),
            "accuracy": accuracy(counts),
            "precision": precision(counts),
            "recall": recall(counts),
            "f1": f1(counts),
            "auc of 0/1": roc_auc_binary(counts),
        }
    return pd.DataFrame(rows).T.astype({"rows": int})


def main() -> None:
    """Play the schedule once and print every stretch between two changes of the endpoint."""
    schedule = ManualSchedule.model_validate({"steps": STEPS})
    run = simab.simulate(rehearsal(), policy=schedule, seed=1, record_requests=True)
    changes = [*run.splits["at_ns"].unique().tolist(), run.scenario.horizon]
    for since_ns, until_ns in pairwise(changes):
        show_step(run, since_ns, until_ns)
    print("\nWhat the controller asked for")
    for entry in run.decisions.itertuples():
        answer = "accepted" if entry.accepted else f"refused: {entry.refusal}"
        print(f"  {clock(entry.at_ns):>5}  {entry.action} {entry.detail}: {answer}")
    totals = run.totals
    print(
        f"\n{totals.arrived} requests arrived: {totals.answered} answered, {totals.failed} failed, "
        f"{totals.rejected} rejected, {totals.invalid} invalid, {totals.in_flight} in flight"
    )


if __name__ == "__main__":
    main()
