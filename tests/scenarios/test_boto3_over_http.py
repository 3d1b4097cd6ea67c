"""The walk-through in boto3 against a server, by a driver that moves the server's time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.test_boto3_walk_through import FOLDER, importable

pytest.importorskip("boto3")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


def walked(speed: float = 0.0) -> str:
    """What the walk-through prints."""
    from simab.aws import Account, FunctionAnswers
    from simab.scenario import load

    with importable():
        import churn_answers  # type: ignore[import-not-found]

        answers = FunctionAnswers(churn_answers.answer)
        account = Account(load(FOLDER / "churn.yaml"), seed=1, answers=answers)
        return printed(FOLDER / "walk_through.py", account, speed)


def printed(script: Path, account: Any, speed: float = 0.0) -> str:
    """What a script prints: unchanged, in a process of its own."""
    from simab.aws.server.listening import served

    with served(account, speed=speed) as url:
        return subprocess.run(
            [sys.executable, FOLDER / "over_http.py", script],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
            env=os.environ
            | {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "simulated",
                "AWS_SECRET_ACCESS_KEY": "simulated",
                "AWS_DEFAULT_REGION": "us-east-1",
            },
        ).stdout


WAITS = """
import time

import boto3

sagemaker = boto3.client("sagemaker")
began = time.monotonic()
sagemaker.update_endpoint_weights_and_capacities(
    EndpointName="prod",
    DesiredWeightsAndCapacities=[{"VariantName": "Variant1", "DesiredWeight": 0}],
)
sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="prod")
print(time.monotonic() - began)
"""


@pytest.mark.long
def test_a_waiter_waits_by_the_servers_clock(tmp_path: Path) -> None:
    """62 s of `Updating`, looked at every 30 s: 90 s, in far less than that."""
    from simab.aws import Account
    from simab.scenario import load

    account = Account(load(FOLDER / "churn.yaml"), seed=1)
    account.put_in_service("prod")
    script = tmp_path / "waits.py"
    script.write_text(WAITS, encoding="utf-8")
    began = time.monotonic()
    assert float(printed(script, account)) == 90
    assert time.monotonic() - began < 60


@pytest.mark.long
def test_it_prints_what_it_prints_in_process(capsys: pytest.CaptureFixture[str]) -> None:
    """To the last character: the clock is moved by the control path alone."""
    from simab.aws import Account, FunctionAnswers, simulated
    from simab.scenario import load

    over_http = walked()
    capsys.readouterr()
    with importable():
        import churn_answers
        import walk_through  # type: ignore[import-not-found]

        answers = FunctionAnswers(churn_answers.answer)
        with simulated(Account(load(FOLDER / "churn.yaml"), seed=1, answers=answers)):
            walk_through.main()
    assert over_http == capsys.readouterr().out
    assert len(over_http.splitlines()) == 12


@pytest.mark.long
def test_at_sixty_times_the_speed_it_sees_the_same_but_for_the_time_that_calls_take() -> None:
    """A call of 5 ms takes 0.3 s of simulated time, and a busy machine takes longer.

    So delays are those of the platform, give or take 30 s, which is half a second of real time: the
    script reads the clock a while after the call that it waits for, and looks at its end after a
    poll. Splits are those that are drawn for so many requests.
    """
    seen: dict[str, Any] = {}
    for line in walked(60).splitlines():
        found = re.fullmatch(r"(.+?): (?:Counter\()?(\{.*\}|[\d.]+)\)?", line)
        assert found is not None, line
        seen[found[1]] = literal_eval(found[2])
    assert 360 - 30 <= seen["created in"] <= 420 + 30 + 30
    for step in ("25:75 in force in", "0:1 in force in"):
        assert 62 - 30 <= seen[step] <= 62 + 1 + 30
    assert 390 - 30 <= seen["next candidate in"] <= 390 + 10 + 30
    assert seen["0:1"] == {"Variant2": 334}
    for step, count, share in (("1:1", 120, 0.5), ("25:75", 334, 0.75)):
        assert sum(seen[step].values()) == count
        deviation = (count * share * (1 - share)) ** 0.5
        assert abs(seen[step]["Variant2"] - count * share) <= 4 * deviation
    assert set(seen["next candidate, 1:1"]) == {"Variant2", "Variant3"}
    later = seen["CloudWatch later"]
    assert sum(sum(minutes.values()) for minutes in later.values()) == 120
    assert seen["F1 of 334 rows"]["Variant2"] == pytest.approx(0.818, abs=5e-4)
