"""What every explainer is: it says of one policy what follows in a setting before it is played."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Generic, NamedTuple, TypeVar

from simab import units
from simab.policies.explaining.false_alarms import ChanceRules
from simab.policies.explaining.setting import Setting
from simab.policies.policy import Policy

__all__ = ["Explainer", "PolicyWarning", "Topic", "decides_unseen"]

Explained = TypeVar("Explained", bound=Policy)


class Topic(IntEnum):
    """What a warning is about, in the order in which warnings are listed."""

    PERSON = auto()
    HORIZON = auto()
    LOOKS = auto()
    TICKS = auto()
    WAITS = auto()
    LABELS = auto()
    RECORDED = auto()
    SHOWN = auto()
    USERS = auto()
    CARRIED_OVER = auto()
    STAYING = auto()
    TOO_LATE = auto()
    REFUSED = auto()
    DEPLOYMENT = auto()
    BASELINE = auto()
    UNSEEN = auto()
    TARGETS = auto()
    ROUTING = auto()
    TABLES = auto()
    SATURATION = auto()
    AUTOSCALING = auto()
    GUARDRAILS = auto()
    CHANCE = auto()
    FALSE_ALARMS = auto()


class PolicyWarning(NamedTuple):
    """A sentence on what is probably not intended, with what to change."""

    topic: Topic
    text: str


@dataclass(frozen=True)
class Explainer(Generic[Explained]):
    """Says of a policy what follows; this one has nothing to add to what every policy answers.

    `policy` is what it explains, `name` how a sentence calls it.
    """

    policy: Explained
    name: str

    def warnings(self, setting: Setting) -> Iterator[PolicyWarning]:
        """What is allowed in this setting but probably not intended."""
        yield from ()

    def sentences(self, setting: Setting) -> Iterator[str]:
        """What else is worth knowing in this setting."""
        yield from ()

    def chance_rules(self, setting: Setting) -> ChanceRules | None:
        """Its limits that chance may break; None where it has none, or never gets to them."""
        return None


def decides_unseen(does: str, needs: str, earliest_ns: int, effect: str, remedy: str) -> str:
    """That a policy decides before what it needs is published: what follows, what to set.

    `needs` ends where the time is to be named, such as "its first window is visible ...".
    """
    return (
        f"{does}, but {needs.replace('...', units.format_duration(earliest_ns))} at the earliest: "
        f"{effect}. {remedy}."
    )
