"""What the models' validation found, in plain sentences: each error becomes a violation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simab import units
from simab.description import Description
from simab.documents.violations import Violation
from simab.errors import InvalidScenario
from simab.scenario.examples import example_of
from simab.scenario.locations import Location, location_in, members_of, tags_of
from simab.scenario.suggestions import remedy_for_name
from simab.text.lists import listed
from simab.text.numbers import exact_text

__all__ = ["violations_of"]

Sentence = tuple[str, str]


def violations_of(error: ValidationError, model: type[Description]) -> Iterator[Violation]:
    """Every error that pydantic collected; those that are rules across fields are left out."""
    for details in error.errors():
        if isinstance(details.get("ctx", {}).get("error"), InvalidScenario):
            continue  # the rules are asked again of all that is well formed, and give their places
        if details["type"] == "too_short" and _is_long_enough(details):
            continue  # pydantic counts valid entries only; each invalid one has its own error
        yield _violation(details, location_in(details["loc"], model))


def _violation(details: ErrorDetails, here: Location) -> Violation:
    kind = details["type"]
    if kind == "missing":
        return Violation(here.path, "required", _add(here), on_key=True, shows_value=False)
    if kind == "union_tag_not_found":
        tag = _tag_field(here)
        allowed = ", ".join(_tags(here))
        remedy = f"Add `{tag}:` with one of {allowed}."
        return Violation((*here.path, tag), "required", remedy, on_key=True, shows_value=False)
    if kind == "union_tag_invalid":
        tag = _tag_field(here)
        remedy = remedy_for_name(str(details["ctx"]["tag"]), _tags(here))
        return Violation((*here.path, tag), f"unknown {tag}", remedy)
    if kind == "extra_forbidden":
        owner = here.owner
        allowed_keys = list(owner.model_fields) if owner is not None else []
        remedy = remedy_for_name(str(here.path[-1]), allowed_keys)
        return Violation(here.path, "unknown key", remedy, on_key=True)
    rule, remedy = _sentence(details, here)
    return Violation(here.path, rule, remedy, on_key=here.on_key, shows_value=not here.on_key)


def _sentence(details: ErrorDetails, here: Location) -> Sentence:
    match details["type"]:
        case "value_error":
            return _own_rule(details, here)
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            return _range(details, here)
        case "literal_error":
            allowed = get_args(here.annotation)
            return "unknown value", remedy_for_name(str(details["input"]), allowed)
        case "model_type" | "model_attributes_type" | "dict_type":
            return _mapping(here)
        case "too_short" | "too_long" | "string_too_long":
            return _length(details, here)
        case "string_type" if here.path[-1:] == ("starts_at",):
            return "must be a date", "Write for example `starts_at: 2026-03-01T09:00`."
    message = details["msg"]
    unforeseen = f"{message[:1].lower()}{message[1:]}", "See `simab schema` for what fits here."
    return _SENTENCES.get(details["type"], unforeseen)


def _is_long_enough(details: ErrorDetails) -> bool:
    return len(details["input"]) >= int(details["ctx"]["min_length"])


def _add(here: Location) -> str:
    name = str(here.path[-1])
    example = example_of(here.owner, name)
    if here.path == ("policies",):
        return f"Add it, for example `{name}: {example}`, or name a file of them by --policies."
    return f"Add it, for example `{name}: {example}`." if example else f"Add `{name}:` here."


def _tag_field(here: Location) -> str:
    return next(iter(members_of(here.annotation)[0].model_fields))


def _tags(here: Location) -> list[str]:
    return [tag for member in members_of(here.annotation) for tag in tags_of(member)]


def _own_rule(details: ErrorDetails, here: Location) -> Sentence:
    """Our own validators say "rule; remedy"."""
    value = details["input"]
    if isinstance(value, str) and value.startswith("-") and value[1:2].isdigit():
        low = next((each for each in here.constraints if isinstance(each, Ge | Gt)), None)
        if low is None:
            return "must not be negative", f"Write {value[1:]} or another amount from 0."
        strict = isinstance(low, Gt)
        least = _limit_text(low.gt if isinstance(low, Gt) else low.ge, value[1:])
        rule = f"must be {'above' if strict else 'at least'} {least}"
        return rule, _allowed_range(here.constraints, value[1:])
    rule, _, remedy = str(details["ctx"]["error"]).partition("; ")
    remedy = f"{remedy[:1].upper()}{remedy[1:]}"
    return rule.rstrip("."), remedy if remedy.endswith(".") or not remedy else f"{remedy}."


def _range(details: ErrorDetails, here: Location) -> Sentence:
    words = {"greater_than": "above", "greater_than_equal": "at least", "less_than": "below"}
    limit = next(iter(details["ctx"].values()))
    text = _limit_text(limit, details["input"])
    rule = f"must be {words.get(details['type'], 'at most')} {text}"
    return rule, _allowed_range(here.constraints, details["input"])


def _limit_text(limit: Any, value: Any) -> str:
    """A limit in the unit that people write: rates, durations and percentages are text."""
    if isinstance(value, str) and not value.endswith("%"):
        try:
            units.parse_rate(value)
        except ValueError:
            return units.format_duration(int(limit))
        return units.format_rate(float(limit))
    if isinstance(value, str):
        return f"{100 * limit:g}%"
    return exact_text(limit)


def _allowed_range(constraints: Sequence[Any], value: Any) -> str:
    low = next((c for c in constraints if isinstance(c, Ge | Gt)), None)
    high = next((c for c in constraints if isinstance(c, Le | Lt)), None)
    if isinstance(low, Ge) and isinstance(high, Le):
        return f"Write a value from {_limit_text(low.ge, value)} to {_limit_text(high.le, value)}."
    words = []
    if low is not None:
        text = _limit_text(low.ge if isinstance(low, Ge) else low.gt, value)
        words.append(f"of at least {text}" if isinstance(low, Ge) else f"above {text}")
    if high is not None:
        text = _limit_text(high.le if isinstance(high, Le) else high.lt, value)
        words.append(f"at most {text}" if isinstance(high, Le) else f"below {text}")
    return f"Write a value {listed(words)}." if words else ""


def _mapping(here: Location) -> Sentence:
    name = str(here.path[-1]) if here.path else ""
    example = example_of(here.owner, name)
    shown = f"Write for example `{name}: {example}`." if example else "Write `name: value` pairs."
    return "must be a mapping of names to values", shown


def _length(details: ErrorDetails, here: Location) -> Sentence:
    limits = details["ctx"]
    least, most = (
        next((getattr(each, name) for each in here.constraints if hasattr(each, name)), None)
        for name in ("min_length", "max_length")
    )
    if least == most is not None and isinstance(details["input"], list):
        return f"has {len(details['input'])} entries, and needs {most}", f"Write {most} of them."
    if details["type"] == "string_too_long":
        return f"is longer than {limits['max_length']} characters", "Write a shorter one."
    if details["type"] == "too_long":
        bound = f"{limits['max_length']:,}"
        return f"has more than {bound} entries", f"Keep {bound} of them or fewer."
    least = limits["min_length"]
    rule = f"needs at least {least} {'entry' if least == 1 else 'entries'}"
    return rule, "Add what is missing, or remove the key."


_WHOLE: Final = ("must be a whole number", "Write digits only, such as 2.")
_NUMBER: Final = ("must be a number", "Write it without quotes and units, such as 0.5.")
_FLAG: Final = ("must be true or false", "Write true or false, without quotes.")
_LIST: Final = ("must be a list", "Write [one, two], or one entry a line after `- `.")

_SENTENCES: Final[dict[str, Sentence]] = {
    "string_too_short": ("must not be empty", "Write at least one character."),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": ("is too large", "Write a smaller number."),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": ("must be finite", "Write an ordinary number such as 0.5."),
    "string_type": ("must be text", "Put it in quotes."),
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "tuple_type": _LIST,
    "list_type": _LIST,
}
