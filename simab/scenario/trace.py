"""Arrivals that are given: a recorded trace to replay, and sessions of requests of one client."""

from __future__ import annotations

import math
from typing import Annotated, Final, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from simab.description import Description, Duration, PositiveDuration, Share
from simab.errors import InvalidInput
from simab.profiles import DurationProfile
from simab.scenario.trace_file import Reading, digest_of_file, require_file

__all__ = ["MOST_GIVEN", "MOST_MEAN_REQUESTS", "Sessions", "Trace"]

MOST_GIVEN: Final = 2**25
"""Requests of one segment that a run holds by their times: 8 to 32 bytes each."""
MOST_MEAN_REQUESTS: Final = 1_000
"""Requests of a session on average."""
_MOST_REQUESTS: Final = 100_000

Column = Annotated[str, Field(min_length=1)]


class Trace(Description):
    """A recorded trace that is replayed, in place of arrivals at a rate: as it was, ties and all.

    It has a row for each request (`time`), or for each window of time (`count` and `window`).
    """

    file: Annotated[str, Field(min_length=1)]
    """CSV with a header, or Parquet (`.parquet`); `.gz` may follow upon `.csv`. Relative to the
    scenario's file."""
    sha256: Annotated[str, Field(validate_default=True)] = ""
    """What the file has to hold; simab writes it. A study is one of this content, wherever the file
    lies."""
    time: Column | None = None
    """The column of times: numbers in `unit`, or dates of ISO 8601. With `count`, those at which
    windows begin; without it rows are windows one after the other."""
    unit: Literal["ns", "us", "ms", "s", "min", "h"] = "s"
    """The unit of times that are numbers."""
    zero: float | str | None = None
    """The time at which the trace begins, as the column has it; the first one if absent."""
    count: Column | None = None
    """The column of how many requests came in a window."""
    window: PositiveDuration | None = None
    """How long each of these windows is."""
    spread: Literal["evenly", "randomly"] = "evenly"
    """How the requests of a window are spread over it: at equal distances, or each at a time of its
    own, drawn anew in every replication."""
    where: dict[Column, str | int] = {}
    """Only the rows that have these values in these columns: `{client: 3}`."""
    target: Column | None = None
    """The column that names the target variant; an empty cell goes by weight."""
    sizes: tuple[Column, ...] = ()
    """Columns of whole numbers that say how large a request is, for a latency `by_size`."""
    offset: Duration = 0
    """How far into the trace a run starts."""
    speed: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """How fast time in the trace passes: at 2 everything comes in half the time, at twice the
    rate."""
    keep: Annotated[Share, Field(gt=0)] = 1.0
    """The share of the requests that are sent, each drawn by itself: `10%` thins a trace."""
    loop: bool = False
    """Whether the trace begins anew at its end."""
    lasts: PositiveDuration | None = None
    """How long the whole trace is. If absent, up to the end of its last window, or a mean gap
    longer than to its last request."""

    _zone: str = PrivateAttr(default="UTC")

    def __hash__(self) -> int:
        return hash((self.sha256, self.file, self.offset, self.speed, str(self.where)))

    @property
    def reading(self) -> Reading:
        """What has to be read of the file, and how."""
        return Reading(
            file=self.file,
            sha256=self.sha256,
            time=self.time or "",
            unit=self.unit,
            zero=self.zero,
            count=self.count or "",
            window_ns=self.window or 0,
            where=tuple((column, str(value)) for column, value in self.where.items()),
            target=self.target or "",
            sizes=self.sizes,
            lasts_ns=self.lasts or 0,
            zone=self._zone,
        )

    def read_in(self, zone: str) -> None:
        """Take dates without an offset as those of a clock there; the scenario says where."""
        self._zone = zone

    @property
    def same_each_time(self) -> bool:
        """Whether nothing of it is drawn."""
        return self.keep == 1.0 and (self.count is None or self.spread == "evenly")

    @field_validator("zero", mode="before")
    @classmethod
    def _is_finite(cls, zero: object) -> object:
        if isinstance(zero, float) and not math.isfinite(zero):
            raise InvalidInput("is no time; write one as the column of times has them")
        return zero

    @field_validator("file")
    @classmethod
    def _is_there(cls, file: str) -> str:
        require_file(file)
        return file

    @field_validator("sha256")
    @classmethod
    def _is_of_the_file(cls, given: str, others: ValidationInfo) -> str:
        file = others.data.get("file")
        if file is None:  # it has its message
            return given
        found = digest_of_file(file)
        if given not in ("", found):
            raise InvalidInput(
                f"is not what {file} holds, which is {found}; leave sha256 out to take it as it is"
            )
        return found

    @model_validator(mode="after")
    def _has_times_or_windows(self) -> Trace:
        if self.time is None and self.count is None:
            raise InvalidInput(
                "neither times nor counts are named; write `time: COLUMN` for a row a request, or "
                "`count: COLUMN` with `window: 60s`"
            )
        if (self.count is None) != (self.window is None):
            raise InvalidInput("count and window belong together; write both or none")
        if self.zero is not None and self.time is None:
            raise InvalidInput("zero is a time, and no column of times is named; add `time`")
        return self


class Sessions(Description):
    """Requests that come in sessions, each of one client; sessions go on beside each other.

    The segment's `rate` is that of requests, and sessions begin at `rate / mean requests`, by the
    law and along the curve of `arrivals`. A run begins without any session.
    """

    requests: Annotated[float, Field(ge=1, le=MOST_MEAN_REQUESTS)] | None = None
    """How many requests a session has on average."""
    law: Literal["geometric", "fixed"] = "geometric"
    """How that number scatters: after each request there is one more with the same probability, or
    it is the same for all, a whole number."""
    shares: dict[str, Annotated[Share, Field(gt=0)]] = {}
    """In place of a law: the share of sessions with each number of requests, `{1: 60%, 5: 40%}`."""
    gap: DurationProfile
    """From one request of a session to its next."""

    def __hash__(self) -> int:
        return hash((self.requests, self.law, self.gap, *sorted(self.shares.items())))

    @field_validator("shares")
    @classmethod
    def _are_of_counts(cls, shares: dict[str, float]) -> dict[str, float]:
        for number in shares:
            if not number.isdigit() or not 1 <= int(number) <= _MOST_REQUESTS:
                raise InvalidInput(
                    f"{number!r} is not a number of requests; write 1 to {_MOST_REQUESTS:,}"
                )
        total = sum(shares.values())
        if shares and abs(total - 1.0) > 1e-9:
            raise InvalidInput(f"the shares add up to {total:.6g}; let them add up to 1")
        return shares

    @model_validator(mode="after")
    def _says_how_many(self) -> Sessions:
        if bool(self.shares) == (self.requests is not None):
            raise InvalidInput("requests or shares say how many a session has; write one of them")
        if self.law == "fixed" and self.requests and self.requests != int(self.requests):
            raise InvalidInput("a fixed number of requests is a whole one; round it")
        return self

    @property
    def mean_requests(self) -> float:
        """Requests of a session on average."""
        if self.shares:
            return sum(int(number) * share for number, share in self.shares.items())
        assert self.requests is not None
        return self.requests

    @property
    def requests_beside(self) -> float:
        """How many others of its session a request has on average: E m^2 / E m - 1 of m."""
        if self.shares:
            squares = sum(int(number) ** 2 * share for number, share in self.shares.items())
            return squares / self.mean_requests - 1.0
        return (self.mean_requests - 1.0) * (2.0 if self.law == "geometric" else 1.0)
