"""Finished tests as their publishers recorded them: counts of two variants, and what they say.

Read from a folder that the project does not ship. Upworthy's tests have several variants each, of
which the first two are compared; Hillstrom's e-mails are compared with no e-mail; Open Bandit's
Thompson sampling with a random choice.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

__all__ = [
    "RECORDED",
    "FinishedTest",
    "hillstrom_tests",
    "open_bandit_tests",
    "records_in",
    "upworthy_tests",
]

FOLDER: Final = "data/abtests"
LEVEL: Final = 0.05
RECORDED: Final = (
    "significantly better",
    "better, not significantly",
    "not better, not significantly worse",
    "significantly worse",
)
_QUANTILES: Final = 201
_SPEND_STEP: Final = 1e-6


@dataclass(frozen=True, slots=True)
class FinishedTest:
    """Two variants, control first: requests of each, what they are played as, and the record.

    `difference` is candidate less control, of shares or of dollars, and `p_value` two-sided: of the
    pooled test of two shares, or Welch's.
    """

    source: str
    name: str
    metric: Literal["success_rate", "reward"]
    requests: tuple[int, int]
    qualities: tuple[dict[str, Any], dict[str, Any]]
    level_of_control: float
    difference: float
    p_value: float

    @property
    def recorded(self) -> str:
        """What the finished test says of the candidate (`RECORDED`)."""
        if self.p_value < LEVEL:
            return RECORDED[0] if self.difference > 0 else RECORDED[3]
        return RECORDED[1] if self.difference > 0 else RECORDED[2]


def records_in(shared: Path) -> Path:
    """The folder of finished tests; FileNotFoundError where it is not there."""
    folder = shared / FOLDER
    if not folder.is_dir():
        raise FileNotFoundError(
            f"{folder} is not there: the finished tests are not shipped, and replaying them needs "
            "their files; name the folder that has them in SIMAB_SHARED"
        )
    return folder


def upworthy_tests(folder: Path) -> list[FinishedTest]:
    """The first two variants of each test."""
    table = pd.read_csv(folder / "upworthy_tests.csv.gz")
    found = []
    for number, rows in table.groupby("test"):
        pair = rows.sort_values("variant").head(2)
        (one, other), (x, y) = pair["impressions"].tolist(), pair["clicks"].tolist()
        found.append(_of_shares("Upworthy", f"test {number}", (one, other), (x, y)))
    return found


def hillstrom_tests(folder: Path) -> Iterator[FinishedTest]:
    """Each of the two e-mails against none, by visits, purchases and dollars."""
    table = pd.read_csv(folder / "hillstrom_email.csv.gz")
    arms = dict(list(table.groupby("segment")))
    control = arms["No E-Mail"]
    for segment in ("Mens E-Mail", "Womens E-Mail"):
        candidate = arms[segment]
        requests = len(control), len(candidate)
        for column in ("visit", "conversion"):
            successes = int(control[column].sum()), int(candidate[column].sum())
            yield _of_shares("Hillstrom", f"{segment}, {column}", requests, successes)
        spends = control["spend"].to_numpy(), candidate["spend"].to_numpy()
        welch = stats.ttest_ind(spends[1], spends[0], equal_var=False)
        means = [float(each.mean()) for each in spends]
        yield FinishedTest(
            source="Hillstrom",
            name=f"{segment}, spend",
            metric="reward",
            requests=requests,
            qualities=(_earned(spends[0]), _earned(spends[1])),
            level_of_control=means[0],
            difference=means[1] - means[0],
            p_value=float(welch.pvalue),
        )


def open_bandit_tests(folder: Path) -> Iterator[FinishedTest]:
    """The published sample; and a sample of its size with the click rates of the whole record."""
    table = pd.read_csv(folder / "open_bandit_men.csv.gz")
    arms = dict(list(table.groupby("policy")))
    both = arms["random"], arms["bts"]
    requests = len(both[0]), len(both[1])
    successes = int(both[0]["click"].sum()), int(both[1]["click"].sum())
    yield _of_shares("Open Bandit", "published sample", requests, successes)
    text = (folder / "published_results.json").read_text(encoding="utf-8")
    whole = json.loads(text)["open_bandit_men"]["full_data_published_table1"]
    rates = whole["random"]["ctr"], whole["bts"]["ctr"]
    shown = whole["random"]["impressions"], whole["bts"]["impressions"]
    clicks = round(rates[0] * shown[0]), round(rates[1] * shown[1])
    of_all = _of_shares("Open Bandit", "rates of the whole record", shown, clicks)
    yield FinishedTest(
        source=of_all.source,
        name=of_all.name,
        metric=of_all.metric,
        requests=requests,
        qualities=of_all.qualities,
        level_of_control=of_all.level_of_control,
        difference=of_all.difference,
        p_value=of_all.p_value,
    )


def _of_shares(
    source: str, name: str, requests: tuple[int, int], successes: tuple[int, int]
) -> FinishedTest:
    shares = successes[0] / requests[0], successes[1] / requests[1]
    return FinishedTest(
        source=source,
        name=name,
        metric="success_rate",
        requests=requests,
        qualities=(_successes(shares[0]), _successes(shares[1])),
        level_of_control=shares[0],
        difference=shares[1] - shares[0],
        p_value=_pooled_p_value(requests, successes),
    )


def _pooled_p_value(requests: Sequence[int], successes: Sequence[int]) -> float:
    """Fleiss, Levin and Paik (2003), section 2; 1 where all requests ended alike."""
    pooled = sum(successes) / sum(requests)
    spread = math.sqrt(pooled * (1.0 - pooled) * (1.0 / requests[0] + 1.0 / requests[1]))
    if spread == 0.0:
        return 1.0
    z = (successes[1] / requests[1] - successes[0] / requests[0]) / spread
    return float(2.0 * stats.norm.sf(abs(z)))


def _successes(share: float) -> dict[str, Any]:
    return {"kind": "success", "probability": share}


def _earned(spends: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, Any]:
    """The share that spent anything, and the quantiles of what these spent."""
    amounts = spends[spends > 0.0]
    values = np.quantile(amounts, np.linspace(0.0, 1.0, _QUANTILES))
    return {
        "kind": "numeric_reward",
        "earning_share": len(amounts) / len(spends),
        "distribution": {"kind": "quantiles", "values": values.tolist()},
    }
