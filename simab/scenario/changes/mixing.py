"""Columns of a joint outcome table that take each other's place in some of the rows.

All columns then have the same mixture of answers, or each what another had, while as many rows as
before are answered differently by two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from simab.profiles.outcomes import SCORE_ONE, score_units, threshold_units
from simab.profiles.quality import JointOutcomes, OutcomeRow, OutcomeTable

__all__ = ["Columns", "rotated"]

Columns = Mapping[str, JointOutcomes]
"""Columns of one table by the variants that have them."""


def rotated(
    table: OutcomeTable, columns: Columns, shares: Sequence[Fraction], kept: Sequence[str]
) -> tuple[OutcomeTable, dict[str, JointOutcomes]]:
    """The table in which a share `shares[k]` of each row has the answers moved on by k variants.

    With two variants and shares (1 - s, s) each answers as the other did in a share s of every row;
    s = 1/2 makes them equally good, s = 1 exchanges them. All get the threshold of the first: the
    scores of one with another are moved on straight lines so that its predictions stay. The parts
    of a row stand together, so that a request meets the same row in all mixtures. `kept` are the
    columns that other variants have. Where nothing changes, the table is the one given.
    """
    first = next(iter(columns.values()))
    names = _new_names(columns, kept)
    parts = [
        part
        for row in table.rows
        for part in _parts_of(row, list(columns.values()), first.threshold, shares)
    ]
    given = [[row.scores[each.column] for each in columns.values()] for row in table.rows]
    if [scores for _, scores, _ in parts] == given:
        return table, dict(columns)
    scale = lcm(*(count.denominator for _, _, count in parts))
    whole = [int(count * scale) for _, _, count in parts]
    common = gcd(*whole)
    rows = tuple(
        OutcomeRow(
            label=row.label,
            scores={name: row.scores[name] for name in kept}
            | dict(zip(names.values(), scores, strict=True)),
            count=count // common,
        )
        for (row, scores, _), count in zip(parts, whole, strict=True)
    )
    qualities = {
        variant: JointOutcomes(table=each.table, column=names[variant], threshold=first.threshold)
        for variant, each in columns.items()
    }
    return OutcomeTable(rows=rows), qualities


def _parts_of(
    row: OutcomeRow, columns: Sequence[JointOutcomes], threshold: float, shares: Sequence[Fraction]
) -> list[tuple[OutcomeRow, list[float], Fraction]]:
    """The parts of a row that differ in their scores, each with its count."""
    scores = [_moved(row.scores[each.column], each.threshold, threshold) for each in columns]
    found: dict[tuple[float, ...], Fraction] = {}
    for moves, share in enumerate(shares):
        turned = (*scores[moves:], *scores[:moves])
        if share > 0:
            found[turned] = found.get(turned, Fraction(0)) + share * row.count
    return [(row, list(turned), count) for turned, count in found.items()]


def _moved(score: float, own: float, threshold: float) -> float:
    """The score that is as far below or above another threshold, on straight lines to 0 and 1."""
    if own == threshold:
        return score
    lowest_positive = threshold_units(threshold)
    if score_units(score) < threshold_units(own):
        return min(score / own * threshold, (lowest_positive - 1) / SCORE_ONE)
    above = (score - own) / (1 - own) if own < 1 else 1.0
    moved = threshold + above * (1 - threshold)
    return min(max(moved, lowest_positive / SCORE_ONE), 1.0)


def _new_names(columns: Columns, kept: Sequence[str]) -> dict[str, str]:
    """A column of its own for each variant; its old one where no other variant has that."""
    names: dict[str, str] = {}
    for variant, each in columns.items():
        name = each.column
        while name in kept or name in names.values():
            name = f"{name} of {variant}"
        names[variant] = name
    return names
