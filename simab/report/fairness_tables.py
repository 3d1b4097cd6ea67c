"""The tables of a study of the split: rules, phases, flaws, clients, groups, and places."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from simab.report import formatting
from simab.report.fairness_text import off_text, settled_text, unit_text
from simab.report.table import Cell, Column, Table, cell
from simab.result.estimates import Mean
from simab.result.studied_split import NamedFlaw, PhaseFairness, RuleFairness, StudiedSplit
from simab.text import typeset

__all__ = [
    "clients_table",
    "fairness_rows",
    "fan_table",
    "flaws_table",
    "groups_table",
    "outer_quantiles",
    "phases_table",
    "places_table",
    "rules_table",
    "settling_table",
]

_TEXT = False
_ABOVE = "as above"
_EXPLAINED = {
    "linear_rendezvous": "50 : 50 stays; uneven weights give other shares, 25 : 75 about 17 : 83",
    "truncated_percentages": "12.5 % becomes 12 %; what is cut off goes to the control",
    "instance_ratio": "a variant with 3 of 4 instances gets 75 %, whatever its weight",
    "stale_routers": "some routers go on with the weights of before, for good",
    "lagging_routers": "some routers go on with the weights of before for a while",
    "keeps_clients": "known clients stay with their variant; the new weights are for new ones",
}
"""What a flaw does, by an example."""
_BY_SIZE = {
    "lagging_routers": "depends on how late, and on how many requests come meanwhile",
    "keeps_clients": "depends on how many clients come back",
}


def rules_table(split: StudiedSplit) -> Table:
    """One row a rule: what it assigns, whether it is off, and what clients meet."""
    columns = (
        Column("Rule", numeric=_TEXT),
        Column("Assigns", numeric=_TEXT),
        Column("Found", numeric=_TEXT),
        Column("Runs that are off"),
        Column("Windows in the envelope", f"of 95{typeset.THIN}%"),
        Column("Clients that meet several variants"),
        Column("Requests there", "after the first change"),
        Column("Clients there", "after the first change"),
        Column("Clients that move then", "of those that come back"),
    )
    rows = tuple(
        (
            Cell(rule.title),
            Cell(unit_text(rule)),
            Cell(off_text(rule)),
            cell(formatting.proportion(rule.caught)),
            cell(formatting.mean_share(rule.within)),
            cell(formatting.mean_share(rule.people.met_several)),
            *_after_change(rule),
        )
        for rule in split.rules
    )
    return Table("Routing rules on the same clients", columns, rows).without(frozenset({"–"}))


def _after_change(rule: RuleFairness) -> tuple[Cell, Cell, Cell]:
    changed = next((each for each in rule.phases if each.changed), None)
    if changed is None:
        return (Cell("–"), Cell("–"), Cell("–"))
    moved = cell(formatting.mean_share(changed.clients_moved)) if rule.by_client else Cell("–")
    return (
        Cell(settled_text(changed.requests_settled_s)),
        Cell(settled_text(changed.users_settled_s)),
        moved,
    )


def phases_table(split: StudiedSplit) -> Table:
    """Shares asked for and realised, and tests: a row a rule and phase, and variant.

    Of two variants the one row says both; of more, the tests of a phase stand in its first row.
    Rules that draw sessions have these in the place of clients.
    """
    by_session = [bool(rule.by_session) for rule in split.rules]
    who = "Sessions" if all(by_session) else "Clients or sessions" if any(by_session) else "Clients"
    level = f"a test of {typeset.percent(split.rules[0].alpha, 1)}"
    columns = (
        Column("Rule, phase and variant", numeric=_TEXT),
        Column("Asked for"),
        Column("Requests"),
        Column(who),
        Column("Off by requests", f"runs, {level}"),
        Column(f"Off by {who.lower()}", f"runs, {level}"),
        Column("Off over looks", f"runs, {level}"),
        Column("Requests there", "after a change"),
        Column(f"{who} there", "after a change"),
    )
    return Table("Shares by phase of constant weights", columns, tuple(_phase_rows(split)))


def _phase_rows(split: StudiedSplit) -> Iterator[tuple[Cell, ...]]:
    for rule in split.rules:
        for phase in rule.phases:
            names = _shown(phase, split.candidate)
            for at, variant in enumerate(names):
                start = f"{rule.title}, " if len(split.rules) > 1 else ""
                yield (
                    Cell(f"{start}from {typeset.duration(phase.since_s)}, {variant}"),
                    Cell(typeset.percent(phase.shares[variant], 2)),
                    cell(formatting.mean_share(phase.realised[variant])),
                    cell(formatting.mean_share(phase.realised_users[variant])),
                    *(_of_phase(phase) if at == 0 else (Cell(_ABOVE),) * 5),
                )


def _shown(phase: PhaseFairness, candidate: str) -> list[str]:
    """The variants that have rows: of two, whose shares make 100 %, the candidate."""
    names = list(phase.shares)
    if len(names) != 2:
        return names
    return [candidate if candidate in names else names[-1]]


def _of_phase(phase: PhaseFairness) -> tuple[Cell, ...]:
    """What is of all variants of a phase together."""
    settled = (phase.requests_settled_s, phase.users_settled_s)
    return (
        cell(formatting.proportion(phase.off_requests)),
        cell(formatting.proportion(phase.off_users)),
        cell(formatting.proportion(phase.off_sequential)),
        *(Cell(settled_text(each) if phase.changed else "–") for each in settled),
    )


def flaws_table(rule: RuleFairness) -> Table:
    """One row a flaw: what it does, whether it would be seen here, and how many runs fit it.

    Without a run that is off none can fit, and nothing is said of that.
    """
    columns = (
        Column("Flaw", numeric=_TEXT),
        Column("What it does", numeric=_TEXT),
        Column("Would be seen here", numeric=_TEXT),
        Column("Runs that are off and consistent with it"),
    )
    rows = tuple(
        (
            Cell(flaw.words),
            Cell(_EXPLAINED.get(flaw.name, "–")),
            Cell(_seen(flaw)),
            Cell(
                f"{typeset.count(flaw.consistent.count)} of {typeset.count(rule.caught.count)}"
                if rule.caught.count
                else "–"
            ),
        )
        for flaw in rule.flaws
    )
    table = Table("Flaws that are known, and whether one run shows them", columns, rows)
    return table.without(frozenset({"–"}))


def _seen(flaw: NamedFlaw) -> str:
    if not flaw.different:
        return "it changes nothing here"
    if math.isfinite(flaw.power):
        return f"in {typeset.percent(flaw.power, 0)} of runs"
    if flaw.name in _BY_SIZE:
        return _BY_SIZE[flaw.name]
    if math.isfinite(flaw.least_part):
        part = typeset.percent(flaw.least_part, 0)
        return f"in 90{typeset.THIN}% of runs, where {part} or more go by the old weights"
    return f"in less than 90{typeset.THIN}% of runs"


def clients_table(split: StudiedSplit) -> Table:
    """One row a rule: what clients meet, and how even it is."""
    wanted: tuple[tuple[str, str, Callable[[RuleFairness], Mean]], ...] = (
        ("Clients that ask", "in a run", lambda rule: rule.people.clients),
        ("Meet several variants", "", lambda rule: rule.people.met_several),
        ("Meet a worse variant", "", lambda rule: rule.people.met_worse),
        ("Requests of these there", "each", lambda rule: rule.people.worse_each),
        (f"Busiest 1{typeset.THIN}%", "share of requests", lambda rule: rule.people.busiest_share),
        ("Exposure", "Jain's index", lambda rule: rule.people.jain_exposure),
        ("By draws alone", "Jain's index", lambda rule: rule.people.jain_by_draws),
        ("Exposure", "Gini", lambda rule: rule.people.gini_exposure),
        ("By draws alone", "Gini", lambda rule: rule.people.gini_by_draws),
        ("Mean latency", "Jain's index", lambda rule: rule.people.jain_latency),
        ("Mean latency", "Gini", lambda rule: rule.people.gini_latency),
    )
    if all(rule.people.jain_latency.low == 1.0 for rule in split.rules):
        wanted = wanted[:-2]  # all wait alike
    shares = {"Meet several variants", "Meet a worse variant", f"Busiest 1{typeset.THIN}%"}
    columns = (
        Column("Rule", numeric=_TEXT),
        *(Column(title, note) for title, note, _ in wanted),
    )
    rows = tuple(
        (
            Cell(rule.title),
            *(
                cell(
                    formatting.mean_share(value(rule))
                    if title in shares
                    else formatting.mean(value(rule))
                )
                for title, _, value in wanted
            ),
        )
        for rule in split.rules
    )
    return Table("What clients meet", columns, rows).without(frozenset({typeset.NOT_KNOWN}))


def groups_table(rule: RuleFairness) -> Table:
    """One row a group of clients; a p-value stands where it differs from the others."""
    written = {
        "candidate_share": ("Share of the candidate", formatting.mean_share),
        "latency_s": ("Mean latency", formatting.mean_duration),
        "error_share": ("Requests in error", formatting.mean_share),
        "right_share": ("Right answers", formatting.mean_share),
    }
    columns = (
        Column("Group", numeric=_TEXT),
        Column("Requests", "a run"),
        *(Column(title) for title, _ in written.values()),
        Column("Differs from the others", "adjusted p-value", numeric=_TEXT),
    )
    rows = tuple(
        (
            Cell(group.name),
            cell(formatting.mean(group.requests)),
            *(cell(write(getattr(group, field))) for field, (_, write) in written.items()),
            Cell(
                "; ".join(
                    f"{written[field][0].lower()}: {typeset.p_value(p_value)}"
                    for field, p_value in group.differs.items()
                    if p_value < 0.05
                )
                or "no"
            ),
        )
        for group in rule.groups
    )
    return Table("Groups of clients", columns, rows)


def places_table(rule: RuleFairness, *, several: bool = False) -> Table:
    """One row a variant, each followed by its instances: part of requests, load and latency."""
    columns = (
        Column("Variant and instance", numeric=_TEXT),
        Column("Share of requests"),
        Column("Busy workers", "mean"),
        Column("Latency", "p50"),
        Column("Latency", "p95"),
        Column("Latency", "p99"),
    )
    rows = tuple(
        (
            Cell(place.variant if place.instance is None else f"instance {place.instance + 1}"),
            cell(formatting.mean_share(place.request_share)),
            cell(formatting.mean(place.busy_workers, _finest(place.busy_workers.mean))),
            *(
                cell(formatting.mean_duration(each))
                for each in (place.p50_s, place.p95_s, place.p99_s)
            ),
        )
        for place in rule.places
        if place.instance is None or _of(rule, place.variant) > 1
    )
    caption = "Load, and latency of answers, by variant and instance"
    return Table(f"{caption}: {rule.title}" if several else caption, columns, rows)


def _of(rule: RuleFairness, variant: str) -> int:
    """How many instances a variant has; the row of a single one would say the variant's again."""
    return sum(each.variant == variant and each.instance is not None for each in rule.places)


