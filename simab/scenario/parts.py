"""The parts of a scenario but what serves: traffic, labels, metrics, objective, study."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from simab.description import (
    Description,
    Difference,
    Duration,
    Name,
    PositiveDuration,
    Rate,
    Share,
    is_absent,
    is_nothing,
)
from simab.errors import InvalidInput
from simab.policies import PolicyDescription
from simab.policies.limits import Limit
from simab.policies.metrics import LATENCIES, LOWER_IS_BETTER, ObjectiveMetric, is_share
from simab.profiles import OutcomeTable, QualityProfile
from simab.profiles.activity import Activity, EqualActivity
from simab.profiles.outcomes import OutcomeSampler
from simab.profiles.propensities import Propensities
from simab.profiles.quality import NumericReward
from simab.scenario.arrivals import Arrivals
from simab.scenario.labels import Labels
from simab.scenario.requirements import Preference, Requirement
from simab.scenario.serving import Endpoint
from simab.scenario.timeline import MOST_CHANGES, Conditions, TimelineEntry
from simab.scenario.trace import Sessions, Trace
from simab.scenario.world_settings import WorldSettings
from simab.text.dates import start_of

__all__ = [
    "MOST_CANDIDATES",
    "MOST_REPLICATIONS",
    "Controller",
    "Labels",
    "Metrics",
    "Objective",
    "Segment",
    "StudySettings",
    "UncheckedScenario",
    "tell_traces_the_zone",
]


_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200
_ZONES_OF_THE_MACHINE: Final = frozenset({"localtime", "posixrules"})


def _iso_date(text: str) -> str:
    """A date, or a date with a time, as ISO 8601 has it; empty where none is given."""
    try:
        year = datetime.fromisoformat(text).year if text else _FIRST_YEAR
    except ValueError:
        raise InvalidInput(
            "is not a date of ISO 8601; write 2026-03-01 or 2026-03-01T09:00"
        ) from None
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise InvalidInput(
            f"lies outside the years {_FIRST_YEAR} to {_LAST_YEAR}; write when it starts"
        )
    return text


def _known_zone(name: str) -> str:
    """The name of a time zone that this machine has data of, the same on every machine."""
    if name in _ZONES_OF_THE_MACHINE:
        raise InvalidInput(
            "is another time zone on each machine; write the name of a place, as Europe/Berlin"
        )
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            "is no time zone that is known here; write a name such as UTC or Europe/Berlin"
        ) from None
    return name


def is_utc(name: object) -> bool:
    """A scenario without a time zone is written as before there was any."""
    return name == "UTC"


StartDate = Annotated[str, AfterValidator(_iso_date)]
TimeZone = Annotated[str, AfterValidator(_known_zone)]
MOST_REPLICATIONS: Final = 10_000_000
MOST_CANDIDATES: Final = 9


class Segment(Description):
    """A population of clients with one way of arriving."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["rate"]}, {"required": ["trace"]}]}
    )

    rate: Annotated[Rate, Field(ge=1e-5, le=1e6, exclude_if=is_nothing)] = 0.0
    """Arrivals of the whole segment, on average; where `arrivals` has the rate change, what its
    multiples are multiples of. Required but for a segment with a trace, which says it."""
    arrivals: Annotated[Arrivals | None, Field(exclude_if=is_absent)] = None
    """How they come: bursts, batches, the hours of a day, spikes. Poisson at a steady rate if
    absent."""
    trace: Annotated[Trace | None, Field(exclude_if=is_absent)] = None
    """Recorded arrivals to replay, in place of `rate` and `arrivals`."""
    sessions: Annotated[Sessions | None, Field(exclude_if=is_absent)] = None
    """Clients who send several requests one after the other."""
    clients: Annotated[int, Field(ge=1, le=2**31)] = 1000
    """How many clients share the arrivals."""
    activity: Activity = EqualActivity()
    """How they share them: equally, or so that few clients send most requests, of at most a million
    clients. Client 0 is the heaviest."""
    propensities: Annotated[Propensities | None, Field(exclude_if=is_absent)] = None
    """How they differ in what comes of their answers, about the means of the qualities; of at most
    a million clients. All alike if absent."""
    carry_over: Annotated[Share, Field(exclude_if=is_nothing)] = 0.0
    """Share of the requests whose answer is as good as the variant's to which the same client's
    request before went, not as that of the one that serves it; latency and errors stay its own."""
    opt_out: Annotated[Share, Field(exclude_if=is_nothing)] = 0.0
    """Probability that a client leaves for good after a bad answer: a wrong one, one that is no
    success, a reward of 0 or less, or a 5XX. From that reply on it sends nothing."""
    targets: dict[Name, Annotated[Share, Field(gt=0)]] = {}
    """Share of the segment's requests that name this target variant, past the weights."""
    paired_targets: tuple[Name, ...] = ()
    """Send every row to each of these variants in turn, as an evaluation on the same rows does."""
    labelled: bool = True
    """Whether the ground truth of this segment's requests ever becomes known."""
    quality: Annotated[dict[Name, QualityProfile], Field(exclude_if=is_nothing)] = {}
    """How good the answers of a variant are for this segment, where that is not what the variant
    says of itself; of the same kind."""

    @property
    def remembers(self) -> str:
        """The field by which its clients remember what they met; empty where they do not."""
        return "carry_over" if self.carry_over else "opt_out" if self.opt_out else ""


