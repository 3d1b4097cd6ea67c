"""Shares and delays of labels over many requests, against what the scenario says and SciPy."""

from __future__ import annotations

import json
from math import sqrt
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import simab
from tests.world.building import scenario, variant

DELAYS = Path("data", "delays")
SIZE = 1e-6


def requests(labels, probability=0.3):
    """The records of some 40,000 answers to one variant."""
    quality = {"kind": "success", "probability": probability}
    fast = {"kind": "constant", "value": "1ms"}
    one = variant(quality=quality, latency=fast, workers=50)
    made = scenario({"a": one}, rate="400/s", horizon="100s", labels=labels)
    return simab.simulate(made, seed=3, record_requests=True).requests


def within(found, share, count):
    """Whether a share of so many is within five standard errors of what it should be."""
    return abs(found - share) <= 5 * sqrt(share * (1 - share) / count)


def test_shares_never_labelled_and_wrong_are_those_asked_for():
    """A fifth of the successes and a tenth of the failures are lost; of those left some are wrong.

    So 24 % of all are true successes with a label, 63 % failures with one.
    """
    labels = {
        "positive": {"never": 0.2, "wrong": 0.25},
        "negative": {"never": 0.1, "wrong": 0.05},
    }
    found = requests(labels)
    count, known = len(found), found[found["label_ns"] >= 0]
    assert within(len(known) / count, 0.24 + 0.63, count)
    recorded = 0.24 * 0.75 + 0.63 * 0.05
    assert within((known["correct"] == 1).sum() / count, recorded, count)


def test_what_is_wrong_comes_when_the_right_label_would():
    """Delays of successes recorded rightly and wrongly are of one law: Kolmogorov-Smirnov."""
    weibull = {"kind": "weibull", "mean": "2s", "cv": 2}
    labels = {"positive": {"delay": weibull, "wrong": 0.5}}
    found = requests(labels, probability=1)
    known = found[found["label_ns"].between(0, 90 * 10**9)]
    early = known[known["finished_ns"] < 40 * 10**9]
    delays = (early["label_ns"] - early["finished_ns"]) / 1e9
    right, wrong = (delays[early["correct"] == value] for value in (1, 0))
    assert stats.ks_2samp(right, wrong).pvalue > SIZE
    assert 0.4 < len(wrong) / len(early) < 0.6


def test_fares_are_known_when_trips_end(shared):
    """2,000 real trips of New York's taxis as a law of delay: draws follow the trips."""
    rows = np.genfromtxt(
        shared / DELAYS / "nyc_taxi_trips_2019_03.csv", delimiter=",", skip_header=1
    )
    trips_s = np.sort(rows[:2000, 1])
    values = [f"{round(each)}ms" for each in trips_s]  # a second as a millisecond
    delay = {"kind": "samples", "values": values}
    found = requests({"delay": delay})
    early = found[found["finished_ns"] < 60 * 10**9]
    delays = (early["label_ns"] - early["finished_ns"]).to_numpy() / 1e6
    shares = np.linspace(0, 1, len(trips_s))
    assert stats.kstest(delays, lambda x: np.interp(x, trips_s, shares)).pvalue > SIZE


def test_the_published_conversions_are_the_mixture_of_the_scenario(shared):
    """35 % within the hour, 50 % within the day: as published, and as the scenario has them."""
    given = json.loads((shared / DELAYS / "published_delays.json").read_text(encoding="utf-8"))
    fit = given["our_two_point_mixture_fit"]["cdf"]
    path = Path(__file__).resolve().parents[2] / "scenarios" / "late_conversions.yaml"
    labels = simab.load(path).labels
    table = labels.settled("current", positive=True).delay.table()
    for text, hours in (("1h", 1), ("24h", 24), ("72h", 72), ("168h", 168)):
        arrived = 1 - table.survival(hours * 3_600 * 10**9)
        assert arrived == pytest.approx(fit[text], abs=0.015)
