"""What many runs say of a rule together: `rule_fairness(runs, ...) -> RuleFairness`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from simab.analyse.fairness.client_summary import groups_of, people_over_runs, places_over_runs
from simab.analyse.fairness.deviation import (
    band_of,
    beyond_scan,
    fan_of,
    longest_runs,
    windows_expected,
    windows_within,
)
from simab.analyse.fairness.measure import RunFairness
from simab.analyse.fairness.naming import ALPHA, FLAWS, KEEPS, consistent_flaws, is_off
from simab.analyse.fairness.over_runs import share_of_runs
from simab.analyse.fairness.phases import phases_of, units_tested
from simab.analyse.fairness.studied import RuleStudied
from simab.result.studied_split import NamedFlaw, RuleFairness

__all__ = ["rule_fairness"]


def rule_fairness(studied: RuleStudied, runs: Sequence[RunFairness]) -> RuleFairness:
    """The record of a rule; `runs` are its replications, at least one."""
    if any(run.kept_by_policy for run in runs):
        studied = replace(studied, by_client=True, keeps=True)
    off = [is_off(each.phases, keeps=studied.keeps) for each in runs]
    scan, scan_runs = beyond_scan(studied, runs)
    return RuleFairness(
        name=studied.name,
        title=studied.title,
        by_client=studied.by_client,
        keeps=studied.keeps,
        alpha=ALPHA,
        runs=len(runs),
        phases=tuple(phases_of(studied, runs)),
        requests=float(np.mean([run.windows.requests.sum() for run in runs])),
        phases_in_all=float(np.mean([each.phases_in_all for each in runs])),
        caught=share_of_runs(off),
        flaws=_flaws(studied, [run for run, is_so in zip(runs, off, strict=True) if is_so], runs),
        fan=fan_of(studied, runs),
        within=windows_within(studied, runs),
        longest=longest_runs(studied, runs),
        scan=scan,
        people=people_over_runs(runs),
        groups=groups_of(studied, runs),
        places=places_over_runs(studied, runs),
        within_expected=windows_expected(studied, runs),
        scan_runs=scan_runs,
        band=band_of(runs),
        by_session=studied.by_session or None,
    )


def _flaws(
    studied: RuleStudied, off: Sequence[RunFairness], runs: Sequence[RunFairness]
) -> tuple[NamedFlaw, ...]:
    named = [consistent_flaws(run.phases, keeps=studied.keeps) for run in off]
    phases = max((run.phases for run in runs), key=len)
    units = [
        float(np.mean([units_tested(studied, r.phases[at]) for r in runs if len(r.phases) > at]))
        for at in range(len(phases))
    ]
    return tuple(
        NamedFlaw(
            name=flaw.name,
            words=flaw.words,
            consistent=share_of_runs(flaw.name in each for each in named),
            power=flaw.power(phases, units),
            least_part=flaw.least_part(phases, units),
            different=flaw.differs(phases),
        )
        for flaw in FLAWS
        if not (studied.keeps and flaw is KEEPS)
    )
