"""Planted faults: one token of the kernel is changed, and the drawn runs tell the engines apart.

Each fault is put into a copy of the kernel's modules, which Python plays: see planted_copies. When
the kernel is rewritten, the texts of FAULTS have to follow: a fault that is not in the source any
more fails as such.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simab.world import Blueprint
from tests.world.drawn_runs import Play, some_plays
from tests.world.engines_comparison import blocks_of_arrivals, fingerprint, play_on
from tests.world.planted_copies import Copies, Copy, playing
from tests.world.planted_faults import FAULTS, RARE

MOST_RUNS = 1_200
UNCHANGED = ("def _advance(",) * 2
ALWAYS_PLANTED = "an arrival at a control event"


class Sample:
    """Drawn runs, the same each time, with the reference's fingerprint of each."""

    def __init__(self, at_once: int = 100) -> None:
        self._plays: list[Play] = []
        self._at_once = at_once
        self._batches = itertools.count()
        self._expected: list[str] = []

    def first_difference(self, altered: Copy, *, runs: int = MOST_RUNS) -> int | None:
        """Number of the first run, from 1, on which a kernel differs; None if none does."""
        for number in range(runs):
            play, blueprint, expected = self._reference(number)
            if differs(altered, play, blueprint, expected):
                return number + 1
        return None

    def _reference(self, number: int) -> tuple[Play, Blueprint, str]:
        if number == len(self._plays):
            self._plays += some_plays(next(self._batches), self._at_once)
        play = self._plays[number]
        blueprint = Blueprint.of(play.scenario)
        if number == len(self._expected):
            self._expected.append(expected_of(play, blueprint))
        return play, blueprint, self._expected[number]


def expected_of(play: Play, blueprint: Blueprint) -> str:
    """The reference's fingerprint of a run."""
    with blocks_of_arrivals(64):
        return fingerprint(play_on("reference", play, blueprint=blueprint))


def differs(altered: Copy, play: Play, blueprint: Blueprint, expected: str) -> bool:
    """Whether a run on a copy has another fingerprint, or none."""
    with playing(altered):
        try:
            return fingerprint(play_on("compiled", play, blueprint=blueprint)) != expected
        except IndexError:  # beyond the end of an array
            return True


def differs_on(altered: Copy, play: Play) -> bool:
    """Whether a run on a copy is not the reference's."""
    blueprint = Blueprint.of(play.scenario)
    return differs(altered, play, blueprint, expected_of(play, blueprint))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Copy]]:
    """A function that makes a copy of the kernel with one text in the place of another."""
    monkeypatch.syspath_prepend(tmp_path)
    copies = Copies(tmp_path)
    yield copies.with_fault
    copies.forget()


def test_a_planted_fault_is_found(plant: Callable[..., Copy]) -> None:
    """One fault of those above, with the default tests: a fault that needs a tie in time.

    It is found within ten runs or so: a few are drawn at once.
    """
    sample = Sample(at_once=20)
    assert sample.first_difference(plant(*FAULTS[ALWAYS_PLANTED])) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", [n for n in FAULTS if n != ALWAYS_PLANTED and n not in RARE])
def test_each_planted_fault_is_found(name: str, plant: Callable[..., Copy], sample: Sample) -> None:
    """Changing one token of the kernel changes some drawn run within the budget."""
    assert sample.first_difference(plant(*FAULTS[name])) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", RARE)
def test_each_rare_fault_is_found(name: str, plant: Callable[..., Copy]) -> None:
    """A fault that few drawn runs find changes a run that is made for it, and no copy does."""
    play = RARE[name]()
    assert differs_on(plant(*FAULTS[name]), play)
    assert not differs_on(plant(*UNCHANGED), play)


@pytest.mark.long
def test_a_copy_without_a_fault_is_the_kernel(plant: Callable[..., Copy], sample: Sample) -> None:
    """What is found is the fault, not the copying: an unchanged copy differs nowhere."""
    assert sample.first_difference(plant(*UNCHANGED), runs=300) is None
