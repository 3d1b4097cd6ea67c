"""Labels that come late, twice, wrong or never: every event by hand, on both engines.

A request every 10 s from 10 s on, served in a second: replies at 11 s, 21 s and so on. Labels are
counted in buckets of a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simab.draws import Draws
from simab.policies.immature import Immature, SoFar, Wait, Weight, Window
from simab.world import Blueprint, play
from simab.world.run_counts import LabelColumn, RewardColumn, Total
from tests.world.building import scenario, variant

pytestmark = pytest.mark.parametrize("engine", ["compiled", "reference"])
SECONDS = 60
REPLIES = [11, 21, 31, 41, 51]


def success(probability: float = 1.0) -> dict[str, Any]:
    """A variant that serves in a second."""
    return variant(
        latency={"kind": "constant", "value": "1s"},
        quality={"kind": "success", "probability": probability},
    )


def constant(value: str) -> dict[str, str]:
    """Always the same delay."""
    return {"kind": "constant", "value": value}


def counted(
    engine: str,
    labels: dict[str, Any],
    *,
    probability: float = 1.0,
    immature: Immature | None = None,
    served: dict[str, Any] | None = None,
    metric: str = "success_rate",
    **parts: Any,
) -> Any:
    """The counts of a run of a minute, in which the first of two equal variants serves."""
    served = served or success(probability)
    roles = {"control": "a", "candidate": "b"}
    made = scenario(
        {"a": served, "b": served | {"weight": 0}},
        objective=roles | {"metric": metric, "smallest_effect": 0.01},
        horizon=f"{SECONDS}s",
        labels=labels,
        controller={"interval": "1s"},
        metrics={"period": "1s", "publication_delay": "0s"},
        traffic={"users": {"rate": "6/min", "arrivals": {"gaps": {"kind": "regular"}}}},
        **parts,
    )
    blueprint = Blueprint.of(made).counting(immature)
    run_data, _ = play(blueprint, None, Draws(1, 0), engine=engine)
    return run_data.run_counts


def at(counts: Any, column: LabelColumn) -> dict[int, int]:
    """By second, what is counted of the first variant in a column of labels."""
    found = counts.labels[:, 0, column]
    return {int(second): int(found[second]) for second in np.flatnonzero(found)}


def successes(counts: Any) -> dict[int, int]:
    """By second."""
    return at(counts, LabelColumn.SUCCESS)


def failures(counts: Any) -> dict[int, int]:
    """By second."""
    return at(counts, LabelColumn.FAILURE)


def ends(counts: Any) -> tuple[int, int, int]:
    """Labels that arrived, are outstanding, and never come."""
    return tuple(
        int(counts.totals[each])
        for each in (Total.LABELS_ARRIVED, Total.LABELS_OUTSTANDING, Total.LABELS_NEVER)
    )


def test_positives_and_negatives_have_their_own_delays(engine: str) -> None:
    """A success is known after 3 s, a failure after 10: that of the last reply comes too late."""
    labels = {"delay": constant("10s"), "positive": {"delay": constant("3s")}}
    assert successes(counted(engine, labels)) == {14: 1, 24: 1, 34: 1, 44: 1, 54: 1}
    late = counted(engine, labels, probability=0)
    assert failures(late) == {21: 1, 31: 1, 41: 1, 51: 1}
    assert ends(late) == (4, 1, 0)


def test_what_is_said_of_a_variant_goes_before_what_is_said_of_all(engine: str) -> None:
    """Of its positives, then of the variant, then of all positives, then of all."""
    labels = {
        "delay": constant("9s"),
        "positive": {"delay": constant("8s")},
        "variants": {"a": {"positive": {"delay": constant("2s")}, "delay": constant("4s")}},
    }
    assert min(successes(counted(engine, labels))) == 13
    assert min(failures(counted(engine, labels, probability=0))) == 15
    del labels["variants"]["a"]["positive"]
    assert min(successes(counted(engine, labels))) == 15
    del labels["variants"]
    assert min(successes(counted(engine, labels))) == 19


def test_a_window_closes_on_what_has_not_become_positive(engine: str) -> None:
    """Successes after 7 s: a window of 7 s still records them, one of 6 s records failures at 6."""
    labels = {"delay": constant("7s"), "attribution_window": "7s"}
    assert successes(counted(engine, labels)) == {18: 1, 28: 1, 38: 1, 48: 1, 58: 1}
    closed = counted(engine, labels | {"attribution_window": "6s"})
    assert not successes(closed)
    assert failures(closed) == {17: 1, 27: 1, 37: 1, 47: 1, 57: 1}


def test_a_failure_is_known_when_the_window_closes(engine: str) -> None:
    """Successes would come at once; that there is none is known 5 s after the reply."""
    labels = {"delay": constant("0s"), "attribution_window": "5s"}
    assert failures(counted(engine, labels, probability=0)) == dict.fromkeys(
        (16, 26, 36, 46, 56), 1
    )
    assert successes(counted(engine, labels)) == dict.fromkeys(REPLIES, 1)


def test_never_by_outcome_and_by_variant(engine: str) -> None:
    """No success is ever labelled; then, none of this variant's but its failures."""
    never = {"positive": {"never": 1}}
    assert ends(counted(engine, never)) == (0, 0, 5)
    assert ends(counted(engine, never, probability=0)) == (5, 0, 0)
    of_variant = {"variants": {"a": {"never": 1, "negative": {"never": 0}}}}
    assert ends(counted(engine, of_variant)) == (0, 0, 5)
    assert ends(counted(engine, of_variant, probability=0)) == (5, 0, 0)


