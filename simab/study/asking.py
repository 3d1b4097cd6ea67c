"""Play what was asked for to its end, and let the store know of it, as studies of all kinds do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simab.study.asked import AskedStudy
from simab.study.execution import Known, Means, play_missing
from simab.study.plan import StudyPlan
from simab.study.stopping import Stop, StoppedPlan, play_until

__all__ = ["play_asked"]


def play_asked(
    plan: StudyPlan, means: Means, stop: Stop | None, noted: Callable[[StudyPlan], AskedStudy]
) -> StoppedPlan:
    """The plan with as many replications as it came to, and what is known of it.

    Without `stop` these are the plan's own. `noted` makes of a plan what a store keeps of it.

    Raises:
        InvalidInput: as `play_until` and `play_missing`.
    """
    ask = getattr(means.store, "ask", None) or (lambda _: None)
    if stop is None:
        ask(noted(plan))
        known = Known()
        play_missing(plan, known, means)
        return StoppedPlan(plan, known, None)
    # How many it takes is known at the end; until then the store knows of one replication.
    ask(noted(replace(plan, replications=1)))
    stopped = play_until(plan, stop, means)
    ask(noted(stopped.plan))
    return stopped
