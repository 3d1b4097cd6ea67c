"""`simab explain`: what is known of a scenario before it is played."""

from __future__ import annotations

import click

from simab.cli import options, terminal
from simab.cli.explanations import print_explanation

__all__ = ["command"]


@click.command("explain")
@click.argument("file", type=click.Path())
@options.as_json
def command(file: str, as_json: bool) -> None:
    """Say what is known of the scenario in FILE without playing it.

    Load and mean wait of every variant at each split that the policies may set, the truth of the
    objective, and how many labelled requests it takes to see it.
    """
    from simab.explain import explain
    from simab.scenario import load

    explanation = explain(load(file))
    if as_json:
        terminal.print_result("explanation/1", explanation.to_dict())
    else:
        print_explanation(explanation)