def test_batches_come_at_their_instants(engine: str) -> None:
    """Replies at 11, 21, ... s, known after 4 s; delivered at 5, 20, 35 and 50 s.

    The first label is due at 15 s, and waits until 20; that of 35 s does not wait.
    """
    labels = {"delay": constant("4s"), "batches": {"every": "15s", "at": "5s"}}
    found = counted(engine, labels)
    assert successes(found) == {20: 1, 35: 2, 50: 1}
    assert ends(found) == (4, 1, 0)  # the fifth is due at 55 s, and comes at 65
    first = {"delay": constant("4s"), "batches": {"every": "15s", "at": "40s"}}
    assert successes(counted(engine, first)) == {40: 3, 55: 2}


def test_wrong_labels_say_the_opposite(engine: str) -> None:
    """All successes recorded as failures, by class: failures stay what they are."""
    labels = {"delay": constant("1s"), "positive": {"wrong": 1}}
    found = counted(engine, labels)
    assert not successes(found)
    assert failures(found) == {12: 1, 22: 1, 32: 1, 42: 1, 52: 1}
    assert len(failures(counted(engine, labels, probability=0))) == 5
    everything = {"delay": constant("1s"), "wrong": 1}
    assert len(successes(counted(engine, everything, probability=0))) == 5


def test_duplicates_count_twice(engine: str) -> None:
    """The second delivery comes 12 s after the first; of the fifth label it would come at 63 s."""
    labels = {"duplicates": {"share": 1, "delay": constant("12s")}}
    found = counted(engine, labels)
    assert successes(found) == {11: 1, 21: 1, 23: 1, 31: 1, 33: 1, 41: 1, 43: 1, 51: 1, 53: 1}
    assert ends(found) == (5, 0, 0)


def test_a_correction_takes_back_what_was_said(engine: str) -> None:
    """Known at the reply, as failures; 15 s later each becomes the success that it was."""
    labels = {"revised": 1, "revised_after": constant("15s")}
    found = counted(engine, labels)
    assert successes(found) == {26: 1, 36: 1, 46: 1, 56: 1}
    assert failures(found) == {11: 1, 21: 1, 31: 1, 41: 1, 51: 1, 26: -1, 36: -1, 46: -1, 56: -1}
    assert ends(found) == (5, 0, 0)


