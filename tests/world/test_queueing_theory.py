"""The world against queueing theory: mean waits, their quantiles, losses, Poisson streams.

Each check is a test over at least 30 replications, two-sided at alpha 1e-6, its standard error
from the replications alone; and each shows its power: held against the theory of a service rate
that is 2 % off, either way, the same statistic is beyond the same bound. The tabulated service
times have the right mean to 1e-5, a hundredth of what can be seen here.

Runs start empty. The first window is cut; it is at least 20 relaxation times long, which leaves
e**-20 of the bias (M/M/c relaxes within 1 / (sqrt(c mu) - sqrt(lambda))**2).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simab.draws import Draws
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.run.simulation import Run, play_run
from simab.scenario.models import Scenario
from simab.theory.bounded_queues import mmc_limited
from simab.theory.queues import (
    erlang_b,
    md1_mean_wait_s,
    mm1_sojourn_quantile_s,
    mmc_mean_wait_s,
    mmc_wait_quantile_s,
    pollaczek_khinchine_mean_wait_s,
)
from simab.world import Blueprint
from simab.world.run_counts import RequestColumn
from tests.world.building import (
    SECOND,
    WITHOUT_REFERENCE,
    never,
    scenario,
    variant,
)

ALPHA = 1e-6
REPLICATIONS = 40
WRONG = (0.98, 1.02)


def bound(replications: int = REPLICATIONS) -> float:
    """What the statistic exceeds with probability 1e-6: Student's t, both sides."""
    return float(stats.t.isf(ALPHA / 2, replications - 1))


def deviation(parts: NDArray[Any], wholes: NDArray[Any], truth: float) -> float:
    """How many standard errors the ratio of sums is from the truth.

    The standard error is that of the residuals parts - ratio x wholes over replications (Cochran
    1977, section 2.11); the ratio's bias is of the order of its square, some 1e-5 of it here.
    """
    ratio = parts.sum() / wholes.sum()
    residuals = parts - ratio * wholes
    count = len(parts)
    error = math.sqrt((residuals**2).sum() * count / (count - 1)) / wholes.sum()
    return (ratio - truth) / error


@dataclass(frozen=True)
class Queue:
    """One queue at a rate, and how long to watch it: a first window to cut, then others."""

    rate_per_s: float
    workers: int
    latency: dict[str, Any]
    window_s: int
    windows: int
    fields: dict[str, Any] = field(default_factory=dict)

    def scenario(self) -> Scenario:
        """A variant with one instance gets all traffic."""
        return scenario(
            {"a": variant(workers=self.workers, latency=self.latency, **self.fields)},
            rate=f"{self.rate_per_s}/s",
            horizon=f"{self.window_s * (self.windows + 1)}s",
            metrics={"period": f"{self.window_s}s"},
            controller={"interval": f"{self.window_s}s"},
        )

    def runs(self, engine: str, replications: int = REPLICATIONS, **arguments: Any) -> list[Run]:
        """Independent replications."""
        blueprint = Blueprint.of(self.scenario())
        policy: tuple[str, ManualSchedule] = ("still", never())
        return [
            play_run(blueprint, policy, Draws(1, replication), engine=engine, **arguments)
            for replication in range(replications)
        ]

    def sums(self, engine: str) -> NDArray[np.int64]:
        """Request columns of all windows but the first, shape (replications, columns)."""
        return np.array(
            [run.data.run_counts.requests[1:, 0].sum(axis=0) for run in self.runs(engine)]
        )


MEAN_WAITS: dict[str, tuple[Queue, Callable[[float], float], float]] = {
    "M/M/2 at 0.6": (
        Queue(30, 2, {"kind": "exponential", "mean": "40ms"}, 50, 14),
        lambda mean: mmc_mean_wait_s(30, mean, 2),
        0.0225,
    ),
    "M/M/4 at 0.9": (
        Queue(90, 4, {"kind": "exponential", "mean": "40ms"}, 90, 4),
        lambda mean: mmc_mean_wait_s(90, mean, 4),
        0.07877533,
    ),
    "M/D/1 at 0.9": (
        Queue(90, 1, {"kind": "constant", "value": "10ms"}, 90, 4),
        lambda mean: md1_mean_wait_s(90, mean),
        0.045,
    ),
}


