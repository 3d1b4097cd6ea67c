"""Answers: one run becomes a row of outcomes, many rows become operating characteristics."""

from simab.analyse.run_summary import RunSummary, Verdict, summary_of
from simab.analyse.truth import Judgement, ScenarioTruth, truth_of_scenario

__all__ = ["Judgement", "RunSummary", "ScenarioTruth", "Verdict", "summary_of", "truth_of_scenario"]
