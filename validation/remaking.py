"""Which part of reports/ is played and written by what, and README's tables beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

from simab.study import local_processes
from validation.finished_tests.page import write_finished_tests
from validation.finished_tests.replays import play_finished_tests
from validation.founding_example import play_founding_example, write_founding_example
from validation.founding_studies import play_founding_studies, write_founding_studies
from validation.gate_page import play_gates, write_gates
from validation.intervals.page import play_coverage, write_coverage
from validation.naive.rules import play_naive_rules
from validation.places import REPOSITORY
from validation.plan_page import play_plans, write_plans
from validation.policies.studies import play_guardrails, play_policies
from validation.policy_report import write_policies
from validation.promotion_scripts import play_promotion_scripts, write_promotion_scripts
from validation.sample_ratio.rates import play_ratio_rates
from validation.twelve.studies import play_twelve_policies, write_twelve_policies
from validation.users_aa.page import write_users_aa
from validation.users_aa.studies import play_users_aa
from validation.verified_world import play_verification, write_verified_world
from validation.whales.page import write_whales
from validation.whales.studies import play_whales

WORKERS: Final = 2
_PLAYED: Final[dict[str, Callable[[Path, Executor], None]]] = {
    "churn": play_founding_example,
    "founding_studies": play_founding_studies,
    "twelve_policies": play_twelve_policies,
    "policies": play_policies,
    "guardrails": play_guardrails,
    "sample_ratio": play_ratio_rates,
    "naive_rules": play_naive_rules,
    "intervals": play_coverage,  # of the rows of twelve_policies
    "gate": play_gates,
    "plan": play_plans,
    "users_aa": play_users_aa,
    "whales": play_whales,
    "finished_tests": play_finished_tests,  # of records that are not shipped
    "promotion_scripts": play_promotion_scripts,
    "verify": play_verification,
}
PARTS: Final = tuple(_PLAYED)
_SECTIONS: Final = {"policies", "guardrails", "sample_ratio", "naive_rules"}
"""Parts of one page."""


def remake(folder: Path, parts: Sequence[str] = PARTS, *, play: bool = True) -> None:
    """Write these parts of reports/, pictures in docs/ and README.md below a folder.

    Without `play` only the pages are written, from the rows that were written below that folder or
    are committed.
    """
    if play:
        with local_processes(WORKERS) as executor:
            for part in parts:
                _PLAYED[part](folder, executor)
    tables = {}
    for _ in range(2):  # the second time each page finds the others beside it, to link to them
        if "churn" in parts:
            tables["churn"] = write_founding_example(folder)
        if "founding_studies" in parts:
            write_founding_studies(folder)
    if "twelve_policies" in parts:
        tables["twelve policies"] = write_twelve_policies(folder)
    if _SECTIONS & set(parts):
        write_policies(folder)
    if "intervals" in parts:
        write_coverage(folder)
    if "gate" in parts:
        write_gates(folder)
    if "plan" in parts:
        write_plans(folder)
    if "users_aa" in parts:
        write_users_aa(folder)
    if "whales" in parts:
        write_whales(folder)
    if "finished_tests" in parts:
        write_finished_tests(folder)
    if "promotion_scripts" in parts:
        write_promotion_scripts(folder)
    if "verify" in parts:
        write_verified_world(folder)
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    for name, table in tables.items():
        readme = with_table(readme, name, table)
    (folder / "README.md").write_text(readme, encoding="utf-8")


def with_table(page: str, name: str, table: str) -> str:
    """The page with the table of that name between its two marks."""
    marks = (f"<!-- {name} table: {end} -->" for end in ("begin", "end"))
    begin, end = (re.escape(mark) for mark in marks)
    shown, places = re.subn(
        f"({begin}\n).*?({end})", lambda found: found[1] + table + found[2], page, flags=re.DOTALL
    )
    if places != 1:
        raise ValueError(f"{places} places for the table {name}: there must be one")
    return shown
