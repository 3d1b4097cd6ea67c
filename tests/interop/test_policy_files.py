"""Policies in files apart from the scenario's: simab's own and those of the tools."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import simab
from simab.errors import InvalidFiles, InvalidInput, InvalidScenario
from simab.interop.tools import import_policy
from simab.scenario import loads
from tests.comparison.command_line import run

FILES = Path(__file__).parent / "files"
WORLD = """title: What is deployed
endpoint:
  variants:
    current: {weight: 1, workers: 8, latency: {kind: constant, value: 5ms},
              quality: {kind: success, probability: 90%}}
    new: {weight: 0, workers: 8, latency: {kind: constant, value: 5ms},
          quality: {kind: success, probability: 92%}}
traffic: {users: {rate: 10/s}}
objective: {control: current, candidate: new, metric: success_rate, smallest_effect: 0.02}
horizon: 1h
"""
OWN = "policies: {test: {kind: fixed_horizon, labelled_requests: 3300}}\n"
ROLLOUT = """# first comes what is no policy
apiVersion: v1
kind: Service
metadata: {name: service}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: NAME}
spec:
  replicas: 10
  strategy:
    canary: {steps: [{setWeight: 20}, {pause: {}}, {setWeight: 60}, {pause: {duration: 5m}}]}
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A scenario without policies."""
    return written(tmp_path, "world.yaml", WORLD)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_policies_of_their_own_file_make_the_scenario_that_one_file_makes(
    world: Path, tmp_path: Path
) -> None:
    apart = written(tmp_path, "apart.yaml", OWN)
    assert simab.load(world, policies=apart) == loads(WORLD + OWN)


def test_the_files_stand_in_place_of_the_scenarios_own_policies(tmp_path: Path) -> None:
    """Also where these are faulty: they are not read."""
    faulty = "policies: {canary: {kind: no_such_kind}, canary: 1}\n"
    path, apart = written(tmp_path, "w.yaml", WORLD + faulty), written(tmp_path, "a.yaml", OWN)
    assert list(simab.load(path, policies=[apart]).policies) == ["test"]
    with pytest.raises(InvalidScenario):
        simab.load(path)


@pytest.mark.parametrize(
    ("tool", "policy", "rest", "table"),
    [
        ("argo", "argo.yaml", [], "argo.map.yaml"),
        ("flagger", "flagger/canary.yaml", [], "flagger/table.yaml"),
        ("kayenta", "kayenta/config.json", ["kayenta/request.json"], "kayenta/table.yaml"),
        ("sagemaker", "canary.json", ["alarms.json"], None),
    ],
)
def test_a_file_of_a_tool_gives_the_policy_that_its_import_gives(
    tool: str, policy: str, rest: list[str], table: str | None, world: Path
) -> None:
    """In whatever order the files are named that it refers to."""
    meanings = FILES / table if table else None
    files = [FILES / each for each in (policy, *rest)]
    expected = import_policy(tool, files, meanings)
    notes: list[str] = []
    for order in (files, files[::-1]):
        found = simab.load(world, policies=order, metrics_map=meanings, on_note=notes.append)
        assert dict(found.policies) == {expected.name: expected.policy}
    assert notes == [note.render() for note in expected.notes] * 2


def test_policies_of_several_files_are_compared_in_the_order_of_the_files(
    world: Path, tmp_path: Path
) -> None:
    """A map is of all: what one rollout leaves another may use."""
    first = written(tmp_path, "first.yaml", ROLLOUT.replace("NAME", "first"))
    second = written(tmp_path, "second.yaml", ROLLOUT.replace("NAME", "second"))
    own = written(tmp_path, "own.yaml", OWN)
    flagger, table = FILES / "flagger/canary.yaml", tmp_path / "map.yaml"
    table.write_text((FILES / "flagger/table.yaml").read_text() + "\nresume_after: 10m\n")
    found = simab.load(world, policies=[flagger, second, own, first], metrics_map=table)
    assert list(found.policies)[1:] == ["second", "test", "first"]
    assert found.policies["first"].resume_after == 600 * 10**9  # type: ignore[union-attr]


def test_a_map_says_when_a_person_resumes_a_pause(world: Path, tmp_path: Path) -> None:
    """And is refused where no rollout waits for one."""
    rollout = written(tmp_path, "r.yaml", ROLLOUT)
    table = written(tmp_path, "map.yaml", "resume_after: 10m\n")
    found = simab.load(world, policies=rollout, metrics_map=table)
    assert found.policies["NAME"].resume_after == 600 * 10**9  # type: ignore[union-attr]
    rollout.write_text(ROLLOUT.replace("{pause: {}}", "{pause: {duration: 1m}}"))
    with pytest.raises(InvalidFiles, match=r"map\.yaml:1:1: resume_after: has no use"):
        simab.load(world, policies=rollout, metrics_map=table)


REFUSED = {
    "of a rule": (
        "policies:\n  test: {kind: fixed_horizon,\n    labelled_requests: 0}\n",
        "p.yaml:3:24: policies.test.labelled_requests = 0: must be at least",
    ),
    "of a rule across fields": (
        "policies:\n  arms:\n    kind: thompson\n    arms: [current, old]\n",
        "p.yaml:4:21: policies.arms.arms",
    ),
    "kind": ("policies:\n  test: {kind: fixed}\n", "p.yaml:2:16: policies.test.kind = fixed"),
    "duplicate": ("policies: {a: 1}\npolicies: {b: 1}\n", "p.yaml:2:1: policies: duplicate key"),
    "another key": (f"title: what\n{OWN}", "p.yaml:1:1: title: only policies are read here"),
    "no mapping": ("policies: [1]\n", "p.yaml:1:11: policies: must be a mapping"),
    "no policy": ("policies: {}\n", "p.yaml:1:11: policies: names no policy"),
    "null": ("policies:\n", "p.yaml:1:1: policies: required"),
    "two documents": (f"{OWN}---\n{OWN}", "p.yaml:3:1: is a second document"),
    "something else": ("kind: Deployment\n", "p.yaml:1:1: neither policies of simab nor"),
    "a text": ("policies", "p.yaml:1:1: neither policies of simab nor"),
    "nothing": ("# nothing\n", "p.yaml: the file is empty"),
    "two tools": (
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\n---\n"
        "apiVersion: flagger.app/v1beta1\nkind: Canary\n",
        "p.yaml:1:1: is of argo and flagger at once",
    ),
    "no yaml": ("policies: {", "p.yaml:"),
    "a placeholder": ("policies: {{ .Values.policies }}\n", "is a placeholder"),
    "endless": ("policies: &a {test: *a}\n", "p.yaml:1:"),
    "a rollout": (ROLLOUT.replace("20", "120"), "p.yaml:12:34: spec.strategy.canary.steps[0]"),
    "a long name": (
        ROLLOUT.replace("NAME", "n" * 64),
        f"p.yaml:6:1: policies.{'n' * 64}: is longer than 63 characters",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_has_its_place_in_the_file_of_the_policies(
    case: str, world: Path, tmp_path: Path
) -> None:
    text, message = REFUSED[case]
    path = written(tmp_path, "p.yaml", text)
    with pytest.raises(InvalidFiles) as refused:
        simab.load(world, policies=path)
    assert message in str(refused.value)


def test_what_is_wrong_in_both_files_is_said_at_once(tmp_path: Path) -> None:
    """The scenario first, and each at its place."""
    world = written(tmp_path, "w.yaml", WORLD.replace("10/s", "-1/s"))
    path = written(tmp_path, "p.yaml", OWN.replace("3300", "0"))
    with pytest.raises(InvalidFiles) as refused:
        simab.load(world, policies=path)
    places = [(Path(source).name, problem.field) for source, problem in refused.value.problems]
    assert places == [
        ("w.yaml", "traffic.users.rate"),
        ("p.yaml", "policies.test.labelled_requests"),
    ]


def test_what_is_wrong_in_the_scenario_alone_is_said_of_it(tmp_path: Path) -> None:
    """A requirement of a policy that the files do not hold is a fault of the scenario."""
    asked = "requirements: [{quantity: power, at_least: 80%, policy: canary}]\n"
    world, path = written(tmp_path, "w.yaml", WORLD + asked), written(tmp_path, "p.yaml", OWN)
    with pytest.raises(InvalidScenario, match=r"w\.yaml:11:\d+: requirements\[0\]\.policy"):
        simab.load(world, policies=path)


def test_two_policies_of_one_name_are_refused_at_the_second(world: Path, tmp_path: Path) -> None:
    """Where one file is named twice, too."""
    path = written(tmp_path, "p.yaml", OWN)
    other = written(tmp_path, "q.yaml", ROLLOUT.replace("NAME", "test"))
    with pytest.raises(InvalidFiles, match=r"q\.yaml:6:1: .* in .*p\.yaml:1:12 already"):
        simab.load(world, policies=[path, other])


def test_files_that_cannot_be_read_are_named(world: Path, tmp_path: Path) -> None:
    folder, binary = tmp_path / "folder", tmp_path / "binary.yaml"
    folder.mkdir()
    binary.write_bytes(b"\xff\x00")
    with pytest.raises(InvalidFiles) as refused:
        simab.load(world, policies=[tmp_path / "absent.yaml", folder, binary])
    assert [Path(source).name for source, _ in refused.value.problems] == [
        "absent.yaml",
        "folder",
        "binary.yaml",
    ]


def test_a_pipe_is_refused_and_not_waited_for(world: Path, tmp_path: Path) -> None:
    """`--policies <(helm template ...)`: it could be read once only."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidFiles, match="pipe: not a regular file"):
        simab.load(world, policies=pipe)


