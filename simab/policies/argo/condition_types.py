"""Which types the operators of a condition take and give, as the tool's compiler has it."""

from __future__ import annotations

from simab.policies.argo.condition_grammar import (
    COMPARISONS,
    EQUALITIES,
    NUMERIC,
    Type,
    comparable,
)
from simab.policies.argo.condition_tokens import refusal

__all__ = ["require", "type_of"]


def require(text: str, found: Type, wanted: Type, where: str) -> None:
    """Refuse the condition of that text where a value has another type than the one wanted.

    Raises:
        InvalidInput: with where the value stands, and what to write.
    """
    if found in (wanted, "any") or (wanted == "number" and found == "integer"):
        return
    words = {"truth": "true or false", "number": "a number", "list": "a list"}
    said = words.get(wanted, "a whole number")
    hint = "put comparisons in parentheses"
    if found == "list":
        hint = "the result is a list where result[0] or len(result) stands: read result[0]"
    if wanted == "integer":
        hint = "write asInt(...)"
    raise refusal(text, f"{where} must be {said}; {hint}")


def type_of(text: str, sign: str, left: Type, right: Type) -> Type:
    """The type of an operator's value in the condition of that text.

    Raises:
        InvalidInput: its operands do not fit.
    """
    if sign in ("in", "not in"):
        require(text, right, "list", f"the right of {sign}")
        return "truth"
    if sign in EQUALITIES:
        if not comparable(left, right):
            wanted: Type = "truth" if left == "truth" else "number"
            side, found = ("right", right) if left in (*NUMERIC, "truth") else ("left", left)
            require(text, found, wanted, f"the {side} of {sign}")
            raise refusal(text, f"the sides of {sign} are of different types")
        return "truth"
    wanted = "integer" if sign in ("%", "..") else "number"
    require(text, left, wanted, f"the left of {sign}")
    require(text, right, wanted, f"the right of {sign}")
    if sign in COMPARISONS:
        return "truth"
    if sign == "..":
        return "list"
    both = left == right == "integer" and sign not in ("/", "**")
    return "integer" if both or sign == "%" else "number"
