"""Answers: one run becomes a row of outcomes, many rows become operating characteristics."""

from simab.analyse.outcome import Outcome, Verdict, outcome_of
from simab.analyse.truth import Judgement, ScenarioTruth, truth_of_scenario

__all__ = ["Judgement", "Outcome", "ScenarioTruth", "Verdict", "outcome_of", "truth_of_scenario"]