class Metrics(Description):
    """How metrics are cut into windows and published."""

    period: PositiveDuration = 60_000_000_000
    """Length of a metric window."""
    publication_delay: Duration = 45_000_000_000
    """From the end of a window until it is visible. Recorded on the platform: 31 to 51 s."""


class Controller(Description):
    """Who looks at the metrics and asks the policy."""

    interval: PositiveDuration = 60_000_000_000
    """Time from one look to the next; the first is one interval after the start."""


class Objective(Description):
    """What a better variant is."""

    model_config = ConfigDict(
        validate_default=True,  # the candidate's, which is the first of several
        json_schema_extra={"anyOf": [{"required": ["candidate"]}, {"required": ["candidates"]}]},
    )

    control: Name
    """The variant that is there now."""
    candidates: Annotated[
        tuple[Name, ...], Field(max_length=MOST_CANDIDATES, exclude_if=is_nothing)
    ] = ()
    """The variants of which one may replace it, where there are several: experiments and bandits
    choose among them all."""
    candidate: Name = ""
    """The variant that may replace it; of several, the one that rules for a single candidate roll
    out: the first, unless another is named."""
    metric: ObjectiveMetric
    """What decides which of them is truly better. A positive rate says how often a model answers
    1, not how well: it is there to be watched, and as an objective more counts as better. The mean
    of numeric rewards is a `reward`, of which more is better, or a `cost`, of which less is: money,
    tokens or a user's time. A latency or the error rate is that of the service alone or, where
    requests wait or are refused, of a run with all traffic on the variant. Rules that test labels
    cannot decide by it."""
    direction: Literal["higher", "lower"] | None = None
    """Which way is better: lower for brier, cost, errors and latencies, higher for all others. It
    may be said, not changed."""
    smallest_effect: Annotated[Difference, Field(ge=1e-9, le=1e9)]
    """The smallest difference of the metric that matters to you: below 1, but for rewards and
    costs, in their units, and for latencies, in milliseconds."""
    guardrails: tuple[Limit, ...] = ()
    """Limits that every variant must keep. Windows that break one count as harm where they would
    not if the candidate answered as the control does. To end with a variant other than the control
    that breaks one by what it is counts as wrong: by its share of 5XX, the latency of its service
    alone, a load of 1 or more with all traffic, or, where it depends on queueing, in a run with all
    traffic."""
    count_clients: bool = False
    """Whether a study counts the clients of which a worse variant took a request. Who asks is then
    drawn for every request, which takes up to a quarter of its time more."""

    unfit: dict[Name, Annotated[str, Field(min_length=1)]] = {}
    """Variants that are wrong to end with whatever their metric, each with the reason in words; the
    broken candidate of a world is one."""

    @field_validator("smallest_effect", mode="before")
    @classmethod
    def _in_units_of_the_reward(cls, effect: object, others: ValidationInfo) -> object:
        metric = others.data.get("metric", "")
        if not isinstance(effect, str) or is_share(metric):
            return effect
        unit = "milliseconds" if metric in LATENCIES else f"units of the {metric}"
        if "%" in effect:
            raise InvalidInput(
                f"a percentage, but of which {metric} is not said; write the difference in {unit}"
            )
        written = re.fullmatch(r"([0-9.]+) ?ms", effect)
        if written is not None and metric in LATENCIES:
            raise InvalidInput(f"a latency is a number of milliseconds here; write {written[1]}")
        return effect

    @field_validator("candidate", mode="before")
    @classmethod
    def _first_of_several(cls, candidate: object, others: ValidationInfo) -> object:
        if candidate != "":
            return candidate
        if several := others.data.get("candidates"):
            return several[0]
        raise InvalidInput(
            "required; add the variant that may replace the control, or `candidates` for several"
        )

    @property
    def every_candidate(self) -> tuple[str, ...]:
        """All variants that may replace the control: the candidate, then the others."""
        return tuple(dict.fromkeys((self.candidate, *self.candidates)))

    @property
    def several(self) -> bool:
        """Whether more candidates than one may replace the control."""
        return len(self.candidates) > 1

    @property
    def sign(self) -> int:
        """+1 where higher is better, -1 where lower is."""
        return -1 if self.metric in LOWER_IS_BETTER else 1


