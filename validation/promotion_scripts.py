"""The report of two promotion scripts in boto3: one that compares 120 rows, one that plans."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.aws import script_policy
from simab.comparison import compare
from simab.report.writing import write_report
from simab.result.saved_study import read_result
from simab.scenario import load
from validation.places import REPOSITORY, made_or_committed, say

__all__ = ["play_promotion_scripts", "write_promotion_scripts"]

PLACE: Final = "reports/promotion_scripts"
_FOLDER: Final = "scenarios/boto3"
_NAIVE, _CAREFUL = "promote_naive", "promote_careful"
_WORLDS: Final = ("described", "equal", "exchanged", "broken")


def play_promotion_scripts(folder: Path, executor: Executor) -> None:
    """Play both scripts, each replication in a process of its own, and the test beside them."""
    file = f"{_FOLDER}/promotion.yaml"
    scenario = load(REPOSITORY / file)
    count, seed = str(scenario.study.replications), str(scenario.study.seed)
    say(f"promotion_scripts: {count} replications a script and world")
    words = ["simab", "rehearse", f"{_FOLDER}/{_NAIVE}.py", "--scenario", file]
    words += ["--endpoint", "prod", "--beside", f"{_FOLDER}/{_CAREFUL}.py"]
    words += [word for world in _WORLDS for word in ("--world", world)]
    words += ["--replications", count, "--seed", seed, "--out", "DIR"]
    scripts = {
        name: script_policy(REPOSITORY / _FOLDER / f"{name}.py", endpoint="prod")
        for name in (_NAIVE, _CAREFUL)
    }
    study = compare(
        scenario,
        policies={**scripts, **scenario.policies},
        worlds=list(_WORLDS),
        executor=executor,
        command=shlex.join(words),
    )
    study.report(folder / PLACE)


def write_promotion_scripts(folder: Path) -> None:
    """Write the page from the study's result."""
    saved = made_or_committed(folder, f"{PLACE}/study.json").read_text(encoding="utf-8")
    write_report(read_result(json.loads(saved)), folder / PLACE)
