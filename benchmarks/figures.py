"""What a row of the benchmark yields: figures, each with its spread and perhaps a target."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

__all__ = ["Effort", "Figure", "Target", "at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to play: repeats of every measurement, and a factor on the number of requests."""

    repeats: int = 7
    scale: float = 1.0

    def count(self, full: int, *, least: int = 1_000) -> int:
        """A number of requests, replications or repeats, scaled."""
        return max(round(full * self.scale), least)


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that the median has to keep."""

    bound: float
    is_floor: bool

    def met_by(self, value: float) -> bool:
        """Whether a value keeps the bound."""
        return value >= self.bound if self.is_floor else value <= self.bound

    def __str__(self) -> str:
        return f"{'at least' if self.is_floor else 'at most'} {self.bound:g}"


def at_least(bound: float) -> Target:
    """A floor."""
    return Target(bound, is_floor=True)


def at_most(bound: float) -> Target:
    """A ceiling."""
    return Target(bound, is_floor=False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity: a value for each repeat."""

    what: str
    unit: str
    values: tuple[float, ...]
    target: Target | None = None

    @property
    def median(self) -> float:
        """The value that counts."""
        return median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the median keeps the target; empty where there is none."""
        if self.target is None:
            return ""
        return "met" if self.target.met_by(self.median) else "missed"
