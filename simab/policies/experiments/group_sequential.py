"""The group sequential test: a few planned looks whose bounds share one alpha."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, is_absent
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Experiment, ExperimentState, Judgement
from simab.policies.experiments.interim import power_in_the_end
from simab.policies.experiments.several import Comparison, Correction
from simab.policies.next_look import NextLook
from simab.policies.observation import Observation
from simab.stats.boundary_families import obrien_fleming_bounds, pocock_bounds
from simab.stats.futility import futility_design
from simab.stats.spending import (
    Spending,
    obrien_fleming_spending,
    pocock_spending,
    spending_bounds,
)
from simab.text.numbers import figure_text

__all__ = ["GroupSequential"]

Boundary: TypeAlias = Literal[
    "pocock", "obrien_fleming", "pocock_spending", "obrien_fleming_spending"
]
Times = tuple[float, ...]


def _is_trend(assuming: object) -> bool:
    return assuming == "trend"


class GroupSequential(Experiment):
    """Test the objective's metric at planned looks, against bounds that together keep alpha.

    Information is the harmonic mean of the variants' labels over the planned labels; look k is
    taken at the first tick at which it reaches k / looks. `pocock` and `obrien_fleming` are the
    classic bounds for equal steps; the spending kinds use the information really reached, in
    hundredths of the plan, and spend alpha / 2 on either side. With `beta` the design has upper
    bounds at alpha / 2, and lower ones that stop for futility; they do not
    bind, and assume the planned information. At the last look the control stays unless the upper
    bound is crossed. Several candidates share the classic bounds by their joint law, which is a
    multi-arm multi-stage design, with the losers dropped on the way; other bounds by Bonferroni.
    Source: Jennison and Turnbull (2000), chapter 2; of the spending, Lan and
    DeMets (1983), as gsDesign's sfLDPocock and sfLDOF; of the lower bounds, Pampallona, Tsiatis and
    Kim (2001); of several arms, Magirr, Jaki and Whitehead (2012). It misleads where labels come
    much later than decisions are wanted, or where the plan is far too small for the effect.
    """

    kind: Literal["group_sequential"] = "group_sequential"
    labelled_requests: Annotated[int, Field(ge=2)]
    """Labelled requests that each of the two variants is planned to have at the last look."""
    looks: Annotated[int, Field(ge=1, le=100)] = 5
    """How many looks are planned, the last one included."""
    boundary: Boundary = "obrien_fleming"
    """The shape of the bounds: equally easy at every look, or hard at the first ones."""
    alpha: Annotated[float, Field(ge=SMALLEST_ERROR, lt=0.5)] = 0.05
    """Probability of calling a difference where there is none, over all looks and both sides."""
    beta: Annotated[float, Field(ge=SMALLEST_ERROR, lt=0.5)] | None = None
    """Probability of missing the planned effect; given, looks also stop for futility."""
    drops_below: Annotated[float | None, Field(ge=-8, le=8, exclude_if=is_absent)] = None
    """The z below which a candidate is dropped at a look that is not the last: 0 drops those that
    are behind the control. It does not bind: the bounds hold for those who go on all the same."""

    gives_up_below: Annotated[
        float | None, Field(ge=SMALLEST_ERROR, lt=1, exclude_if=is_absent)
    ] = None
    """Keep the control where the probability that the last look will promote is below this; 0.1 is
    usual. It does not bind either. Promotions at looks in between are not counted."""
    assuming: Annotated[Literal["trend", "uncertain"], Field(exclude_if=_is_trend)] = "trend"
    """What that probability takes for the effect: the one seen, or what the labels leave open."""

    @model_validator(mode="after")
    def _futility_spends(self) -> GroupSequential:
        if self.beta is not None and not self.boundary.endswith("spending"):
            raise InvalidInput(
                f"boundary {self.boundary} cannot stop for futility; "
                "use pocock_spending or obrien_fleming_spending with beta"
            )
        return self

    @property
    def most_looks(self) -> int:
        """Those planned: an end that comes first takes the place of the last."""
        return self.looks

    def labels_needed(self, ratio: float) -> int:
        """Those of the last look: the information is the harmonic mean of both variants' labels."""
        return math.ceil(self.labelled_requests * (1.0 + min(ratio, 1.0 / ratio)) / 2.0)

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook:
        """What the information of the next look takes at least: no two variants give it with less.

        A harmonic mean is at most the mean, and at most twice the smaller.
        """
        pairs = (state.look + 1) / self.looks * self.labelled_requests
        control, candidate = observation.control, observation.candidate
        both, either = math.floor(2.0 * pairs), math.floor(pairs / 2.0)
        least = (((control, candidate), both - 1), ((control,), either), ((candidate,), either))
        return NextLook(labelled=least)

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The planned look that the information has reached; ticks may skip some."""
        reached = int(self.looks * seen.pairs / self.labelled_requests)
        return max(state.look, min(reached, self.looks))

    def judge(self, look: int, memory: Times | None, seen: Evidence) -> Judgement:
        """The z of this look against its bounds; `memory` holds the information so far."""
        times = self._times(memory or (), seen)
        last = self._last_bound(times)
        return self._judged(look, times, seen, self._bounds(look, times), last)

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """Each against the bounds that hold for all of them together."""
        if family == 1 or self.shares_alpha_by != "dunnett":
            return super().judge_each(look, family, comparisons)
        found = []
        for each in comparisons:
            times = self._times(each.memory or (), each.seen)
            share = min(max(math.floor(each.seen.control_share * 10.0), 1), 9)
            uppers = _joint_bounds(self.boundary, self.looks, self.alpha, family, share)
            upper, last = uppers[look - 1], uppers[-1]
            found.append(self._judged(look, times, each.seen, (-upper, upper), last))
        return found

    def corrections_here(self) -> tuple[Correction, ...]:
        """Joint bounds are those of equal steps, without futility."""
        classic = self.boundary in ("pocock", "obrien_fleming")
        return ("dunnett", *self.corrections) if classic else self.corrections

    def _judged(
        self,
        look: int,
        times: Times,
        seen: Evidence,
        bounds: tuple[float, float],
        last_bound: float,
    ) -> Judgement:
        (lower, upper), test = bounds, seen.test()
        last = look == self.looks
        power = math.nan
        if self.gives_up_below is not None and not last and times[-1] < 1.0:
            power = power_in_the_end(test.z, times[-1], last_bound, self.assuming)

        def words() -> str:
            z, low, high = (figure_text(each, ".3f") for each in (test.z, lower, upper))
            return (
                f"look {look} of {self.looks}: {seen}: z = {z}, bounds {low} and {high} "
                f"({self.boundary}, alpha {self.alpha:g})"
                + ("" if math.isnan(power) else f", promoted at the last with {power:.3f}")
            )

        if test.z >= upper:
            return Judgement("candidate", words, times, last)
        falls = self.drops_below is not None and not last and test.z < self.drops_below
        hopeless = self.gives_up_below is not None and power < self.gives_up_below
        if test.z <= lower or falls or hopeless:
            return Judgement("control", words, times, last)
        return Judgement(None, words, times, last)

    def _times(self, before: Times, seen: Evidence) -> Times:
        """Information at the looks so far: hundredths, so that its bounds are soon all cached.

        A bound by integration takes 0.1 to 1 ms, and runs differ by a few labels at each look.
        """
        time = round(seen.pairs / self.labelled_requests, 2)
        least = before[-1] + 0.01 if before else 0.01
        return (*before, max(time, round(least, 2)))

    def _last_bound(self, times: Times) -> float:
        """The upper bound that the last look will have, if it comes with the planned labels."""
        if self.gives_up_below is None or times[-1] >= 1.0:
            return math.nan
        return self._bounds(self.looks, (*times, 1.0))[1]

    def _bounds(self, look: int, times: Times) -> tuple[float, float]:
        if self.beta is not None:
            return _futility_bounds(self.boundary, self.looks, self.alpha, self.beta)[look - 1]
        if self.boundary.endswith("spending"):
            upper = _spending_bound(self.boundary, self.alpha, times)
        else:
            upper = _classic_bounds(self.boundary, self.looks, self.alpha)[look - 1]
        return -upper, upper


def _spending(boundary: Boundary, error: float) -> Spending:
    pocock = boundary == "pocock_spending"
    return pocock_spending(error) if pocock else obrien_fleming_spending(error)


@lru_cache(maxsize=64)
def _classic_bounds(boundary: Boundary, looks: int, alpha: float) -> Times:
    family = pocock_bounds if boundary == "pocock" else obrien_fleming_bounds
    return tuple(family(looks, alpha=alpha).tolist())


@lru_cache(maxsize=64)
def _joint_bounds(
    boundary: Boundary, looks: int, alpha: float, family: int, control_tenths: int
) -> Times:
    """Upper bounds of several candidates, which need their correlation: the control's part.

    Rounded down to tenths, for less correlation makes higher bounds.
    """
    from simab.stats.multi_arm_stages import multi_arm_bounds

    bounds = multi_arm_bounds(
        range(1, looks + 1),
        family,
        shape="pocock" if boundary == "pocock" else "obrien_fleming",
        alpha=alpha / 2.0,
        control_ratio=(10 - control_tenths) / control_tenths,
    )
    return tuple(bounds.tolist())


@lru_cache(maxsize=16_384)
def _spending_bound(boundary: Boundary, alpha: float, times: Times) -> float:
    """The bound of the last of the looks at `times`; those before it stay what they were."""
    return float(spending_bounds(times, _spending(boundary, alpha / 2.0))[-1])


@lru_cache(maxsize=64)
def _futility_bounds(
    boundary: Boundary, looks: int, alpha: float, beta: float
) -> tuple[tuple[float, float], ...]:
    planned = [look / looks for look in range(1, looks + 1)]
    design = futility_design(planned, _spending(boundary, alpha / 2.0), _spending(boundary, beta))
    return tuple(zip(design.lower.tolist(), design.upper.tolist(), strict=True))
