"""`simab serve` on the command line: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from simab.cli.main import main
from tests.aws.server.asking import client_of

SCENARIO = """
title: Two models behind an endpoint
endpoint:
  variants:
    a: {workers: 9, latency: {kind: constant, value: 20ms},
        quality: {kind: success, probability: 90%}}
    b: {workers: 9, latency: {kind: constant, value: 20ms},
        quality: {kind: success, probability: 95%}}
traffic: {users: {rate: 5/s}}
objective: {control: a, candidate: b, metric: success_rate, smallest_effect: 0.02}
horizon: 2h
metrics: {period: 1min, publication_delay: 45s}
policies:
  schedule: {kind: manual_schedule, steps: [{at: 5min, promote: b}]}
"""
ENVIRONMENT = [
    "export AWS_ACCESS_KEY_ID=simulated AWS_SECRET_ACCESS_KEY=simulated",
    "export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1",
]
ANSWERS = """
def answer(variant, payload):
    if payload == b"fail":
        raise RuntimeError("as asked for")
    return f"{variant} {payload.decode()}"
"""


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario and answers in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("s.yaml").write_text(SCENARIO, encoding="utf-8")
    Path("answers.py").write_text(ANSWERS, encoding="utf-8")


@contextmanager
def serving(*words: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its address; all that it prints is read."""
    command = [sys.executable, "-m", "simab", "serve", "s.yaml", "--port", str(port), *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, text=True, stdout=pipe, stderr=pipe) as process:
        try:
            assert process.stdout is not None
            printed = [process.stdout.readline().strip() for _ in range(3)]
            assert printed[1:] == ENVIRONMENT, process.communicate()
            yield process, printed[0].removeprefix("export AWS_ENDPOINT_URL=")
        finally:
            process.kill()


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that an impossible command ends with."""
    with pytest.raises(SystemExit) as ended:
        main(["serve", "s.yaml", *words])
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    return " ".join(printed.err.split())


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_writes_the_state(number: int, tmp_path: Path) -> None:
    """In a process: clients invoke and read, and what was so is in a file."""
    state = tmp_path / "state.json"
    words = ["--endpoint", "prod", "--state", str(state), "--answers", "answers.py:answer"]
    with serving(*words, "--seed", "7", "--replication", "3") as (process, url):
        with closing(client_of("sagemaker-runtime", url)) as runtime:
            found = runtime.invoke_endpoint(EndpointName="prod", Body=b"1,2", TargetVariant="b")
            assert found["Body"].read() == b"b 1,2"
            with pytest.raises(runtime.exceptions.ModelError, match="RuntimeError: as asked for"):
                runtime.invoke_endpoint(EndpointName="prod", Body=b"fail")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == ""
    assert f"{url}/ in a browser. Ctrl-C ends it." in err
    assert "Ended at 2026-01-05 09:00:00 UTC in simulated time." in err
    assert f"The state is {state}." in err
    saved = json.loads(state.read_text(encoding="utf-8"))
    assert (saved["format"], saved["seed"], saved["replication"]) == ("simab-account/1", 7, 3)
    assert saved["endpoints"][0]["name"] == "prod"
    assert [each.name for each in tmp_path.glob(".state*")] == []


@pytest.mark.long
def test_a_table_of_models_is_served_with_defaults_that_are_said() -> None:
    """Of a model that two variants have, each plays one of them."""
    model = "{latency: {kind: constant, value: 20ms}, quality: {kind: success, probability: 90%}}"
    Path("s.yaml").write_text(f"models:\n  own-1: {model}\n  own-2: {model}\n", encoding="utf-8")
    with serving() as (process, url), closing(client_of("sagemaker", url)) as sagemaker:
        for name in ("own-1", "own-2"):
            sagemaker.create_model(ModelName=name, PrimaryContainer={"Image": "own"})
        variant = {"InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        variants = [{"VariantName": f"v{each}", "ModelName": f"own-{each}"} for each in (1, 2)]
        sagemaker.create_endpoint_config(
            EndpointConfigName="c", ProductionVariants=[each | variant for each in variants]
        )
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "s.yaml names models alone; taken beside them: 10/s of requests" in err


@pytest.mark.long
def test_quietly_it_says_its_address_and_nothing_else() -> None:
    """Nor does a request leave a line, whatever is wrong with it."""
    with serving("--quiet") as (process, url):
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 400")
        process.terminate()
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


@pytest.mark.long
def test_elsewhere_than_on_loopback_the_address_holds_a_token() -> None:
    """It is asked for on every path, and is another one each time; nothing else says it."""
    tokens = []
    for _ in range(2):
        with serving("--host", "0.0.0.0", "--endpoint", "prod") as (process, url):
            bare, _, token = url.rpartition("/")
            tokens.append(token)
            assert bare.startswith(f"http://{socket.gethostname()}:")
            here = f"http://127.0.0.1:{bare.rpartition(':')[2]}"
            with pytest.raises(urllib.error.HTTPError, match="403") as refusal:
                urllib.request.urlopen(f"{here}/_simab/state")
            refusal.value.close()
            with urllib.request.urlopen(f"{here}/{token}/_simab/state") as answer:
                assert token.encode() not in answer.read()
            with closing(client_of("sagemaker", f"{here}/{token}")) as sagemaker:
                described = sagemaker.describe_endpoint(EndpointName="prod")
            assert described["EndpointStatus"] == "InService"
            process.terminate()
            process.communicate(timeout=60)
    assert len(tokens[0]) >= 32
    assert tokens[0] != tokens[1]


def test_a_port_that_is_taken_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(capsys, "--port", str(port))
    assert said.startswith(f"port = {port}: cannot be listened at on 127.0.0.1 (Address already")
    assert said.endswith("give another, or 0 for any that is free")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--host", "nowhere.invalid"), "host = nowhere.invalid: cannot be listened at"),
        (("--host", ""), "host: must be a name or an address"),
        (("--port", "65536"), "65536 is not in the range 0<=x<=65535"),
        (("--speed", "nan"), "speed = nan: must be 0, or from 0.01 to 1000000"),
        (("--speed", "-1"), "speed = -1: must be 0, or from 0.01 to 1000000"),
        (("--speed", "1e-300"), "speed = 1e-300: must be 0, or from 0.01 to 1000000"),
        (("--start", "yesterday"), "--start yesterday: write 2026-01-05T09:00, or now"),
        (("--start", "9999-01-01"), "--start 9999-01-01: must be from 1970 to 2200"),
        (("--model", "a"), "--model a: write NAME=VARIANT"),
        (("--model", "=a"), "--model =a: write NAME=VARIANT"),
        (("--model", "m=z"), "--model ...=z: s.yaml has the variants a and b"),
        (("--answers", "none.py:answer"), "--answers = none.py:answer: no such file"),
        (("--answers", "answers.py:other"), "answers.py has no function other"),
        (("--answers", "broken.py:f"), "broken.py:f: the file raised SyntaxError"),
        (("--state", "none/state.json"), "--state none/state.json: there is no folder none"),
        (("--endpoint", "a_b", "--port", "0"), "--endpoint a_b: 1 validation error detected"),
        (("--engine", "none"), "'none' is not one of 'compiled', 'reference'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_served_is_said_in_a_line(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], expected: str
) -> None:
    Path("broken.py").write_text("def f(:\n", encoding="utf-8")
    assert expected in refused(capsys, *words)


def test_a_file_that_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.yaml").unlink()
    assert "s.yaml" in refused(capsys)


def test_without_the_extra_all_that_is_lacking_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    find = importlib.util.find_spec
    absent = ("starlette", "uvicorn")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    assert refused(capsys) == (
        "simab serve needs starlette and uvicorn, which cannot be imported; "
        "`pip install 'simab[serve]'` brings all that it needs"
    )


def test_a_state_that_cannot_be_written_is_said_at_the_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from simab import files
    from simab.aws.server.listening import Listening

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Listening, "run_until_signal", lambda self: self._socket.close())
    monkeypatch.setattr(files, "write_files", full)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "s.yaml", "--port", "0", "--state", "state.json", "--quiet"])
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.err.split("\n")[0].startswith("--state state.json: cannot be written")
