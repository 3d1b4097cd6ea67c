"""What rollout controllers do, in closed form: how often they promote, fail, pin users, misroute.

Checks are taken as independent, each failing with one probability. The rules were read from the
sources of Flagger, Argo Rollouts, Iter8 and Kayenta; each function names its own.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from simab.errors import InvalidInput
from simab.theory.checks import require_count

__all__ = [
    "argo_failure_probability",
    "check_failure_probability",
    "flagger_expected_checks",
    "flagger_promotion_probability",
    "iter8_candidate_share",
    "kayenta_false_alarm_probability",
    "pinned_share",
    "run_of_failures_probability",
]


def flagger_promotion_probability(
    checks_needed: int, threshold: int, check_failure: float
) -> float:
    """Probability that `checks_needed` checks pass before `threshold` fail: Flagger promotes.

    P(Binomial(n + T - 1, 1 - q) >= n). Flagger (15bd6ad5, pkg/controller/scheduler.go) counts
    failures over the whole run, and needs n = ceil(maxWeight / stepWeight) passes. Raises
    InvalidInput for counts below 1 or a probability outside 0 to 1.
    """
    from scipy.special import bdtr

    _require_checks(checks_needed, threshold, check_failure)
    # At least n passes among n + T - 1 checks: at most T - 1 failures.
    return float(bdtr(threshold - 1, checks_needed + threshold - 1, check_failure))


def flagger_expected_checks(checks_needed: int, threshold: int, check_failure: float) -> float:
    """Mean number of checks until Flagger promotes or rolls back.

    The sum over m of P(fewer than n passes and fewer than T failures among m checks). Raises
    InvalidInput as `flagger_promotion_probability`.
    """
    from scipy.special import bdtr

    _require_checks(checks_needed, threshold, check_failure)
    checks = np.arange(checks_needed + threshold - 1)
    # After m checks it goes on with m - n + 1 to T - 1 failures.
    most = bdtr(np.minimum(threshold - 1, checks), checks, check_failure)
    fewest = checks - checks_needed
    ended = np.where(fewest >= 0, bdtr(np.maximum(fewest, 0), checks, check_failure), 0.0)
    return float((most - ended).sum())


def argo_failure_probability(
    measurements: int, failure_limit: int, measurement_failure: float
) -> float:
    """Probability that an Argo Rollouts AnalysisRun fails: more failures than its limit.

    P(Binomial(n, q) > L): one failure more than the documentation says (9f8d111d,
    analysis/analysis.go). Raises InvalidInput for fewer than 1 measurement, a limit below 0 or a
    probability outside 0 to 1.
    """
    from scipy.special import bdtr

    require_count("measurements", measurements)
    require_count("failure_limit", failure_limit, least=0)
    _require_share("measurement_failure", measurement_failure)
    if failure_limit >= measurements:
        return 0.0
    passes = measurements - failure_limit - 1
    return float(bdtr(passes, measurements, 1.0 - measurement_failure))


def run_of_failures_probability(checks: int, run: int, check_failure: float) -> float:
    """Probability that `run` checks in a row fail somewhere among `checks`.

    Argo's consecutiveErrorLimit L ends a run at L + 1 errors in a row. Feller 1968, section XIII.7,
    check by check. Raises InvalidInput for counts below 1 or a probability outside 0 to 1.
    """
    _require_checks(checks, run, check_failure)
    # never[m]: no such run among m checks. It first ends at check m where a pass (or the start)
    # comes before it.
    never = [1.0] * run
    first = check_failure**run
    for m in range(run, checks + 1):
        before = 1.0 if m == run else never[m - run - 1] * (1.0 - check_failure)
        never.append(never[m - 1] - before * first)
    return 1.0 - never[checks]


def check_failure_probability(requests: int, error_rate: float, least_success: float) -> float:
    """Probability that a check of the success rate fails by chance, with `requests` in its window.

    Fails where the share of successes is below `least_success`; equal passes (Flagger's
    request-success-rate). A threshold above the true rate's reach by a few requests makes healthy
    canaries fail. Raises InvalidInput for fewer than 1 request or a share outside 0 to 1.
    """
    from scipy.special import bdtr

    require_count("requests", requests)
    _require_share("error_rate", error_rate)
    _require_share("least_success", least_success)
    # 0.07 x 100 is not quite 7: a billionth of a request does not fail a check.
    needed = math.ceil(requests * least_success - 1e-9)
    return float(bdtr(needed - 1, requests, 1.0 - error_rate)) if needed > 0 else 0.0


def pinned_share(candidate_weight: float, requests_per_user: int) -> float:
    """Share of users who are pinned to the candidate after so many requests each: 1 - (1 - w)^r.

    Flagger's session affinity sets its cookie on the candidate's responses only, so that users go
    over but never back (fluxcd/flagger issue 1532). Raises InvalidInput for a weight outside 0 to
    1 or a count below 0.
    """
    _require_share("candidate_weight", candidate_weight)
    require_count("requests_per_user", requests_per_user, least=0)
    return 1.0 - (1.0 - candidate_weight) ** requests_per_user


def iter8_candidate_share(candidate_weight: float) -> float:
    """Share of users whom Iter8 sends to the lighter of two versions: w / (2 (1 - w)), not w.

    It takes the larger of weight x hash (dedca809, abn/service_impl.go, rendezvousGet), where
    -log(hash) / weight would give the weights asked for. Raises InvalidInput for a weight outside
    0 to 1.
    """
    _require_share("candidate_weight", candidate_weight)
    lighter = min(candidate_weight, 1.0 - candidate_weight)
    share = lighter / (2.0 * (1.0 - lighter))
    return share if candidate_weight <= 0.5 else 1.0 - share


def kayenta_false_alarm_probability(*, level: float = 0.98, tolerance: float = 0.25) -> float:
    """Probability that Kayenta calls one of two equal metrics high or low, for many data points.

    An end of the interval must lie beyond `tolerance` x the estimated shift, which asks for
    abs(z) > quantile / (1 - tolerance): 2 Phi(-2.3263 / 0.75) = .0019 rather than .02. For
    independent values; autocorrelated ones alarm far more often. Raises InvalidInput for a level
    or a tolerance outside [0, 1).
    """
    for field, value in (("level", level), ("tolerance", tolerance)):
        if not 0.0 <= value < 1.0:
            raise InvalidInput(
                f"{field} = {value!r}: must be at least 0 and below 1. Kayenta uses 0.98 and 0.25."
            )
    quantile = NormalDist().inv_cdf(0.5 + level / 2.0)
    return math.erfc(quantile / (1.0 - tolerance) / math.sqrt(2.0))


def _require_checks(first: int, second: int, failure: float) -> None:
    for count in (first, second):
        if count != math.floor(count) or count < 1:
            raise InvalidInput(
                f"{count!r} checks: must be a whole number of at least 1. "
                "Count the checks to pass, and the failures that end the run."
            )
    _require_share("check_failure", failure)


def _require_share(field: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise InvalidInput(
            f"{field} = {value!r}: must lie between 0 and 1. Give a share, not a percentage."
        )
