"""The other studies of the founding example: when F1 can be told, and how its traffic is split."""

from __future__ import annotations

import shlex
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.convergences import convergence
from simab.report import canvas
from simab.report.convergence_funnel import draw_funnel
from simab.report.convergence_page import write_convergence
from simab.report.fairness_page import write_fairness
from simab.report.page_form import for_page
from simab.result.convergence_result import read_saved_convergence
from simab.result.fairness_result import read_saved_fairness
from simab.result.studied_convergence import StudiedConvergence
from simab.routing_fairness import fairness
from simab.scenario import load
from validation.places import REPOSITORY, made_or_committed, say

__all__ = ["play_founding_studies", "write_founding_studies"]

_FILE: Final = "scenarios/churn.yaml"
_CONVERGENCE: Final = "reports/churn/convergence"
_FAIRNESS: Final = "reports/churn/fairness"
_SCHEDULE: Final = "schedule 50/50, 25/75, 0/1"
_RUNS: Final = 200


def play_founding_studies(folder: Path, executor: Executor) -> None:
    """Play both studies and write them below reports/churn of a folder."""
    scenario = load(REPOSITORY / _FILE)
    counted = ["-n", str(_RUNS), "--seed", str(scenario.study.seed), "--out", "DIR"]
    say(f"churn: convergence and fairness, {_RUNS} runs each")
    settling = convergence(
        scenario,
        replications=_RUNS,
        executor=executor,
        command=shlex.join(["simab", "convergence", _FILE, *counted]),
    )
    settling.report(folder / _CONVERGENCE)
    split = fairness(
        scenario,
        policy=_SCHEDULE,
        replications=_RUNS,
        executor=executor,
        command=shlex.join(["simab", "fairness", _FILE, "--policy", _SCHEDULE, *counted]),
    )
    split.report(folder / _FAIRNESS)


def write_founding_studies(folder: Path) -> None:
    """Write both pages from their saved results, and docs/f1.svg, the picture that heads README."""
    file = made_or_committed(folder, f"{_CONVERGENCE}/convergence.json")
    settling = read_saved_convergence(file.read_bytes(), str(file))
    write_convergence(settling, folder / _CONVERGENCE)
    file = made_or_committed(folder, f"{_FAIRNESS}/fairness.json")
    write_fairness(read_saved_fairness(file.read_bytes(), str(file)), folder / _FAIRNESS)
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "f1.svg").write_text(_picture(for_page(settling).found), encoding="utf-8")


def _picture(result: StudiedConvergence) -> str:
    """F1 against labelled requests, standing alone on white."""
    (metric,) = [each for each in result.metrics if each.name == "f1"]
    with canvas.drawing():
        figure = draw_funnel(result, metric, canvas.WIDE)
        figure.patch.set_facecolor("white")
        figure.patch.set_alpha(1)
        figure.patch.set_visible(True)
        return canvas.svg_text(figure)
