"""The JSON Schema of scenario files, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any, Final

from simab.scenario.models import Scenario

__all__ = ["DIALECT", "json_schema"]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema; a file that breaks it is not valid, but rules across fields are not in it."""
    schema = Scenario.model_json_schema(mode="validation")
    for model in (schema, *schema.get("$defs", {}).values()):
        tag = next(iter(model.get("properties", {"": {}}).values()))
        if "const" in tag and "default" in tag:
            # A tag has a default for Python only: in a file it says which model is meant.
            name = next(iter(model["properties"]))
            model["required"] = [name, *model.get("required", [])]
    return {"$schema": DIALECT, **schema}
