"""Planted faults: one token of the kernel is changed, and the drawn runs tell the engines apart.

Each fault is put into a copy of the kernel's modules, which Python plays: see planted_copies. When
the kernel is rewritten, the texts of FAULTS have to follow: a fault that is not in the source any
more fails as such.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from simab.world import Blueprint
from tests.world.building import scenario, variant
from tests.world.drawn_runs import Play, some_plays
from tests.world.engines_comparison import blocks_of_arrivals, fingerprint, play_on
from tests.world.planted_copies import Copies, Copy, playing

HUNDREDS = 12
ALWAYS_PLANTED = "an arrival at a control event"
FAULTS = {
    "an arrival at a window's start": (
        "arrived_ns - window_start_ns >= period_ns",
        "arrived_ns - window_start_ns > period_ns",
    ),
    "a finish at a window's start": (
        "finished_ns - window_start_ns >= period_ns",
        "finished_ns - window_start_ns > period_ns",
    ),
    "a finish in a window before": (
        " or finished_ns < window_start_ns",
        " or finished_ns < 0",
    ),
    "a block that is prepared for other weights": (
        "streams[segment].routing != routing.number",
        "streams[segment].routing > routing.number",
    ),
    "a finish at the horizon": (
        "    if finished_ns >= constants.horizon_ns",
        "    if finished_ns > constants.horizon_ns",
    ),
    "a label at the horizon": (
        "label_ns >= constants.horizon_ns",
        "label_ns > constants.horizon_ns",
    ),
    "a start at the horizon": (
        "if started_ns < constants.horizon_ns",
        "if started_ns <= constants.horizon_ns",
    ),
    "an arrival at a control event": (
        "streams[segment].arrived_ns[place] < before_ns:\n        reason",
        "streams[segment].arrived_ns[place] <= before_ns:\n        reason",
    ),
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
        "taken[choice] > taken[chosen]",
        "taken[choice] >= taken[chosen]",
    ),
    "a cookie at its end": (
        "arrived_ns < kept_until_ns[client]",
        "arrived_ns <= kept_until_ns[client]",
    ),
    "clients of a second segment": (
        "words[CLIENT, here] = client - first",
        "words[CLIENT, here] = client",
    ),
    "a cookie that is renewed": (
        "    if constants.variant_routing == _KEEP_ALIVE:\n        routing",
        "    if constants.variant_routing > 0:\n        routing",
    ),
    "a connection that knows of weights": (
        "    if constants.variant_routing == _KEEP_ALIVE:\n        holds",
        "    if constants.variant_routing < 0:\n        holds",
    ),
    "a cookie of weight 0": ("found |= choice == variant", "found |= variant >= 0"),
    "the weight in a rendezvous": (
        ".salt)) / relative[number]",
        ".salt)) * relative[number]",
    ),
    "the least in place of the largest": ("score > largest", "score < largest"),
    "a service of no time": ("max(service_ns, np.int64(1))", "max(service_ns, np.int64(0))"),
    "the bucket of a label": ("_quotient(label_ns,", "_quotient(label_ns + 1,"),
    "a copy's window": (
        "np.uint64(finished_ns // constants.period_ns)",
        "np.uint64(arrived_ns // constants.period_ns)",
    ),
    "a request that a cookie sent": (".ways[place] != BY_WEIGHT", ".ways[place] == 0"),
    "the window of an assignment": (
        "requests[window, variant, _COL_ASSIGNED] += 1",
        "requests[window - window % np.uint64(2), variant, _COL_ASSIGNED] += 1",
    ),
    "two users of one bit": (
        "(client & _CLIENT_REST), client >> _CLIENT_BITS\n    seen",
        "(client & np.uint64(31)), client >> _CLIENT_BITS\n    seen",
    ),
    "a user who is seen again": ("routing.users[word] = seen | bit", "routing.users[word] = seen"),
    "where a squared reward is cut": ("square >> _SQUARES_CUT", "square >> _SQUARES_CUT - 1"),
    "the bucket of a latency": (
        "bit_length(units) - _SUBDIVISION_BITS - 1",
        "bit_length(units) - _SUBDIVISION_BITS - 0",
    ),
}


# A worker, no place to wait, and one request a microsecond: some arrive in the very nanosecond in
# which the worker becomes free.
FULL = Play(
    scenario(
        {"a": variant(latency={"kind": "constant", "value": "300ns"}, queue_limit=0)},
        rate="1000000/s",
        horizon="8ms",
        metrics={"period": "4ms", "publication_delay": "0s"},
        controller={"interval": "4ms"},
    ),
    script={},
    period=None,
    seed=1,
    replication=0,
)

# One client whose cookie ends after 300 ns: some of its requests arrive in that very nanosecond.
KEPT = Play(
    scenario(
        {name: variant(latency={"kind": "constant", "value": "1ns"}) for name in ("a", "b")},
        traffic={"users": {"rate": "1000000/s", "clients": 1}},
        endpoint={"variant_routing": "session_cookie", "affinity": "300ns"},
        horizon="8ms",
        metrics={"period": "4ms", "publication_delay": "0s"},
        controller={"interval": "4ms"},
    ),
    script={},
    period=None,
    seed=1,
    replication=0,
)


class Sample:
    """Drawn runs, the same each time, with the reference's fingerprint of each."""

    def __init__(self, first: Sequence[Play] = (FULL, KEPT), at_once: int = 100) -> None:
        self._plays = list(first)
        self._at_once = at_once
        self._batches = itertools.count()
        self._expected: list[str] = []

    def first_difference(self, altered: Copy, *, hundreds: int = HUNDREDS) -> int | None:
        """Number of the first run, from 1, on which a kernel differs; None if none does."""
        for number in range(hundreds * 100):
            play, blueprint, expected = self._reference(number)
            with playing(altered):
                try:
                    found = fingerprint(play_on("compiled", play, blueprint=blueprint))
                except IndexError:
                    found = "beyond the end of an array"
            if found != expected:
                return number + 1
        return None

    def _reference(self, number: int) -> tuple[Play, Blueprint, str]:
        if number == len(self._plays):
            self._plays += some_plays(next(self._batches), self._at_once)
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
    sample = Sample(first=(), at_once=20)
    assert sample.first_difference(plant(*FAULTS[ALWAYS_PLANTED])) is not None


@pytest.mark.long
@pytest.mark.parametrize("name", [name for name in FAULTS if name != ALWAYS_PLANTED])
def test_each_planted_fault_is_found(name: str, plant: Callable[..., Copy], sample: Sample) -> None:
    """Changing one token of the kernel changes some run within the budget."""
    assert sample.first_difference(plant(*FAULTS[name])) is not None


@pytest.mark.long
def test_a_copy_without_a_fault_is_the_kernel(plant: Callable[..., Copy], sample: Sample) -> None:
    """What is found is the fault, not the copying: an unchanged copy differs nowhere."""
    unchanged = plant(*(("def _advance(",) * 2))
    assert sample.first_difference(unchanged, hundreds=4) is None
