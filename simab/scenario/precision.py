"""How precisely a quantity is asked for, as one writes it: false_promotion <= 0.5 points."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from simab.errors import InvalidInput
from simab.scenario.suggestions import remedy_for_name

__all__ = ["Precision", "precision_of"]

_SHARES: Final = ("false_promotion", "promotes_a_worse", "power", "error_share")
_AMOUNTS: Final = ("requests_on_worse", "clients_on_worse", "regret", "cost_of_serving")
_TIMES: Final = ("time_to_decision", "broken_gone_within")
_FORM: Final = re.compile(
    r"""\s*(?P<quantity>\w+)\s*
        (?:\(\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')?\s*\)\s*)?
        <=\s*(?P<value>[0-9][0-9_.eE+-]*)\s*
        (?P<unit>%|points?)?\s*(?:of\s+the\s+mean\s*)?""",
    re.VERBOSE,
)
_EXAMPLE: Final = "write for example: false_promotion <= 0.5 points"


@dataclass(frozen=True, slots=True)
class Precision:
    """The largest half-width of the 95 % interval of a quantity, in each world that it is about.

    Of a share it is a part of 1, else in the quantity's unit, or where `relative` a part of its
    mean. `policy` is the one that is meant, or None for all.
    """

    quantity: str
    half_width: float
    relative: bool = False
    policy: str | None = None


def precision_of(text: str, policies: Collection[str]) -> Precision:
    """The precision that a text asks for; nothing in it is executed.

    A quantity of requirements, a policy's name in quotes and parentheses if it is asked of one
    only, <= and the half-width: of shares in points (of percent), of others a number or, with %, a
    part of the mean.

    Raises:
        InvalidInput: the text is no such statement, or names what there is not.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput(f"--precision {text!r}: is not a precision; {_EXAMPLE}")
    quantity, unit = found["quantity"], found["unit"] or ""
    if quantity in _TIMES:
        raise InvalidInput(
            f"--precision {text!r}: {quantity} is a quantile of runs, and the rule is for shares "
            f"and means; {_EXAMPLE}"
        )
    if quantity not in _SHARES + _AMOUNTS:
        remedy = remedy_for_name(quantity, _SHARES + _AMOUNTS, "Quantities")
        raise InvalidInput(f"--precision {text!r}: there is no quantity {quantity!r}. {remedy}")
    policy = found["double"] if found["double"] is not None else found["single"]
    if policy is not None and policy not in policies:
        remedy = remedy_for_name(policy, tuple(policies), "Policies")
        raise InvalidInput(f"--precision {text!r}: no policy {policy!r} plays. {remedy}")
    value = _value(text, found["value"])
    if quantity in _SHARES and not unit.startswith("point"):
        raise InvalidInput(
            f"--precision {text!r}: {quantity} is a share, and a half-width of one is in points of "
            f"percent; {_EXAMPLE}"
        )
    if quantity in _AMOUNTS and unit.startswith("point"):
        raise InvalidInput(
            f"--precision {text!r}: {quantity} is not a share; give a number, or a part of the "
            f"mean in %, as in {quantity} <= 5%"
        )
    return Precision(quantity, value / 100 if unit else value, unit == "%", policy)


def _value(text: str, written: str) -> float:
    try:
        value = float(written)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InvalidInput(f"--precision {text!r}: the half-width must be positive; {_EXAMPLE}")
    return value
