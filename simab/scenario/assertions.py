"""A requirement as one writes it on a command line: false_promotion("my canary") <= 5%."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Sequence
from typing import Final

from pydantic import TypeAdapter, ValidationError

from simab.errors import InvalidInput
from simab.result.quantities import QUANTITIES
from simab.scenario import rules
from simab.scenario.models import Scenario
from simab.scenario.requirements import Requirement
from simab.scenario.suggestions import remedy_for_name

__all__ = ["requirement_of", "with_assertions"]

_FORM: Final = re.compile(
    r"""\s*(?P<quantity>\w+)\s*
        (?:\(\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')?\s*\)\s*)?
        (?P<side><=|>=)\s*
        (?P<value>\S+?(?:\s+[^\s<>=]+)*?)\s*
        (?:in\s+(?P<share>[0-9.]+\s*%)\s+of\s+runs\s*)?""",
    re.VERBOSE,
)
_EXAMPLE: Final = 'write for example: false_promotion("my canary") <= 5%'
_ADAPTER: Final[TypeAdapter[Requirement]] = TypeAdapter(Requirement)


def requirement_of(text: str) -> Requirement:
    """The requirement that a text states; nothing in it is executed.

    A quantity, a policy's name in quotes and parentheses if it is asked of one only, <= or >=, and
    a value with its unit; "in 95% of runs" at the end where a share of the runs has to keep it.

    Raises:
        InvalidInput: the text is no such statement, or names no quantity, or a value out of range.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise InvalidInput(f"--assert {text!r}: is no requirement; {_EXAMPLE}")
    quantity = found["quantity"]
    if quantity not in QUANTITIES:
        remedy = remedy_for_name(quantity, QUANTITIES, "Quantities")
        raise InvalidInput(f"--assert {text!r}: there is no quantity {quantity!r}. {remedy}")
    side = "at_most" if found["side"] == "<=" else "at_least"
    given = {"quantity": quantity, side: _plain(" ".join(found["value"].split()))}
    policy = found["double"] if found["double"] is not None else found["single"]
    if policy is not None:
        given["policy"] = policy
    if found["share"]:
        given["share_of_runs"] = " ".join(found["share"].split())
    try:
        return _ADAPTER.validate_python(given)
    except ValidationError as refused:
        raise InvalidInput(f"--assert {text!r}: {_why(quantity, side, refused)}") from None


def with_assertions(
    scenario: Scenario, texts: Sequence[str], policies: Collection[str]
) -> Scenario:
    """The scenario with the requirements that texts state too; `policies` are those that play.

    Raises:
        InvalidInput: a text is no requirement, is of a policy that the scenario lacks or that does
            not play, or breaks a rule of scenarios, such as to bound a cost without any price.
    """
    if not texts:
        return scenario
    stated = len(scenario.requirements)
    asked = [requirement_of(text) for text in texts]
    whole = scenario.model_copy(update={"requirements": (*scenario.requirements, *asked)})
    for found in rules.violations(whole):  # the scenario alone breaks none
        field, *rest = found.path
        if field == "requirements" and rest:
            text = texts[int(rest[0]) - stated]
            raise InvalidInput(f"--assert {text!r}: {found.rule}. {found.remedy}")
    for text, each in zip(texts, asked, strict=True):
        if each.policy is not None and each.policy not in policies:
            raise InvalidInput(
                f"--assert {text!r}: {each.policy} is left out by --policy. Add --policy "
                f"{shlex.quote(each.policy)}, or do not require this"
            )
    return whole


def _plain(value: str) -> object:
    """A number where it is one; else the text, which has a unit."""
    try:
        return float(value)
    except ValueError:
        return value


def _why(quantity: str, side: str, refused: ValidationError) -> str:
    first = refused.errors()[0]
    field = str(first["loc"][-1]) if first["loc"] else ""
    if field != side and first["type"] == "missing":
        words = ("at most", "<=") if side == "at_least" else ("at least", ">=")
        return f"{quantity} can only be asked to be {words[0]} a value; write {words[1]}"
    if field == "share_of_runs" and first["type"] == "extra_forbidden":
        return f"{quantity} is a share of runs itself; leave out `in ... of runs`"
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {message}; {_EXAMPLE}"
