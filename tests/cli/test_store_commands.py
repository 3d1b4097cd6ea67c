"""`simab status`, `export`, `report` and `clear`: what they say of a store, and play nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from simab.run.frames import csv_bytes
from simab.scenario import dumps
from simab.study import SqliteStore
from simab.study.default_store import cached_store_path, cached_stores
from simab.study.held import held_studies
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


@pytest.fixture
def store(file: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The store of a study of four replications, of which the last of one policy is lost."""
    path = file.parent / "rows.sqlite"
    words = ["--policy", "test", "--policy", "schedule", "--world", "described", "-n", 4]
    ended = run(capsys, "compare", file, *words, "--workers", 1, "--store", path)
    assert ended.code == 0
    store = SqliteStore(path)
    plan = held_studies(store)[0].plan
    lost = [cell for cell in plan.cells() if (cell.policy, cell.replication) == ("test", 3)]
    del store[plan.row_key(lost[0])]
    store.close()
    return path


def test_status_says_what_is_held_and_what_is_missing(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By world and policy, with the command for the rest."""
    said = run(capsys, "status", store).out
    assert f"{store}: 7 runs" in said
    (row,) = [line.split() for line in said.splitlines() if line.split()[:1] == ["test"]]
    assert row == ["test", "3", "of", "4"]
    assert "1 run missing, replications 0 to 2 are complete" in " ".join(said.split())
    found = json.loads(run(capsys, "status", store, "--json").out)
    assert (found["format"], found["rows"], found["made"][0]["usable"]) == (
        "simab-status/1",
        7,
        True,
    )
    (study,) = found["studies"]
    assert study["held"] == {"described": {"test": 3, "schedule": 4}}
    assert (study["complete"], study["missing"], study["replications"]) == (3, 1, 4)
    assert study["command"].startswith("simab compare ")


def test_export_writes_a_line_for_each_run(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To stdout, or into a file."""
    lines = list(csv.DictReader(io.StringIO(run(capsys, "export", store).out)))
    assert [(line["policy"], line["replication"]) for line in lines] == [
        *(("test", str(number)) for number in range(3)),
        *(("schedule", str(number)) for number in range(4)),
    ]
    out = store.parent / "rows.csv"
    ended = run(capsys, "export", store, "--out", out)
    assert "7 runs" in ended.err
    assert list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8")))) == lines


def test_export_writes_parquet(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same columns and values, with their types."""
    pytest.importorskip("pyarrow")
    import pandas as pd

    out = store.parent / "rows.parquet"
    assert run(capsys, "export", store, "--out", out).code == 0
    found = pd.read_parquet(out)
    assert found.requests_total.dtype == "int64"
    assert csv_bytes(found).decode() == run(capsys, "export", store).out


def test_parquet_without_its_library_says_what_to_install(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence and exit code 2."""

    def lacking(*_: object, **__: object) -> None:
        raise ImportError("Missing optional dependency 'pyarrow'")

    monkeypatch.setattr("pandas.DataFrame.to_parquet", lacking)
    ended = run(capsys, "export", store, "--out", store.parent / "rows.parquet")
    assert ended.code == 2
    assert "simab[parquet]" in ended.err


def test_report_of_a_store_is_of_its_complete_replications(
    file: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The bytes of study.json are those of a study of as many, but for the runs shown in full."""
    out = store.parent / "out"
    ended = run(capsys, "report", store, "--out", out)
    assert "3 of 4 replications are complete" in ended.err
    written = {each.name for each in out.iterdir()}
    assert written == {"report.html", "study.json", "summary.csv", "paired.csv", "outcomes.csv"}
    words = ["--policy", "test", "--policy", "schedule", "--world", "described", "-n", 3]
    whole = json.loads(run(capsys, "compare", file, *words, "--no-store", "--json").out)
    found = json.loads((out / "study.json").read_text(encoding="utf-8"))
    assert (found.pop("examples"), whole.pop("examples") != []) == ([], True)
    assert (found.pop("split"), whole.pop("split") is not None) == (None, True)
    assert found.pop("convergence") is None
    whole.pop("convergence")  # too few replications for it
    assert found == whole
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    assert json.loads(run(capsys, "report", store, "--json").out)["replications"] == 3
    assert run(capsys, "report", store).code == 2


def test_several_studies_are_chosen_by_number(
    file: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As status numbers them; the last is meant if none is named."""
    words = ["--policy", "majority", "--world", "described", "-n", 2, "--seed", 7]
    run(capsys, "compare", file, *words, "--workers", 1, "--store", store)
    seeds = [
        json.loads(run(capsys, "report", store, "--json", *number).out)["seed"]
        for number in (["--study", 1], ["--study", 2], [])
    ]
    assert seeds[1:] == [7, 7]
    assert seeds[0] != 7
    refused = run(capsys, "export", store, "--study", 3)
    assert refused.code == 2
    assert "the store has 2" in refused.err


def test_a_scenario_stands_for_its_store_in_the_cache(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Until something is played, nothing is kept; then status lists it, and clear removes it."""
    assert "no finished runs" in run(capsys, "status").out
    absent = run(capsys, "status", file)
    assert (absent.code, f"simab compare {file}" in absent.err) == (2, True)
    run(capsys, "compare", file, "--policy", "test", "-n", 1, "--workers", 1)
    path = cached_store_path(small())
    assert json.loads(run(capsys, "status", file, "--json").out)["store"] == str(path)
    assert run(capsys, "report", file, "--json").out.startswith("{")
    assert str(path) in " ".join(run(capsys, "status").out.split())
    (listed,) = json.loads(run(capsys, "status", "--json").out)["stores"]
    assert listed["title"] == small().title
    assert run(capsys, "clear", "--unused-for", "1h").code == 0
    assert cached_stores() == [path]
    assert "Removed 1 store" in run(capsys, "clear", file).err
    assert cached_stores() == []


OTHERS: dict[str, tuple[object, ...]] = {
    "sweep": ("--vary", "effect=0%,5%", "--vary", "policies.test.alpha=0.1,0.2"),
    "sensitivity": ("--world", "described"),
}
"""The other kinds of study, and what is asked of each."""


@pytest.fixture(params=OTHERS)
def other(
    request: pytest.FixtureRequest, file: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, Path]:
    """A study of another kind: three replications, the last of one cell lost; and its store."""
    path = file.parent / "others.sqlite"
    words = ("--policy", "test", "--policy", "schedule", "-n", 3, "--workers", 1)
    ended = run(capsys, request.param, file, *OTHERS[request.param], *words, "--store", path)
    assert ended.code == 0, ended.err
    store = SqliteStore(path)
    plan = held_studies(store)[0].plan
    (lost,) = [cell for cell in plan.cells() if cell[1:] == ("test", plan.seed, 2)][-1:]
    del store[plan.row_key(lost)]
    store.close()
    return request.param, path


def test_status_knows_studies_of_every_kind(
    other: tuple[str, Path], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it is, of which file, how many runs are held of how many, and the command for more."""
    kind, store = other
    said = " ".join(run(capsys, "status", store).out.split())
    (study,) = json.loads(run(capsys, "status", store, "--json").out)["studies"]
    cells = len(study["held"]) * 2
    assert f"{kind} " in said
    assert (
        f"1 run missing, replications 0 to 1 are complete; for the rest: simab {kind} {file}"
        in said
    )
    assert f"test {3 * cells // 2 - 1} of {3 * cells // 2}" in said
    assert (study["kind"], study["missing"], study["complete"]) == (kind, 1, 2)
    assert sum(sum(each.values()) for each in study["held"].values()) == 3 * cells - 1
    if kind == "sensitivity":
        assert study["held"]["traffic halved: described"] == {"test": 3, "schedule": 3}


def test_a_study_of_any_kind_is_reported_from_its_store(
    other: tuple[str, Path], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files of its complete replications are those of a study of as many."""
    kind, store = other
    ended = run(capsys, "report", store, "--out", store.parent / "kept")
    assert ended.code == 0, ended.err
    assert "2 of 3 replications are complete" in ended.err
    words = ("--policy", "test", "--policy", "schedule", "-n", 2, "--workers", 1, "--no-store")
    run(capsys, kind, file, *OTHERS[kind], *words, "--out", store.parent / "whole")
    assert files_in(store.parent / "kept") == files_in(store.parent / "whole")
    asked = json.loads(run(capsys, "report", store, "--json").out)
    assert asked == json.loads(files_in(store.parent / "kept")[f"{kind}.json"])


def test_rows_of_a_study_of_any_kind_are_exported(
    other: tuple[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """All that are held, each with what it is of; whole numbers are written as such."""
    kind, store = other
    lines = list(csv.DictReader(io.StringIO(run(capsys, "export", store).out)))
    if kind == "sweep":
        assert len(lines) == 4 * 2 * 3 - 1
        assert {line["effect"] for line in lines} == {"0%", "5%"}
    else:
        assert {line["change"] for line in lines} == {"", "halved", "doubled"}
        assert {line["world"] for line in lines} == {"described"}
    assert not [line for line in lines if "." in line["requests_to_decision"]]


def test_the_cache_lists_how_many_studies_of_each_kind(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sweep alone is enough for a title."""
    words = ("--policy", "test", "-n", 1, "--workers", 1)
    run(capsys, "sweep", file, *OTHERS["sweep"], *words)
    run(capsys, "sensitivity", file, *OTHERS["sensitivity"], *words)
    (listed,) = json.loads(run(capsys, "status", "--json").out)["stores"]
    assert listed["title"] == small().title
    assert listed["studies"] == {"sweep": 1, "sensitivity": 1}
    assert "1 sweep, 1 sensitivity" in " ".join(run(capsys, "status").out.split())


def test_a_file_without_policies_stands_for_its_store_with_those_of_another(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As they were played: `--policies` of status, export, report and clear."""
    policies = file.parent / "policies.yaml"
    head, own = file.read_text(encoding="utf-8").split("policies:\n")
    body = own.splitlines(keepends=True)
    end = next((at for at, line in enumerate(body) if not line.startswith(" ")), len(body))
    policies.write_text("policies:\n" + "".join(body[:end]), encoding="utf-8")
    file.write_text(head + "".join(body[end:]), encoding="utf-8")
    apart = (file, "--policies", policies)
    absent = run(capsys, "status", *apart)
    assert f"`simab compare {file} --policies {policies}` plays it" in absent.err
    words = ("--policy", "test", "--world", "described", "-n", 1, "--workers", 1)
    assert run(capsys, "compare", *apart, *words).code == 0
    assert json.loads(run(capsys, "status", *apart, "--json").out)["rows"] == 1
    assert len(run(capsys, "export", *apart).out.splitlines()) == 2
    assert run(capsys, "report", *apart, "--json").out.startswith("{")
    assert "Removed 1 store" in run(capsys, "clear", *apart).err


@pytest.mark.parametrize("command", ["status", "export", "report"])
def test_policies_beside_a_store_are_refused(
    store: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """They go with a scenario."""
    ended = run(capsys, command, store, "--policies", store)
    assert ended.code == 2
    assert f"--policies: goes with a scenario, and {store} is not" in ended.err


@pytest.mark.parametrize("command", ["status", "clear"])
def test_policies_of_nothing_are_refused(
    store: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """All of the cache is meant where nothing is named; it stays as it is."""
    ended = run(capsys, command, "--policies", store)
    assert (ended.code, "no scenario is named" in ended.err) == (2, True)


@pytest.mark.parametrize("command", ["status", "export", "report"])
def test_what_is_no_store_is_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """One message and exit code 2."""
    ended = run(capsys, command, tmp_path / "absent.sqlite")
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert "absent.sqlite" in ended.err