class StudySettings(Description):
    """How often to play it, unless the command says otherwise."""

    replications: Annotated[int, Field(ge=1, le=MOST_REPLICATIONS)] = 200
    """How many times each policy is played."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """The seed of all random numbers."""


class UncheckedScenario(Description):
    """All parts of a scenario. Each is well formed; whether they fit together is another question.

    The rules across fields ask it, and `Scenario` has the answer.
    """

    title: Annotated[str, Field(min_length=1)]
    """A few words that name the scenario."""
    question: str = ""
    """The question that it is to answer."""
    endpoint: Endpoint
    """What serves."""
    traffic: Annotated[dict[Name, Segment], Field(min_length=1)]
    """Who asks: segments by name."""
    timeline: Annotated[
        tuple[TimelineEntry, ...], Field(max_length=MOST_CHANGES, exclude_if=is_nothing)
    ] = ()
    """What happens during a run: faults, drift, outages, what others do."""
    labels: Labels = Labels()
    """Ground truth."""
    metrics: Metrics = Metrics()
    """Metric windows."""
    controller: Controller = Controller()
    """The looks."""
    objective: Objective
    """What is better."""
    horizon: PositiveDuration
    """How long a run lasts."""
    starts_at: StartDate = ""
    """When the experiment starts, as 2026-03-01 or 2026-03-01T09:00, where the clients live. It
    gives a date to what takes long, and says which hour it is for arrivals of a daily or weekly
    shape; it changes nothing else."""
    time_zone: Annotated[TimeZone, Field(exclude_if=is_utc)] = "UTC"
    """Where the clients live, as Europe/Berlin; with its daylight saving."""
    policies: Annotated[dict[Name, PolicyDescription], Field(min_length=1)]
    """The rules to compare, by name."""
    outcome_tables: dict[Name, OutcomeTable] = {}
    """Joint outcome tables by name, for variants of quality `joint_table`."""
    study: StudySettings = StudySettings()
    """Replications and seed."""
    worlds: dict[Name, WorldSettings | None] = {}
    """Worlds to play beside those that every study has (described, equal, exchanged, broken, and
    slow where something reads latency), by name; null leaves one of these out."""
    requirements: tuple[Requirement, ...] = ()
    """What a rule has to achieve to pass."""
    prefer: Preference = "soonest"
    """Which rule to choose of those that pass: the soonest done, or with the least exposure or
    cost."""

    @field_validator("worlds", mode="before")
    @classmethod
    def _effects_in_units_of_the_reward(cls, worlds: object, others: ValidationInfo) -> object:
        objective = others.data.get("objective")
        if objective is None or is_share(objective.metric) or not isinstance(worlds, dict):
            return worlds
        metric = objective.metric
        unit = "milliseconds" if metric in LATENCIES else f"units of the {metric}"
        for name, settings in worlds.items():
            effect = settings.get("effect") if isinstance(settings, dict) else None
            if isinstance(effect, str) and "%" in effect:
                raise InvalidInput(
                    f"the effect of {name} is a percentage, but of which {metric} is not said; "
                    f"write the difference in {unit}"
                )
        return worlds

    def sampler(self, quality: QualityProfile) -> OutcomeSampler:
        """What answers of a quality are drawn from here."""
        if isinstance(quality, NumericReward):
            return quality.sampler_up_to(self.largest_factor)
        return quality.sampler(self.outcome_tables, self.labels.positive_share)

    @property
    def largest_factor(self) -> float:
        """The most by which any client's rewards are multiplied; 1 where they are not."""
        differ = [each.propensities for each in self.traffic.values()]
        return max((each.largest_factor for each in differ if each is not None), default=1.0)

    @model_validator(mode="after")
    def _traces_are_read_in_its_zone(self) -> UncheckedScenario:
        tell_traces_the_zone(self)
        return self

    @property
    def start(self) -> datetime | None:
        """The date at which a run starts, where the clients live; None where none is given."""
        return start_of(self.starts_at, self.time_zone)

    @property
    def other_answers(self) -> list[Conditions]:
        """The entries of the timeline that give another quality, in their order."""
        return [
            entry
            for entry in self.timeline
            if isinstance(entry, Conditions) and entry.quality is not None
        ]

    @property
    def goes_by_date(self) -> bool:
        """Whether anything depends on the hour of the day."""
        return any(
            segment.arrivals is not None and segment.arrivals.by_date
            for segment in self.traffic.values()
        ) or any(isinstance(each, Conditions) and each.by_date for each in self.timeline)

    @property
    def earns_rewards(self) -> bool:
        """Whether the variants earn numeric rewards; then all of them do."""
        return any(
            isinstance(variant.quality, NumericReward)
            for variant in self.endpoint.variants.values()
        )


def tell_traces_the_zone(scenario: UncheckedScenario) -> None:
    """Dates in traces that have no offset are those of a clock where the clients live."""
    for segment in scenario.traffic.values():
        if segment.trace is not None:
            segment.trace.read_in(scenario.time_zone)
