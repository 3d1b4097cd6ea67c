"""Equal variants, users who differ: which rules are played by which unit, and in which worlds.

Writes verdicts.csv and oracle.csv in reports/users_aa.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from simab.scenario.models import Scenario
from validation.csv_rows import csv_text
from validation.places import say
from validation.played_rules import Cell, Version, cells_csv, play_cells
from validation.users_aa.oracle import (
    LOOK_S,
    PROPENSITY,
    RATE,
    SAMPLE,
    SESSION_GAP_S,
    SESSION_REQUESTS,
    USERS,
    OracleCell,
    oracle_cells,
)

__all__ = [
    "PLACE",
    "RULES",
    "UNITS",
    "WORLDS",
    "PlayedRule",
    "PlayedWorld",
    "play_users_aa",
    "played_version",
]

PLACE: Final = "reports/users_aa"
UNITS: Final = ("request", "session", "user", "user_mean")
_RUNS: Final = 1500
_RUNS_IN_SESSIONS: Final = 300
_ORACLE_RUNS: Final = 4000
_PRE_PERIOD_S: Final = 500
_FIXED: Final = {"kind": "fixed_horizon", "labelled_requests": SAMPLE}
_LOOKING: Final = {
    "labelled_requests": SAMPLE // 5,
    "labelled_requests_per_look": SAMPLE // 5,
    "maximum_duration": "1100s",
}
_SESSIONS: Final = {
    "requests": SESSION_REQUESTS,
    "gap": {"kind": "exponential", "mean": f"{SESSION_GAP_S:g}s"},
}
_RELEASE: Final = {
    "stages": [{"share": "50%", "lasts": "1000s"}],
    "metrics": [{"metric": "success_rate"}],
    "tight_at": SAMPLE,
}


@dataclass(frozen=True, slots=True)
class PlayedRule:
    """A rule, the units that it is played by, and what it states for equal variants.

    `says` is the statement in words and `at_most` its bound, None where it states no rate. The rate
    is that of promotions, or of rollbacks where the rule `rolls_back`.
    """

    fields: Mapping[str, Any]
    says: str
    at_most: float | None
    units: Sequence[str] = UNITS
    rolls_back: bool = False

    def named(self, name: str, unit: str) -> str:
        """What its policy for a unit is called."""
        return f"{name}, {unit}"


_LEVEL: Final = ("5 % two-sided: promotes at most 2.5 %", 0.025)
_ONE_SIDED: Final = ("promotes at most 2.5 %", 0.025)
_DECIDES_BY: Final = {"metric": "success_rate", "role": "success"}
_WATCHES: Final = ("rolls back at most 2.5 %", 0.025, ("request", "session", "user"), True)
_POSTERIOR: Final = ("no rate: 95 % of a posterior, at five looks", None)
RULES: Final[Mapping[str, PlayedRule]] = MappingProxyType(
    {
        "fixed horizon": PlayedRule(_FIXED, *_LEVEL),
        "fixed horizon, CUPED": PlayedRule(_FIXED | {"pre_period": f"{_PRE_PERIOD_S}s"}, *_LEVEL),
        "fixed horizon, ranks": PlayedRule(_FIXED | {"ranks": True}, *_LEVEL, ("user_mean",)),
        "group sequential": PlayedRule(
            _FIXED | {"kind": "group_sequential", "maximum_duration": "1500s"}, *_LEVEL
        ),
        "group sequential, by the calendar": PlayedRule(
            _FIXED
            | {"kind": "group_sequential", "boundary": "obrien_fleming_spending"}
            | {"look_times": ["200s", "400s", "600s", "800s", "1000s"]},
            *_LEVEL,
        ),
        "interim look, gives up": PlayedRule(
            _FIXED | {"interim": {"at": 0.5, "gives_up_below": 0.1}}, *_LEVEL
        ),
        "interim look, enlarges": PlayedRule(
            _FIXED | {"interim": {"at": 0.5, "largest": SAMPLE * 3 // 2}}, *_LEVEL, ("request",)
        ),
        "capped SPRT": PlayedRule(
            {"kind": "capped_sprt", "labelled_requests": SAMPLE // 2, "alpha": 0.025}, *_ONE_SIDED
        ),
        "decision by metrics": PlayedRule(
            {"kind": "ship_decision", "labelled_requests": SAMPLE, "alpha": 0.025},
            *_ONE_SIDED,
            ("request", "session", "user"),
        ),
        "always valid": PlayedRule(
            _LOOKING | {"kind": "always_valid", "tight_at": SAMPLE}, *_LEVEL
        ),
        "always valid, mixture t": PlayedRule(
            _LOOKING | {"kind": "always_valid", "method": "mixture_t", "typical_effect": 0.03},
            *_LEVEL,
        ),
        "always valid, empirical Bernstein": PlayedRule(
            _LOOKING
            | {"kind": "always_valid", "method": "empirical_bernstein", "tight_at": SAMPLE},
            *_LEVEL,
            ("request",),
        ),
        "naive peeking": PlayedRule(_LOOKING | {"kind": "naive_peeking"}, *_LEVEL),
        "Bayesian": PlayedRule(_LOOKING | {"kind": "bayesian"}, *_POSTERIOR),
        "Bayesian, ROPE": PlayedRule(
            _LOOKING | {"kind": "bayesian_rope", "rope": 0.01}, *_POSTERIOR
        ),
        "guarded release": PlayedRule(_RELEASE | {"kind": "guarded_release"}, *_WATCHES),
        "sequential alerts": PlayedRule(
            _RELEASE | {"kind": "sequential_alerts", "early_check_every": f"{LOOK_S}s"}, *_WATCHES
        ),
        "ramp by power": PlayedRule(
            {"kind": "ramp_by_power", "degradation": 0.05, "spread": 0.4, "risk": 0.02}
            | {"first_share": "10%", "labelled_requests": SAMPLE // 5},
            *_WATCHES,
        ),
        "safe rollout": PlayedRule(
            {"kind": "safe_rollout", "stages": ["50%"], "bake": "1000s", "tight_at": SAMPLE},
            "rolls back at most 5 %, for labels or 5XX",
            0.05,
            ("request", "session", "user"),
            rolls_back=True,
        ),
    }
)
"""By name."""


class PlayedWorld(NamedTuple):
    """Routing, how unequally users ask, the rules that are played, and whether in sessions."""

    routing: str
    activity: Mapping[str, Any]
    rules: Sequence[str]
    sessions: bool = False

    @property
    def most_runs(self) -> int:
        """Of a cell; fewer where most of the time goes into drawing sessions."""
        return _RUNS_IN_SESSIONS if self.sessions else _RUNS

    def units_of(self, rule: PlayedRule) -> Sequence[str]:
        """Those that a rule is played by: of sessions only where there are any."""
        return [unit for unit in rule.units if self.sessions or unit != "session"]


_UNEQUAL: Final = {"kind": "gamma", "cv": 1}
_ONE: Final = ("fixed horizon",)
WORLDS: Final[Mapping[str, PlayedWorld]] = MappingProxyType(
    {
        "each request drawn": PlayedWorld("weighted_random", _UNEQUAL, tuple(RULES)),
        "each user drawn": PlayedWorld("sticky_hash", _UNEQUAL, tuple(RULES)),
        "each user drawn, equally busy": PlayedWorld("sticky_hash", {"kind": "equal"}, _ONE),
        "each session drawn": PlayedWorld("session_hash", _UNEQUAL, tuple(RULES), sessions=True),
        "each user drawn, in sessions": PlayedWorld("sticky_hash", _UNEQUAL, _ONE, sessions=True),
    }
)
"""By name."""


def played_version(world: str, replications: int) -> Version:
    """What is played of one of the worlds, with a policy for each rule and unit."""
    described = WORLDS[world]
    policies = {}
    for name in described.rules:
        rule = RULES[name]
        for unit in described.units_of(rule):
            policies[rule.named(name, unit)] = _by_unit(rule.fields, unit)
    return Version("users_aa", world, 0.0, _scenario(described, policies), replications)


def _by_unit(fields: Mapping[str, Any], unit: str) -> dict[str, Any]:
    """A policy by a unit; a decision by many metrics has it at each metric."""
    by = {"unit": unit} if unit != "request" else {}
    if fields["kind"] == "ship_decision":
        return {**fields, "metrics": [{**_DECIDES_BY, **by}]}
    return {**fields, **by}


def _scenario(world: PlayedWorld, policies: Mapping[str, Any]) -> Scenario:
    """Two variants with the same share of successes, 20 requests a user in 1,000 seconds."""
    share, concentration = PROPENSITY
    variant = {
        "workers": 50,
        "latency": {"kind": "constant", "value": "1ms"},
        "quality": {"kind": "success", "probability": share},
    }
    return Scenario.model_validate(
        {
            "title": "Equal variants, users who differ",
            "endpoint": {
                "variants": {"current": variant, "new": variant},
                "variant_routing": world.routing,
                "weight_update": "1s",
            },
            "traffic": {
                "users": {
                    "rate": f"{RATE:g}/s",
                    "clients": USERS,
                    "activity": world.activity,
                    **({"sessions": _SESSIONS} if world.sessions else {}),
                    "propensities": {"probability": {"concentration": concentration}},
                }
            },
            "metrics": {"period": f"{LOOK_S}s", "publication_delay": "0s"},
            "controller": {"interval": f"{LOOK_S}s"},
            "objective": {
                "control": "current",
                "candidate": "new",
                "metric": "success_rate",
                "smallest_effect": 0.02,
            },
            "horizon": f"{1500 + _PRE_PERIOD_S}s",
            "policies": policies,
        }
    )


@cache
def _oracle(runs: int) -> Sequence[OracleCell]:
    return oracle_cells(runs)


def play_users_aa(
    folder: Path,
    executor: Executor | None = None,
    runs: int | None = None,
    oracle_runs: int = _ORACLE_RUNS,
) -> None:
    """Play every rule in every world, and the oracle, and write their rows below a folder."""
    cells: list[Cell] = []
    for world in WORLDS:
        version = played_version(world, runs or WORLDS[world].most_runs)
        rules, each = len(version.scenario.policies), version.replications
        say(f"users who differ, {world}: {rules} rules, {each} runs each")
        cells += play_cells(version, executor=executor)
    target = folder / PLACE
    target.mkdir(parents=True, exist_ok=True)
    (target / "verdicts.csv").write_text(cells_csv(cells), encoding="utf-8")
    say(f"users who differ, in plain NumPy: {oracle_runs} runs a world")
    rows = csv_text([each.name for each in fields(OracleCell)], map(astuple, _oracle(oracle_runs)))
    (target / "oracle.csv").write_text(rows, encoding="utf-8")
