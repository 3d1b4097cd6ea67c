"""The page of equal variants and users who differ: reports/users_aa, made of its rows.

Every sentence with a figure in it is computed from the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from scipy import stats

from simab.analyse import Verdict
from simab.report import formatting
from simab.result import Proportion
from simab.stats.binomial_band import STANDARD_ERRORS, count_agrees
from simab.stats.intervals import share_interval
from simab.text import typeset
from simab.text.lists import listed
from validation.csv_rows import read_rows
from validation.markdown import plain
from validation.places import made_or_committed
from validation.played_rules import Cell, letters_in, read_cells
from validation.users_aa.oracle import SESSION_GAP_S, SESSION_REQUESTS, OracleCell
from validation.users_aa.studies import PLACE, RULES, UNITS, WORLDS

__all__ = ["breaks", "errors_of", "read_oracle", "users_aa_page", "write_users_aa"]

_TABLES: Final = ("each request drawn", "each session drawn", "each user drawn")
_UNIT_TITLES: Final = {
    "request": "by request",
    "session": "by session",
    "user": "by user",
    "user_mean": "by the mean of users",
}
_TEXT: Final = """# Equal variants, and users who differ

Made by `python -m validation . users_aa`. Two variants are alike in everything, and 200 users differ: their own
shares of successes are Beta(2, 8), and their rates of asking exponential, so that a user's number of requests is
geometric, about twenty until the test. Routing draws a variant for each request (`weighted_random`), for each session
of a user (`session_hash`) or for each user (`sticky_hash`). Where there are sessions, their numbers of requests are
geometric, {session:g} on average, {gap:g} s apart. Each rule is played by each unit of analysis that it has ([what the units are](../../docs/users.md)),
in {runs} runs a cell, {in_sessions} where there are sessions; all of a table meet the same users, so that their rates
stray together. Counted is how often a rule promotes the candidate, or, for those that watch a release and promote in the end, how often it rolls back. A
rate **in bold breaks what the rule states**: a binomial count would lie that far above it in fewer than {tail} of such
studies ({errors} standard errors of a normal law).

{findings}
{tables}
CUPED keeps the control alone for 500 s first. The posteriors look at every {look} labels a variant, up to five times, as
do naive peeking and the always valid tests. How every run ended: [verdicts.csv](verdicts.csv), one letter each ({letters}).

## The same tests in plain NumPy

A second program, which shares no code with simab, plays the fixed-horizon tests in these worlds, in one where all
users ask equally often, and in one where users are drawn and ask in sessions: {oracle_runs} runs a row ([oracle.csv](oracle.csv)).
By theory a test by request errs as the design effect says, 1 + (E m² / E m − 1) ICC with m requests of what is drawn, a
user or a session, and an intra-class correlation of 1/11 (Kish 1965); a test by session where users are drawn errs by
their design effect over that of sessions; the others keep their level.

| drawn | test | simab | plain NumPy | theory |
|---|---|---:|---:|---:|
{oracle}

