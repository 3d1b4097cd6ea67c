"""`simab status`: what a store holds and lacks, of which studies, made when and by what version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from simab.cli import options, terminal
from simab.cli.policy_files import PolicySource, policy_file_options
from simab.cli.stores import moment, opened_store, require_no_policies, size_text
from simab.errors import InvalidInput, SimabError
from simab.text.lists import listed
from simab.text.numbers import counted

if TYPE_CHECKING:
    from simab.study.held import HeldStudy, MadeRows
    from simab.study.store import SqliteStore

__all__ = ["command"]


@click.command("status")
@click.argument("store", type=click.Path(path_type=Path), required=False)
@policy_file_options
@options.as_json
def command(store: Path | None, source: PolicySource, as_json: bool) -> None:
    """Say what a STORE holds: studies of each kind, what of them is there, and what is missing.

    These are comparisons by world and policy, sweeps and sensitivities. STORE is the file of a
    store, or a scenario whose rows the user's cache keeps. Without it all stores of the cache are
    listed; `simab clear` removes them.
    """
    if store is None:
        require_no_policies(None, source)
        _print_cache(as_json=as_json)
        return
    with opened_store(store, source) as opened:
        found = _of_store(opened)
        if as_json:
            terminal.print_result("status/1", found)
        else:
            _print_store(opened, found)


def _of_store(store: SqliteStore) -> dict[str, Any]:
    from simab.study.held import held_studies, made_rows, size_bytes

    return {
        "store": str(store.path),
        "bytes": size_bytes(store.path),
        "rows": len(store),
        "made": [{**asdict(each), "usable": each.usable} for each in made_rows(store)],
        "studies": [_of_study(each) for each in held_studies(store)],
    }


def _of_study(study: HeldStudy) -> dict[str, Any]:
    asked = study.asked
    found: dict[str, Any] = {
        "kind": asked.kind,
        "asked_s": asked.asked_s,
        "command": asked.command,
        "replications": asked.replications,
        "seed": asked.seed,
        "worlds": list(asked.worlds),
        "policies": list(asked.policies),
        "settings": dict(asked.settings),
    }
    try:
        counts, complete, title = study.counts(), study.complete, study.scenario.title
    except SimabError as error:
        return {**found, "unreadable": str(error)}
    return {
        **found,
        "title": title,
        "complete": complete,
        "missing": sum(asked.replications - count for count in counts.values()),
        "held": {
            study.named(world): {policy: counts[world, policy] for policy in asked.policies}
            for world in asked.worlds
        },
    }


def _print_store(store: SqliteStore, found: dict[str, Any]) -> None:
    from simab.study.held import made_rows

    size = size_text(found["bytes"])
    terminal.print_line(f"{store.path}: {counted(found['rows'], 'run')}, {size}")
    for made in made_rows(store):
        terminal.print_line(_made_line(made))
    for number, study in enumerate(found["studies"], 1):
        terminal.print_line()
        _print_study(number, study)


def _made_line(made: MadeRows) -> str:
    when = moment(made.first_s)
    if moment(made.last_s) != when:
        when = f"{when} to {moment(made.last_s)}"
    use = "" if made.usable else "; this version cannot use them"
    return f"  {counted(made.count, 'run')} by {made.made_by}, {when}{use}"


def _print_study(number: int, study: dict[str, Any]) -> None:
    title = study.get("title", "A study")
    asked = counted(study["replications"], "replication")
    console = terminal.standard_output()
    terminal.print_item(
        console,
        f"{title}: {_KINDS[study['kind']](study)}{asked}, seed {study['seed']}, asked "
        f"{moment(study['asked_s'])}",
        mark=f"{number}. ",
    )
    if "unreadable" in study:
        terminal.print_item(console, f"{study['unreadable']}; `{study['command']}`", mark="   ")
        return
    held, asked_for = study["held"], study["replications"]
    rows = [
        [policy, *(_held_text(held[world][policy], asked_for) for world in held), ""]
        for policy in study["policies"]
    ]
    headings = ["runs held", *held, ""]
    if study["kind"] != "compare":  # points and changes are too many for columns
        headings = ["runs held", ""]
        rows = [
            [
                policy,
                _held_text(sum(each[policy] for each in held.values()), asked_for * len(held)),
            ]
            for policy in study["policies"]
        ]
    terminal.print_table(console, headings, rows)
    terminal.print_item(console, _what_is_missing(study), mark="   ")


def _swept(study: dict[str, Any]) -> str:
    fields = listed(list(study["settings"]["vary"]))
    return f"sweep of {fields} over {counted(len(study['worlds']), 'point')}, "


_KINDS: Final[dict[str, Callable[[dict[str, Any]], str]]] = {
    "compare": lambda _: "",
    "sweep": _swept,
    "sensitivity": lambda study: f"sensitivity in {counted(len(study['worlds']), 'world')}, ",
}
"""What else there is to say of a study of each kind."""


def _held_text(count: int, asked: int) -> str:
    return f"{count:,}" if count == asked else f"{count:,} of {asked:,}"


def _what_is_missing(study: dict[str, Any]) -> str:
    if not study["missing"]:
        return f"Nothing is missing of {study['command']}"
    complete = study["complete"]
    done = f"replications 0 to {complete - 1:,} are" if complete > 1 else "replication 0 is"
    there = f"{done} complete" if complete else "no replication is complete"
    return f"{counted(study['missing'], 'run')} missing, {there}; for the rest: {study['command']}"


def _print_cache(*, as_json: bool) -> None:
    from simab.study.default_store import cached_stores

    found = [_of_cached(path) for path in cached_stores()]
    if as_json:
        terminal.print_result("status-of-cache/1", {"stores": found})
        return
    if not found:
        terminal.print_line("The cache keeps no finished runs.")
        return
    _print_table(found)
    total = size_text(sum(each["bytes"] for each in found))
    terminal.print_line(f"{total} in all; `simab clear` removes them.")


def _of_cached(path: Path) -> dict[str, Any]:
    from simab.study.held import held_studies, size_bytes
    from simab.study.store import SqliteStore

    last_s = int(path.stat().st_mtime)
    found: dict[str, Any] = {"store": str(path), "bytes": size_bytes(path), "last_used_s": last_s}
    try:
        with closing(SqliteStore(path, create=False)) as store:
            studies = held_studies(store)
            title = studies[-1].scenario.title if studies else ""
            kinds = Counter(each.asked.kind for each in studies)
            return {**found, "rows": len(store), "title": title, "studies": dict(kinds)}
    except InvalidInput as error:
        return {**found, "unreadable": str(error)}


def _print_table(stores: Sequence[dict[str, Any]]) -> None:
    rows = [
        [
            each.get("title", "cannot be read"),
            _studies_text(each.get("studies", {})),
            f"{each['rows']:,}" if "rows" in each else "",
            size_text(each["bytes"]),
            moment(each["last_used_s"]),
            each["store"],
        ]
        for each in stores
    ]
    headings = ["scenario", "studies", "runs", "size", "last used", "file"]
    terminal.print_table(terminal.standard_output(), headings, rows)


def _studies_text(kinds: Mapping[str, int]) -> str:
    """How many of each kind: 1 comparison, 2 sweeps."""
    nouns = {
        "compare": ("comparison", "comparisons"),
        "sweep": ("sweep", "sweeps"),
        "sensitivity": ("sensitivity", "sensitivities"),
    }
    found = ((kinds.get(kind, 0), words) for kind, words in nouns.items())
    return ", ".join(f"{count} {words[count > 1]}" for count, words in found if count)
