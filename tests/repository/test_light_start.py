"""Commands load what they need: help and completion nothing heavy, `simab check` no world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "numba",
    "llvmlite",
    "pandas",
    "matplotlib",
    "scipy",
    "numpy",
    "pydantic",
    "simpy",
    "jinja2",
}

ASK = """
import json, sys
sys.argv = ["simab", *json.loads(sys.argv[1])]
from simab.cli.main import main
try:
    main()
except SystemExit as end:
    code = end.code
else:
    code = 0
tops = {name.partition(".")[0] for name in sys.modules}
own = {name for name in sys.modules if name.startswith("simab.")}
print(json.dumps([code, sorted(tops | own)]), file=sys.stderr)
"""

OF_A_TEMPLATE = {
    "_SIMAB_COMPLETE": "bash_complete",
    "COMP_WORDS": "simab init --template ",
    "COMP_CWORD": "3",
}
COMPLETION = {"_SIMAB_COMPLETE": "bash_complete", "COMP_WORDS": "simab ", "COMP_CWORD": "1"}


# What plays runs, shows them or computes their statistics, and what reads configurations of other
# tools; a scenario is described without it.
NOT_TO_CHECK = HEAVY - {"numpy", "pydantic"} | {
    "simab.world",
    "simab.run",
    "simab.study",
    "simab.report",
    "simab.interop",
    "simab.result.policy_result",
    "simab.result.study_result",
    "simab.result.world_result",
    "simab.analyse.run_summary",
}


def loaded(folder: Path, arguments: list[str], variables: dict[str, str]) -> tuple[str, set[str]]:
    """What the command printed; the packages it had loaded when it ended, and modules of simab."""
    run = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(arguments)],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    code, names = json.loads(run.stderr.splitlines()[-1])
    assert not code, run.stderr
    return run.stdout, set(names)


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [(["--help"], {}), (["--version"], {}), ([], COMPLETION), ([], OF_A_TEMPLATE)],
    ids=["help", "version", "completion", "completion of a template"],
)
def test_nothing_heavy_is_loaded(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    printed, names = loaded(tmp_path, arguments, variables)
    assert printed.strip()
    assert "simab" in names
    assert names & HEAVY == set()


def test_a_small_scenario_is_checked_without_a_world_and_without_scipy() -> None:
    scenario = Path(__file__).parents[2] / "scenarios" / "minimal.yaml"
    printed, names = loaded(scenario.parent, ["check", scenario.name], {})
    assert "is valid" in printed
    assert names & NOT_TO_CHECK == set()
    assert "simab.explain.forecast" in names  # it did not end before


def test_a_heavy_module_would_be_noticed(tmp_path: Path) -> None:
    # The same question where numpy is loaded: the test above cannot pass by looking away.
    run = subprocess.run(
        [sys.executable, "-c", f"import numpy{ASK}", '["--help"]'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "numpy" in json.loads(run.stderr.splitlines()[-1])[1]
