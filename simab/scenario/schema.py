"""The JSON Schema of scenario files, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any, Final

from simab import units
from simab.scenario.field_texts import class_texts, field_texts
from simab.scenario.models import Scenario

__all__ = ["DIALECT", "json_schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema; a file that breaks it is not valid, but rules across fields are not in it."""
    schema = Scenario.model_json_schema(mode="validation")
    about = class_texts()
    for title, model in (("Scenario", schema), *schema["$defs"].items()):
        texts = field_texts()[title]
        model.pop("description", None)  # which is not there when Python runs without docstrings
        model["description"] = about[title]
        for name, field in model["properties"].items():
            if name in texts:
                field["description"] = texts[name]
            _as_in_a_file(field)
            if "const" in field and "default" in field:
                # The tag has a default for Python only: in a file it says which model is meant.
                del field["default"]
                model["required"] = [name, *model.get("required", [])]
    return {"$schema": DIALECT, **schema}


def _as_in_a_file(field: dict[str, Any]) -> None:
    """Show the default as people write it; those of a whole part stand at its own fields."""
    default = field.get("default")
    if isinstance(default, dict | list) and default:
        del field["default"]
    elif field.get("pattern") == units.DURATION_PATTERN and isinstance(default, int):
        field["default"] = units.format_duration(default)
