"""What a variant answers to a payload: by its quality, by a function, or as recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from simab.errors import InvalidInput
from simab.profiles.outcomes import NONE, SCORE_ONE, RequestOutcome

__all__ = [
    "Answer",
    "Answers",
    "FunctionAnswers",
    "ProfileAnswers",
    "Question",
    "RecordedAnswers",
]


class Question(NamedTuple):
    """What was asked of whom, and what the world drew for it.

    Custom attributes and inference id are those of the request, empty where it has none.
    """

    variant: str
    payload: bytes
    content_type: str
    outcome: RequestOutcome
    reward: float | None
    custom_attributes: str = ""
    inference_id: str = ""


class Answer(NamedTuple):
    """The body of a response, and its type."""

    body: bytes
    content_type: str = "text/csv"


class Answers(Protocol):
    """Anything that has an answer to a question."""

    def answer(self, question: Question) -> Answer:
        """What the variant says."""


class ProfileAnswers:
    """The variant's quality speaks: a classifier's score, a reward, or 1 for a right answer.

    What is true of the answer stands in the response's custom attributes, since a script cannot
    know what was drawn.
    """

    def answer(self, question: Question) -> Answer:
        """The number, as text."""
        outcome = question.outcome
        if outcome.label != NONE:
            return Answer(f"{outcome.score / SCORE_ONE:.6f}".encode())
        if question.reward is not None:
            return Answer(str(question.reward).encode())
        return Answer(str(outcome.correct).encode())


class FunctionAnswers:
    """A function of one's own: `answer(variant, payload)` gives bytes or text."""

    def __init__(self, function: Callable[[str, bytes], bytes | str]) -> None:
        self._function = function

    def answer(self, question: Question) -> Answer:
        """What the function says.

        Raises:
            InvalidInput: it gives something else than bytes or text.
        """
        said = self._function(question.variant, question.payload)
        if not isinstance(said, bytes | str):
            raise InvalidInput(
                f"the answer of {question.variant!r} is a {type(said).__name__}: it must be bytes "
                "or text"
            )
        return Answer(said.encode() if isinstance(said, str) else said)


class RecordedAnswers:
    """What was recorded: of each variant, an answer for each payload.

    Args:
        recorded: for each variant, answers by payload.
    """

    def __init__(self, recorded: Mapping[str, Mapping[bytes, bytes]]) -> None:
        self._recorded = recorded

    def answer(self, question: Question) -> Answer:
        """The recorded one.

        Raises:
            InvalidInput: none was recorded for this payload.
        """
        answers = self._recorded.get(question.variant, {})
        if question.payload not in answers:
            raise InvalidInput(
                f"no answer of {question.variant!r} was recorded to the payload "
                f"{question.payload[:60]!r}"
            )
        return Answer(answers[question.payload])
