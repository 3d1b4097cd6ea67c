"""The endpoints of an account as a source of series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from simab.aws.account import Account
from simab.aws.scraped.counters import Counters
from simab.aws.scraped.families import FAMILIES, Scrapes
from simab.errors import InvalidInput
from simab.prometheus.refusals import QueryRefused, not_executed
from simab.prometheus.series import Family, Series

__all__ = ["ScrapedAccount"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ScrapedAccount:
    """All that has been scraped of an account's endpoints, those that are deleted too.

    What a variant has counted is seen from the first scrape on by which it has counted something,
    as with client libraries. A variant that has left the endpoint keeps its counters.

    Raises:
        InvalidInput: scrapes would come within a window of the account's metrics.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        scrape_ns, window_ns = account.settings.scrape_ns, account.settings.window_ns
        if scrape_ns <= 0 or scrape_ns % window_ns:
            raise InvalidInput(
                f"scrape_ns = {scrape_ns}: must be a multiple of window_ns, {window_ns}"
            )
        self._start_ns = (account.timeline.date_of(0) - _EPOCH) // _MICROSECOND * 1_000
        self._counters: list[Counters] = []

    @property
    def now_ms(self) -> int:
        """The present of the simulation."""
        return (self._start_ns + self.account.timeline.now_ns) // 10**6

    @property
    def names(self) -> Sequence[str]:
        """Of all families."""
        return tuple(FAMILIES)

    def family(self, name: str, look_at_time: Callable[[], None]) -> Family:
        """A family; the series of an endpoint that came back under its name go on, from 0.

        Raises:
            QueryRefused: endpoints that serve at once have series of the same labels, or
                `look_at_time` does.
        """
        labels, made = FAMILIES[name]
        found: dict[tuple[str, ...], Series] = {}
        of_whom: dict[tuple[str, ...], str] = {}
        for scrapes in self._scrapes(look_at_time):
            for series in made(scrapes):
                look_at_time()
                key = tuple(series.labels.get(label, "") for label in labels)
                before = found.get(key)
                if before is not None:
                    if series.times_ms[0] <= before.times_ms[-1]:
                        raise _served_at_once(name, of_whom[key], scrapes.endpoint.name)
                    series = _joined(before, series)
                found[key], of_whom[key] = series, scrapes.endpoint.name
        return Family(labels, list(found.values()))

    def _scrapes(self, look_at_time: Callable[[], None]) -> Iterator[Scrapes]:
        """Of each endpoint that serves or has served, in the order in which they began."""
        for endpoint in self.account.served[len(self._counters) :]:
            self._counters.append(Counters(endpoint, self.account.settings.scrape_ns))
        for counters in self._counters:
            rows, interval_ns = counters.rows(look_at_time), counters.interval_ns
            numbers = np.array(counters.scrapes, dtype=np.int64)
            world_ns = numbers * interval_ns
            times_ms = (self._start_ns + counters.endpoint.began_ns + world_ns) // 10**6
            gone_ms = int(times_ms[-1]) + interval_ns // 10**6
            yield Scrapes(
                counters.endpoint,
                rows,
                times_ms,
                world_ns,
                (gone_ms,) if counters.endpoint.deleting else (),
                self.account.settings.namespace,
                self.account.scenario.objective.control,
            )


def _served_at_once(name: str, first: str, second: str) -> QueryRefused:
    return not_executed(
        f"the endpoints {first!r} and {second!r} have served at once with variants of the same "
        f"name, and {name} has no label for the endpoint; metrics whose names begin with "
        "simab_ have the label endpoint"
    )


def _joined(first: Series, second: Series) -> Series:
    """The samples of two that were there one after the other."""
    return Series(
        first.labels,
        np.concatenate((first.times_ms, second.times_ms)),
        np.concatenate((first.values, second.values)),
        first.factor,
        (*first.gone_ms, *second.gone_ms),
    )
