"""A saved fairness or convergence that was edited by hand: one message, or a page."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import simab
from simab.errors import InvalidInput
from simab.report.convergence_page import convergence_page
from simab.report.fairness_page import fairness_page
from simab.result.convergence_result import convergence_json, read_saved_convergence
from simab.result.fairness_result import fairness_json, read_saved_fairness
from tests.comparison.command_line import run
from tests.study.building import small

pytestmark = pytest.mark.usefixtures("undrawn")


@cache
def saved(kind: str) -> Any:
    """The plain JSON of a small study, whose rule moves the weights."""
    if kind == "fairness":
        found = simab.fairness(small(), policy="schedule", replications=4).result
        return json.loads(fairness_json(found))
    result = simab.convergence(small(), replications=12).result
    plain = json.loads(convergence_json(result))
    plain["found"]["metrics"] = plain["found"]["metrics"][:2]
    return plain


READ: dict[str, tuple[Callable[[bytes, str], Any], Callable[[Any], str]]] = {
    "fairness": (read_saved_fairness, fairness_page),
    "convergence": (read_saved_convergence, convergence_page),
}
PHASE = ("split", "rules", 0, "phases", 1)
METRIC = ("found", "metrics", 0)
DAMAGED = [
    ("fairness", (*PHASE, "realised", "b"), "result.split.rules[0].phases[1].realised"),
    ("fairness", (*PHASE, "realised_users", "b"), "phases[1].realised_users"),
    ("fairness", (*PHASE, "settling"), "result.split.rules[0].phases[1]"),
    ("fairness", ("split", "rules", 0, "fan", 3, "window", 4), "fan[3].window"),
    ("fairness", ("split", "rules", 0), "result.split.rules"),
    ("convergence", (*METRIC, "variants", "b"), "result.found.metrics[0].variants"),
    ("convergence", (*METRIC, "truth", "a"), "result.found.metrics[0].truth"),
    ("convergence", (*METRIC, "samples", 0), "result.found.metrics[0].samples"),
    ("convergence", (*METRIC, "variants", "a", "fan", "p95", 2), "variants.a.fan.p95"),
    ("convergence", (*METRIC, "difference", "coverage", 0), "difference.coverage"),
    ("convergence", (*METRIC, "leader", "declared", 0), "leader.declared"),
    ("convergence", (*METRIC, "by_labels", 0, "control", "p5", 0), "by_labels[0].control.p5"),
    ("convergence", ("found", "times_s"), "the key 'times_s' is missing"),
    ("convergence", ("found", "metrics"), "the key 'metrics' is missing"),
]


def without(plain: Any, path: tuple[str | int, ...]) -> Any:
    """The same without what is there."""
    changed = copy.deepcopy(plain)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    del inner[path[-1]]
    return changed


@pytest.mark.parametrize(("kind", "path", "place"), DAMAGED)
def test_a_part_that_is_missing_is_named_with_its_place_and_the_command(
    kind: str, path: tuple[str | int, ...], place: str
) -> None:
    """Not a KeyError or an IndexError of the page that wants it."""
    read, _ = READ[kind]
    with pytest.raises(InvalidInput) as refused:
        read(json.dumps(without(saved(kind), path)).encode(), f"{kind}.json")
    assert place in str(refused.value)
    assert str(refused.value).endswith(f"Make the result anew with simab {kind}")


@pytest.mark.parametrize("kind", list(READ))
def test_the_command_line_says_so_in_one_message_and_ends_with_2(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For each of them."""
    path = next(path for each, path, _ in DAMAGED if each == kind)
    file = tmp_path / f"{kind}.json"
    file.write_text(json.dumps(without(saved(kind), path)), encoding="utf-8")
    ended = run(capsys, "report", file, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert "is missing" in ended.err


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """All places, from the whole to the parts."""
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*path, key))
    elif isinstance(value, list):
        for at in range(len(value)):
            yield from places(value[at], (*path, at))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", list(READ))
def test_whatever_is_missing_there_is_a_message_or_a_page(kind: str, seed: int) -> None:
    """Any one part taken away, of 20 drawn ones: InvalidInput, or the page can be made."""
    numbers = np.random.default_rng(seed)
    plain, (read, page) = saved(kind), READ[kind]
    shapes: dict[tuple[str, ...], tuple[str | int, ...]] = {}
    for path in places(plain):
        if path:
            shapes.setdefault(tuple("#" if isinstance(s, int) else s for s in path), path)
    found = list(shapes.values())
    path = found[int(numbers.integers(len(found)))]
    try:
        result = read(json.dumps(without(plain, path)).encode(), "edited.json")
    except InvalidInput:
        return
    assert page(result)
