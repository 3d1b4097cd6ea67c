"""A study: policies x replications on one scenario, played on common random numbers."""

from simab.study.execution import run_study
from simab.study.plan import StudyPlan
from simab.study.result import StudyRows, study_result

__all__ = ["StudyPlan", "StudyRows", "run_study", "study_result"]
