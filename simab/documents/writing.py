"""Plain data as YAML 1.2, in the one way in which simab writes it; reading it gives it back."""

from __future__ import annotations

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from simab.text.untrusted import json_escaped, steers

__all__ = ["yaml_text"]


def yaml_text(data: Any) -> str:
    """The document, in which no character steers a terminal: such are escaped, in quotes.

    Some are line breaks as well (NEL, LS, PS), which reading would fold where they are bare.
    """
    yaml = YAML(pure=True)
    yaml.width = 100
    yaml.allow_unicode = True
    stream = io.StringIO()
    yaml.dump(_quoted(data), stream)
    return json_escaped(stream.getvalue())


def _quoted(data: Any) -> Any:
    if isinstance(data, dict):
        return {_quoted(key): _quoted(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_quoted(value) for value in data]
    if isinstance(data, str) and steers(data):
        return DoubleQuotedScalarString(data)
    return data