{agreement}
"""  # noqa: E501 - lines of text are those of the page


def errors_of(cell: Cell) -> int:
    """The runs in which a rule does to an equal candidate what it states to do rarely."""
    rule = RULES[_split(cell)[0]]
    return cell.count(Verdict.ROLLED_BACK) if rule.rolls_back else cell.promoted


def breaks(cell: Cell) -> bool | None:
    """Whether the rate is above what the rule states, beyond chance; None where it states none."""
    at_most = RULES[_split(cell)[0]].at_most
    if at_most is None:
        return None
    tail = float(stats.norm.sf(STANDARD_ERRORS))
    return bool(errors_of(cell) > stats.binom(len(cell.verdicts), at_most).isf(tail))


def users_aa_page(cells: Sequence[Cell], oracle: Sequence[OracleCell]) -> str:
    """The page in Markdown."""
    return plain(
        _TEXT.format(
            runs=_runs_of(cells, sessions=False),
            in_sessions=_runs_of(cells, sessions=True),
            tail=typeset.percent(float(stats.norm.sf(STANDARD_ERRORS)), 2),
            errors=f"{STANDARD_ERRORS:g}",
            findings="\n".join(_findings(cells)),
            tables="".join(_table(world, cells) for world in _TABLES),
            session=SESSION_REQUESTS,
            gap=SESSION_GAP_S,
            look=RULES["naive peeking"].fields["labelled_requests"],
            letters=letters_in(cells),
            oracle_runs=typeset.count(oracle[0].runs),
            oracle="\n".join(_oracle_line(row, cells) for row in oracle),
            agreement=_agreement(oracle, cells),
        )
    )


def read_oracle(path: Path) -> list[OracleCell]:
    """The rows of the plain program."""
    return read_rows(path, OracleCell)


def write_users_aa(folder: Path) -> None:
    """Write the page below a folder from the rows of the last play."""
    cells, oracle = (
        made_or_committed(folder, f"{PLACE}/{name}.csv") for name in ("verdicts", "oracle")
    )
    target = folder / PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(users_aa_page(read_cells(cells), read_oracle(oracle)), encoding="utf-8")


def _runs_of(cells: Sequence[Cell], *, sessions: bool) -> str:
    """The runs of a cell in the worlds with sessions, or without."""
    runs = {len(each.verdicts) for each in cells if WORLDS[each.version].sessions == sessions}
    return listed([typeset.count(each) for each in sorted(runs)])


def _split(cell: Cell) -> tuple[str, str]:
    """The rule and the unit of a cell."""
    name, _, unit = cell.rule.rpartition(", ")
    return name, unit


def _of(cells: Sequence[Cell], world: str, name: str, unit: str) -> Cell | None:
    wanted = (world, RULES[name].named(name, unit))
    found = [cell for cell in cells if (cell.version, cell.rule) == wanted]
    return found[0] if found else None


def _findings(cells: Sequence[Cell]) -> list[str]:
    """Which rules break what they state, by world and unit."""
    found = []
    for world in _TABLES:
        for unit in UNITS:
            own = [cell for cell in cells if cell.version == world and _split(cell)[1] == unit]
            stated = [cell for cell in own if breaks(cell) is not None]
            if not stated:
                continue
            broken = [f"*{_split(cell)[0]}*" for cell in stated if breaks(cell)]
            keeping = [f"*{_split(cell)[0]}*" for cell in stated if not breaks(cell)]
            worst = max(stated, key=errors_of)
            named = f"{_UNIT_TITLES[unit]}, {world}"
            if not broken:
                words = f"all {len(stated)} rules keep what they state"
            elif len(broken) == len(stated):
                words = (
                    f"none of {len(stated)} rules keeps what it states; the worst is "
                    f"*{_split(worst)[0]}*, {_rate(worst)}"
                )
            elif len(keeping) < len(broken):
                words = (
                    f"of {len(stated)} rules only {listed(keeping)} "
                    f"{'keeps what it states' if len(keeping) == 1 else 'keep what they state'}; "
                    f"the worst is *{_split(worst)[0]}*, {_rate(worst)}"
                )
            else:
                words = (
                    f"{len(keeping)} of {len(stated)} rules keep what they state, not "
                    f"{listed(broken)}"
                )
            found.append(f"- **{named}**: {words}.")
    return found


def _table(world: str, cells: Sequence[Cell]) -> str:
    units = [unit for unit in UNITS if WORLDS[world].sessions or unit != "session"]
    heads = " | ".join(_UNIT_TITLES[unit] for unit in units)
    lines = [
        f"\n## {world[0].upper()}{world[1:]}\n",
        f"| rule | states of an equal candidate | {heads} |",
        f"|---|---|{'---:|' * len(units)}",
    ]
    for name, rule in RULES.items():
        shown = []
        for unit in units:
            cell = _of(cells, world, name, unit)
            shown.append("" if cell is None else _marked(cell))
        lines.append(f"| {name} | {rule.says} | {' | '.join(shown)} |")
    return "\n".join(lines) + "\n\n"


def _marked(cell: Cell) -> str:
    return f"**{_rate(cell)}**" if breaks(cell) else _rate(cell)


def _rate(cell: Cell) -> str:
    return _share(errors_of(cell), len(cell.verdicts))


def _share(count: int, runs: int) -> str:
    interval = share_interval(count, runs)
    proportion = Proportion(count, count / runs, interval.low, interval.high)
    return str(formatting.proportion(proportion))


def _oracle_line(row: OracleCell, cells: Sequence[Cell]) -> str:
    cell = _of(cells, row.world, "fixed horizon", row.unit)
    assert cell is not None
    own, theirs = _rate(cell), _share(row.promoted, row.runs)
    return (
        f"| {row.world} | {_UNIT_TITLES[row.unit]} | {own} | {theirs} "
        f"| {typeset.percent(row.theory, 1)} |"
    )


def _agreement(oracle: Sequence[OracleCell], cells: Sequence[Cell]) -> str:
    """How many of the two programs' rates differ by no more than chance, and from theory."""
    alike = by_theory = 0
    for row in oracle:
        cell = _of(cells, row.world, "fixed horizon", row.unit)
        assert cell is not None
        ours = len(cell.verdicts)
        table = np.array([[cell.promoted, ours], [row.promoted, row.runs]])
        table[:, 1] -= table[:, 0]
        alike += bool(stats.fisher_exact(table).pvalue > 2 * stats.norm.sf(STANDARD_ERRORS))
        by_theory += count_agrees(cell.promoted, ours, row.theory, allowed=0.01)
    return (
        f"Within chance simab agrees with the plain program in {alike} of {len(oracle)} rows "
        f"(Fisher's exact test), and with theory in {by_theory}. Theory is allowed a point, as it "
        "takes the number of requests at the look as given."
    )
