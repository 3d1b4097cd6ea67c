"""The page of finished tests that are replayed: reports/finished_tests, made of its rows.

Every sentence with a figure in it is computed from the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from simab.report import formatting
from simab.result import Proportion
from simab.stats.intervals import share_interval
from simab.text import typeset
from simab.text.lists import listed
from validation.csv_rows import read_rows
from validation.finished_tests.records import RECORDED
from validation.finished_tests.replays import PLACE, RULES, Replay
from validation.finished_tests.three_arms import ThreeArms, read_three_arms, three_arms_section
from validation.markdown import plain
from validation.places import made_or_committed

__all__ = ["finished_page", "read_replays", "write_finished_tests"]

_UPWORTHY: Final = "Upworthy"
_TEXT: Final = """# Finished tests, replayed: what would each rule have concluded, and when?

Made by `python -m validation . finished_tests` from records that are not shipped ([replays.csv](replays.csv) has sums).
**A replay plays the recorded rates as if they were true.** They are not: the rate of a variant that was found better
is too high on average, so that rules find more here than they would find in life. What the replay does show is how
the rules differ on the sizes, rates and effects that real tests have.

Each rule gets two variants with the recorded rates, weights and number of requests, spread evenly over a day, and is planned for
the requests that the smaller variant had. *Fixed horizon* and *whichever is ahead* look once, at the end; *group
sequential* plans five looks; the others look at every tenth of the requests, and keep the control at the end. The
margin of *Bayesian, ROPE* is a tenth of the control's rate. *At* is the median time of the decision, as a part
of the finished test; runs that decide after its end, with the last labels, count as at 100 %.

## Upworthy: headlines

Matias et al., "The Upworthy Research Archive" (Scientific Data, 2021). Of its exploratory part the record has {of_tests} tests;
of {drawn} the first two variants are {each}. What is recorded is the pooled test of both click rates at 5 %, two-sided. Promoted is the second
variant:

| rule | {heads} |
|---|{dashes}
{upworthy}

{findings}

## Hillstrom's e-mails and Open Bandit

Hillstrom (MineThatData, 2008): each of two e-mails against none, by visits, purchases and dollars spent in two weeks; amounts
are drawn by the quantiles of the recorded ones. The publisher's conclusion: both e-mails raise all three.
Open Bandit (Saito et al., 2021), campaign "men": Bernoulli Thompson sampling against a random choice, by clicks; the
published sample, and as many rows with the click rates of the whole record. The record calls each of these candidates
{recorded} at 5 %, two-sided. {runs} runs a rule; how often the candidate is promoted, and when:

{others}