@WITHOUT_REFERENCE
@pytest.mark.parametrize(("queue", "theory", "value_s"), MEAN_WAITS.values(), ids=MEAN_WAITS)
def test_the_mean_wait_is_that_of_theory(
    engine: str, queue: Queue, theory: Callable[[float], float], value_s: float
) -> None:
    """Erlang C and Pollaczek-Khinchine; the values were computed independently of simab.

    0.0225 s by hand: C(2, 1.2) = 0.45 and a mean wait of those who wait of 1 / (50 - 30) s.
    """
    mean_s = 0.04 if queue.workers > 1 else 0.01
    assert theory(mean_s) == pytest.approx(value_s, rel=1e-5)
    sums = queue.sums(engine)
    waits = sums[:, RequestColumn.WAIT_SUM_NS] / SECOND
    served = sums[:, RequestColumn.ANSWERED]
    assert abs(deviation(waits, served, theory(mean_s))) < bound()
    for wrong in WRONG:
        assert abs(deviation(waits, served, theory(mean_s / wrong))) > bound(), wrong


@pytest.mark.long
@WITHOUT_REFERENCE
def test_the_mean_wait_of_a_spread_service_is_pollaczek_khinchines(engine: str) -> None:
    """M/G/1 at 0.9 with lognormal service of cv 1.5: 0.14625 s.

    Watched for 40 x 6,000 s, 22 million requests, as such a queue forgets slowly; the reference
    has the same bits and would take a quarter of an hour.
    """
    lognormal = {"kind": "lognormal", "mean": "10ms", "cv": 1.5}
    queue = Queue(90, 1, lognormal, 600, 10)
    theory = partial(pollaczek_khinchine_mean_wait_s, 90, squared_cv=1.5**2)
    assert theory(0.01) == pytest.approx(0.14625, rel=1e-9)
    sums = queue.sums(engine)
    waits = sums[:, RequestColumn.WAIT_SUM_NS] / SECOND
    served = sums[:, RequestColumn.ANSWERED]
    assert abs(deviation(waits, served, theory(0.01))) < bound()
    for wrong in WRONG:
        assert abs(deviation(waits, served, theory(0.01 / wrong))) > bound(), wrong


@pytest.mark.long
@WITHOUT_REFERENCE
def test_waits_have_the_quantiles_of_theory(engine: str) -> None:
    """M/M/4 at 0.9: p50, p95 and p99 of the wait are 0.045458, 0.275716 and 0.436660 s.

    The share of requests that wait no longer is tested, over replications.
    """
    queue = MEAN_WAITS["M/M/4 at 0.9"][0]
    waits = []
    for run in queue.runs(engine, record_requests=True):
        requests = run.requests
        started = requests[(requests["arrived_ns"] >= 90 * SECOND) & (requests["started_ns"] >= 0)]
        waits.append((started["started_ns"] - started["arrived_ns"]).to_numpy() / SECOND)
    counts = np.array([each.size for each in waits])

    def off(share: float, mean_s: float) -> float:
        longest = mmc_wait_quantile_s(share, 90, mean_s, 4)
        return deviation(np.array([(each <= longest).sum() for each in waits]), counts, share)

    for share, value_s in ((0.5, 0.045458), (0.95, 0.275716), (0.99, 0.436660)):
        assert mmc_wait_quantile_s(share, 90, 0.04, 4) == pytest.approx(value_s, abs=1e-6)
        assert abs(off(share, 0.04)) < bound(), share
    for wrong in WRONG:
        assert abs(off(0.5, 0.04 / wrong)) > bound(), wrong


@WITHOUT_REFERENCE
def test_sojourns_have_the_quantiles_of_theory(engine: str) -> None:
    """M/M/1, 90/s at 100/s: p50, p95 and p99 of the sojourn are 0.069315, 0.299573, 0.460517 s."""
    queue = Queue(90, 1, {"kind": "exponential", "mean": "10ms"}, 90, 4)
    sojourns = []
    for run in queue.runs(engine, record_requests=True):
        requests = run.requests
        done = requests[(requests["arrived_ns"] >= 90 * SECOND) & (requests["finished_ns"] >= 0)]
        sojourns.append((done["finished_ns"] - done["arrived_ns"]).to_numpy() / SECOND)
    counts = np.array([each.size for each in sojourns])

    def off(share: float, mean_s: float) -> float:
        longest = mm1_sojourn_quantile_s(share, 90, mean_s)
        return deviation(np.array([(each <= longest).sum() for each in sojourns]), counts, share)

    for share, value_s in ((0.5, 0.069315), (0.95, 0.299573), (0.99, 0.460517)):
        assert mm1_sojourn_quantile_s(share, 90, 0.01) == pytest.approx(value_s, abs=1e-6)
        assert abs(off(share, 0.01)) < bound(), share
    for wrong in WRONG:
        assert abs(off(0.5, 0.01 / wrong)) > bound(), wrong


