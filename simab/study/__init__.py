"""A study: worlds x policies x replications, played on common random numbers."""

from simab.study.execution import StudyRows, WorldRows, run_study
from simab.study.local import local_processes, local_workers, workers_worth_starting
from simab.study.plan import DESCRIBED, Cell, StudyPlan
from simab.study.result import study_examples, study_result
from simab.study.store import SqliteStore

__all__ = [
    "DESCRIBED",
    "Cell",
    "SqliteStore",
    "StudyPlan",
    "StudyRows",
    "WorldRows",
    "local_processes",
    "local_workers",
    "run_study",
    "study_examples",
    "study_result",
    "workers_worth_starting",
]
