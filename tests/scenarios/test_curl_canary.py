"""The canary in shell, on a server: a sound candidate gets all traffic, a broken one none."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("boto3")
pytest.importorskip("uvicorn")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (shutil.which("sh") and shutil.which("curl")), reason="no sh, or no curl"
    ),
]


@pytest.mark.parametrize(
    ("described", "code", "last", "weights"),
    [
        ({}, 0, "new has all of the traffic", [0, 100]),
        ({"error_rate": 0.03}, 1, "new was taken back", [100, 0]),
        (
            {"latency": {"kind": "constant", "value": "700ms"}, "workers": 8},
            1,
            "new was taken back",
            [100, 0],
        ),
    ],
)
def test_a_canary_that_curl_plays(
    repository: Path, described: dict[str, object], code: int, last: str, weights: list[float]
) -> None:
    from simab.aws import Account
    from simab.aws.server.listening import served
    from simab.scenario import load
    from simab.scenario.models import Scenario

    data = load(repository / "scenarios" / "minimal.yaml").model_dump(mode="json")
    data["endpoint"]["variants"]["new"] |= described
    account = Account(Scenario.model_validate(data), seed=1)
    endpoint = account.put_in_service("prod")
    with served(account) as url:
        done = subprocess.run(
            ["sh", repository / "scenarios" / "curl" / "canary.sh", "prod", "current", "new"],
            env=os.environ | {"AWS_ENDPOINT_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (code, ""), done.stdout
    lines = done.stdout.splitlines()
    assert lines[-1] == last
    assert [each.current_weight for each in endpoint.variants()] == weights
    steps = [line for line in lines if "of the traffic: success rate" in line]
    assert len(steps) == (1 if code else 4)
    for line in steps:
        success, latency = line.split("success rate ")[1].removesuffix(" s").split(", p99 ")
        assert 0.5 < float(success) <= 1
        assert 0.05 < float(latency) < 1
