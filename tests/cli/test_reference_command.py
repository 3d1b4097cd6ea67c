"""`simab explain --policy`, `--profile`, `--action` and `--kinds`: what a file can name."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from simab.scenario.reference import TOPICS, entries


def test_a_policy_is_explained_with_its_parameters(run) -> None:
    """Rule, source, when it misleads, and each parameter with what it takes."""
    code, out, err = run("explain", "--policy", "staged_canary")
    assert (code, err) == (0, "")
    (entry,) = [each for each in entries("policy") if each.kind == "staged_canary"]
    text = " ".join(out.split())
    for said in (*entry.rule, f"Source: {entry.source}", entry.misleads):
        assert said in text
    for each in entry.parameters:
        assert f"{each.name}: {each.values}; " in text
        assert each.text in text
    assert "LatencyLimit: " in text


@pytest.mark.parametrize("columns", ["80", "120"])
def test_every_kind_fits_the_terminal(run, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    """Lines end within 80 or 120 columns, without blanks at their ends."""
    for words in (["--kinds"], ["--policy", "flagger"], ["--policy", "blue_green"]):
        monkeypatch.setenv("COLUMNS", columns)
        out = run("explain", *words)[1]
        assert max(map(len, out.splitlines())) <= int(columns)
        assert all(line == line.rstrip() for line in out.splitlines())


def test_a_name_that_several_groups_have_shows_all(run) -> None:
    """`quantiles` are latencies, scores and rewards."""
    out = run("explain", "--profile", "quantiles")[1]
    heads = [line for line in out.splitlines() if line.startswith("quantiles (")]
    assert len(heads) == 3


def test_all_kinds_are_listed(run) -> None:
    code, out, err = run("explain", "--kinds")
    assert (code, err) == (0, "")
    first_words = {line.split()[0] for line in out.splitlines() if line.strip()}
    assert {each.kind for topic in TOPICS for each in entries(topic)} <= first_words


@pytest.mark.parametrize(
    ("topic", "given", "meant"),
    [
        ("policy", "stage_canary", "staged_canary"),
        ("profile", "log-normal", "lognormal"),
        ("action", "promote", "Promote"),
    ],
)
def test_an_unknown_kind_suggests_the_nearest(run, topic: str, given: str, meant: str) -> None:
    """Field, value, rule and remedy; exit code 2."""
    code, out, err = run("explain", f"--{topic}", given)
    assert (code, out) == (2, "")
    assert err.startswith(f"--{topic} = {given}: unknown kind of {topic}. Did you mean {meant}? ")


@pytest.mark.parametrize(
    "words", [[], ["a.yaml", "--kinds"], ["--policy", "sprt", "--profile", "gamma"]]
)
def test_one_thing_is_explained_at_a_time(run, words: list[str]) -> None:
    """Neither nothing nor two things."""
    code, out, err = run("explain", *words)
    assert (code, out) == (2, "")
    assert "Give a FILE, or one of" in err


def test_the_reference_as_json(run) -> None:
    """A format with a version, and the fields of the entries."""
    result = json.loads(run("explain", "--json", "--policy", "sprt")[1])
    assert result["format"] == "simab-reference/1"
    (entry,) = [each for each in entries("policy") if each.kind == "sprt"]
    assert result["kinds"] == json.loads(json.dumps([asdict(entry)]))
    assert len(json.loads(run("explain", "--json", "--kinds")[1])["kinds"]) > 30
