"""Make the reports of the shipped scenarios again, and what README shows of them.

Run it with: python reports/remake.py [FOLDER]. Written into the repository by default; the same
code and versions give the same bytes, so that `git diff` then shows what a change changed.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Final

from simab.comparison import Study, compare
from simab.report import canvas, numerals
from simab.report.endings import draw_endings
from simab.report.study_result import StudyResult, read_result
from simab.scenario import load
from simab.study import local_processes

REPOSITORY: Final = Path(__file__).resolve().parent.parent
SCENARIOS: Final = ("churn",)
TABLE: Final = re.compile(
    r"(<!-- churn table: begin -->\n).*?(<!-- churn table: end -->)", re.DOTALL
)

# Words on hatched bars stay legible, as in the page.
HALO: Final = "text{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}"


def study_of(name: str) -> Study:
    """Play a shipped scenario as often as its file says."""
    file = f"scenarios/{name}.yaml"
    scenario = load(REPOSITORY / file)
    count, seed = str(scenario.study.replications), str(scenario.study.seed)
    words = ["simab", "compare", file, "--replications", count, "--seed", seed, "--out", "DIR"]
    with local_processes(2) as executor:
        return compare(scenario, executor=executor, command=shlex.join(words))


def picture(result: StudyResult) -> str:
    """The figure of how runs end, standing alone on white."""
    with canvas.drawing():
        figure = draw_endings(result, 720)
        figure.patch.set_facecolor("white")
        figure.patch.set_alpha(1)
        drawn = canvas.svg_text(figure)
    return drawn.replace("<defs>", f"<style>{HALO}</style>\n <defs>", 1)


def table(result: StudyResult) -> str:
    """README's table in Markdown."""
    truth = result.truth
    lines = [
        f"| rule | promotes {truth.candidate} (wrong) | is right | decides after, median |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {policy.name} | {numerals.proportion(policy.outcomes['promoted_candidate'])} "
        f"| {numerals.proportion(policy.correct)} "
        f"| {numerals.duration(policy.decision_time_s.p50)} |"
        for policy in result.policies
    ]
    return "\n".join(lines).replace("\N{NARROW NO-BREAK SPACE}", " ") + "\n"


def show_founding_example(result: StudyResult, folder: Path) -> None:
    """Put the picture and the table of the founding example where README shows them."""
    (folder / "docs").mkdir(exist_ok=True)
    (folder / "docs" / "churn.svg").write_text(picture(result), encoding="utf-8")
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = TABLE.sub(lambda found: found[1] + table(result) + found[2], readme)
    (folder / "README.md").write_text(shown, encoding="utf-8")


def remake(folder: Path) -> None:
    """Write reports/, docs/churn.svg and README.md below a folder."""
    for name in SCENARIOS:
        study = study_of(name)
        study.report(folder / "reports" / name)
        if name == "churn":
            show_founding_example(read_result(study.result), folder)


if __name__ == "__main__":
    remake(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
