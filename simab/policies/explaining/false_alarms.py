"""How often a controller rolls back a healthy candidate, because its limits break by chance."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from simab.policies.explaining.harm import MOST_WINDOWS, Harm
from simab.policies.explaining.readings import Reading
from simab.policies.explaining.setting import Answering, Setting
from simab.text.lists import listed, named
from simab.text.numbers import number_text, percent_text, two_figures

__all__ = [
    "ChanceRules",
    "FalseAlarms",
    "Readings",
    "false_alarms",
    "rolled_back_by_chance",
    "together",
]

Readings: TypeAlias = Mapping[Any, Reading]

_TOO_OFTEN: Final = 0.05  # of the runs
_FEW_WINDOWS: Final = 600  # for which remedies are tried; they take as long as the share each
_TOLERANCES: Final = range(1, 9)  # more than the policy tolerates


class ChanceRules(ABC):
    """The limits of one policy that a healthy candidate may break by chance, and what they do."""

    @abstractmethod
    def readings(self, answers: Answering) -> Readings:
        """What the policy reads of a candidate that answers so, as far as it can be drawn."""

    @abstractmethod
    def harms(self, setting: Setting, readings: Readings) -> tuple[float, Sequence[Harm]]:
        """The share of drawn runs that are rolled back, and what each limit did of it."""

    def tolerant(self, more: int) -> tuple[ChanceRules, str] | None:
        """The rules with so much more tolerance, and what was set; None where that cannot be."""
        return None

    def certainty(self, name: str, worst: Harm) -> str:
        """A sentence on a rule that rolls back whatever comes, in place of one on chance."""
        return ""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """The share of runs in which a candidate that answers as a variant does is rolled back.

    `worst` is the limit that does it most often.
    """

    answers_as: str
    share: float
    worst: Harm


def rolled_back_by_chance(name: str, rules: ChanceRules, setting: Setting) -> Iterator[str]:
    """A sentence on a policy that rolls back a healthy candidate in 5 % of the runs or more."""
    found = false_alarms(rules, setting)
    if found is None:
        yield from _impossible(name, rules, setting)
    elif found.share >= _TOO_OFTEN:
        certain = rules.certainty(name, found.worst)
        yield certain or _sentence(name, rules, setting, found)


def false_alarms(rules: ChanceRules, setting: Setting) -> FalseAlarms | None:
    """What chance does to a healthy candidate; None where there are no such limits.

    Healthy is the candidate as described if it keeps each limit in the long run, else one that
    answers as the control does; None if that breaks one as well. Waiting is left out.
    """
    for name in (setting.candidate, setting.control):
        readings = rules.readings(setting.variants[name])
        if not readings or any(each.broken_always for each in readings.values()):
            continue
        share, harms = rules.harms(setting, readings)
        if harms and all(harm.reading.law.keeps(harm.requests) for harm in harms):
            worst = max(harms, key=lambda harm: float(harm.rolled_back.mean()))
            return FalseAlarms(name, share, worst)
    return None


def together(harms: Iterable[Harm | None]) -> tuple[float, Sequence[Harm]]:
    """Limits that break independently: the share of runs that any of them rolls back."""
    found = [harm for harm in harms if harm is not None]
    passed = np.prod([1.0 - harm.rolled_back.mean() for harm in found])
    return 1.0 - float(passed), found


def _impossible(name: str, rules: ChanceRules, setting: Setting) -> Iterator[str]:
    """A limit that neither the candidate nor one that answers as the control keeps."""
    roles = setting.candidate, setting.control
    broken = [
        [
            each.words
            for each in rules.readings(setting.variants[role]).values()
            if each.broken_always
        ]
        for role in roles
    ]
    both = [words for words in broken[0] if words in broken[1]]
    if both:
        candidate, control = (named(role) for role in roles)
        yield (
            f"{name} asks for more than {control} gives: {listed(both)} "
            f"{'is' if len(both) == 1 else 'are'} broken in the long run by {candidate} and by one "
            f"that answers as {control} does. Look at the limit and its unit."
        )


def _sentence(name: str, rules: ChanceRules, setting: Setting, found: FalseAlarms) -> str:
    harm, healthy = found.worst, named(found.answers_as)
    if found.answers_as != setting.candidate:
        healthy = f"a candidate that answers as {healthy} does"
    windows = setting.horizon // setting.period
    about = "at least" if windows > MOST_WINDOWS else "about"
    remedy = _remedy(rules, setting) if windows <= _FEW_WINDOWS else ""
    remedy = f"Set {remedy}, or let" if remedy else "Ask for less, or let"
    percent = percent_text(round(found.share, 2)) if found.share < 0.995 else "99 % or more"
    often = f"{about} {percent} of the runs"
    return (
        f"{name} is expected to roll back {healthy} in {often} by chance, although its service "
        f"alone keeps every limit in the long run: "
        f"{harm.reading.words} is broken in {percent_text(two_figures(harm.broken))} of the "
        f"readings of {number_text(round(harm.requests, 1))} requests, and a run takes many. "
        f"{remedy} each reading hold more requests."
    )


def _remedy(rules: ChanceRules, setting: Setting) -> str:
    """The smallest tolerance that would do, of those tried."""
    for more in _TOLERANCES:
        changed = rules.tolerant(more)
        if changed is None:
            return ""
        found = false_alarms(changed[0], setting)
        if found is None or found.share < _TOO_OFTEN:
            return changed[1]
    return ""
