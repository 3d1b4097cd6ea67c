"""The commented scenarios that `simab init` writes, by the name of their template."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from simab.errors import InvalidInput
from simab.scenario.suggestions import remedy_for_name

__all__ = ["TEMPLATES", "starter_text"]

TEMPLATES: Final[Mapping[str, str]] = {
    "start": "a test and a canary, with every part of a scenario explained",
    "canary": "staged canaries with alarms, and how soon a broken candidate has to be gone",
    "test": "tests of labelled answers: one look, five, any, and peeking",
    "bandit": "bandits beside a test",
    "revenue": "rewards of orders instead of right answers",
    "founding-example": "two churn classifiers, compared on 120 requests by a vendor",
}
"""What each template is about."""


def starter_text(template: str = "start") -> str:
    """The text of a template.

    Raises:
        InvalidInput: there is no template of this name.
    """
    if template not in TEMPLATES:
        remedy = remedy_for_name(template, TEMPLATES, "Templates")
        raise InvalidInput(
            f"template = {template!r:.80}: there is no template of this name. {remedy}"
        )
    folder = files("simab.scenario").joinpath("templates")
    return folder.joinpath(f"{template}.yaml").read_text(encoding="utf-8")
