"""The table of cases."""

from __future__ import annotations

from typing import Final

from simab.verify.arrival_cases import arrival_cases
from simab.verify.case import Case
from simab.verify.queue_cases import queue_cases

__all__ = ["CASES"]

CASES: Final[tuple[Case, ...]] = (*queue_cases(), *arrival_cases())
"""In the order of the table."""
