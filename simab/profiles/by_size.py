"""How long a request takes that says how large it is: so much for each unit of its sizes."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from simab.description import Description, Duration
from simab.errors import InvalidInput
from simab.profiles.durations import Constant, Lognormal
from simab.profiles.quantile_table import QuantileTable

__all__ = ["FACTOR_ONE", "BySize"]

FACTOR_ONE: Final = 1 << 20
"""The unit of drawn factors: a table of durations holds them as whole numbers."""


class BySize(Description):
    """In proportion to the sizes that a trace gives requests: tokens read and written, bytes, rows.

    A request takes `base` and `per_unit` of each size, in whole nanoseconds, times a factor.
    """

    kind: Literal["by_size"] = "by_size"
    base: Duration = 0
    """What a request takes whatever its size."""
    per_unit: dict[Annotated[str, Field(min_length=1)], Duration]
    """What one unit of each size takes, by the names of columns: `{output_tokens: 20ms}`."""
    cv: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Coefficient of variation of a lognormal factor of mean 1, drawn for each request; 0: none."""
    scale: Annotated[float, Field(gt=0, le=1e6)] = 1.0
    """What every duration is multiplied by: 3 makes it three times as long."""

    def __hash__(self) -> int:
        return hash((self.base, self.cv, self.scale, *sorted(self.per_unit.items())))

    @model_validator(mode="after")
    def _depends_on_a_size(self) -> BySize:
        if not self.per_unit:
            raise InvalidInput("no size is named; write `per_unit: {COLUMN: 1ms}`")
        return self

    @property
    def per_size(self) -> tuple[str, ...]:
        """The columns of sizes that it needs."""
        return tuple(self.per_unit)

    def factors(self) -> QuantileTable:
        """The factor of a request, in units of 1 / FACTOR_ONE."""
        if self.cv == 0.0:
            return Constant(value=f"{FACTOR_ONE}ns", scale=self.scale).table()
        return Lognormal(mean=f"{FACTOR_ONE}ns", cv=self.cv, scale=self.scale).table()

    def table(self) -> QuantileTable:
        """No law: which sizes come is said by the traffic, not here.

        Raises:
            InvalidInput: always.
        """
        raise InvalidInput(
            "latency by_size has no distribution of its own; ask for that among given traffic "
            "(simab.scenario.sized)"
        )
