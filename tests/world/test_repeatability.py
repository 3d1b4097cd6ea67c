"""The same run gives the same bytes, whatever is asked for beside it and in whatever order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from hypothesis import given
from numpy.typing import NDArray

from simab.run.simulation import Run, simulate
from simab.scenario.models import Scenario
from simab.world.records import RECORD_COLUMNS
from tests.effort import examples
from tests.world.building import assert_same, record, scenario, variant
from tests.world.drawn_runs import Play, plays

ARRIVED, SEGMENT = RECORD_COLUMNS.index("arrived_ns"), RECORD_COLUMNS.index("segment")


@examples(1 / 6)
@given(play=plays())
def test_a_run_is_a_function_of_its_arguments(engine: str, play: Play) -> None:
    """The same bytes for the same scenario, policy, seed and replication, recorded or not.

    Every engine has the bits of the reference. Arrivals of two replications or seeds differ, but
    for those of traces.
    """
    run = play.on(engine)
    assert_same(run, play.on(engine))
    assert_same(run, play.on(engine, record_requests=False), records=False)
    if engine != "reference":
        assert_same(run, play.on("reference"))
    first = _drawn_arrivals(play, run)
    for change in ({"replication": play.replication ^ 1}, {"seed": play.seed ^ 1}):
        other = _drawn_arrivals(play, play.on(engine, **change))
        assert len(first) < 3 or not np.array_equal(first, other)


def _drawn_arrivals(play: Play, run: Run) -> NDArray[np.int64]:
    """Of the requests of segments that replay no trace."""
    traffic = play.scenario.traffic.values()
    drawn = [place for place, segment in enumerate(traffic) if segment.trace is None]
    records = run.data.records
    return records[np.isin(records[:, SEGMENT], drawn), ARRIVED]


def _turned(value: Any, keep: frozenset[str], name: str = "") -> Any:
    """Data with the entries of all mappings in reverse, but for the mappings in `keep`."""
    if isinstance(value, dict):
        entries = [(key, _turned(each, keep, key)) for key, each in value.items()]
        return dict(entries if name in keep else reversed(entries))
    if isinstance(value, list):
        return [_turned(each, keep) for each in value]
    return value


@examples(1 / 6)
@given(play=plays())
def test_neither_the_order_of_keys_nor_what_is_not_used_changes_a_run(
    engine: str, play: Play
) -> None:
    """Fields, segments, tables and columns in reverse order give the same run.

    Variants and targets keep theirs: it says which part of a word's range is whose. So does another
    title, policy, replication count, or an outcome table that nobody uses.
    """
    data = play.scenario.model_dump(mode="json")
    run = play.on(engine)
    majority = {"kind": "metric_majority", "labelled_requests": 5, "metrics": ["accuracy"]}
    unused = {"rows": [{"label": 1, "scores": {"x": 1.0}}]}
    policies = {"still": data["policies"]["still"]}
    if data["objective"]["metric"] == "accuracy":
        policies = {"first now": majority, **policies}
    beside = {
        "title": "another",
        "study": {"replications": 3, "seed": 9},
        "policies": policies,
        "outcome_tables": {"unused": unused, **data["outcome_tables"]},
    }
    assert_same(run, play.on(engine, scenario=Scenario.model_validate(data | beside)))
    # Only requests of two segments at one nanosecond may change places.
    if not run.requests["arrived_ns"].duplicated().any():
        turned = _turned(data, frozenset({"variants", "targets"}))
        assert_same(run, play.on(engine, scenario=Scenario.model_validate(turned)))


def test_a_further_segment_leaves_the_others_alone(engine: str) -> None:
    """Streams are by name: the old segment's requests keep their arrivals, clients and labels."""
    roomy = variant(instances=1, workers=1000)
    alone = record(scenario({"a": roomy, "b": roomy}), engine).requests
    both = record(
        scenario(
            {"a": roomy, "b": roomy},
            traffic={"crowd": {"rate": "30/s"}, "users": {"rate": "20/s"}},
        ),
        engine,
    ).requests
    same = both[both["segment"] == "users"].drop(columns="request").reset_index(drop=True)
    pd.testing.assert_frame_equal(same, alone.drop(columns="request"))


def test_policies_meet_the_same_clients_and_outcomes(engine: str) -> None:
    """Common random numbers: another split changes who serves, not who comes nor their content."""
    plain = scenario(
        {
            name: variant(quality={"kind": "joint_table", "table": "rows", "column": "m"})
            for name in ("a", "b")
        },
        outcome_tables={
            "rows": {"rows": [{"label": 1, "scores": {"m": 1}}, {"label": 0, "scores": {"m": 1}}]}
        },
        policies={
            "still": {"kind": "manual_schedule", "steps": [{"at": "366d", "promote": "b"}]},
            "move": {"kind": "manual_schedule", "steps": [{"at": "10s", "promote": "b"}]},
        },
        endpoint={"weight_update": "0s"},
    )
    still, move = (record(plain, engine, policy=name).requests for name in ("still", "move"))
    assert not still["variant"].equals(move["variant"])
    assert still[["client", "arrived_ns"]].equals(move[["client", "arrived_ns"]])
    labelled = (still["label"] >= 0) & (move["label"] >= 0)
    assert still.loc[labelled, "label"].equals(move.loc[labelled, "label"])


def test_the_largest_seed_and_replication_are_played(engine: str) -> None:
    """Both go up to 2**64 - 1."""
    run = simulate(scenario(), engine=engine, seed=2**64 - 1, replication=2**64 - 1)
    assert run.totals.arrived > 0
