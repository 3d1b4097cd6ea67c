"""The group sequential test: a few planned looks whose bounds share one alpha."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, model_validator

from simab.description import SMALLEST_ERROR, PositiveDuration, Share, is_absent, is_nothing
from simab.errors import InvalidInput
from simab.policies.experiments.evidence import Evidence
from simab.policies.experiments.experiment import Experiment, ExperimentState, Judgement
from simab.policies.experiments.information import awaited_pairs, labels_for_pairs
from simab.policies.experiments.interim import power_in_the_end, require_a_limit
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
Taken = tuple[tuple[float, float], ...]
_FINEST: Final = 0.01  # information is counted in hundredths of the plan


def _is_trend(assuming: object) -> bool:
    return assuming == "trend"


class GroupSequential(Experiment):
    """Test the objective's metric at planned looks, against bounds that together keep alpha.

    Information is the harmonic mean of the variants' labels over the planned labels; look k is
    taken at the first tick at which it reaches k / looks, or its part of `look_parts`. With
    `look_times` looks are taken by the clock, and error is spent by the part of the time that is
    over, whatever the labels are by then. `pocock` and `obrien_fleming` are the
    classic bounds for equal steps; the spending kinds use the information really reached, in
    hundredths of the plan, and spend alpha / 2 on either side. With `beta` the design has upper
    bounds at alpha / 2, and lower ones that stop for futility; they do not
    bind, and assume the planned information. At the last look the control stays unless the upper
    bound is crossed. Several candidates share the classic bounds by their joint law, which is a
    multi-arm multi-stage design, with the losers dropped on the way; other bounds by Bonferroni.
    Source: Jennison and Turnbull (2000), chapter 2; of the spending, Lan and DeMets (1983), as
    gsDesign's sfLDPocock and sfLDOF, and by the calendar (1989); of the lower bounds, Pampallona,
    Tsiatis and Kim (2001); of several arms, Magirr, Jaki and Whitehead (2012). It misleads where
    labels come much later than decisions are wanted, or where the plan is far too small for the
    effect.
    """

    kind: Literal["group_sequential"] = "group_sequential"
    labelled_requests: Annotated[int, Field(ge=2)]
    """Labelled requests that each of the two variants is planned to have at the last look."""
    looks: Annotated[int, Field(ge=1, le=100)] = 5
    """How many looks are planned, the last one included."""
    look_parts: Annotated[
        tuple[Annotated[Share, Field(gt=0, le=1)], ...], Field(exclude_if=is_nothing)
    ] = ()
    """In place of `looks`: the parts of the planned labels at which to look, rising to 1."""
    look_times: Annotated[tuple[PositiveDuration, ...], Field(exclude_if=is_nothing)] = ()
    """In place of `looks`: when to look, from the start of the run; the last is the end."""
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
    def _futility_fits(self) -> GroupSequential:
        if self.beta is not None and not self.boundary.endswith("spending"):
            raise InvalidInput(
                f"boundary {self.boundary} cannot stop for futility; "
                "use pocock_spending or obrien_fleming_spending with beta"
            )
        require_a_limit(self.gives_up_below, self.assuming)
        return self

    @model_validator(mode="after")
    def _looks_are_planned_once(self) -> GroupSequential:
        planned = [name for name in ("look_parts", "look_times") if getattr(self, name)]
        if not planned:
            return self
        # What is written out has the default of `looks` in it.
        usual = type(self).model_fields["looks"].default
        if len(planned) > 1 or self.looks not in (usual, self.most_looks):
            raise InvalidInput("looks, look_parts and look_times all plan the looks; give one")
        for name in planned:
            places = getattr(self, name)
            if list(places) != sorted(set(places)):
                raise InvalidInput(f"{name} does not rise; list growing ones, each once")
        if self.look_parts and self.look_parts[-1] != 1.0:
            raise InvalidInput(
                f"look_parts ends at {self.look_parts[-1]:g} of the planned labels; end with 100%"
            )
        steps = pairwise((0.0, *self.look_parts))
        if any(later - earlier < _FINEST - 1e-9 for earlier, later in steps):
            raise InvalidInput(
                "look_parts has looks less than a hundredth of the planned labels apart, and "
                "information is counted in hundredths; leave some out"
            )
        if not self.boundary.endswith("spending"):
            raise InvalidInput(
                f"boundary {self.boundary} is for even steps of information, and {planned[0]} "
                "plans others; use pocock_spending or obrien_fleming_spending"
            )
        for name in ("beta", "gives_up_below"):
            if self.look_times and getattr(self, name) is not None:
                raise InvalidInput(
                    f"{name} needs to know the labels of the last look, which look_times leaves "
                    "open; leave out one of the two"
                )
        return self

    @property
    def most_looks(self) -> int:
        """Those planned: an end that comes first takes the place of the last."""
        return len(self.look_times) or len(self.look_parts) or self.looks

    @property
    def fractions(self) -> Times:
        """The planned parts of the information, or with `look_times` of the time."""
        if self.look_times:
            return tuple(each / self.look_times[-1] for each in self.look_times)
        even = tuple(look / self.looks for look in range(1, self.looks + 1))
        return self.look_parts or even

    def longest_ns(self) -> int | None:
        """`maximum_duration`, or the last of `look_times`."""
        ends = [each for each in (self.maximum_duration, *self.look_times[-1:]) if each is not None]
        return min(ends, default=None)

    def shortest_promotion_ns(self, weight_update_ns: int) -> float:
        """Not before the first of `look_times`."""
        earliest = super().shortest_promotion_ns(weight_update_ns)
        return max(earliest, *self.look_times[:1]) if self.look_times else earliest

    def labels_needed(self, ratio: float) -> int:
        """Those of the last look: the information is the harmonic mean of both variants' labels.

        0 where looks go by the clock.
        """
        if self.look_times:
            return 0
        return labels_for_pairs(self.labelled_requests, ratio)

    def fewest_labels(self, ratio: float) -> int:
        """The same of the first look."""
        return math.ceil(self.fractions[0] * self.labels_needed(ratio))

    def awaited(self, state: ExperimentState, observation: Observation) -> NextLook:
        """The next of `look_times`, or what the information of the look takes at least."""
        following = min(state.look, self.most_looks - 1)
        if self.look_times:
            return NextLook(at_ns=self.look_times[following])
        return awaited_pairs(self.fractions[following] * self.labelled_requests, observation)

    def look_due(self, state: ExperimentState, observation: Observation, seen: Evidence) -> int:
        """The planned look that the information has reached; ticks may skip some."""
        if self.look_times:
            return max(state.look, bisect_right(self.look_times, observation.now_ns))
        if self.look_parts:
            reached = bisect_right(self.look_parts, seen.pairs / self.labelled_requests)
        else:
            reached = int(self.looks * seen.pairs / self.labelled_requests)
        return max(state.look, min(reached, self.most_looks))

    def judge(self, look: int, memory: Taken | None, seen: Evidence) -> Judgement:
        """The z of this look against its bounds; `memory` holds the information so far."""
        taken = self._taken(look, memory or (), seen)
        last = self._last_bound(taken)
        return self._judged(look, taken, seen, self._bounds(look, taken), last)

    def judge_each(
        self, look: int, family: int, comparisons: Sequence[Comparison]
    ) -> Sequence[Judgement]:
        """Each against the bounds that hold for all of them together."""
        if family == 1 or self.shares_alpha_by != "dunnett":
            return super().judge_each(look, family, comparisons)
        found = []
        for each in comparisons:
            taken = self._taken(look, each.memory or (), each.seen)
            share = min(max(math.floor(each.seen.control_share * 10.0), 1), 9)
            uppers = _joint_bounds(self.boundary, self.looks, self.alpha, family, share)
            upper, last = uppers[look - 1], uppers[-1]
            found.append(self._judged(look, taken, each.seen, (-upper, upper), last))
        return found

    def corrections_here(self) -> tuple[Correction, ...]:
        """Joint bounds are those of equal steps, without futility."""
        classic = self.boundary in ("pocock", "obrien_fleming")
        return ("dunnett", *self.corrections) if classic else self.corrections

    def _judged(
        self,
        look: int,
        taken: Taken,
        seen: Evidence,
        bounds: tuple[float, float],
        last_bound: float,
    ) -> Judgement:
        (lower, upper), test = bounds, seen.test()
        last, information = look == self.most_looks, taken[-1][0]
        power = math.nan
        if self.gives_up_below is not None and not last and information < 1.0:
            power = power_in_the_end(test.z, information, last_bound, self.assuming)

        def words() -> str:
            z, low, high = (figure_text(each, ".3f") for each in (test.z, lower, upper))
            return (
                f"look {look} of {self.most_looks}: {seen}: z = {z}, bounds {low} and {high} "
                f"({self.boundary}, alpha {self.alpha:g})"
                + ("" if math.isnan(power) else f", promoted at the last with {power:.3f}")
            )

        if test.z >= upper:
            return Judgement("candidate", words, taken, last)
        falls = self.drops_below is not None and not last and test.z < self.drops_below
        hopeless = self.gives_up_below is not None and power < self.gives_up_below
        if test.z <= lower or falls or hopeless:
            return Judgement("control", words, taken, last)
        return Judgement(None, words, taken, last)

    def _taken(self, look: int, before: Taken, seen: Evidence) -> Taken:
        """Information at the looks so far, and the part by which error is spent.

        In hundredths, so that bounds are soon all cached: one by integration takes 0.1 to 1 ms, and
        runs differ by a few labels at each look.
        """
        time = round(seen.pairs / self.labelled_requests, 2)
        least = before[-1][0] + 0.01 if before else 0.01
        time = max(time, round(least, 2))
        return (*before, (time, self.fractions[look - 1] if self.look_times else time))

    def _last_bound(self, taken: Taken) -> float:
        """The upper bound that the last look will have, if it comes with the planned labels."""
        if self.gives_up_below is None or taken[-1][0] >= 1.0:
            return math.nan
        return self._bounds(self.most_looks, (*taken, (1.0, 1.0)))[1]

    def _bounds(self, look: int, taken: Taken) -> tuple[float, float]:
        if self.beta is not None:
            bounds = _futility_bounds(self.boundary, self.fractions, self.alpha, self.beta)
            return bounds[look - 1]
        if self.boundary.endswith("spending"):
            upper = _spending_bound(self.boundary, self.alpha, taken)
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
def _spending_bound(boundary: Boundary, alpha: float, taken: Taken) -> float:
    """The bound of the last of the looks taken; those before it stay what they were."""
    times, spent_at = zip(*taken, strict=True)
    spending = _spending(boundary, alpha / 2.0)
    return float(spending_bounds(times, spending, calendar=spent_at)[-1])


@lru_cache(maxsize=64)
def _futility_bounds(
    boundary: Boundary, planned: Times, alpha: float, beta: float
) -> tuple[tuple[float, float], ...]:
    design = futility_design(planned, _spending(boundary, alpha / 2.0), _spending(boundary, beta))
    return tuple(zip(design.lower.tolist(), design.upper.tolist(), strict=True))
