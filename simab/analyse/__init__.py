"""Answers: one run becomes a row of outcomes, many rows become operating characteristics."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from simab.analyse.run_summary import summary_of
    from simab.analyse.truth import ScenarioTruth, truth_of_scenario
    from simab.result.run_summary import Judgement, RunSummary, Verdict

__all__ = ["Judgement", "RunSummary", "ScenarioTruth", "Verdict", "summary_of", "truth_of_scenario"]

_HOME: Final = {
    "summary_of": "simab.analyse.run_summary",
    "ScenarioTruth": "simab.analyse.truth",
    "truth_of_scenario": "simab.analyse.truth",
    "Judgement": "simab.result.run_summary",
    "RunSummary": "simab.result.run_summary",
    "Verdict": "simab.result.run_summary",
}


def __getattr__(name: str) -> Any:
    # The truth of a scenario is asked for where nothing is played: it loads neither world nor rows.
    if name not in _HOME:
        raise AttributeError(f"module 'simab.analyse' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