def _finest(value: float) -> int:
    """Decimals that show two digits, and two at least."""
    if not 0.0 < value < 0.1:
        return 2
    return min(8, 1 - math.floor(math.log10(value)))


def fan_table(rule: RuleFairness) -> Table:
    """The numbers behind the fan: a row a window."""
    columns = (
        Column("Until", numeric=_TEXT),
        Column("In the window", f"{outer_quantiles(rule)}, points"),
        Column("Promised", "± points"),
        Column("Until then", f"{outer_quantiles(rule)}, points"),
        Column("Promised", "± points"),
    )
    rows = tuple(
        (
            Cell(typeset.duration(point.end_s)),
            Cell(_three(point.window)),
            Cell(_promised(point.window_promised)),
            Cell(_three(point.until_then)),
            Cell(_promised(point.until_then_promised)),
        )
        for point in rule.fan
    )
    return Table("Realised less asked share of the candidate", columns, rows)


def settling_table(phase: PhaseFairness) -> Table:
    """The numbers behind the figure of a change: a row a time since."""
    columns = (
        Column("Since the change", numeric=_TEXT),
        Column("Share of requests", "of the candidate"),
        Column("95 % of draws within", "± points"),
        Column("Share of clients", "of the candidate"),
        Column("95 % of draws within", "± points"),
    )
    rows = tuple(
        (
            Cell(typeset.duration(point.since_s)),
            Cell(typeset.percent(point.requests, 2)),
            Cell(_promised(point.requests_promised)),
            Cell(typeset.percent(point.clients, 2)),
            Cell(_promised(point.clients_promised)),
        )
        for point in phase.settling
    )
    return Table("Shares of the candidate after a change of weights", columns, rows)


