"""Looks at values that have a largest and a smallest one, whatever their law: empirical Bernstein.

What came since the last look is a batch; what it is weighed by follows from the looks before, so
that the bound holds for as many looks as there are, from the first value on.
"""

from __future__ import annotations

from typing import NamedTuple

from simab.policies.experiments.by_user import UserEvidence
from simab.policies.experiments.evidence import Evidence
from simab.policies.two_proportions import ProportionEvidence
from simab.stats.bounded_means import BoundedMean, difference_of_bounded_means
from simab.stats.interval import Interval

__all__ = ["BoundedArms"]


class BoundedArms(NamedTuple):
    """What is known of the means of control and candidate after the looks so far."""

    control: BoundedMean
    candidate: BoundedMean

    @classmethod
    def begun(cls, seen: Evidence, tight_at: int, alpha: float) -> BoundedArms:
        """Nothing yet, of shares or of capped rewards; each arm may err in half of alpha."""
        low, high = 0.0, 1.0
        if isinstance(seen, UserEvidence):
            low, high = seen.ends
        arm = BoundedMean(low, high, 1.0 - alpha / 2.0, target_count=float(tight_at))
        return cls(arm, arm)

    def after(self, seen: Evidence) -> BoundedArms:
        """With what has come since."""
        if isinstance(seen, UserEvidence):
            values = seen.values
            arms = [
                known.after(len(new), float(new.sum()), float(new @ new))
                for known, new in (
                    (self.control, values[0][self.control.count :]),
                    (self.candidate, values[1][self.candidate.count :]),
                )
            ]
            return BoundedArms(*arms)
        assert isinstance(seen, ProportionEvidence)
        right, labelled, new_right, new_labelled = seen.shares
        return BoundedArms(
            _of_counts(self.control, right, labelled),
            _of_counts(self.candidate, new_right, new_labelled),
        )

    @property
    def interval(self) -> Interval:
        """Of the candidate's mean less the control's, at all looks together."""
        return difference_of_bounded_means(self.control, self.candidate)


def _of_counts(known: BoundedMean, right: int, labelled: int) -> BoundedMean:
    """Of 1 and 0 the squares sum to what the values do."""
    more = float(right - round(known.total))
    return known.after(labelled - known.count, more, more)
