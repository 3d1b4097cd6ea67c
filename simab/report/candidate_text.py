"""How sentences speak of what may replace the control: the candidate, or one of several."""

from __future__ import annotations

from simab.result import Example, StudyResult, TruthSummary
from simab.result.known_worlds import BROKEN, EXCHANGED, SLOW
from simab.result.world_result import WorldResult
from simab.text.lists import named

__all__ = ["any_candidate", "right_candidate", "truth_of_run", "whom_a_world_changes"]


def any_candidate(result: StudyResult) -> str:
    """Whom a run promotes: "the candidate", or "a candidate" where there are several."""
    return "a candidate" if result.truth.several else "the candidate"


def whom_a_world_changes(world: WorldResult) -> str:
    """Of whom a world that every study has says what is true, where there are several candidates.

    The first candidate is broken or slow, and the best one exchanged with the control.
    """
    if world.name in (BROKEN, SLOW):
        return named(world.truth.candidate)
    if world.name == EXCHANGED:
        return f"{named(world.truth.control)} and the best candidate"
    return "the candidates"


def right_candidate(result: StudyResult) -> str:
    """Whom it is right to end with where promoting is right."""
    return "a right candidate" if result.truth.several else "the candidate"


def truth_of_run(result: StudyResult, run: Example) -> TruthSummary:
    """What is true, with the candidate that a replayed run is about; see `Example.about`."""
    chooses = next(
        (each.chooses_among_all for each in result.policies if each.name == run.policy), None
    )
    return run.about(result.truth, chooses_among_all=chooses)