def test_a_duplicate_repeats_the_first_label_and_no_correction_reaches_it(engine: str) -> None:
    """One reply: a failure at 11 s and again at 13 s; of the first alone a success at 14 s."""
    labels = {
        "revised": 1,
        "revised_after": constant("3s"),
        "duplicates": {"share": 1, "delay": constant("2s")},
        "outages": [{"at": "15s", "lasts": "45s", "then": "lost"}],
    }
    found = counted(engine, labels)
    assert failures(found) == {11: 1, 13: 1, 14: -1}
    assert successes(found) == {14: 1}
    assert ends(found) == (1, 0, 4)


def test_an_outage_delays_what_is_due_meanwhile_or_loses_it(engine: str) -> None:
    """From 21 to 41 s no label arrives: those of 21 and 31 s come at 41 s, as does that of 41."""
    outage = {"at": "21s", "lasts": "20s"}
    assert successes(counted(engine, {"outages": [outage]})) == {11: 1, 41: 3, 51: 1}
    lost = counted(engine, {"outages": [outage | {"then": "lost"}]})
    assert successes(lost) == {11: 1, 41: 1, 51: 1}
    assert ends(lost) == (3, 0, 2)


def test_a_wait_holds_all_labels_back_to_one_age(engine: str) -> None:
    """Successes after 2 s, failures after 6: under a wait of 6 s both count after 6."""
    labels = {"delay": constant("2s"), "attribution_window": "6s"}
    expected = dict.fromkeys((17, 27, 37, 47, 57), 1)
    assert successes(counted(engine, labels, immature=Wait())) == expected
    assert failures(counted(engine, labels, probability=0, immature=Wait())) == expected
    early = counted(engine, labels, immature=Wait(after="1s"))  # what comes later still comes later
    assert successes(early) == {13: 1, 23: 1, 33: 1, 43: 1, 53: 1}


def test_a_window_counts_every_answer_once_at_one_age(engine: str) -> None:
    """Successes are known after 3 s: within 3 s they count, within 2 s all count as failures.

    So does what is never labelled, though no label of it ever arrives.
    """
    labels = {"delay": constant("3s"), "duplicates": {"share": 1, "delay": constant("1s")}}
    assert successes(counted(engine, labels, immature=Window(within="3s"))) == dict.fromkeys(
        (14, 24, 34, 44, 54), 1
    )
    young = dict.fromkeys((13, 23, 33, 43, 53), 1)
    assert failures(counted(engine, labels, immature=Window(within="2s"))) == young
    never = counted(engine, {"never": 1}, immature=Window(within="2s"))
    assert failures(never) == young
    assert ends(never) == (0, 0, 5)


def test_a_window_knows_corrections_that_came_before_its_end(engine: str) -> None:
    """Wrong at the reply, put right 4 s later: right within 4 s, wrong within 3."""
    labels = {"revised": 1, "revised_after": constant("4s")}
    assert len(successes(counted(engine, labels, immature=Window(within="4s")))) == 5
    assert len(failures(counted(engine, labels, immature=Window(within="3s")))) == 5


def test_a_weight_counts_answers_at_the_reply_and_positives_when_they_come(engine: str) -> None:
    """Five answers; the successes 2 s later. Failures are no news: the answers have said so."""
    labels = {"delay": constant("2s")}
    found = counted(engine, labels, immature=Weight())
    assert failures(found) == dict.fromkeys(REPLIES, 1)  # the answers
    assert successes(found) == {13: 1, 23: 1, 33: 1, 43: 1, 53: 1}
    none = counted(engine, labels, probability=0, immature=Weight())
    assert failures(none) == dict.fromkeys(REPLIES, 1)
    assert not successes(none)


