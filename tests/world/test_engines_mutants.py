"""Planted faults: one token of the kernel is changed, and the drawn runs tell the engines apart.

Each fault is put into a copy of the kernel's modules. When the kernel is rewritten, the texts of
FAULTS have to follow: a fault that is not in the source any more fails as such.
"""

from __future__ import annotations

import importlib
import inspect
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from simab.world import Blueprint, books, kernel
from tests.world.engines_comparison import blocks_of_arrivals, compiled_plane, fingerprint, play_on
from tests.world.engines_strategies import Play, hundred_plays

HUNDREDS = 12
COPIED = (
    "kernel",
    "kernel_arrivals",
    "kernel_booking",
    "kernel_draws",
    "kernel_instances",
    "kernel_log",
)
FAULTS = {
    "an arrival at a window's start": (
        "arrived_ns - window_start_ns >= period_ns",
        "arrived_ns - window_start_ns > period_ns",
    ),
    "a finish at a window's start": (
        "finished_ns - window_start_ns >= period_ns",
        "finished_ns - window_start_ns > period_ns",
    ),
    "a finish at the horizon": ("if finished_ns >= horizon_ns", "if finished_ns > horizon_ns"),
    "a label at the horizon": ("label_ns >= fixed.scalars[0]", "label_ns > fixed.scalars[0]"),
    "a start at the horizon": ("if started_ns < horizon_ns", "if started_ns <= horizon_ns"),
    "an arrival at a control event": ("arrived_ns >= until_ns", "arrived_ns > until_ns"),
    "arrivals of two segments at once": ("ahead_ns < earliest_ns", "ahead_ns <= earliest_ns"),
    "the place where the heap begins": (
        "    place = np.int64(0)\n    while True:",
        "    place = np.int64(1)\n    while True:",
    ),
    "one place more in the queue": (
        "instances.counts[slot] >= queue_limit",
        "instances.counts[slot] > queue_limit",
    ),
    "a worker that becomes free on arrival": (
        "queue_limit != UNLIMITED and free_ns > arrived_ns",
        "queue_limit != UNLIMITED and free_ns >= arrived_ns",
    ),
    "a start at the instant of asking who waits": (
        "instances.waiting[slot, head] <= now_ns",
        "instances.waiting[slot, head] < now_ns",
    ),
    "a finish at the instant of asking who is served": (
        "free_ns[slot, worker] > now_ns",
        "free_ns[slot, worker] >= now_ns",
    ),
    "the next of the least busy instances": ("if chosen == 0:", "if chosen == 1:"),
    "the last of equals in turn": (
        "split.taken[choice] > split.taken[chosen]",
        "split.taken[choice] >= split.taken[chosen]",
    ),
    "a service of no time": ("max(service_ns, np.int64(1))", "max(service_ns, np.int64(0))"),
    "the bucket of a label": ("_quotient(label_ns,", "_quotient(label_ns + 1,"),
    "a copy's window": (
        "finished_ns // period_ns)\n        failed = fails(fixed, variant, word_error)",
        "arrived_ns // period_ns)\n        failed = fails(fixed, variant, word_error)",
    ),
    "a request that a cookie sent": ("if way == _BY_WEIGHT:", "if way != _NAMED:"),
    "the window of an assignment": (
        "streams, requests, segment, place, window)\n        log",
        "streams, requests, segment, place, window - window % np.uint64(2))\n        log",
    ),
    "two users of one bit": ("client & _CLIENT_REST", "client & np.uint64(31)"),
    "a user who is seen again": ("split.users[word] = seen | bit", "split.users[word] = seen"),
    "where a squared reward is cut": ("square >> _SQUARES_CUT", "square >> _SQUARES_CUT - 1"),
    "the bucket of a latency": (
        "bit_length(units) - _SUBDIVISION_BITS - 1",
        "bit_length(units) - _SUBDIVISION_BITS - 0",
    ),
}


class Sample:
    """Drawn runs, the same each time, with the reference's fingerprint of each."""

    def __init__(self) -> None:
        self._plays: list[Play] = []
        self._expected: list[str] = []

    def first_difference(self, altered: ModuleType) -> int | None:
        """Number of the first run, from 1, on which a kernel differs; None if none does."""
        for number in range(HUNDREDS * 100):
            play, blueprint, expected = self._reference(number)
            with compiled_plane(kernel=altered):
                try:
                    found = fingerprint(play_on("compiled", play, blueprint=blueprint))
                except IndexError:
                    found = "beyond the end of an array"
            if found != expected:
                return number + 1
        return None

    def _reference(self, number: int) -> tuple[Play, Blueprint, str]:
        if number == len(self._plays):
            self._plays += hundred_plays(number // 100)
        play = self._plays[number]
        blueprint = Blueprint.of(play.scenario)
        if number == len(self._expected):
            with blocks_of_arrivals(64):
                reference = play_on("reference", play, blueprint=blueprint)
            self._expected.append(fingerprint(reference))
        return play, blueprint, self._expected[number]


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """A function that compiles a copy of the kernel with one text in the place of another."""
    monkeypatch.syspath_prepend(tmp_path)
    package = f"planted_{next(numbers)}"

    def build(old: str, new: str) -> ModuleType:
        sources = {name: _source_of(name, package) for name in COPIED}
        assert sum(source.count(old) for source in sources.values()) == 1, f"no longer: {old}"
        (tmp_path / package).mkdir()
        for name, source in sources.items():
            text = source.replace(old, new)
            (tmp_path / package / f"{name}.py").write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return importlib.import_module(f"{package}.kernel")

    yield build
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


numbers = itertools.count()


def _source_of(name: str, package: str) -> str:
    """A module of the kernel's that knows its copied siblings, checks indices and saves nothing."""
    source = Path(kernel.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    for copied in COPIED:
        source = source.replace(
            f"from simab.world.{copied} import", f"from {package}.{copied} import"
        )
    return source.replace("cache=True", "boundscheck=True")


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A finish at a window's start, booked in the window before: a fault that needs a tie in time.

    It stands in the reference, which needs no compiler; the kernel's own are found by the long
    tests below.
    """
    source = textwrap.dedent(inspect.getsource(books.Books.book_served))
    right, wrong = "finished_ns // self", "(finished_ns - 1) // self"
    assert source.count(right) == 1
    planted: dict[str, Any] = {}
    exec(source.replace(right, wrong), vars(books), planted)
    monkeypatch.setattr(books.Books, "book_served", planted["book_served"])
    assert any(
        fingerprint(play_on("reference", play)) != fingerprint(play_on("compiled", play))
        for play in hundred_plays(0)
    )


@pytest.mark.long
@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_found(
    name: str, plant: Callable[..., ModuleType], sample: Sample
) -> None:
    """Changing one token of the kernel changes some run within the budget."""
    assert sample.first_difference(plant(*FAULTS[name])) is not None


@pytest.mark.long
def test_a_copy_without_a_fault_is_the_kernel(
    plant: Callable[..., ModuleType], sample: Sample
) -> None:
    """What is found above is the fault, not the copying: an unchanged copy differs nowhere."""
    assert sample.first_difference(plant(*(("def _advance(",) * 2))) is None
