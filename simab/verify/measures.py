"""What is measured in the requests of a run: parts of means and shares, and values with a law.

Functions of a module, so that a case can be sent to another process.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import gammainc, ndtr

from simab.verify.checks import Floats, Part
from simab.verify.requests import NS, Integers, Requests
from simab.world.run_counts import Status

__all__ = [
    "arrivals_per_s",
    "arrived_between",
    "beyond",
    "busy_at",
    "departure_gaps",
    "exponential_law",
    "gamma_law",
    "gaps",
    "hyperexponential_law",
    "known_labels",
    "label_delays_s",
    "law_beyond",
    "lognormal_law",
    "longer_sojourns",
    "longer_waits",
    "lost",
    "mean_sojourn_s",
    "mean_wait_s",
    "neighbouring_gaps",
    "of_status",
    "of_variant",
    "positive_gaps",
    "rescaled_gaps",
    "services_s",
    "squared",
    "squared_deviations",
    "successes",
    "weibull_law",
    "without_gap",
]


def lost(requests: Requests) -> Part:
    """Those that found the queue full, of all."""
    return of_status(requests, Status.REJECTED)


def of_status(requests: Requests, status: Status) -> Part:
    """Those that ended so, of all."""
    return Part(int((requests.status == status).sum()), len(requests.status))


def of_variant(requests: Requests, variant: int) -> Part:
    """Those that went to a variant, of all."""
    return Part(int((requests.variant == variant).sum()), len(requests.variant))


def mean_wait_s(requests: Requests) -> Part:
    """From arrival to start."""
    return Part(float(requests.waits_ns.sum()) / NS, len(requests.waits_ns))


def mean_sojourn_s(requests: Requests) -> Part:
    """From arrival to finish."""
    return Part(float(requests.sojourns_ns.sum()) / NS, len(requests.sojourns_ns))


def longer_waits(requests: Requests, than_s: float) -> Part:
    """Waits that are longer, of all."""
    return _longer(requests.waits_ns, than_s)


def longer_sojourns(requests: Requests, than_s: float) -> Part:
    """Sojourns that are longer, of all."""
    return _longer(requests.sojourns_ns, than_s)


def _longer(times_ns: Integers, than_s: float) -> Part:
    return Part(int((times_ns > than_s * NS).sum()), len(times_ns))


def squared(requests: Requests, of: Callable[[Requests], Floats]) -> Part:
    """The mean square of values."""
    values = of(requests)
    return Part(_summed(values * values), len(values))


def gaps(requests: Requests, rate_per_s: float) -> Floats:
    """From each arrival to the next, in units of their mean."""
    return requests.gaps_s * rate_per_s


def positive_gaps(requests: Requests, rate_per_s: float) -> Floats:
    """Gaps between batches, in units of 1 / rate."""
    found = gaps(requests, rate_per_s)
    return found[found > 0.0]


def beyond(requests: Requests, of: Callable[[Requests], Floats], least: float) -> Floats:
    """The values that are larger than the least."""
    values = of(requests)
    return values[values > least]


def law_beyond(values: Floats, law: Callable[[Floats], Floats], least: float) -> Floats:
    """Distribution function of what has a law, given that it is larger than the least."""
    below = law(np.array([least]))
    return (law(values) - below) / (1.0 - below)


def without_gap(requests: Requests) -> Part:
    """Those that arrive together with the one before."""
    between = np.diff(requests.arrived_ns)
    return Part(int((between == 0).sum()), len(between))


def neighbouring_gaps(requests: Requests, rate_per_s: float) -> Part:
    """The mean product of a gap and the next, in units of their squared mean."""
    found = gaps(requests, rate_per_s)
    return Part(_summed(found[:-1] * found[1:]), len(found) - 1)


def departure_gaps(requests: Requests, rate_per_s: float) -> Floats:
    """From each answer to the next, in units of their mean."""
    left_ns = np.sort(requests.finished_ns[requests.finished_ns >= 0], kind="stable")
    return np.diff(left_ns) / NS * rate_per_s


def services_s(requests: Requests) -> Floats:
    """How long each was served, up to those that the end of the run may cut off."""
    ended = requests.where(requests.arrived_ns < requests.arrived_ns[-1] - 10 * NS)
    return ended.services_ns / NS


def arrivals_per_s(requests: Requests, seconds: float) -> Part:
    """Arrivals in so many seconds."""
    return Part(len(requests.arrived_ns), seconds)


def squared_deviations(
    requests: Requests, span: tuple[int, int], weights: tuple[float, float], mean: float
) -> Part:
    """The mean squared deviation of counts in intervals: `span` is their length in s, and number.

    Requests of the first variant count as the first of the weights, others as the second.
    """
    length_s, number = span
    place = requests.arrived_ns // (length_s * NS)
    worth = np.where(requests.variant == 0, *weights)
    counts = np.bincount(place, weights=worth, minlength=number)[:number] - mean
    return Part(_summed(counts * counts), number)


def arrived_between(requests: Requests, since_s: float, until_s: float) -> Part:
    """Those that arrived between two instants, of all."""
    inside = (requests.arrived_ns >= since_s * NS) & (requests.arrived_ns < until_s * NS)
    return Part(int(inside.sum()), len(inside))


def busy_at(requests: Requests, at_s: float) -> Part:
    """How many are in service at an instant."""
    at_ns = round(at_s * NS)
    begun = (requests.started_ns >= 0) & (requests.started_ns <= at_ns)
    ended = (requests.finished_ns >= 0) & (requests.finished_ns <= at_ns)
    return Part(int((begun & ~ended).sum()), 1.0)


def rescaled_gaps(
    requests: Requests, points: tuple[tuple[float, float], ...], rate_per_s: float
) -> Floats:
    """Gaps in operational time, under a rate that goes straight from point to point.

    Points are seconds and multiples of the rate; the last one lies at the end of the run or later.
    """
    at_s, factors = np.array(points).T
    passed = np.concatenate(([0.0], np.cumsum(np.diff(at_s) * (factors[1:] + factors[:-1]) / 2)))
    arrived_s = requests.arrived_ns / NS
    piece = np.searchsorted(at_s, arrived_s, side="right") - 1
    into_s = arrived_s - at_s[piece]
    slope = (np.diff(factors) / np.diff(at_s))[piece]
    operational = passed[piece] + into_s * (factors[piece] + slope * into_s / 2)
    found: Floats = np.diff(operational) * rate_per_s
    return found


def successes(requests: Requests) -> Part:
    """Right answers, of those whose label came."""
    known = requests.correct >= 0
    return Part(int((requests.correct == 1).sum()), int(known.sum()))


def known_labels(requests: Requests) -> Part:
    """Requests whose label came by the end of the run, of all."""
    return Part(int((requests.correct >= 0).sum()), len(requests.correct))


def label_delays_s(requests: Requests) -> Floats:
    """From answer to label, of all that get one, be it after the end of the run."""
    labelled = requests.where(requests.label_ns >= 0)
    return (labelled.label_ns - labelled.finished_ns) / NS


def exponential_law(values: Floats, mean: float) -> Floats:
    """Distribution function."""
    return -np.expm1(-values / mean)


def gamma_law(values: Floats, mean: float, cv: float) -> Floats:
    """Distribution function."""
    shape = cv**-2
    return np.asarray(gammainc(shape, values * (shape / mean)), dtype=np.float64)


def weibull_law(values: Floats, mean: float, shape: float) -> Floats:
    """Distribution function."""
    return -np.expm1(-((values * (math.gamma(1.0 + 1.0 / shape) / mean)) ** shape))


def lognormal_law(values: Floats, mean: float, cv: float) -> Floats:
    """Distribution function."""
    spread = math.sqrt(math.log1p(cv**2))
    return np.asarray(ndtr((np.log(values / mean) + spread**2 / 2.0) / spread), dtype=np.float64)


def hyperexponential_law(values: Floats, mean: float, cv: float) -> Floats:
    """Distribution function of two exponential phases that have half of the work each."""
    fast = (1.0 + math.sqrt((cv**2 - 1.0) / (cv**2 + 1.0))) / 2.0
    first = exponential_law(values, mean / (2.0 * fast))
    second = exponential_law(values, mean / (2.0 * (1.0 - fast)))
    return fast * first + (1.0 - fast) * second


def _summed(values: Floats) -> float:
    """Their sum, always in one order: BLAS adds products up as threads and memory have it."""
    return float(np.add.reduce(values))
