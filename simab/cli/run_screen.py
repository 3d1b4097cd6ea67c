"""The screen of one run: what was decided and measured, who was served, and was it right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from simab.cli import terminal
from simab.cli.played_run import PlayedRun, served
from simab.units import seconds

if TYPE_CHECKING:
    from rich.console import Console

    from simab.analyse import RunSummary
    from simab.run.look_readings import ReadingAt
    from simab.run.simulation import Run
    from simab.world.control import DecisionEntry, OthersEntry, ScalingEntry

__all__ = ["print_run", "sentences"]

_FIRST: Final = 3  # readings shown of a long list, and then the newest
_LAST: Final = 9
_RESULTS: Final = {True: "passed", False: "not passed", None: "open"}


def print_run(played: PlayedRun, *, plot: bool = False) -> None:
    """Print counts, actions and readings; then what a person asks: who was served, was it right.

    `plot`: between the two, the run over time in characters.
    """
    console, run = terminal.standard_output(), played.run
    _print_totals(console, run)
    click.echo()
    _print_actions(console, run)
    if run.readings:
        click.echo()
        _print_readings(console, run.readings)
    if plot:
        from simab.cli.run_plot import print_plot

        print_plot(played)
    click.echo()
    _print_variants(console, played)
    click.echo()
    for sentence in sentences(played):
        terminal.print_item(console, sentence, mark="")


def _print_totals(console: Console, run: Run) -> None:
    from simab.text.durations import duration_text
    from simab.text.numbers import number_text

    heading = (
        f"{run.scenario.title}: {run.policy_name}, seed {run.seed}, "
        f"replication {run.replication}, {duration_text(seconds(run.scenario.horizon))}"
    )
    terminal.print_item(console, heading, mark="")
    click.echo()
    rows = [
        (name.replace("_", " "), number_text(count), "")
        for name, count in asdict(run.totals).items()
        if count or name == "arrived"
    ]
    terminal.print_table(console, ("requests and labels", "count", ""), rows)


def _print_actions(console: Console, run: Run) -> None:
    """What the policy, autoscaling and others asked for, and why, in order of time."""
    from simab.run.frames import describe_action, describe_others, describe_scaling
    from simab.text.durations import duration_text

    log = run.decision_log
    found: list[tuple[DecisionEntry | ScalingEntry | OthersEntry, str, str]] = []
    for entry in log.decisions:
        asked = f"{type(entry.action).__name__} {describe_action(entry.action)}"
        found.append((entry, asked, entry.action.because))
    for scaling in log.scalings:
        asked, because = describe_scaling(scaling)
        found.append((scaling, f"autoscaling: {asked}", because))
    for others in log.others:
        asked, because = describe_others(others)
        found.append((others, f"somebody else: {asked}", because))
    rows = [
        (
            asked,
            duration_text(seconds(each.at_ns)),
            because if each.accepted else f"refused: {each.refusal}",
        )
        for each, asked, because in sorted(found, key=lambda row: row[0].at_ns)
    ]
    if not log.decisions:
        click.echo("The policy did nothing.")
    if rows:
        terminal.print_table(console, ("action", "at", "because"), rows)


def _print_readings(console: Console, readings: Sequence[ReadingAt]) -> None:
    """What each analysis measured beside its bound; of a long list the first and the last."""
    from simab.text.durations import duration_text

    def row(each: ReadingAt) -> tuple[str, ...]:
        at, reading = duration_text(seconds(each.at_ns)), each.reading
        return reading.name, at, _RESULTS[reading.passed], reading.reading

    rows = [row(each) for each in readings]
    if len(rows) > _FIRST + _LAST + 1:
        left = readings[_FIRST:-_LAST]
        counted = ", ".join(
            f"{count} {words}"
            for passed, words in _RESULTS.items()
            if (count := sum(each.reading.passed is passed for each in left))
        )
        rows = [*rows[:_FIRST], ("...", "", "", f"{len(left)} more: {counted}"), *rows[-_LAST:]]
    terminal.print_table(console, ("analysis", "at", "result", "measured beside its bound"), rows)


def _print_variants(console: Console, played: PlayedRun) -> None:
    """Requests and users of each variant, what they got, and what is true of it."""
    from simab.report import formatting
    from simab.text import typeset

    metric = played.truth.metric
    found = list(served(played.run))
    users = any(each.users is not None for each in found)
    true = f"true {formatting.metric_name(metric)}"
    headings = ["variant", "requests", *(["users"] if users else []), "errors", "p99", true, ""]
    total = max(sum(each.requests for each in found), 1)
    rows = [
        (
            each.variant,
            f"{each.requests:,} ({typeset.whole_percent(each.requests / total)})",
            *([f"{each.users:,}" if each.users is not None else "-"] if users else []),
            typeset.percent(each.error_rate, 1) if each.requests else "-",
            typeset.duration(each.latency_p99_s) if each.latency_p99_s >= 0 else "-",
            typeset.metric_value(played.truth.values[each.variant][metric]),
            "",
        )
        for each in found
    ]
    terminal.print_table(console, headings, [[typeset.plain_spaces(c) for c in r] for r in rows])


def sentences(played: PlayedRun) -> list[str]:
    """Who has the traffic, whether that is right, and what is true."""
    from simab.report.truth_text import truth_sentence, why_wrong
    from simab.text import typeset
    from simab.text.durations import duration_text
    from simab.text.lists import named

    run, summary, truth = played
    ending = run.decision_log.ending
    if ending is None:
        happened = "At the end several variants share the weighted traffic"
    else:
        name, since_ns = ending
        since = duration_text(seconds(since_ns))
        happened = f"{named(name)} has all weighted traffic from {since} on"
    judged = str(summary.judgement)
    facts = truth.summary()
    why = ""
    if judged == "wrong" and summary.ends_with is not None:
        why = f", {why_wrong(played.judged_by.summary(), summary.ends_with)}"
    verdicts = {"right": "Right", "wrong": "Wrong", "neither": "Neither right nor wrong"}
    said = [f"{verdicts[judged]}: {_decided(summary)}. {happened}{why}.", truth_sentence(facts)]
    return [typeset.plain_spaces(each) for each in said]


def _decided(summary: RunSummary) -> str:
    """The decision, when it fell and after how many requests."""
    from simab.text.durations import duration_text
    from simab.text.lists import named
    from simab.text.numbers import counted

    if summary.decided_s is None:
        return "nothing was decided by the horizon"
    words = {
        "promoted_candidate": "promoted the candidate",
        "promoted_other": "promoted",
        "kept_control": "kept the control",
        "rolled_back": "rolled back to",
    }[str(summary.verdict)]
    whom = f" {named(summary.decided_for)}" if summary.decided_for else ""
    asked = summary.requests_to_decision
    after = f" and {counted(asked, 'request')}" if asked is not None else ""
    return f"{words}{whom} after {duration_text(summary.decided_s)}{after}"
