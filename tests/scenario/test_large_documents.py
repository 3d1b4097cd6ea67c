"""A document that is too large or too odd is refused within seconds, in little memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simab.documents.parsing import MOST_VALUES
from simab.errors import InvalidScenario
from simab.scenario.loading import loads

MEGABYTE = 1_000_000
REFUSED_AT_ONCE = {
    "5 MB of values": "a: [" + "1," * (5 * MEGABYTE // 2) + "]",
    "a million values": "a: [" + "1," * 990_000 + "]",
    "a million values in rows": "a:\n" + "- 1\n" * 490_000,
    "100,000 unknown keys": "".join(f"k{number}: 1\n" for number in range(100_000)),
    "a million empty lines": "\n" * 1_000_000 + "title: t",
    "brackets": "a: " + "[" * 100_000,
}
REFUSED_IN_TIME = {
    "a long word": "title: " + "x" * (2 * MEGABYTE - 10),
    "a long quote": 'title: "' + "x" * (2 * MEGABYTE - 10) + '"',
    "spaces": " " * (2 * MEGABYTE - 10) + "title: x",
    "9,000 unknown keys": "".join(f"k{number}: 1\n" for number in range(9_000)),
    "9,000 anchors": "".join(f"a{number}: &a{number} x\n" for number in range(9_000)),
    "an alias bomb": "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
}


@pytest.mark.parametrize("text", REFUSED_AT_ONCE.values(), ids=REFUSED_AT_ONCE)
def test_what_would_take_minutes_to_parse_is_not_parsed(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, without the parser, and without a search for the remedies of 100,000 keys."""
    monkeypatch.setattr(YAML, "compose", lambda *_: pytest.fail("the parser was asked"))
    with pytest.raises(InvalidScenario) as refused:
        loads(text)
    assert len(refused.value.problems) == 1


@pytest.mark.parametrize(
    "number", ["0x" + "f" * 5000, "9" * 5000, "-" + "1" * 301, "0b" + "1" * 9999]
)
def test_a_number_of_very_many_digits_is_named_as_such(number: str) -> None:
    """At its place; Python itself refuses to write such a number."""
    with pytest.raises(InvalidScenario, match=r":2:10: horizon: a number of [0-9,]+ digits"):
        loads(f"title: t\nhorizon: {number}\n")


def test_commas_in_quotes_and_comments_are_no_values() -> None:
    """A long question is not a table."""
    commas = "," * MOST_VALUES
    text = f"title: \"{commas}{commas}\"\n# {commas}\nquestion: '{commas}'\n"
    with pytest.raises(InvalidScenario, match="endpoint: required"):
        loads(text)


@pytest.mark.long
def test_a_curve_of_too_many_points_gets_a_remedy_for_curves() -> None:
    """Quantiles are for logs of durations."""
    points = ", ".join(f"{number}ms: 1" for number in range(100_000))
    with pytest.raises(InvalidScenario, match="curves over time by fewer points or as a trace"):
        loads(f"traffic: {{users: {{arrivals: {{shape: {{points: {{{points}}}}}}}}}}}")


def test_a_large_table_is_read() -> None:
    """10,000 rows of labels and two models: nearly as much as may be."""
    column = ", ".join(["1", "0"] * 5_000)
    columns = f"labels: [{column}], outcomes: {{a: [{column}], b: [{column}]}}"
    table = f"outcome_tables: {{t: {{{columns}}}}}"
    with pytest.raises(InvalidScenario) as refused:
        loads(table)
    assert not any("values" in problem.rule for problem in refused.value.problems)


@pytest.mark.long
@pytest.mark.parametrize("text", REFUSED_IN_TIME.values(), ids=REFUSED_IN_TIME)
def test_the_whole_command_needs_little_time_and_memory(tmp_path: Path, text: str) -> None:
    """`simab check` of the largest documents that are parsed, in at most 500 MB.

    The kernel ends it after 20 s of processor time: several times what any of them takes, and far
    less than time that grows with the square of the keys.
    """
    file = tmp_path / "large.yaml"
    file.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "simab", "check", str(file)],
        check=False,
        capture_output=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (20, 20)),
    )
    assert done.returncode == 2
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 500 * 1024
