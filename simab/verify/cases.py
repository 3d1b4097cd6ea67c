"""The table of cases."""

from __future__ import annotations

from functools import cache

from simab.verify.answer_cases import answer_cases
from simab.verify.arrival_cases import arrival_cases
from simab.verify.case import Case
from simab.verify.queue_cases import queue_cases

__all__ = ["all_cases"]


@cache
def all_cases() -> tuple[Case, ...]:
    """In the order of the table, slow ones among them."""
    return (*queue_cases(), *arrival_cases(), *answer_cases())
