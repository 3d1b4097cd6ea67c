"""When a policy has to be asked again: what it waits for, so that nobody asks it in vain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["NextLook"]


class NextLook(NamedTuple):
    """What a policy waits for: it has to be asked at the first tick at which one of these holds.

    And at the first tick that shows another endpoint than the last: an update that began or ended,
    other weights, a refusal. At a tick before, it would answer without actions, and with the same
    state. A look that comes too early is never wrong.
    """

    at_ns: int | None = None
    """A time from the start; None for none."""
    labelled: tuple[tuple[tuple[str, ...], int], ...] = ()
    """Numbers of labelled requests of some variants together, all of which are to be reached; empty
    where the policy does not wait for labels."""
    published: bool = False
    """Whether one more metric window is published."""

    @classmethod
    def once_labelled(cls, variants: Iterable[str], count: int) -> NextLook:
        """As many labelled requests of each of the variants."""
        return cls(labelled=tuple(((name,), count) for name in variants))

    @classmethod
    def at_first(cls, times_ns: Iterable[int | None], *, published: bool = False) -> NextLook:
        """The first of some times, of which None never comes."""
        known = [each for each in times_ns if each is not None]
        return cls(at_ns=min(known, default=None), published=published)
