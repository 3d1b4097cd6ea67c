"""The quantities that requirements bound, each declared once: name, words, unit, side of the bound.

How a run's value is read, and in which worlds it is asked, is judged in `simab.analyse`; what a
file may write of each is in `simab.scenario.requirements`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["QUANTITIES", "Quantity"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity by the name that files have for it, with the words for it in a sentence.

    `unit` says what a bound is: a share, seconds, requests, clients, of the objective's metric, or
    a cost. `at_most`: the bound is a largest value, else a least one. `is_share_of_runs`: it is how
    often something happens; others have a value for each run, of which the mean is bounded, or how
    many runs keep the bound.
    """

    name: str
    words: str
    unit: str
    at_most: bool = True
    is_share_of_runs: bool = False


_DECLARED: Final = (
    Quantity("false_promotion", "false promotion", "share", is_share_of_runs=True),
    Quantity("promotes_a_worse", "promotion of a worse candidate", "share", is_share_of_runs=True),
    Quantity("power", "power", "share", at_most=False, is_share_of_runs=True),
    Quantity("time_to_decision", "time to decision", "seconds"),
    Quantity("broken_gone_within", "time until a broken candidate is gone", "seconds"),
    Quantity("requests_on_worse", "requests on worse variants", "requests"),
    Quantity("clients_on_worse", "clients on worse variants", "clients"),
    Quantity("regret", "regret", "metric"),
    Quantity("cost_of_serving", "cost of serving", "cost"),
    Quantity("error_share", "requests in error", "share"),
)
QUANTITIES: Final[Mapping[str, Quantity]] = MappingProxyType(
    {each.name: each for each in _DECLARED}
)
