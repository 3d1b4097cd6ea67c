"""How a rule counts requests of which not all is known yet, in one of five ways."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from simab.description import Description, PositiveDuration, is_absent

__all__ = [
    "AsArrived",
    "Immature",
    "KindOfImmature",
    "OptionalImmature",
    "SoFar",
    "Wait",
    "Weight",
    "Window",
]


class AsArrived(Description):
    """A label counts when it arrives.

    Where conversions come earlier than what is known not to be one, or the other way round, young
    requests look better or worse than they are.
    """

    kind: Literal["as_arrived"] = "as_arrived"


class SoFar(Description):
    """Every answer counts at once, as negative until it is recorded as positive.

    Conversions so far over requests so far, as dashboards have it: whatever converts sooner looks
    better for as long as requests are young.
    """

    kind: Literal["so_far"] = "so_far"


class Wait(Description):
    """A request counts from a certain age on, with what its label says; younger ones are left out.

    A label that comes later than that counts when it comes.
    """

    kind: Literal["wait"] = "wait"
    after: PositiveDuration | None = None
    """From the reply on; the attribution window of the labels if absent."""


class Window(Description):
    """A request counts once, at a certain age: as positive if that has been recorded by then.

    All others count as negative, those without any label too. Whether a request is positive within
    the window is then what is compared.
    """

    kind: Literal["window"] = "window"
    within: PositiveDuration
    """From the reply on."""


class Weight(Description):
    """Every answer counts, as the part of a request whose label would have arrived by its age.

    Positives so far over the sum of F(age) of all answers, F being the law of the delay of
    positives. A young answer counts little, an old one as 1; where the labels have an attribution
    window, as F(window) at most, the part of the positives that are ever recorded.
    """

    kind: Literal["weight"] = "weight"
    law: Literal["own", "control"] = "own"
    """Whose law of delay: each variant's own, as if it were known, or for all the control's, the
    only one that is known before the candidate has been in use."""


Immature: TypeAlias = AsArrived | SoFar | Wait | Window | Weight
KindOfImmature = Annotated[Immature, Field(discriminator="kind")]
"""Any of the ways; `kind` says which in a file."""


OptionalImmature = Annotated[KindOfImmature | None, Field(exclude_if=is_absent)]
"""Of a rule that reads labels; absent, a label counts when it arrives."""
