"""Cases played and judged: every replication on its own, then all of a case together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol, TypeVar

import numpy as np

from simab.draws import Draws, salt_of
from simab.result.verification_result import CaseResult
from simab.units import seconds
from simab.verify.case import Case
from simab.verify.checks import Floats
from simab.verify.identities import broken_identities
from simab.verify.requests import NS, Requests
from simab.world import Blueprint, play

__all__ = ["REPLICATIONS", "SIZE", "THOROUGH", "Mapping", "played_cases"]

SIZE: Final = 0.01
"""The probability that a simulator without any error is refused anywhere in the table."""
REPLICATIONS: Final = 40
"""How often each case is played."""
THOROUGH: Final = 160
"""How often in a thorough verification."""
_LARGEST: Final = 1 << 63

Given = TypeVar("Given")
Answer = TypeVar("Answer")


class Mapping(Protocol):
    """What plays: `map`, or that of an executor; the answers come in order."""

    def __call__(
        self, function: Callable[[Given], Answer], values: Iterable[Given], /
    ) -> Iterator[Answer]: ...


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one replication shows of each check, and which identities it breaks."""

    seen: tuple[Floats, ...]
    requests: int
    broken: tuple[str, ...]


def played_cases(
    cases: Sequence[Case],
    *,
    replications: int,
    seed: int,
    engine: str = "compiled",
    size: float = SIZE,
    mapping: Mapping = map,
) -> Iterator[CaseResult]:
    """Play each case so many times and hold it against theory, one after the other.

    Every check is a test of `size` over the number of checks (Bonferroni), so that the size holds
    for all together, however they depend on each other. The random numbers of a case follow from
    the seed and its name alone: more cases change no other.
    """
    each_size = size / max(sum(len(case.checks) for case in cases), 1)
    tasks = [(case, number) for case in cases for number in range(replications)]
    found = iter(mapping(partial(_played, seed, engine), tasks))
    for case in cases:
        yield _judged(case, [next(found) for _ in range(replications)], each_size)


def _played(seed: int, engine: str, task: tuple[Case, int]) -> _Seen:
    case, number = task
    blueprint = Blueprint.of(case.scenario)
    draws = Draws(seed, salt_of(case.name) % _LARGEST + number)
    run_data, _ = play(blueprint, None, draws, engine=engine, record_requests=True)
    requests = Requests.of(run_data)
    settled = requests.since(round(case.settled_s * NS))
    return _Seen(
        tuple(check.seen(settled) for check in case.checks),
        len(requests.arrived_ns),
        tuple(broken_identities(blueprint, run_data, requests)),
    )


def _judged(case: Case, played: Sequence[_Seen], size: float) -> CaseResult:
    return CaseResult(
        group=case.group,
        name=case.name,
        horizon_s=seconds(case.scenario.horizon),
        settled_s=case.settled_s,
        replications=len(played),
        requests=sum(each.requests for each in played),
        broken=tuple(dict.fromkeys(text for each in played for text in each.broken)),
        checks=tuple(
            check.judged(np.stack([each.seen[at] for each in played]), size)
            for at, check in enumerate(case.checks)
        ),
    )
