"""The unit that an experiment takes for an independent draw, and what it does to values before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, Literal, NamedTuple, Protocol, TypeAlias

from pydantic import Field, model_validator

from simab.description import Name, PositiveDuration, is_absent, is_nothing
from simab.errors import InvalidInput
from simab.policies.actions import Action, SetWeights
from simab.policies.observation import EndpointStatus, Observation
from simab.policies.pair_weights import all_to
from simab.policies.policy import Policy

__all__ = ["UNTREATED", "Start", "Treatment", "UnitOfAnalysis", "started"]

Unit: TypeAlias = Literal["request", "session", "user", "user_mean", "user_total"]
Weights = tuple[tuple[str, float], ...]


def _is_by_request(unit: object) -> bool:
    return unit == "request"


class Treatment(Protocol):
    """How answers are added up and treated: the fields of `UnitOfAnalysis`."""

    @property
    def unit(self) -> Unit: ...
    @property
    def pre_period(self) -> int | None: ...
    @property
    def cap(self) -> float | None: ...
    @property
    def cap_percentile(self) -> float | None: ...
    @property
    def transform(self) -> str | None: ...
    @property
    def triggered(self) -> tuple[str, ...]: ...
    @property
    def ranks(self) -> bool: ...


class _Untreated(NamedTuple):
    unit: Unit
    pre_period: None = None
    cap: None = None
    cap_percentile: None = None
    transform: None = None
    triggered: tuple[str, ...] = ()
    ranks: bool = False


UNTREATED: Final[Mapping[str, Treatment]] = MappingProxyType(
    {"session": _Untreated("session"), "user": _Untreated("user")}
)
"""By unit, for rules that add up answers, and treat them in no other way."""


class UnitOfAnalysis(Policy):
    """What the errors of a test are errors of: requests, or the users who made them.

    Requests of one user are alike where users differ. A test that counts each as a draw of its own
    then finds differences that are not there, and more so the more requests a user makes.
    """

    kind: str  # first, for a file and its messages begin with it
    unit: Annotated[Unit, Field(exclude_if=_is_by_request)] = "request"
    """What is taken for an independent draw. `request`: each labelled request. `session`: each
    session, and each request of a segment without sessions, for the same metric, values a request,
    by the delta method. `user`: the same of each user. `user_mean`: each user, for the mean over
    users of their own means, in which all users weigh alike. `user_total`: each user, for the mean
    over users of all that the variant's answers to them were worth, which counts who comes less
    often for less; of routing that keeps users with a variant. Of a metric of correct answers, or
    rewards. Looks still count labelled requests; effects that the rule names are of the unit."""
    pre_period: Annotated[PositiveDuration | None, Field(exclude_if=is_absent)] = None
    """Keep all traffic with the control for so long, from the start of the run, then split it as
    the scenario's weights do, and test requests from then on, adjusted by what the same users'
    requests had been worth before (CUPED). No adjustment if absent."""
    cap: Annotated[float | None, Field(exclude_if=is_absent)] = None
    """The most that a reward counts for, in its units: larger ones count as this. Then the means of
    what is capped are compared, which may order the variants otherwise."""
    cap_percentile: Annotated[float | None, Field(gt=0, lt=100, exclude_if=is_absent)] = None
    """The same by the percentile of the rewards of both variants at the look, such as 99."""
    transform: Annotated[Literal["log1p"] | None, Field(exclude_if=is_absent)] = None
    """What is compared of each reward, after any cap: `log1p`, the logarithm of 1 and the reward.
    A difference of means of these is one of ratios, to which large rewards add little; it may order
    the variants otherwise. Effects that the rule names are on that scale. The rewards themselves if
    absent."""
    triggered: Annotated[tuple[Name, ...], Field(exclude_if=is_nothing)] = ()
    """Compare requests of these segments alone: of clients who may meet what the variants do
    otherwise. The others, whom both answer alike, only add to the error. All segments if absent.
    """
    ranks: Annotated[bool, Field(exclude_if=is_nothing)] = False
    """Compare the users' means by their ranks (Mann-Whitney with Brunner and Munzel's variance):
    the probability that a user's mean is larger under the candidate, less a half. Of `user_mean`.
    """

    @model_validator(mode="after")
    def _treatments_fit(self) -> UnitOfAnalysis:
        if self.cap is not None and self.cap_percentile is not None:
            raise InvalidInput("cap and cap_percentile both say what counts most; give one of them")
        if self.ranks and self.unit != "user_mean":
            raise InvalidInput(
                f"ranks are those of the users' means, and unit is {self.unit}; "
                "write unit: user_mean, or leave out ranks"
            )
        for field in ("pre_period", "cap", "cap_percentile", "transform"):
            if self.ranks and getattr(self, field) is not None:
                raise InvalidInput(
                    f"{field} does nothing to ranks, which compare users' means by their order; "
                    f"leave out ranks or {field}"
                )
        return self

    def reads_answers(self) -> bool:
        """Whether it judges by more than counts: by another unit, or with values treated."""
        caps = self.cap is not None or self.cap_percentile is not None
        treated = caps or self.pre_period is not None or bool(self.triggered or self.transform)
        return self.unit != "request" or treated

    @property
    def estimates_the_metric(self) -> bool:
        """Whether the difference that is tested is one of the objective's metric itself.

        Not that of capped values or logarithms, of ranks, of means or totals of users,
        or of some segments alone: the metric is that of all traffic.
        """
        capped = self.cap is not None or self.cap_percentile is not None
        changed = capped or self.transform is not None
        of_a_user = self.unit in ("user_mean", "user_total")
        return not of_a_user and not changed and not self.triggered

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Not before the split, which comes after `pre_period`."""
        return 0 if self.pre_period is None else self.pre_period + weight_update_ns

    def waits_ns(self) -> Sequence[int]:
        """`pre_period`."""
        return () if self.pre_period is None else (self.pre_period,)


class Start(NamedTuple):
    """The weights to split by after a pre-period, and since when they are seen to be in force."""

    weights: Weights = ()
    since_ns: int | None = None


def started(
    pre_period_ns: int, start: Start, observation: Observation
) -> tuple[Sequence[Action], Start]:
    """What a pre-period asks of the endpoint now, and how far it has come.

    The weights of the first look are those to split by; where they leave the control or a
    candidate nothing, all of them get the same. What is refused is asked for again at the next
    look.
    """
    if start.since_ns is not None:
        return (), start
    if not start.weights:
        start = Start(tuple(_split(observation).items()))
    if observation.status is EndpointStatus.UPDATING:
        return (), start
    split = dict(start.weights)
    over = observation.now_ns >= pre_period_ns
    wanted = split if over else all_to(observation.control, split)
    if _shares(observation.weights) != _shares(wanted):
        what = "the pre-period is over" if over else "pre-period: the control alone"
        return (SetWeights(wanted, because=what),), start
    return (), start._replace(since_ns=observation.now_ns) if over else start


def _split(observation: Observation) -> dict[str, float]:
    weights = dict(observation.weights)
    compared = (observation.control, *observation.candidates)
    if not min(weights.get(name, 0.0) for name in compared) > 0.0:
        weights |= dict.fromkeys(compared, 1.0)
    return weights


def _shares(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items() if weight > 0.0}
