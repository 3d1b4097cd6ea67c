"""One policy of a study: what it is, and what it does over its replications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simab.result.columns import COLUMNS, VARIANT_COLUMNS
from simab.result.estimates import Ecdf, Ending, Mean, Proportion, Quantiles, Spread
from simab.result.json_metadata import absent_if_none, required_keys, spread_keys
from simab.result.run_summary import Verdict

__all__ = ["Characteristics", "LookVerdicts", "PolicyDescription", "PolicyResult", "Refused"]


@dataclass(frozen=True, slots=True)
class Refused:
    """Actions that the endpoint refused, over all runs, and the reason in most of these runs."""

    actions: int
    runs: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class LookVerdicts:
    """How many runs were decided at an instant, by verdict."""

    at_s: float
    counts: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class PolicyDescription:
    """A policy in words: its rule, when it misleads, and its parameters as plain values.

    `non_default` names the parameters that differ from their defaults; None: not known. `looks_at`
    has quality, errors and latency, those that the rule is shown; None: not known. Where several
    candidates may replace the control, `chooses_among_all` says whether the rule may promote any of
    them; if not it rolls out the first alone. None: not known, or there is one.
    """

    name: str
    kind: str
    parameters: Mapping[str, Any]
    non_default: tuple[str, ...] | None
    rule: str = ""
    misleads: str = ""
    looks_at: tuple[str, ...] | None = None
    chooses_among_all: bool | None = field(default=None, metadata=absent_if_none())


@dataclass(frozen=True, kw_only=True)
class Characteristics:
    """What a policy does over its replications.

    `promotes` counts the runs that decide for the candidate or end with it. `verdicts` and
    `decides_for` are decisions; `ends_with` and `still_split` are who has the
    traffic at the horizon, which `correct`, `wrong` and `neither` judge. `overturned` runs end
    elsewhere than with the variant decided for. `held` counts by reason the runs in which the
    candidate was held. `means` has every column of `simab.result.columns`, `variant_means` those
    with a value for each variant: by column, then by variant. `spread` has the columns whose runs
    differ so much that their mean says too little. `looks` are the instants at which runs were
    decided, where these are few: empty for a policy that decides at any of many looks.
    """

    verdicts: Mapping[str, Proportion] = field(metadata=required_keys(map(str, Verdict)))
    decides_for: Mapping[str, Proportion]
    promotes: Proportion
    correct: Proportion
    wrong: Proportion
    neither: Proportion
    ends_with: Mapping[str, Ending]
    still_split: Proportion
    overturned: int
    decision_time_s: Quantiles
    requests_to_decision: Quantiles
    decision_time_ecdf: Ecdf
    refused: Refused = Refused(0, 0, None)
    held: Mapping[str, int] = field(default_factory=dict)
    means: Mapping[str, Mean] = field(metadata=spread_keys(COLUMNS))
    variant_means: Mapping[str, Mapping[str, Mean]] = field(metadata=spread_keys(VARIANT_COLUMNS))
    spread: Mapping[str, Spread] = field(default_factory=dict)
    looks: tuple[LookVerdicts, ...] = ()

    @property
    def runs(self) -> int:
        """How many replications finished: those that the characteristics are computed over."""
        return sum(share.count for share in self.verdicts.values())


@dataclass(frozen=True, kw_only=True)
class PolicyResult(Characteristics, PolicyDescription):
    """A policy, its operating characteristics, and how many of its replications failed."""

    failed: int = 0

    @classmethod
    def of(
        cls, described: PolicyDescription, does: Characteristics, failed: int = 0
    ) -> PolicyResult:
        """The policy of that description which does this."""
        return cls(**vars(described), **vars(does), failed=failed)
