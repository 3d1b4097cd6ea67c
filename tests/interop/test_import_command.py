"""`simab import`: a piece of a scenario on stdout, what was ignored on stderr, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simab.cli.main import main
from simab.scenario import dumps, load, loads

FILES = Path(__file__).parent / "files"
SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
ARGO = ["argo", "argo.yaml", "--map", "argo.map.yaml"]
GUARDRAIL = ["sagemaker", "canary.json", "alarms.json"]
WEIGHTS = ["sagemaker", "weights.json", "--map", "weights.map.yaml"]


@pytest.fixture(autouse=True)
def _in_the_folder_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FILES)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["import", *arguments])
    printed = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, printed.out, printed.err


@pytest.mark.parametrize("arguments", [ARGO, GUARDRAIL, WEIGHTS], ids=["argo", "guardrail", "ab"])
def test_what_is_printed_is_a_piece_of_a_scenario(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Put into a scenario it is valid, and written out and read again it is the same."""
    code, out, err = run(capsys, *arguments)
    assert code == 0
    assert err
    scenario = load(SHIPPED / "minimal.yaml").model_dump(mode="json", exclude_none=True)
    text = json.dumps(scenario).replace('"current"', '"old"')
    data = json.loads(text) | YAML(typ="safe", pure=True).load(out)
    found = loads(json.dumps(data))
    assert loads(dumps(found)) == found
    assert list(found.policies) == list(data["policies"])


def test_json_holds_the_policy_and_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    """The same policy; each note with its place."""
    _, out, _ = run(capsys, *ARGO)
    code, machine, err = run(capsys, *ARGO, "--json")
    result = json.loads(machine)
    assert code == 0
    assert result["format"] == "simab-import/1"
    assert result["policies"] == YAML(typ="safe", pure=True).load(out)["policies"]
    assert result["notes"][1] == {
        "source": "argo.yaml",
        "line": 30,
        "column": 11,
        "field": "spec.strategy.canary.steps[1].setHeaderRoute",
        "reason": "requests have no headers here; the step is left out",
    }
    assert "setHeaderRoute" in err


def test_the_name_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of the file's; one that a scenario does not take is refused."""
    assert run(capsys, *WEIGHTS, "--name", "plan")[1].startswith("policies:\n  plan:\n")
    code, out, err = run(capsys, *WEIGHTS, "--name", "x" * 64)
    assert (code, out) == (2, "")
    assert "Give another one with --name" in err


def test_quiet_keeps_the_notes_back(capsys: pytest.CaptureFixture[str]) -> None:
    """Errors only."""
    assert run(capsys, *GUARDRAIL, "--quiet")[2] == ""


def test_bad_input_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on stdout, one line a problem on stderr, no traceback."""
    code, out, err = run(capsys, "argo", "argo.yaml")
    assert (code, out) == (2, "")
    assert err.startswith("argo.yaml:66:7: spec.metrics[0].provider: what metric error-share")
    assert "Traceback" not in err
    assert run(capsys, "helm", "argo.yaml")[0] == 2
    assert run(capsys, "argo", "absent.yaml")[0] == 2
