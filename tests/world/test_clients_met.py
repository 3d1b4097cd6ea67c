"""A run counts the clients that met one of the variants watched, where it is asked to."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simab.analyse import summary_of, truth_of_scenario
from simab.comparison import compare
from simab.draws import Draws
from simab.policies import Mirror, SetWeights
from simab.run.simulation import Run, play_run
from simab.scenario.models import Scenario
from simab.world import Blueprint
from simab.world.records import COPY
from simab.world.session import ENGINES
from tests.effort import examples
from tests.world.building import Script, scenario, variant
from tests.world.drawn_runs import Play, plays
from tests.world.engines_comparison import differences, play_on

MOST_CLIENTS = 10**6  # of a drawn run: a table of 2**31 clients takes a quarter of a gigabyte
GOOD = {"quality": {"kind": "success", "probability": 0.9}}
BAD = {"quality": {"kind": "success", "probability": 0.5}}
AT_ONCE = {"weight_update": "1ns", "provisioning": "1ns"}


def met(run: Run, watched: set[str]) -> int:
    """By definition, off the records: clients of requests that ended at one of these variants."""
    requests = run.requests
    ended = requests[(requests["status"].isin([200, 500, 503])) & (requests["attempt"] != COPY)]
    return len(ended[ended["variant"].isin(watched)].groupby(["segment", "client"]))


@examples(1 / 4)
@given(play=plays(), chosen=st.sets(st.integers(0, 9), min_size=1, max_size=3))
def test_both_engines_count_them_alike_and_as_the_records_say(play: Play, chosen: set[int]) -> None:
    """Drawn runs with targets, cookies, mirrors, queues and errors; nothing else changes."""
    assume(sum(each.clients for each in play.scenario.traffic.values()) <= MOST_CLIENTS)
    names = list(play.scenario.endpoint.variants)
    watched = {names[each % len(names)] for each in chosen}
    blueprint = Blueprint.of(play.scenario, watched)
    reference, compiled = (play_on(each, play, blueprint=blueprint) for each in ENGINES)
    assert differences(reference, compiled, frames=False) == []
    assert compiled.run.data.run_counts.clients_met() == met(compiled.run, watched)
    without = play_on("compiled", play, record_requests=False, blueprint=blueprint)
    assert without.run.data.run_counts.clients_met() == met(compiled.run, watched)
    plain = play_on("compiled", play).run.data.run_counts
    assert not plain.clients.size
    counted = dataclasses.replace(compiled.run.data.run_counts, clients=plain.clients)
    for name in ("requests", "labels", "totals"):
        assert (getattr(counted, name) == getattr(plain, name)).all()


def small(worse: dict[str, object], **parts: object) -> Scenario:
    """Good a and worse b; a request every second or so of one of three clients, for a minute."""
    described: dict[str, object] = {
        "traffic": {"users": {"rate": "1/s", "clients": 3}},
        "horizon": "1min",
        "endpoint": AT_ONCE,
    }
    return scenario({"a": variant(**GOOD), "b": variant(**BAD, **worse)}, **(described | parts))


def clients_on_worse(played_on: Scenario, actions: object = None, engine: str = "compiled") -> int:
    truth = truth_of_scenario(played_on)
    script = Script(actions or {})  # type: ignore[arg-type]
    blueprint = Blueprint.of(played_on, truth.worse)
    run = play_run(blueprint, ("script", script), Draws(3, 0), engine=engine)
    found = summary_of(run, truth).clients_on_worse
    assert found is not None
    return found


@pytest.mark.parametrize("engine", ENGINES)
def test_clients_are_counted_once_and_those_that_got_no_answer_too(engine: str) -> None:
    """All 3 of the clients ask within 60 requests: as many meet a variant at all weight.

    0 meet one at weight 0, also where it gets a copy of every request; 3 where all of its answers
    are errors.
    """
    assert clients_on_worse(small({"weight": 1e6}), engine=engine) == 3
    assert clients_on_worse(small({"weight": 0}), engine=engine) == 0
    copied = {1: [SetWeights({}, mirror=Mirror("b", 1.0))]}
    assert clients_on_worse(small({"weight": 0}), copied, engine) == 0
    assert clients_on_worse(small({"weight": 1e6, "error_rate": 1.0}), engine=engine) == 3


def test_segments_have_clients_of_their_own() -> None:
    """One client each in three segments, all at b: three clients, whatever their numbers."""
    traffic = {name: {"rate": "1/s", "clients": 1} for name in ("x", "y", "z")}
    assert clients_on_worse(small({"weight": 1e6}, traffic=traffic)) == 3


def test_a_study_counts_them_where_its_file_asks() -> None:
    """Else the column is empty; other columns are the same, for clients are drawn apart."""
    asked = small({}).model_dump(mode="json")
    asked["objective"]["count_clients"] = True
    counted, plain = (
        compare(each, replications=3).outcomes
        for each in (Scenario.model_validate(asked), small({}))
    )
    assert counted["clients_on_worse"].tolist() == [3, 3, 3]
    assert plain["clients_on_worse"].isna().all()
    same = [name for name in plain.columns if name != "clients_on_worse"]
    assert counted[same].equals(plain[same])
