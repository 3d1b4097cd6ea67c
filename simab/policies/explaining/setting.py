"""What a policy's explanation may know of the scenario: clocks, variants, traffic, both roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simab.policies.immature import Immature
from simab.profiles import BySize, Distribution

__all__ = ["Answering", "ClientActivity", "Clients", "LabelFlow", "Setting"]


class Answering(Protocol):
    """A variant, as far as its answers and its place at the start go."""

    @property
    def deployed(self) -> bool:
        """Whether it is there at the start."""

    @property
    def weight(self) -> float:
        """Its weight at the start, if it is there."""

    @property
    def instances(self) -> int:
        """How many machines serve it."""

    @property
    def latency(self) -> Distribution | BySize:
        """How long a worker is busy with one request."""

    @property
    def error_rate(self) -> float:
        """Share of its requests that are answered with a 500."""


class ClientActivity(Protocol):
    """A law of activity, as far as explanations ask it."""

    @property
    def equal(self) -> bool:
        """Whether all clients send equally many requests."""

    def shares(self, clients: int) -> NDArray[np.float64]:
        """The share of the requests that each client sends, shape (clients,)."""


class Clients(NamedTuple):
    """A segment's requests a second that go by weight, and how the clients share them."""

    rate_per_s: float
    clients: int
    activity: ClientActivity


class LabelFlow(NamedTuple):
    """Requests and labels in a nanosecond of all that share, and what is known of time and values.

    Labels are `late_ns` late on average, and values have this variance. The candidate has `share`
    at the start; from a change of weights until a look sees it in force are `changing_ns`.
    """

    requests: float
    labels: float
    late_ns: float
    variance: float
    share: float
    interval_ns: int
    first_window_ns: int
    changing_ns: float


@dataclass(frozen=True, slots=True)
class Setting:
    """The scenario around a policy. Times are in nanoseconds.

    `candidates` are all that may replace the control, the `candidate` first. `rates_per_s` gives
    the requests a second that reach each variant at some weights, those that name it included;
    `load_at` a variant's load with so many requests a second. `labelled_at_ns` is when control and
    candidate are each expected to have so many labels at the split of the start, as a rule counts
    those that are late: infinite where that is not before the horizon. `unlike` names the fields in
    which two variants answer otherwise. `label_flow` is that of both roles and of others who share
    with them, None where no labels come or values are not known. `bias_of_the_new` says by how much
    the share of positives among the labels that arrive from one time after a new variant's first
    answer to another is above that of all its labels; NaN of other answers than successes.
    """

    control: str
    candidate: str
    candidates: tuple[str, ...]
    horizon: int
    interval: int
    period: int
    publication_delay: int
    weight_update: int
    variants: Mapping[str, Answering]
    clients: tuple[Clients, ...]
    rates_per_s: Callable[[Mapping[str, float]], Mapping[str, float]]
    load_at: Callable[[str, float], float]
    labelled_at_ns: Callable[[int, Immature | None], float]
    unlike: Callable[[str, str], Sequence[str]]
    label_flow: Callable[[Sequence[str]], LabelFlow | None]
    bias_of_the_new: Callable[[float, float], float]
    smallest_effect: float

    @property
    def weights(self) -> dict[str, float]:
        """Weights of the variants that are deployed at the start."""
        return {name: each.weight for name, each in self.variants.items() if each.deployed}

    @property
    def candidate_serves(self) -> bool:
        """Whether the candidate has a weight from the start."""
        return self.weights.get(self.candidate, 0.0) > 0

    def published(self, now_ns: int) -> int:
        """How many metric windows are visible."""
        return max(now_ns - self.publication_delay, 0) // self.period

    def visible_after(self, windows: int = 1) -> int:
        """From the start of so many windows on end until the last of them is published."""
        return windows * self.period + self.publication_delay

    def until_a_look(self, span_ns: int) -> int:
        """A span that begins and ends at looks of the controller."""
        return max(-(-span_ns // self.interval), 1) * self.interval

    @property
    def served_unseen(self) -> int:
        """How long a new weight is in force when the look that sees it comes."""
        return self.until_a_look(self.weight_update) - self.weight_update

    def first_seen(self, period: int) -> int:
        """From a new weight's first request to the first window with one of its, at the earliest.

        The window that the weight came into force in counts; where looks and windows are not in
        step, it may be over at once.
        """
        in_step = self.interval % period == 0
        rest = period - self.weight_update % period if in_step else 0
        return rest + self.publication_delay
