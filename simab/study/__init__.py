"""A study: policies x replications on one scenario, played on common random numbers."""

from simab.study.execution import run_study
from simab.study.local import local_processes, local_workers, workers_worth_starting
from simab.study.plan import StudyPlan
from simab.study.result import StudyRows, study_examples, study_result
from simab.study.store import SqliteStore

__all__ = [
    "SqliteStore",
    "StudyPlan",
    "StudyRows",
    "local_processes",
    "local_workers",
    "run_study",
    "study_examples",
    "study_result",
    "workers_worth_starting",
]