def outer_quantiles(rule: RuleFairness) -> str:
    """Which quantiles the outer band of the fan has, with the median between them."""
    if rule.band == 1.0:
        return "least, median and greatest"
    low, high = (
        typeset.decimal(100.0 * each, 1).removesuffix(".0")
        for each in ((1.0 - rule.band) / 2.0, (1.0 + rule.band) / 2.0)
    )
    return f"{low}, 50 and {high}{typeset.THIN}%"


def _three(quantiles: tuple[float, ...]) -> str:
    return ", ".join(
        "–" if math.isnan(quantiles[at]) else typeset.signed(100.0 * quantiles[at], 2)
        for at in (0, 2, 4)
    )


def _promised(half_width: float) -> str:
    return "–" if math.isnan(half_width) else typeset.decimal(100.0 * half_width, 2)


def fairness_rows(split: StudiedSplit) -> list[dict[str, object]]:
    """One row a rule, phase and variant with every number unrounded, for CSV and pandas."""
    return [
        {
            "rule": rule.name,
            "assigns": unit_text(rule),
            "phase": phase.number,
            "since_s": phase.since_s,
            "variant": variant,
            "asked_share": share,
            "runs": phase.runs,
            "request_share": phase.realised[variant].mean,
            "request_share_low": phase.realised[variant].low,
            "request_share_high": phase.realised[variant].high,
            "client_share": phase.realised_users[variant].mean,
            "client_share_low": phase.realised_users[variant].low,
            "client_share_high": phase.realised_users[variant].high,
            "off": phase.off.share,
            "off_by_requests": phase.off_requests.share,
            "off_by_clients": phase.off_users.share,
            "off_over_looks": phase.off_sequential.share,
            "units_tested": phase.units_each,
            "seen_below": phase.seen_below,
            "seen_above": phase.seen_above,
            "requests_settled_s": phase.requests_settled_s if phase.changed else math.nan,
            "clients_settled_s": phase.users_settled_s if phase.changed else math.nan,
        }
        for rule in split.rules
        for phase in rule.phases
        for variant, share in phase.shares.items()
    ]
