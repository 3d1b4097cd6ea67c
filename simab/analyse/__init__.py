"""Answers: one run becomes a row of outcomes, many rows become operating characteristics."""

from simab.analyse.run_summary import summary_of
from simab.analyse.truth import ScenarioTruth, truth_of_scenario
from simab.result.run_summary import Judgement, RunSummary, Verdict

__all__ = ["Judgement", "RunSummary", "ScenarioTruth", "Verdict", "summary_of", "truth_of_scenario"]
