"""What the three churn models say of each test row: the answers of a rehearsal.

The rows are those of scenarios/churn.yaml, one by one in an order drawn once. The third model is
hypothetical: it is right wherever one of the two published models is.
"""

from __future__ import annotations

import csv
from pathlib import Path

ROWS = Path(__file__).with_name("churn_rows.csv")
MODELS = {"Variant1": "model1", "Variant2": "model2", "Variant3": "model3"}


def rows() -> list[dict[str, str]]:
    """The test rows: number, label, and what each model says."""
    with ROWS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ANSWERS = rows()


def answer(variant: str, payload: bytes) -> str:
    """The prediction of a variant for the row whose number is the payload."""
    return ANSWERS[int(payload)][MODELS[variant]]
