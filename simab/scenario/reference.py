"""What a file can name, for people: rule, source and parameters of each kind, from its own texts.

Policies, profiles of latency and quality, and the actions that a policy may ask for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, Final, Literal, get_args

from simab.description import Description
from simab.policies import PolicyDescription, actions
from simab.policies.immature import KindOfImmature
from simab.profiles.activity import Activity
from simab.profiles.by_size import BySize
from simab.profiles.durations import DurationProfile
from simab.profiles.quality import QualityProfile, ScoreDistribution
from simab.profiles.rewards import RewardDistribution
from simab.scenario.field_texts import class_text, field_texts
from simab.scenario.field_values import default_text, descriptions_in, values_text
from simab.text.lists import listed

__all__ = ["TOPICS", "Entry", "Parameter", "Part", "Topic", "entries"]

Topic = Literal["policy", "profile", "action"]
TOPICS: Final[tuple[Topic, ...]] = get_args(Topic)

_MARK: Final = re.compile(r"(?=\bSource: |\bIt misleads\b)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A field: its name, the values that it takes with their unit, its default, what it means.

    `default` is empty where a value has to be given.
    """

    name: str
    values: str
    default: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """A group of fields that stands under a parameter."""

    name: str
    text: str
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind: the paragraphs of its rule, its source, when it misleads, and its parameters.

    `group` is what it is a kind of, in words. `source` and `misleads` are empty but for policies.
    """

    group: str
    kind: str
    rule: tuple[str, ...]
    source: str
    misleads: str
    parameters: tuple[Parameter, ...]
    parts: tuple[Part, ...]

    @property
    def summary(self) -> str:
        """The first sentence of the rule."""
        return re.split(r"(?<=[.!?])\s", self.rule[0])[0]


@cache
def entries(topic: Topic) -> tuple[Entry, ...]:
    """All kinds of a topic, in the order of their groups."""
    if topic == "action":
        return tuple(_of_action(each) for each in _actions())
    return tuple(
        _of_description(group, model)
        for group, models in _GROUPS[topic].items()
        for model in models
    )


def _kinds(union: object) -> tuple[type[Description], ...]:
    """The classes of an annotated union, or the one class of a union of one."""
    inner = get_args(union)[0]
    return get_args(inner) or (inner,)


_GROUPS: Final[Mapping[str, Mapping[str, tuple[type[Description], ...]]]] = {
    "policy": {"policy": _kinds(PolicyDescription)},
    "profile": {
        "latency and label delay": _kinds(DurationProfile),
        "latency alone": (BySize,),
        "activity of clients": _kinds(Activity),
        "quality": _kinds(QualityProfile),
        "scores of a classifier": _kinds(ScoreDistribution),
        "numeric rewards": _kinds(RewardDistribution),
        "immature requests, as a rule counts them": _kinds(KindOfImmature),
    },
}
_WITH_ENTRIES: Final = frozenset(
    chain.from_iterable(chain.from_iterable(groups.values()) for groups in _GROUPS.values())
)


def _of_description(group: str, model: type[Description]) -> Entry:
    rule, source, misleads = _sorted_text(class_text(model))
    return Entry(
        group=group,
        kind=model.model_fields["kind"].default,
        rule=rule,
        source=source,
        misleads=misleads,
        parameters=_parameters(model),
        parts=tuple(
            Part(each.__name__, " ".join(class_text(each).split()), _parameters(each))
            for each in _parts_under(model)
        ),
    )


def _sorted_text(text: str) -> tuple[tuple[str, ...], str, str]:
    """The paragraphs of the rule, the source, and when it misleads."""
    rule: list[str] = []
    source: list[str] = []
    misleads: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for piece in _MARK.split(" ".join(paragraph.split())):
            if piece.startswith("Source: "):
                source.append(piece.removeprefix("Source: ").strip())
            elif piece.startswith("It misleads"):
                misleads.append(piece.strip())
            elif piece:
                rule.append(piece.strip())
    return tuple(rule), " ".join(source), " ".join(misleads)


def _parameters(model: type[Description]) -> tuple[Parameter, ...]:
    texts = field_texts()[model.__name__]
    return tuple(
        Parameter(
            name=name,
            values=values_text(model, name),
            default=default_text(model, name),
            text=" ".join(texts.get(name, "").split()),
        )
        for name in model.model_fields
        if name != "kind"
    )


def _parts_under(model: type[Description]) -> Sequence[type[Description]]:
    """Descriptions that stand under fields, each once, but for those that are kinds themselves."""
    found: dict[type[Description], None] = {}
    waiting = [model]
    while waiting:
        for each in descriptions_in(waiting.pop(0)):
            if each not in found and each not in _WITH_ENTRIES:
                found[each] = None
                waiting.append(each)
    return tuple(found)


def _actions() -> Iterator[type[actions.Action]]:
    """What a policy may ask for, in alphabetical order."""
    for each in (getattr(actions, name) for name in actions.__all__):
        if issubclass(each, actions.Action) and each is not actions.Action:
            yield each


def _of_action(action: type[actions.Action]) -> Entry:
    rule, source, misleads = _sorted_text(class_text(action))
    own = [_of_field(each) for each in fields(action) if each.name != "because"]
    parts = [
        Part(each.__name__, " ".join(class_text(each).split()), tuple(map(_of_field, fields(each))))
        for each in (actions.SessionAffinity, actions.Mirror)
        if any(each.__name__ in parameter.values for parameter in own)
    ]
    return Entry("action", action.__name__, rule, source, misleads, tuple(own), tuple(parts))


def _python_type(written: str) -> str:
    """A type as written; of an enumeration its values."""
    named = getattr(actions, written, None)
    if isinstance(named, type) and issubclass(named, Enum):
        return f"{written}: {listed([each.value for each in named], 'or')}"
    return written


def _of_field(field: Field[Any]) -> Parameter:
    """A field of an action in Python: its type as written, and its default."""
    default = "" if field.default is MISSING else repr(field.default)
    return Parameter(field.name, _python_type(str(field.type)), default, "")
