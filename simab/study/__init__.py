"""A study: worlds x policies x replications, played on common random numbers."""

from simab.study.dask_workers import DaskWorkers
from simab.study.execution import StudyRows, WorldRows, run_study
from simab.study.local import local_processes, local_workers, workers_worth_starting
from simab.study.plan import Cell, StudyPlan
from simab.study.result import WorldRuns, study_examples, study_result
from simab.study.stopping import Stop
from simab.study.store import SqliteStore

__all__ = [
    "Cell",
    "DaskWorkers",
    "SqliteStore",
    "Stop",
    "StudyPlan",
    "StudyRows",
    "WorldRows",
    "WorldRuns",
    "local_processes",
    "local_workers",
    "run_study",
    "study_examples",
    "study_result",
    "workers_worth_starting",
]
