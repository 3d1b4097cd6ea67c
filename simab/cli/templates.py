"""The templates of `simab init` by name; shell completion reads them, and loads nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["TEMPLATES"]

TEMPLATES: Final[Mapping[str, str]] = {
    "start": "a test and a canary, with every part of a scenario explained",
    "canary": "staged canaries with alarms, and how soon a broken candidate has to be gone",
    "test": "tests of labelled answers: one look, five, any, and peeking",
    "bandit": "bandits beside a test",
    "revenue": "rewards of orders instead of right answers",
    "founding-example": "two churn classifiers, compared on 120 requests by a vendor",
}
"""What each is about; the files are in simab/scenario/templates."""
