"""`simab schema`: the JSON Schema of scenario files."""

from __future__ import annotations

import click

from simab.cli import terminal

__all__ = ["command"]


@click.command("schema")
def command() -> None:
    """Print the JSON Schema (2020-12) of scenario files.

    Save it, and name it in the first line of a scenario; editors with a YAML language server then
    complete the fields and show what they mean:

        # yaml-language-server: $schema=scenario.schema.json
    """
    from simab.scenario import json_schema

    terminal.print_json(json_schema())