@WITHOUT_REFERENCE
def test_a_limited_queue_turns_away_and_delays_as_in_theory(engine: str) -> None:
    """M/M/4/20 at 120/s: P(reject) 0.17191028, mean sojourn of the accepted 0.15698638 s."""
    queue = Queue(
        120, 4, {"kind": "exponential", "mean": "40ms"}, 50, 5, fields={"queue_limit": 16}
    )
    theory = partial(mmc_limited, 120, workers=4, places=20)
    right = theory(mean_service_s=0.04)
    assert right.reject_probability == pytest.approx(0.17191028, abs=1e-8)
    assert right.mean_sojourn_s == pytest.approx(0.15698638, abs=1e-8)
    sums = queue.sums(engine)
    rejected, all_ = sums[:, RequestColumn.REJECTED], sums[:, RequestColumn.INVOCATIONS]
    sojourns = sums[:, RequestColumn.LATENCY_SUM_NS] / SECOND
    served = sums[:, RequestColumn.ANSWERED]
    assert abs(deviation(rejected, all_, right.reject_probability)) < bound()
    assert abs(deviation(sojourns, served, right.mean_sojourn_s)) < bound()
    for wrong in WRONG:
        off = theory(mean_service_s=0.04 / wrong)
        assert abs(deviation(rejected, all_, off.reject_probability)) > bound(), wrong
        assert abs(deviation(sojourns, served, off.mean_sojourn_s)) > bound(), wrong


@WITHOUT_REFERENCE
@pytest.mark.parametrize(
    "latency",
    [
        {"kind": "exponential", "mean": "40ms"},
        {"kind": "constant", "value": "40ms"},
        {"kind": "lognormal", "mean": "40ms", "cv": 1.5},
        {"kind": "hyperexponential", "mean": "40ms", "cv": 2},
    ],
    ids=lambda latency: latency["kind"],
)
def test_a_loss_system_does_not_care_how_service_is_spread(
    engine: str, latency: dict[str, Any]
) -> None:
    """M/G/4/4 at 3.6 erlangs loses Erlang's B(4, 3.6) = 0.2706850671 whatever the service law."""
    queue = Queue(90, 4, latency, 40, 9, fields={"queue_limit": 0})
    assert erlang_b(4, 3.6) == pytest.approx(0.2706850671, abs=1e-10)
    sums = queue.sums(engine)
    rejected, all_ = sums[:, RequestColumn.REJECTED], sums[:, RequestColumn.INVOCATIONS]
    assert abs(deviation(rejected, all_, erlang_b(4, 3.6))) < bound()
    for wrong in WRONG:
        assert abs(deviation(rejected, all_, erlang_b(4, 3.6 / wrong))) > bound(), wrong


def dispersion(counts: NDArray[np.int64]) -> float:
    """p-value that counts are Poisson: chi-square of the index of dispersion, two-sided."""
    statistic = float(((counts - counts.mean()) ** 2).sum() / counts.mean())
    share = float(stats.chi2.cdf(statistic, counts.size - 1))
    return 2 * min(share, 1 - share)


