"""`simab sweep`: what it prints and writes, how it ends, and what it refuses."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from simab.scenario import dumps
from simab.study import local
from tests.comparison.command_line import files_in, run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


ASKED = ["--vary", "effect=-10%..10%/3", "--policy", "test", "--policy", "schedule", "-n", 6]


@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.long)])
def test_the_same_command_writes_the_same_files_whatever_plays_it(
    processes: bool,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Byte by byte: workers, engines, and the command that the report says remakes it."""
    if processes:  # test_compare_command.py has them with the default tests
        monkeypatch.setattr(local, "_WORTH_PROCESSES", 1)
    ways: list[list[object]] = [
        ["--workers", 1, "--store", tmp_path / "rows.sqlite"],
        ["--workers", 1, "--engine", "reference", "--no-store"],
    ]
    written = []
    for number, way in enumerate(ways):
        folder = tmp_path / f"out {number}"
        few = [*ASKED, "-n", 2]  # the reference is slow
        ended = run(capsys, "sweep", file, *few, "--seed", 5, "--out", folder, *way)
        assert ended.code == 0, ended.err
        written.append(files_in(folder))
    assert set(written[0]) == {"report.html", "sweep.json", "sweep.csv", "outcomes.csv"}
    assert written[0] == written[1]
    command = json.loads(written[0]["sweep.json"])["command"]
    words = [*shlex.split(command)[1:-1], str(tmp_path / "again")]
    assert run(capsys, *words).code == 0
    assert files_in(tmp_path / "again") == written[0]


def test_the_screen_has_a_share_for_each_point(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a policy, and in sentences where each errs most; --json has the whole result alone."""
    ended = run(capsys, "sweep", file, *ASKED, "--no-store")
    (row,) = [line for line in ended.out.splitlines() if line.split()[:1] == ["schedule"]]
    assert row.split()[1::2] == ["100", "100", "100"]
    assert "6 times at each of 3 points" in " ".join(ended.out.split())
    ended = run(capsys, "sweep", file, *ASKED, "--no-store", "--json")
    result = json.loads(ended.out)
    assert result["format"] == "simab-sweep/1"
    assert [point["settings"]["effect"] for point in result["points"]] == ["-10%", "0%", "10%"]


def test_the_table_of_points_has_numbers_that_a_spreadsheet_reads(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row a point and policy; shares are those of the JSON, unrounded."""
    run(capsys, "sweep", file, *ASKED, "--no-store", "--out", tmp_path / "out")
    with (tmp_path / "out" / "sweep.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    result = json.loads((tmp_path / "out" / "sweep.json").read_text(encoding="utf-8"))
    found = [(float(row["true_gain"]), row["policy"], float(row["promotes_share"])) for row in rows]
    assert found == [
        (point["truth"]["gains"]["b"], policy["name"], policy["promotes"]["share"])
        for point in result["points"]
        for policy in point["policies"]
    ]
    assert [float(row["vary.effect"]) for row in rows[::2]] == [-0.1, 0.0, 0.1]
    assert [row["theory"] for row in rows if row["policy"] == "schedule"] == ["1.0"] * 3


def test_a_saved_sweep_is_reported_again(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From its JSON, its page or its folder: the same bytes; a damaged one is refused."""
    folder = tmp_path / "out"
    run(capsys, "sweep", file, *ASKED, "--no-store", "--out", folder)
    before = files_in(folder)
    for number, source in enumerate((folder / "sweep.json", folder / "report.html", folder)):
        again = tmp_path / f"again {number}"
        assert run(capsys, "report", source, "--out", again).code == 0
        assert files_in(again) == {
            name: content for name, content in before.items() if name != "outcomes.csv"
        }
    data = json.loads(before["sweep.json"])
    for damage in (
        {"points": []},
        {"format": "simab-sweep/0"},
        {"fields": []},
        {"replications": "many"},
    ):
        (folder / "sweep.json").write_text(json.dumps(data | damage), encoding="utf-8")
        ended = run(capsys, "report", folder / "sweep.json", "--json")
        assert ended.code == 2
        assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--vary"),
        (["--vary", "effect"], "effect"),
        (["--vary", "effect=1..2"], "1..2/9"),
        (["--vary", "effect=0%,30%"], "at effect = 30%"),
        (["--vary", "effect=a"], "effect = a"),
        (["--vary", "endpoint.variants.c.workers=1"], "Allowed here: a, b"),
        (["--vary", "endpoint.variants.b.workers=1,many"], "workers = many"),
        (["--vary", "title=a"], "title"),
        (["--vary", "effect=0%..1%/1001"], "1001"),
        (["--vary", "effect=0%..1%/1000", "--vary", "horizon=90s..120s/1000"], "1,000,000"),
        (["--vary", "effect=0%..1%/1000", "-n", "5000"], "15,000,000 runs"),
        (["--vary", "effect=0%", "--vary", "effect=1%"], "twice"),
        (["--vary", "effect=0%,0"], "twice"),
        (["--vary", "effect=0%..1%", "--latin-hypercube", "1"], "latin_hypercube"),
        (["--vary", "effect=0%..1%", "--latin-hypercube", "99999999"], "latin_hypercube"),
        (["--vary", "effect=0%", "--policy", "nobody"], "nobody"),
        (["--vary", "effect=\x1b[31m"], "\\x1b"),
    ],
)
def test_what_cannot_be_ends_with_2_before_anything_is_played(
    words: list[str],
    said: str,
    file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One message that names field, value and rule; the folder is not made."""

    def play(*_: Any, **__: Any) -> None:
        raise AssertionError("it played")

    monkeypatch.setattr("simab.sweeping.play_asked", play)
    ended = run(capsys, "sweep", file, *words, "--out", tmp_path / "out")
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "\x1b[31m" not in ended.err
    assert not (tmp_path / "out").exists()


def test_rows_are_kept_and_not_played_again(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store of an earlier sweep has the points of a wider one that they share."""
    store = tmp_path / "rows.sqlite"
    run(capsys, "sweep", file, *ASKED, "--store", store)
    seen: list[int] = []

    def progress(done: int, total: int) -> None:
        seen.append(done)

    from simab.cli import playing

    class Shown:
        def __enter__(self) -> Any:
            return progress

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(playing, "shown_progress", lambda *_, **__: Shown())
    wider = [word if word != "effect=-10%..10%/3" else "effect=-10%..10%/5" for word in ASKED]
    run(capsys, "sweep", file, *wider, "--store", store)
    assert seen[0] == 3 * 2 * 6
    assert seen[-1] == 5 * 2 * 6
