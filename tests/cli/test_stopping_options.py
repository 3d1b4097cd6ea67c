"""`--precision` and `--budget`: what they say, and that the result has the count that it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simab.scenario import dumps
from tests.comparison.command_line import run
from tests.study.building import small


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A small scenario in a file."""
    path = tmp_path / "small.yaml"
    path.write_text(dumps(small()), encoding="utf-8")
    return path


WORDS = ("--policy", "test", "--workers", 1)


@pytest.mark.parametrize("ending", [("--precision", "power <= 9.5 points"), ("--budget", "500ms")])
def test_the_result_is_that_of_the_count_that_it_names(
    file: Path, capsys: pytest.CaptureFixture[str], ending: tuple[str, str]
) -> None:
    """The same bytes as with -n, and a line that says why it ended."""
    ended = run(capsys, "compare", file, *WORDS, *ending, "--json")
    assert ended.code == 0, ended.err
    count = json.loads(ended.out)["replications"]
    assert f"--replications {count} " in json.loads(ended.out)["command"]
    said = "Precise enough after" if ending[0] == "--precision" else "replications are complete"
    assert said in ended.err
    fixed = run(capsys, "compare", file, *WORDS, "-n", count, "--no-store", "--json")
    assert fixed.out == ended.out


SWEEP = ("sweep", "--vary", "effect=0%,5%", "--vary", "policies.test.alpha=0.2,0.3")
SENSITIVITY = ("sensitivity", "--world", "described")


@pytest.mark.parametrize(
    ("asked", "ending"),
    [
        (SWEEP, ("--precision", "power <= 9.8 points")),
        pytest.param(SWEEP, ("--budget", "2s"), marks=pytest.mark.long),
        pytest.param(SENSITIVITY, ("--precision", "power <= 9.8 points"), marks=pytest.mark.long),
        pytest.param(SENSITIVITY, ("--budget", "2s"), marks=pytest.mark.long),
    ],
)
def test_sweeps_and_sensitivities_stop_as_comparisons_do(
    file: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], ending: tuple[str, str]
) -> None:
    """All points, or changes, have one count; the same bytes as with -n."""
    command, *others = asked
    ended = run(capsys, command, file, *others, *WORDS, *ending, "--json")
    assert ended.code == 0, ended.err
    result = json.loads(ended.out)
    count = result.get("base", result)["replications"]
    assert f"--replications {count} " in result["command"]
    said = "Precise enough after" if ending[0] == "--precision" else "replications are complete"
    assert said in ended.err
    fixed = run(capsys, command, file, *others, *WORDS, "-n", count, "--no-store", "--json")
    assert fixed.out == ended.out


@pytest.mark.parametrize("asked", [SWEEP, SENSITIVITY])
def test_sweeps_and_sensitivities_play_at_most_so_many(
    file: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...]
) -> None:
    """With -n, and they say that it was not enough."""
    command, *others = asked
    precise = ("-n", 3, "--precision", "power <= 0.1 points")
    ended = run(capsys, command, file, *others, *WORDS, *precise)
    assert ended.code == 0, ended.err
    assert "Not yet as precise as asked for, after 3 replications" in ended.err


def test_most_replications_are_played_if_it_does_not_get_precise(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = run(capsys, "compare", file, *WORDS, "-n", 5, "--precision", "power <= 0.1 points")
    assert "Not yet as precise as asked for, after 5 replications" in ended.err


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (("--precision", "power <= 5%"), "in points"),
        (("--precision", "power('schedule') <= 1 point"), "no policy 'schedule' plays"),
        (("--budget", "soon"), "--budget 'soon'"),
        (("--budget", "0s"), "must be positive"),
    ],
)
@pytest.mark.parametrize("asked", [("compare",), SWEEP, SENSITIVITY])
def test_what_cannot_be_read_is_bad_input(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    asked: tuple[str, ...],
    ending: tuple[str, str],
    words: str,
) -> None:
    """One message and exit code 2."""
    ended = run(capsys, asked[0], file, *asked[1:], *WORDS, *ending)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
