"""What an import gives, and what it says of the parts that it ignores or cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from simab.documents.located import LocatedValue, Place
from simab.documents.writing import yaml_text
from simab.errors import InvalidFiles, InvalidInput, Problem
from simab.policies.policy import Policy

__all__ = [
    "Findings",
    "Imported",
    "InvalidFiles",
    "Note",
    "built",
    "fragment",
    "plain_policy",
]


@dataclass(frozen=True, slots=True)
class Note:
    """A part of a file that the policy does not hold, or holds otherwise, and why."""

    place: Place
    field: str
    reason: str

    def render(self) -> str:
        """One line: place, field, reason."""
        return f"{self.place.render()}: {self.field}: {self.reason}."


@dataclass(frozen=True, slots=True)
class Imported:
    """A policy, the name and place that its file gives it, and notes on what was ignored."""

    name: str
    policy: Policy
    notes: tuple[Note, ...]
    place: Place


@dataclass(slots=True)
class Findings:
    """Notes and problems gathered on the way, so that all are reported at once."""

    notes: list[Note] = field(default_factory=list)
    problems: list[tuple[str, Problem]] = field(default_factory=list)

    def ignore(self, located: LocatedValue, reason: str) -> None:
        """Note that a value is not part of the policy."""
        self.notes.append(Note(located.place, located.field, reason))

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Keep what is refused within, and go on after it."""
        try:
            yield
        except InvalidFiles as refused:
            self.problems += refused.problems

    def require_none(self) -> None:
        """End here if anything was refused.

        Raises:
            InvalidFiles: with every problem, each once, in the order of the files.
        """
        if self.problems:
            once = dict.fromkeys(self.problems)
            raise InvalidFiles(tuple(sorted(once, key=_place)))


def _place(found: tuple[str, Problem]) -> tuple[str, int, int]:
    source, problem = found
    return source, problem.line or 0, problem.column or 0


def built(model: type[Policy], data: dict[str, Any], origins: dict[Any, LocatedValue]) -> Policy:
    """The policy of some data; a broken rule is reported at the part of the file it is from.

    `origins` says for paths in `data` where in the file they come from; () must be among them.

    Raises:
        InvalidFiles: the policy refuses the data.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems: list[tuple[str, Problem]] = []
        for details in error.errors():
            location = tuple(details["loc"])
            while location not in origins:
                location = location[:-1]
            rule, _, remedy = details["msg"].removeprefix("Value error, ").partition("; ")
            remedy = f"{remedy[:1].upper()}{remedy[1:]}" if remedy else "Change it in the file"
            problems += origins[location].wrong(rule, f"{remedy}.").problems
        raise InvalidFiles(tuple(problems)) from None


def fragment(name: str, policy: Policy) -> str:
    """The policy as it stands in a scenario file, without what is the default anyway."""
    return yaml_text({"policies": {name: plain_policy(policy)}})


def plain_policy(policy: Policy) -> dict[str, Any]:
    """The policy as plain data: its kind, and what differs from the defaults."""
    kind = getattr(policy, "kind", None)
    if not isinstance(kind, str):
        raise InvalidInput(f"{type(policy).__name__} has no kind; import a policy that ships")
    data = policy.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {"kind": kind, **data}
