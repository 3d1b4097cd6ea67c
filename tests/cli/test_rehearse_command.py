"""`simab rehearse`: a script beside the policies of a file, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simab.cli.main import main

pytest.importorskip("boto3")
pytest.importorskip("time_machine")

SCENARIO = """
title: A script in the loop
endpoint:
  variants:
    a: {workers: 9, latency: {kind: exponential, mean: 40ms},
        quality: {kind: success, probability: 90%}}
    b: {workers: 9, weight: 0, latency: {kind: exponential, mean: 40ms},
        quality: {kind: success, probability: 95%}}
traffic: {users: {rate: 20/s}}
objective: {control: a, candidate: b, metric: success_rate, smallest_effect: 0.02}
horizon: 30min
worlds: {exchanged: null, broken: null}
study: {replications: 2}
policies:
  schedule: {kind: manual_schedule, steps: [{at: 5min, promote: b}]}
"""
SCRIPT = """
import sys
import time

import boto3

time.sleep(300)
if "fail" in sys.argv:
    print("about to fail")
    raise RuntimeError("as asked for")
boto3.client("sagemaker").update_endpoint_weights_and_capacities(
    EndpointName="prod",
    DesiredWeightsAndCapacities=[
        {"VariantName": "a", "DesiredWeight": 0},
        {"VariantName": "b", "DesiredWeight": 1},
    ],
)
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario and a script in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SCENARIO, encoding="utf-8")
    Path("ours.py").write_text(SCRIPT, encoding="utf-8")


def rehearsed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    arguments = ["rehearse", "ours.py", "--scenario", "s.yaml", "--endpoint", "prod", *words]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


@pytest.mark.long
def test_a_script_stands_beside_the_policies_of_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The same screen and the same report, with the line that remakes it."""
    code, shown, _ = rehearsed(capsys, "--no-store", "--out", "out")
    assert code == 0
    assert "ours" in shown
    assert "schedule" in shown
    saved = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert saved["command"] == (
        "simab rehearse ours.py --scenario s.yaml --endpoint prod --replications 2 --seed 1 "
        "--out DIR"
    )
    rows = (tmp_path / "out" / "outcomes.csv").read_text(encoding="utf-8").splitlines()
    by_policy = {
        name: [row.split(",", 2)[2] for row in rows if f",{name}," in row]
        for name in ("ours", "schedule")
    }
    assert by_policy["ours"] == by_policy["schedule"]


MODELS = """
models:
  a: {workers: 9, latency: {kind: exponential, mean: 40ms},
      quality: {kind: success, probability: 90%}}
  b: {workers: 9, weight: 0, latency: {kind: exponential, mean: 40ms},
      quality: {kind: success, probability: 95%}}
horizon: 30min
"""


@pytest.mark.long
def test_a_table_of_models_will_do(capsys: pytest.CaptureFixture[str]) -> None:
    """What it leaves out is said; no policy is beside the script."""
    Path("s.yaml").write_text(MODELS, encoding="utf-8")
    words = ("--no-store", "-n", "2", "--world", "described", "--json")
    code, shown, said = rehearsed(capsys, *words)
    assert code == 0
    assert "s.yaml names models alone; taken beside them: 10/s of requests" in said
    study = json.loads(shown)
    assert [policy["name"] for policy in study["policies"]] == ["ours"]
    assert study["examples"][0]["decided_for"] == "b"


@pytest.mark.long
def test_rows_are_kept_and_not_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The second time nothing runs; a changed script is another one."""
    words = ("--alone", "--store", "rows.sqlite", "--json")
    first = rehearsed(capsys, *words)[1]
    Path("ours.py").touch()
    assert rehearsed(capsys, *words)[1] == first
    Path("ours.py").write_text(f"{SCRIPT}\nraise SystemExit(1)\n", encoding="utf-8")
    assert rehearsed(capsys, *words)[0] == 4  # it was played, and failed


@pytest.mark.long
def test_failed_replications_are_named_and_the_exit_code_is_4(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The policies of the file go on; the script's arguments follow after two dashes."""
    code, shown, _ = rehearsed(capsys, "--no-store", "--world", "described", "--", "fail")
    assert code == 4
    assert "it raised RuntimeError: as asked for" in " ".join(shown.split())
    assert "printed last: about to fail" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--name", "schedule"], "is called schedule as well"),
        (["--alone", "--policy", "schedule"], "contradict each other"),
        (["--policy", "nobody"], "no such policy"),
        (["--model", "x"], "write NAME=VARIANT"),
        (["--answers", "nowhere.py:f"], "no such file"),
        (["--limit", "5 parsecs"], "duration"),
    ],
)
def test_what_cannot_be_is_refused(
    capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    """With exit code 2 and one message."""
    code, shown, complained = rehearsed(capsys, *words)
    assert (code, shown) == (2, "")
    assert why in complained
    assert "Traceback" not in complained


def test_a_script_that_is_not_there(capsys: pytest.CaptureFixture[Any]) -> None:
    """Named, before anything is played."""
    Path("ours.py").unlink()
    code, _, complained = rehearsed(capsys)
    assert code == 2
    assert "cannot be read" in complained


def test_names_that_the_platform_has_not_are_refused_before_anything_is_played(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those of the variants matter only where an endpoint serves them from the start."""
    odd = SCENARIO.replace("    b: {", "    b_2: {").replace("candidate: b", "candidate: b_2")
    Path("s.yaml").write_text(odd.replace("promote: b", "promote: b_2"), encoding="utf-8")
    for endpoint, said in (("prod", "variant 'b_2': on the platform"), ("a_b", "endpoint 'a_b': ")):
        words = ("ours.py", "--scenario", "s.yaml", "--endpoint", endpoint)
        code, out, err = rehearsed(capsys, *words)
        assert (code, out) == (2, "")
        assert err.startswith(said)