def counts_per_second(times_ns: NDArray[np.int64], until_s: int) -> NDArray[np.int64]:
    """How many of the instants fall into each second."""
    return np.bincount(times_ns // SECOND, minlength=until_s)[:until_s]


@WITHOUT_REFERENCE
def test_split_traffic_is_independent_poisson_streams(engine: str) -> None:
    """Poisson splitting: per variant, counts per second are Poisson and uncorrelated.

    Index of dispersion of 3,000 seconds, gaps by Kolmogorov-Smirnov, and Fisher's z of the
    correlation: alpha 1e-6 each. Drawing in turn fails: its counts are too even and correlated.
    """
    until_s = 3_000
    p_values = {}
    for routing in ("weighted_random", "smooth_weighted_round_robin"):
        plain = scenario(
            {"a": variant(weight=1, workers=50), "b": variant(weight=3, workers=50)},
            rate="12/s",
            horizon=f"{until_s}s",
            endpoint={"variant_routing": routing},
        )
        blueprint = Blueprint.of(plain)
        run = play_run(
            blueprint, ("still", never()), Draws(2, 0), engine=engine, record_requests=True
        )
        arrived = run.requests["arrived_ns"]
        split = [arrived[run.requests["variant"] == name].to_numpy() for name in ("a", "b")]
        counts = [counts_per_second(times, until_s) for times in split]
        correlation = np.corrcoef(counts)[0, 1]
        gaps = [np.diff(times) / SECOND for times in split]
        p_values[routing] = [
            *(dispersion(each) for each in counts),
            *(
                stats.kstest(each, stats.expon(scale=1 / rate).cdf).pvalue
                for each, rate in zip(gaps, (3, 9), strict=True)
            ),
            2 * stats.norm.sf(abs(math.atanh(correlation)) * math.sqrt(until_s - 3)),
        ]
    assert min(p_values["weighted_random"]) > ALPHA
    assert min(p_values["smooth_weighted_round_robin"]) < ALPHA


@WITHOUT_REFERENCE
def test_departures_are_a_poisson_stream(engine: str) -> None:
    """Burke: in steady state the departures of M/M/c are Poisson at the arrival rate.

    Index of dispersion over 3,000 seconds at utilisation 0.8; constant service, whose departures
    are smoother than Poisson, is recognised by its gaps (Kolmogorov-Smirnov).
    """
    until_s = 3_000
    for latency, poisson in (
        ({"kind": "exponential", "mean": "40ms"}, True),
        ({"kind": "constant", "value": "40ms"}, False),
    ):
        queue = Queue(40, 2, latency, 100, until_s // 100)
        run = queue.runs(engine, replications=1, record_requests=True)[0]
        finished = np.sort(run.requests["finished_ns"].to_numpy())
        times = finished[finished >= 100 * SECOND] - 100 * SECOND
        counts = counts_per_second(times, until_s)
        gaps = stats.kstest(np.diff(times) / SECOND, stats.expon(scale=1 / 40).cdf).pvalue
        if poisson:
            assert min(dispersion(counts), gaps) > ALPHA
            total = stats.poisson(40 * until_s)
            assert ALPHA / 2 < total.cdf(counts.sum()) < 1 - ALPHA / 2
        else:
            assert gaps < ALPHA


@WITHOUT_REFERENCE
@pytest.mark.parametrize("rate_per_s", [0.5, 20.0, 1e5])
def test_arrivals_are_poisson_at_their_rate(engine: str, rate_per_s: float) -> None:
    """Gaps are exponential (Kolmogorov-Smirnov) and the count is Poisson, alpha 1e-6 each."""
    horizon_s = 5_000 / rate_per_s
    plain = scenario(
        {"a": variant(workers=1000, latency={"kind": "constant", "value": "1us"})},
        rate=f"{rate_per_s:g}/s" if rate_per_s < 1e5 else "100000/s",
        horizon=f"{round(horizon_s * SECOND)}ns",
        metrics={"period": f"{round(horizon_s * SECOND) // 5}ns"},
        controller={"interval": f"{round(horizon_s * SECOND) // 5}ns"},
    )
    blueprint = Blueprint.of(plain)
    run = play_run(blueprint, ("still", never()), Draws(3, 0), engine=engine, record_requests=True)
    arrived = run.requests["arrived_ns"].to_numpy() / SECOND
    gaps = stats.kstest(np.diff(arrived), stats.expon(scale=1 / rate_per_s).cdf).pvalue
    assert gaps > ALPHA
    total = stats.poisson(rate_per_s * horizon_s)
    assert ALPHA / 2 < total.cdf(arrived.size) < 1 - ALPHA / 2
    # an error of 2 % of the rate, over 40 replications
    counts = [
        play_run(blueprint, ("still", never()), Draws(3, each), engine=engine).totals.arrived
        for each in range(40)
    ]
    whole = stats.poisson(40 * rate_per_s * horizon_s)
    assert ALPHA / 2 < whole.cdf(sum(counts)) < 1 - ALPHA / 2
    for wrong in WRONG:
        off = stats.poisson(40 * rate_per_s * horizon_s * wrong).cdf(sum(counts))
        assert not ALPHA / 2 < off < 1 - ALPHA / 2
