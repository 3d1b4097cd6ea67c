"""The exceptions that simab raises on purpose, each a sentence for the person who can act on it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "InvalidFiles",
    "InvalidInput",
    "InvalidScenario",
    "NoResources",
    "Problem",
    "ReplicationsFailed",
    "SimabError",
]


class SimabError(Exception):
    """Anything that simab refuses or cannot do; its text is the whole message, fit to print."""


class InvalidInput(SimabError, ValueError):
    """A value breaks a rule. The message names the field, the value, the rule and the remedy."""


class ReplicationsFailed(SimabError):
    """Every replication that was asked for failed, so that there is nothing to show."""


class NoResources(SimabError):
    """The machine failed it: a worker process was killed, or memory or files have run out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a scenario, at one place.

    `field` is the path in the file (`endpoint.variants.new.weight`), empty for the file as a whole;
    `line` and `column` count from 1 and are None where a scenario was built in Python.
    """

    field: str
    value: str
    rule: str
    remedy: str
    line: int | None = None
    column: int | None = None

    def render(self, source: str) -> str:
        """One line: place, field, value, rule, remedy."""
        place = source if self.line is None else f"{source}:{self.line}:{self.column}"
        subject = f"{self.field} = {self.value}" if self.value else self.field
        head = f"{place}: {subject}: " if subject else f"{place}: "
        return f"{head}{self.rule}. {self.remedy}".rstrip()


class InvalidScenario(InvalidInput):
    """A scenario that cannot be played, with every problem found at once in `problems`."""

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = problems
        super().__init__("\n".join(problem.render(source) for problem in problems))

    def __reduce__(self) -> tuple[type[InvalidScenario], tuple[str, tuple[Problem, ...]]]:
        # An exception is pickled by its arguments, and a worker process may have to hand one back.
        return type(self), (self.source, self.problems)


class InvalidFiles(InvalidInput):
    """Files that cannot be read for what they are, with every problem, each with its file."""

    def __init__(self, problems: tuple[tuple[str, Problem], ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.render(source) for source, problem in problems))
