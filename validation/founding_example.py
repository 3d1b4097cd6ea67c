"""The report of the founding example, and what README shows of it."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.comparison import compare
from simab.report import canvas, captions_over_worlds, formatting
from simab.report.figure_files import standalone_svg
from simab.report.over_worlds import distinct
from simab.report.page_form import for_page
from simab.report.svg import finish
from simab.report.worlds_figure import draw_worlds
from simab.report.writing import write_report
from simab.result import StudyResult
from simab.result.saved_study import read_result
from simab.scenario import load
from validation.markdown import plain
from validation.places import REPOSITORY, made_or_committed, say

__all__ = ["play_founding_example", "write_founding_example"]

PLACE: Final = "reports/churn"


def play_founding_example(folder: Path, executor: Executor) -> None:
    """Play the study and write reports/churn below a folder."""
    file = "scenarios/churn.yaml"
    scenario = load(REPOSITORY / file)
    count, seed = str(scenario.study.replications), str(scenario.study.seed)
    say(f"churn: {count} replications a rule")
    words = ["simab", "compare", file, "--replications", count, "--seed", seed, "--out", "DIR"]
    study = compare(scenario, executor=executor, command=shlex.join(words))
    study.report(folder / PLACE)


def write_founding_example(folder: Path) -> str:
    """Write the page and docs/churn.svg from the study's result; returns README's table."""
    saved = made_or_committed(folder, f"{PLACE}/study.json").read_text(encoding="utf-8")
    study = read_result(json.loads(saved))
    write_report(study, folder / PLACE)
    result = for_page(study)
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "churn.svg").write_text(_picture(result), encoding="utf-8")
    return _table(result)


def _picture(result: StudyResult) -> str:
    """The figure of how runs end in each world, standing alone on white."""
    finding = captions_over_worlds.worlds(result)
    drawn = draw_worlds(result, canvas.WIDE)
    return standalone_svg(finish(drawn, "churn", "How runs end in each world", finding))


def _table(result: StudyResult) -> str:
    """README's table in Markdown: how often each rule promotes the candidate, world by world."""
    worlds = distinct(result)
    heads = [f"{world.label.title} ({_RIGHT[world.asks]})" for world in worlds]
    lines = [
        f"| rule promotes {result.truth.candidate} | {' | '.join(heads)} | requirements |",
        "|---|" + "---:|" * len(worlds) + "---|",
    ]
    for policy in result.policies:
        shares = [
            str(formatting.proportion(each.promotes))
            for world in worlds
            for each in world.policies
            if each.name == policy.name
        ]
        met = result.compliance(policy.name)
        lines.append(f"| {policy.name} | {' | '.join(shares)} | {met} |")
    return plain("\n".join(lines)) + "\n"


_RIGHT: Final = {"promote": "it should", "keep": "it should not", "neither": "either is fine"}