{more}
"""  # noqa: E501 - lines of text are those of the page


def finished_page(rows: Sequence[Replay], arms: Sequence[ThreeArms]) -> str:
    """The page in Markdown."""
    of_pairs = [row for row in rows if row.source == _UPWORTHY]
    others = [row for row in rows if row.source != _UPWORTHY]
    by_record = [_of_record(of_pairs, each) for each in RECORDED]
    present = [(each, own) for each, own in zip(RECORDED, by_record, strict=True) if own]
    tests = sum(own[0].tests for _, own in present)
    heads = [f"{each} ({typeset.count(own[0].tests)} tests)" for each, own in present]
    return plain(
        _TEXT.format(
            drawn="all of them" if tests == of_pairs[0].of_tests else _drawn(tests),
            of_tests=typeset.count(of_pairs[0].of_tests),
            each=_times(present[0][1][0].runs // present[0][1][0].tests),
            heads=" | ".join(heads),
            dashes="---:|" * len(heads),
            upworthy="\n".join(_line(rule, [own for _, own in present]) for rule in RULES),
            findings="\n".join(_findings(of_pairs)),
            recorded=listed([*dict.fromkeys(row.recorded for row in others)]),
            runs=typeset.count(others[0].runs),
            others=_others(others),
            more="\n".join(_most_and_least(others)),
        )
        + three_arms_section(arms)
    )


def read_replays(path: Path) -> list[Replay]:
    """The rows that `play_finished_tests` wrote."""
    return read_rows(path, Replay)


def write_finished_tests(folder: Path) -> None:
    """Write the page below a folder from the replays of the last play."""
    rows = read_replays(made_or_committed(folder, f"{PLACE}/replays.csv"))
    arms = read_three_arms(made_or_committed(folder, f"{PLACE}/three_arms.csv"))
    target = folder / PLACE / "README.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(finished_page(rows, arms), encoding="utf-8")


def _drawn(tests: int) -> str:
    return f"{typeset.count(tests)}, drawn by chance,"


def _times(runs: int) -> str:
    return {1: "played once", 2: "played twice"}.get(runs, f"played {runs} times")


def _of_record(rows: Sequence[Replay], recorded: str) -> list[Replay]:
    return [row for row in rows if row.recorded == recorded]


def _line(rule: str, by_record: Sequence[Sequence[Replay]]) -> str:
    cells = [_cell(row) for own in by_record for row in own if row.rule == rule]
    return f"| {rule} | {' | '.join(cells)} |"


def _cell(row: Replay) -> str:
    return f"{_share(row.promoted, row.runs)}{_at(row)}"


def _at(row: Replay) -> str:
    if row.part is None:
        return ", mostly undecided"
    return f", at {typeset.percent(min(row.part, 1.0))}"


def _share(count: int, runs: int) -> str:
    interval = share_interval(count, runs)
    return str(formatting.proportion(Proportion(count, count / runs, interval.low, interval.high)))


def _findings(rows: Sequence[Replay]) -> list[str]:
    """What a repetition finds again, who promotes what is worse, and who is through first."""
    better, ahead, not_better, worse = (_of_record(rows, each) for each in RECORDED)
    found = []
    (again,) = [row for row in better if row.rule == "fixed horizon"]
    found.append(
        f"- **The same test again** finds {_share(again.promoted, again.runs)} of what was "
        f"recorded as {RECORDED[0]}, although the recorded rates are played as true."
    )
    wrong = {
        rule: sum(row.promoted for row in (*not_better, *worse) if row.rule == rule)
        for rule in RULES
    }
    runs = sum(row.runs for row in (*not_better, *worse) if row.rule == RULES[0])
    most, fewest = max(wrong, key=wrong.__getitem__), min(wrong.values())
    least = listed([f"*{rule}*" for rule in RULES if wrong[rule] == fewest])
    found.append(
        f"- **Of variants that were not better** *{most}* promotes most, "
        f"{_share(wrong[most], runs)}, and {least} fewest, {_share(fewest, runs)}."
    )
    missed = {row.rule: row.promoted for row in better}
    finds, misses = max(missed, key=missed.__getitem__), min(missed, key=missed.__getitem__)
    found.append(
        f"- **Of variants that were {RECORDED[0]}** *{finds}* promotes most, "
        f"{_share(missed[finds], again.runs)}, and *{misses}* fewest, "
        f"{_share(missed[misses], again.runs)}."
    )
    parts = {row.rule: row.part for row in better if row.part is not None}
    first = min(parts, key=lambda rule: parts[rule])
    found.append(
        f"- **{first} is through with these first**, at {typeset.percent(parts[first])} of the "
        "requests in half of the runs."
    )
    (whole,) = [row for row in ahead if row.rule == "fixed horizon"]
    found.append(
        f"- **Of what was {RECORDED[1]}** a fixed-horizon test of the same size promotes "
        f"{_share(whole.promoted, whole.runs)}: most of these tests were too small for the "
        "differences that they recorded."
        if whole.promoted < 0.5 * whole.runs
        else f"- **Of what was {RECORDED[1]}** a fixed-horizon test of the same size promotes "
        f"{_share(whole.promoted, whole.runs)}."
    )
    return found


def _others(rows: Sequence[Replay]) -> str:
    lines = [f"| test | {' | '.join(RULES)} |", f"|---|{'---:|' * len(RULES)}"]
    for source, name in dict.fromkeys((row.source, row.name) for row in rows):
        own = {row.rule: row for row in rows if (row.source, row.name) == (source, name)}
        lines.append(f"| {source}: {name} | {' | '.join(_cell(own[rule]) for rule in RULES)} |")
    return "\n".join(lines)


def _most_and_least(rows: Sequence[Replay]) -> list[str]:
    """Which tests every rule repeats nearly always, and which some rule misses mostly."""
    tests = dict.fromkeys((row.source, row.name) for row in rows)
    by_test = {each: [row for row in rows if (row.source, row.name) == each] for each in tests}
    sure = [
        f"*{source}: {name}*"
        for (source, name), own in by_test.items()
        if all(row.promoted >= 0.95 * row.runs for row in own)
    ]
    found = []
    if sure:
        found.append(
            f"- **Every rule promotes in at least 95 % of runs** in {len(sure)} of {len(tests)} "
            f"tests ({listed(sure)}): there they differ in time alone."
        )
    for (source, name), own in by_test.items():
        if f"*{source}: {name}*" in sure:
            continue
        tested = [row for row in own if row.rule != RULES[0]]
        most, least = (pick(tested, key=lambda row: row.promoted) for pick in (max, min))
        found.append(
            f"- **{source}: {name}**: of the rules that test, *{most.rule}* promotes in "
            f"{_share(most.promoted, most.runs)} and *{least.rule}* in "
            f"{_share(least.promoted, least.runs)}."
        )
    return found
