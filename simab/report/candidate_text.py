"""How sentences speak of what may replace the control: the candidate, or one of several."""

from __future__ import annotations

from simab.result import StudyResult

__all__ = ["any_candidate", "every_candidate", "right_candidate"]


def any_candidate(result: StudyResult) -> str:
    """Whom a run promotes: "the candidate", or "a candidate" where there are several."""
    return "a candidate" if result.truth.several else "the candidate"


def every_candidate(result: StudyResult) -> str:
    """Of whom a world says what is true: "the candidate", or "the candidates"."""
    return "the candidates" if result.truth.several else "the candidate"


def right_candidate(result: StudyResult) -> str:
    """Whom it is right to end with where promoting is right."""
    return "a right candidate" if result.truth.several else "the candidate"
