"""Answers of a user's function whose errors are those of the model, as on the platform."""

from __future__ import annotations

import logging

from simab.aws.answers import Answer, Answers, Question
from simab.aws.errors import ServiceError

__all__ = ["AnswersOrModelErrors"]


class AnswersOrModelErrors:
    """The same answers; what they raise is a ModelError for the client, and in the log whole.

    In the world the request counts as answered all the same: only the answer is missing.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def answer(self, question: Question) -> Answer:
        """What the variant says.

        Raises:
            ServiceError: the answers raised.
        """
        try:
            return self._answers.answer(question)
        except Exception as error:
            logging.getLogger(__name__).exception("The answers of a variant raised.")
            said = f"the answers of {question.variant} raised {type(error).__name__}: {error}"
            raise ServiceError(
                "ModelError",
                f'Received server error (500) from {question.variant} with message "{said:.500}"',
                424,
                OriginalStatusCode=500,
                OriginalMessage=f"{said:.500}",
            ) from None