def test_so_far_an_answer_is_a_failure_until_it_is_recorded_as_a_success(engine: str) -> None:
    """Five answers at once; each turns 2 s later, and a second delivery 1 s after counts on top."""
    labels = {"delay": constant("2s"), "duplicates": {"share": 1, "delay": constant("1s")}}
    found = counted(engine, labels, immature=SoFar())
    turned = {13: 1, 23: 1, 33: 1, 43: 1, 53: 1}
    assert successes(found) == turned | {14: 1, 24: 1, 34: 1, 44: 1, 54: 1}
    assert failures(found) == dict.fromkeys(REPLIES, 1) | dict.fromkeys(turned, -1)


def test_so_far_a_correction_turns_it_again(engine: str) -> None:
    """Negatives, recorded at once as successes, and put right 3 s later."""
    labels = {"revised": 1, "revised_after": constant("3s")}
    found = counted(engine, labels, probability=0, immature=SoFar())
    turned = dict.fromkeys((14, 24, 34, 44, 54), 1)
    assert successes(found) == dict.fromkeys(REPLIES, 1) | dict.fromkeys(turned, -1)
    assert failures(found) == turned  # at the reply one comes and goes


def test_what_a_policy_is_shown_of_weighted_labels(engine: str) -> None:
    """Delays uniform from 0 to 40 s. At 46 s four have been answered, 35, 25, 15 and 5 s ago.

    They weigh (35 + 25 + 15 + 5) / 40 = 2 requests, by the middle of the second in which each was
    answered: three seconds' rounding in all changes nothing in whole requests.
    """
    labels = {"delay": {"kind": "samples", "values": ["0s", "40s"]}}
    made = scenario(
        {"a": success(0)},
        horizon="1min",
        labels=labels,
        controller={"interval": "1s"},
        metrics={"period": "1s", "publication_delay": "0s"},
        traffic={"users": {"rate": "6/min", "arrivals": {"gaps": {"kind": "regular"}}}},
    )
    seen: dict[int, tuple[int, int]] = {}

    class Watch:
        def decide(self, state: None, observation: Any) -> tuple[tuple[()], None]:
            totals = observation.metrics.labels("a")
            seen[observation.now_ns // 10**9] = totals.successes, totals.failures
            return (), None

    blueprint = Blueprint.of(made).counting(Weight())
    play(blueprint, Watch(), Draws(1, 0), engine=engine)
    assert seen[46] == (0, 2)
    assert seen[11] == (0, 0)
    assert seen[59] == (0, 3)  # (40 + 38 + 28 + 18 + 8) / 40 = 3.3


def test_classifiers_keep_their_scores_and_change_cells(engine: str) -> None:
    """Score 0.9 for all, all labels 1: true positives, which are false ones where recorded as 0."""
    classifier = {
        "kind": "classifier",
        "positive_scores": {"kind": "quantiles", "values": [0.9, 0.9]},
        "negative_scores": {"kind": "quantiles", "values": [0.9, 0.9]},
        "threshold": 0.5,
    }
    one = variant(latency=constant("1s"), quality=classifier)
    labels = {"delay": constant("8s"), "attribution_window": "5s", "positive_share": 1}
    counts = counted(engine, labels, served=one, metric="accuracy")
    assert at(counts, LabelColumn.FALSE_POSITIVE) == {16: 1, 26: 1, 36: 1, 46: 1, 56: 1}
    assert counts.scores[:, 0, 0].sum() == 5
    assert counts.scores[:, 0, 1].sum() == 0


def test_a_reward_that_comes_after_the_window_is_recorded_as_none(engine: str) -> None:
    """Rewards of 5 after 4 s: within a window of 4 s 25 in all, within one of 3 s nothing."""
    earning = variant(
        latency=constant("1s"),
        quality={
            "kind": "numeric_reward",
            "distribution": {"kind": "quantiles", "values": [5, 5]},
            "earning_share": 0.999999,
        },
    )
    for window, mean in (("4s", 5.0), ("3s", 0.0)):
        labels = {"delay": constant("4s"), "attribution_window": window}
        counts = counted(engine, labels, served=earning, metric="reward")
        assert counts.rewards[:, 0, RewardColumn.COUNT].sum() == 5
        assert counts.label_totals(0, 0, SECONDS).rewards.mean == mean