def test_a_map_without_a_file_of_a_tool_is_refused(world: Path, tmp_path: Path) -> None:
    own, table = written(tmp_path, "p.yaml", OWN), written(tmp_path, "m.yaml", "metrics: {}\n")
    with pytest.raises(InvalidFiles, match=r"m\.yaml: has no use"):
        simab.load(world, policies=own, metrics_map=table)
    with pytest.raises(InvalidInput, match="policies is not"):
        simab.load(world, metrics_map=table)
    with pytest.raises(InvalidInput, match="no file is named"):
        simab.load(world, policies=[])
    with pytest.raises(InvalidInput, match="must be the name of a file"):
        simab.load(world, policies=[7])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "command",
    [
        ["run"],
        ["compare", "-n", 1, "--workers", 1, "--world", "described"],
        ["check"],
        ["explain"],
        ["sweep", "--vary", "effect=0%,2%", "-n", 1, "--workers", 1],
    ],
    ids=lambda words: str(words[0]),
)
def test_commands_take_policies_from_a_file(
    command: list[object], world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And say what a tool's file holds that the policy does not."""
    path = written(tmp_path, "rollout.yaml", ROLLOUT)
    found = run(capsys, *command, world, "--policies", path)
    assert found.code == 0
    assert f"{path}:3:7: kind: Service service is not a policy." in found.err
    assert run(capsys, *command, world).code == 2
    assert run(capsys, *command, world, "--map", path).code == 2
    assert run(capsys, *command, world, "--policies", world).code == 2


def test_the_command_of_a_study_names_the_files_of_its_policies(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that it remakes the study."""
    path, table = written(tmp_path, "r.yaml", ROLLOUT), tmp_path / "m.yaml"
    table.write_text("resume_after: 10m\n")
    words = ("compare", world, "--policies", path, "--map", table)
    found = run(capsys, *words, "-n", 1, "--workers", 1, "--world", "equal", "--json", "-q")
    command = json.loads(found.out)["command"]
    assert f"--policies {path} --map {table} --world equal" in command


def test_a_file_that_is_read_is_not_written(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "r.yaml", ROLLOUT)
    found = run(capsys, "compare", world, "--policies", path, "--gate", "--markdown", path)
    assert found.code == 2
    assert path.read_text() == ROLLOUT


def test_names_from_a_rollout_steer_no_terminal(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "r.yaml", ROLLOUT.replace("NAME", '"a\\e[31m\\nb"'))
    found = run(capsys, "check", world, "--policies", path)
    assert found.code == 0
    assert "\x1b" not in found.out + found.err
