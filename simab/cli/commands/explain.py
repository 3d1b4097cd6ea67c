"""`simab explain`: what is known of a scenario before it is played, and of what a file can name."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from simab.cli import options, terminal
from simab.cli.described_worlds import described_worlds
from simab.cli.explanations import print_explanation
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.errors import InvalidInput

if TYPE_CHECKING:
    from simab.scenario.models import Scenario
    from simab.scenario.reference import Entry, Topic

__all__ = ["command"]


@click.command("explain")
@click.argument("file", type=click.Path(), required=False)
@policy_file_options
@click.option(
    "--policy", metavar="KIND", help="Say what this kind of policy does, in place of FILE."
)
@click.option("--profile", metavar="KIND", help="The same of a profile of latency or quality.")
@click.option("--action", metavar="NAME", help="The same of an action that a policy may ask for.")
@click.option("--kinds", is_flag=True, help="List all kinds of policies, profiles and actions.")
@options.as_json
def command(
    file: str | None,
    source: PolicySource,
    policy: str | None,
    profile: str | None,
    action: str | None,
    kinds: bool,
    as_json: bool,
) -> None:
    """Say what is known of the scenario in FILE without playing it.

    Load and mean wait of every variant at each split that the policies may set, the truth of the
    objective, and how many labelled requests it takes to see it.

    Or say what a file can name: --policy, --profile and --action explain one kind with its
    parameters, --kinds lists all.
    """
    asked: dict[Topic, str | None] = {"policy": policy, "profile": profile, "action": action}
    named = {topic: kind for topic, kind in asked.items() if kind is not None}
    if bool(file) + len(named) + kinds != 1:
        raise click.UsageError("Give a FILE, or one of --policy, --profile, --action and --kinds.")
    if file:
        _explain_scenario(source.scenario(file), as_json=as_json)
    elif source.files or source.table is not None:
        raise click.UsageError("--policies and --map go with a FILE.")
    elif kinds:
        _list_kinds(as_json=as_json)
    else:
        ((topic, kind),) = named.items()
        _explain_kind(topic, kind, as_json=as_json)


def _explain_scenario(scenario: Scenario, *, as_json: bool) -> None:
    from simab.explain import explain

    explanation, worlds = explain(scenario), described_worlds(scenario)
    if as_json:
        data = explanation.to_dict() | {"worlds": [asdict(each) for each in worlds]}
        terminal.print_result("explanation/1", data)
    else:
        print_explanation(explanation, worlds)


def _list_kinds(*, as_json: bool) -> None:
    from simab.cli.references import print_kinds
    from simab.scenario.reference import TOPICS, entries

    found = [entry for topic in TOPICS for entry in entries(topic)]
    if as_json:
        _print_as_json(found)
    else:
        print_kinds(found)


def _explain_kind(topic: Topic, kind: str, *, as_json: bool) -> None:
    from simab.cli.references import print_entries
    from simab.scenario.reference import entries
    from simab.scenario.suggestions import remedy_for_name

    found = [entry for entry in entries(topic) if entry.kind == kind]
    if not found:
        names = list(dict.fromkeys(entry.kind for entry in entries(topic)))
        remedy = remedy_for_name(kind, names, "There are")
        raise InvalidInput(f"--{topic} = {kind}: unknown kind of {topic}. {remedy}")
    if as_json:
        _print_as_json(found)
    else:
        print_entries(found)


def _print_as_json(found: list[Entry]) -> None:
    terminal.print_result("reference/1", {"kinds": [asdict(entry) for entry in found]})
