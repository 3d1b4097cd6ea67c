"""Ground truth in a scenario: what the labels say, when they arrive, and which never do.

Positive is a success, a label of 1, or a reward other than 0. What is said of some requests holds
for these: of a variant's positives before all positives, of a variant before all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from simab.description import (
    Description,
    Duration,
    Name,
    PositiveDuration,
    Share,
    is_absent,
    is_nothing,
)
from simab.profiles import DurationProfile
from simab.profiles.durations import Constant

__all__ = [
    "LabelBatches",
    "LabelDuplicates",
    "LabelOutage",
    "LabelSettings",
    "Labels",
    "SettledLabels",
    "VariantLabels",
]


class LabelSettings(Description):
    """What holds for the labels of some requests; what is absent, as for all."""

    delay: Annotated[DurationProfile | None, Field(exclude_if=is_absent)] = None
    """From the reply to the arrival of its label."""
    never: Annotated[Share | None, Field(exclude_if=is_absent)] = None
    """Share of the requests that never get a label."""
    wrong: Annotated[Share | None, Field(exclude_if=is_absent)] = None
    """Share of the labels that say the opposite of what is true, for good."""
    revised: Annotated[Share | None, Field(exclude_if=is_absent)] = None
    """Share of the labels that say the opposite at first, and are put right later."""


class VariantLabels(LabelSettings):
    """What holds for the labels of a variant's answers."""

    positive: Annotated[LabelSettings | None, Field(exclude_if=is_absent)] = None
    """Of its positives."""
    negative: Annotated[LabelSettings | None, Field(exclude_if=is_absent)] = None
    """Of its negatives."""


class LabelBatches(Description):
    """Labels arrive together, at certain instants: a label waits for the next of them."""

    every: Annotated[PositiveDuration, Field(le=366 * 86_400 * 10**9)]
    """Time from one to the next."""
    at: Duration = 0
    """When the first comes, from the start of the run."""


class LabelDuplicates(Description):
    """Some labels are delivered twice, and count twice."""

    share: Annotated[Share, Field(gt=0)]
    """Share of the labels that come twice."""
    delay: DurationProfile
    """From the first delivery to the second."""


class LabelOutage(Description):
    """For a while no label arrives."""

    at: Duration
    """When it begins, from the start of the run."""
    lasts: PositiveDuration
    """How long."""
    then: Literal["late", "lost"] = "late"
    """Labels that would have arrived meanwhile come at its end, or never."""


class SettledLabels(NamedTuple):
    """What holds for the labels of one variant's positives or negatives."""

    delay: DurationProfile
    never: float
    wrong: float
    revised: float


class Labels(Description):
    """Ground truth: what it is and when it arrives."""

    delay: DurationProfile = Constant(value="0s")
    """From the reply to the arrival of its label."""
    never: Share = 0.0
    """Share of the requests that never get a label."""
    positive_share: Share | None = None
    """Share of requests whose label is 1; needed by classifiers."""
    attribution_window: Annotated[PositiveDuration | None, Field(exclude_if=is_absent)] = None
    """How long after the reply a positive is still recorded. What has not become positive by then
    is recorded as negative when the window closes; a label that is right says so no earlier."""
    wrong: Annotated[Share, Field(exclude_if=is_nothing)] = 0.0
    """Share of the labels that say the opposite of what is true, for good."""
    revised: Annotated[Share, Field(exclude_if=is_nothing)] = 0.0
    """Share of the labels that say the opposite at first, and are put right later: the first is
    then taken back."""
    revised_after: Annotated[DurationProfile | None, Field(exclude_if=is_absent)] = None
    """From the arrival of a label that is revised to its correction."""
    positive: Annotated[LabelSettings | None, Field(exclude_if=is_absent)] = None
    """Of positives: a success, a label of 1, or a reward other than 0."""
    negative: Annotated[LabelSettings | None, Field(exclude_if=is_absent)] = None
    """Of all others."""
    variants: Annotated[dict[Name, VariantLabels], Field(exclude_if=is_nothing)] = {}
    """Of the answers of single variants, by name."""
    batches: Annotated[LabelBatches | None, Field(exclude_if=is_absent)] = None
    """At which instants labels arrive; at any if absent."""
    duplicates: Annotated[LabelDuplicates | None, Field(exclude_if=is_absent)] = None
    """Labels that are delivered twice; none if absent."""
    outages: Annotated[tuple[LabelOutage, ...], Field(max_length=200, exclude_if=is_nothing)] = ()
    """When no label arrives."""

    def settled(self, variant: str, *, positive: bool) -> SettledLabels:
        """What holds for a variant's positives, or its negatives."""
        own = self.variants.get(variant)
        place = "positive" if positive else "negative"
        said = (own and getattr(own, place), own, getattr(self, place), self)

        def first(name: str) -> Any:
            values = (getattr(each, name) for each in said if each is not None)
            return next(value for value in values if value is not None)

        return SettledLabels(*(first(name) for name in SettledLabels._fields))

    def said(self) -> Iterator[tuple[tuple[str, ...], LabelSettings]]:
        """What is said of some labels alone, each with its place under `labels`."""
        yield from _of_classes((), self)
        for name, own in self.variants.items():
            yield ("variants", name), own
            yield from _of_classes(("variants", name), own)

    def delays(self) -> Iterator[tuple[tuple[str, ...], DurationProfile]]:
        """All laws of delay that are described, each with its place under `labels`."""
        yield ("delay",), self.delay
        for path, settings in self.said():
            if settings.delay is not None:
                yield (*path, "delay"), settings.delay
        if self.duplicates is not None:
            yield ("duplicates", "delay"), self.duplicates.delay
        if self.revised_after is not None:
            yield ("revised_after",), self.revised_after

    @property
    def is_plain(self) -> bool:
        """Whether one delay and one share without a label are all that there is."""
        plain = {"delay", "never", "positive_share", "revised_after"}
        others = type(self).model_fields.keys() - plain
        return not any(getattr(self, name) for name in others)


def _of_classes(
    path: tuple[str, ...], of: Labels | VariantLabels
) -> Iterator[tuple[tuple[str, ...], LabelSettings]]:
    if of.positive is not None:
        yield (*path, "positive"), of.positive
    if of.negative is not None:
        yield (*path, "negative"), of.negative
