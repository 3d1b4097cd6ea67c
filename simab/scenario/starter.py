"""The commented scenarios that `simab init` writes, by the name of their template."""

from __future__ import annotations

from importlib.resources import files

from simab.errors import InvalidInput
from simab.scenario.suggestions import remedy_for_name

__all__ = ["starter_text"]


def starter_text(template: str = "start") -> str:
    """The text of a template.

    Raises:
        InvalidInput: there is no template of this name.
    """
    folder = files("simab.scenario").joinpath("templates")
    known = sorted(each.name.removesuffix(".yaml") for each in folder.iterdir())
    if template not in known:
        remedy = remedy_for_name(template, known, "Templates")
        rule = "there is no template of this name"
        raise InvalidInput(f"template = {template!r:.80}: {rule}. {remedy}")
    return folder.joinpath(f"{template}.yaml").read_text(encoding="utf-8")
