"""Arrivals fitted to a real trace in place of its replay: how far they are off, with an error.

To see the figures: pytest -s -m long tests/world/test_fitted_arrivals.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simab.draws import Draws
from simab.scenario.traced import counts_in, dispersion
from simab.world import Blueprint, play
from simab.world.records import RECORD_COLUMNS
from tests.world.building import scenario, variant

S = 10**9
LONG_S = 57 * 60
SPANS_S = (1, 60, 600)
RUNS = 200
SILENCE_S = 2.0  # a longer gap is taken for a silence


def described(rate: float, arrivals: dict[str, Any]) -> Blueprint:
    """One server of 0.3 s, for 57 minutes."""
    latency = {"kind": "constant", "value": "300ms"}
    users = {"rate": f"{rate:.9f}/s", "arrivals": arrivals}
    return Blueprint.of(
        scenario({"a": variant(latency=latency)}, traffic={"users": users}, horizon=f"{LONG_S}s")
    )


def figures(blueprint: Blueprint) -> np.ndarray:
    """Of each run: the index of dispersion of counts over each span, and the mean wait in s."""
    found = []
    names = ("arrived_ns", "started_ns")
    for replication in range(RUNS):
        draws = Draws(1, replication)
        data, _ = play(blueprint, None, draws, engine="compiled", record_requests=True)
        assert data.records is not None
        arrived, started = (data.records[:, RECORD_COLUMNS.index(name)] for name in names)
        waits = (started - arrived)[started >= 0] / S
        indices = [dispersion(counts_in(arrived, span * S, LONG_S * S)) for span in SPANS_S]
        found.append([*indices, waits.mean()])
    return np.array(found)


@pytest.fixture(scope="module")
def fits(shared: Path) -> dict[str, np.ndarray]:
    times_s = pd.read_csv(shared / "data/traces/azure_llm_2023_code.csv")["t_s"].to_numpy()
    rate, gaps = len(times_s) / times_s[-1], np.diff(times_s)
    silences = gaps[gaps > SILENCE_S]
    busy_s = (times_s[-1] - silences.sum()) / (len(silences) + 1)
    states = [
        {"times": (busy_s + silences.mean()) / busy_s, "lasts": f"{round(busy_s * S)}ns"},
        {"times": 0, "lasts": f"{round(silences.mean() * S)}ns"},
    ]
    laws = {
        "Poisson": {},
        # The trace's gaps have a cv of 13.2, and 10 is the largest that is tabulated.
        "gamma gaps": {"gaps": {"kind": "gamma", "cv": 10}},
        "two states": {"modulation": {"states": states}},
    }
    found = {name: figures(described(rate, law)) for name, law in laws.items()}
    for name, values in found.items():
        means, errors = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(RUNS)
        pairs = zip(means, errors, strict=True)
        shown = ", ".join(f"{mean:.3g} +- {error:.2g}" for mean, error in pairs)
        sys.stdout.write(f"\n{name}: {shown}")
    return found


@pytest.mark.long
def test_fits_are_not_as_bursty_as_the_trace(fits: dict[str, np.ndarray]) -> None:
    """The trace has 13.1, 167 and 243 at 1, 60 and 600 s and waits for 101 s on average.

    Poisson arrivals have 1 and wait for half a second, as M/D/1 says. Gamma gaps of nearly the
    trace's variation put three times too much into a second and too little into ten minutes; two
    states, busy and silent, come nearer at a second and have too little of the rest as well.
    """
    poisson = fits["Poisson"]
    errors = poisson.std(axis=0, ddof=1) / np.sqrt(RUNS)
    assert (np.abs(poisson.mean(axis=0)[:3] - 1.0) < 4.5 * errors[:3]).all()
    assert abs(poisson.mean(axis=0)[3] - 0.5019) < 4.5 * errors[3] + 0.01  # a run begins empty
    gamma, states = (fits[name].mean(axis=0) for name in ("gamma gaps", "two states"))
    assert gamma[0] > 3 * 13.1
    for means in (gamma, states):
        assert (means[1:3] < [167, 243]).all()
        assert 5.0 < means[3] < 100.6
