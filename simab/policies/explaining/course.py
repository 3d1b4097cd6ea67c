"""When a policy's steps begin, while nothing goes wrong: the traffic that they give, and its looks.

A change asked for at one look is in force after the endpoint's update, and seen at the next look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simab.policies.explaining.setting import Setting
from simab.policies.pair_weights import beside_others

__all__ = ["Course"]


@dataclass(slots=True)
class Course:
    """Looks, and the rates in force: (instant in ns, control's and candidate's requests a second).

    `spans` are the stretches that a rule judges, as first and last look in ns, one for each step.
    """

    setting: Setting
    now_ns: int = 0
    rates: list[tuple[int, float, float]] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.force(0, self.setting.weights)
        self.now_ns = self.setting.interval

    def force(self, at_ns: int, weights: Mapping[str, float]) -> None:
        """Put weights in force; variants that are left out have no traffic."""
        rates = self.setting.rates_per_s(weights)
        control, candidate = self.setting.control, self.setting.candidate
        self.rates.append((at_ns, rates.get(control, 0.0), rates.get(candidate, 0.0)))

    def ask(self, weights: Mapping[str, float]) -> None:
        """Ask for weights at this look, and wait for the look that sees them in force."""
        update = self.setting.weight_update
        self.force(self.now_ns + update, weights)
        self.wait(max(update, 1))

    def wait(self, span_ns: int) -> None:
        """Go to the first look so much later."""
        interval = self.setting.interval
        self.now_ns += -(-span_ns // interval) * interval

    def pair(self, control: float, candidate: float) -> dict[str, float]:
        """Weights in this proportion for the two; the others keep what they have."""
        start = self.setting.weights
        parts = {self.setting.control: control, self.setting.candidate: candidate}
        return {**start, **beside_others(parts, start)}

    def deploy(self) -> None:
        """Wait for the candidate to be added, where it is not there."""
        if not self.setting.variants[self.setting.candidate].deployed:
            self.ask(self.setting.weights)
