"""A shadow variant gets copies from the start, and none once it has traffic of its own."""

from __future__ import annotations

import pytest

from simab.policies import AddVariant, Mirror, Promote, RemoveVariant, SetWeights
from simab.run.simulation import Run
from simab.scenario.models import Scenario
from simab.world.run_counts import RequestColumn
from tests.world.building import Script, record, scenario, variant


def shadowed(share: float = 0.5, *, deployed: bool = True) -> Scenario:
    """Variant `b` is a shadow; a twentieth of the requests names it."""
    return scenario(
        {"a": variant(workers=9), "b": variant(workers=9, weight=0, deployed=deployed)},
        horizon="200s",
        endpoint={
            "shadow": {"variant": "b", "share": share},
            "weight_update": "5s",
            "provisioning": "5s",
        },
        traffic={"users": {"rate": "50/s", "targets": {"b": 0.05}}},
    )


def copies(run: Run) -> list[int]:
    """Copies by metric window of 10 s."""
    found: list[int] = run.data.run_counts.requests[:, 1, RequestColumn.COPIES].tolist()
    return found


def test_copies_are_made_of_the_stated_share_of_requests_that_name_nobody(engine: str) -> None:
    """About half of those, none of the others, each beside its request, without a label."""
    run = record(shadowed(), engine)
    requests = run.requests
    made = requests[requests["attempt"] == -1]
    users = requests[requests["attempt"] != -1]
    by_weight = users[users["variant"] == "a"]
    assert len(made) == run.totals.copies
    assert abs(len(made) / len(by_weight) - 0.5) < 4 * (0.25 / len(by_weight)) ** 0.5
    assert set(made["variant"]) == {"b"}
    assert (made["label_ns"] == -1).all()
    assert set(made["arrived_ns"]) <= set(by_weight["arrived_ns"])


def test_users_meet_the_same_as_without_a_shadow(engine: str) -> None:
    """What is copied changes nothing for anybody but the shadow."""
    described = shadowed()
    endpoint = described.endpoint.model_copy(update={"shadow": None})
    runs = [
        record(each, engine)
        for each in (described, described.model_copy(update={"endpoint": endpoint}))
    ]
    of_a = [run.requests.query("variant == 'a'").reset_index(drop=True) for run in runs]
    assert of_a[0].equals(of_a[1])
    assert runs[1].totals.copies == 0


def test_they_end_with_a_weight_of_its_own_and_begin_again_without(engine: str) -> None:
    """A weight in force from 55 s to 105 s: copies before and after, and none within."""
    script = Script({5: [SetWeights({"b": 1.0})], 10: [SetWeights({"b": 0.0})]})
    found = copies(record(shadowed(1.0), engine, policy=script))
    assert all(found[:5])
    assert not any(found[6:10])
    assert all(found[11:])


def test_promoted_it_copies_nothing_to_itself_or_back(engine: str) -> None:
    """All traffic goes to it, and the old variant gets none."""
    run = record(shadowed(1.0), engine, policy=Script({5: [Promote("b")]}))
    assert not any(copies(run)[6:])
    assert run.requests.query("arrived_ns >= 55_000_000_000").variant.eq("b").all()


def test_a_policys_copies_take_the_place_of_the_shadows(engine: str) -> None:
    """A mirror of everything for 50 s in place of a tenth; then the shadow's tenth again."""
    script = Script({5: [SetWeights({}, mirror=Mirror("b", 1.0))], 10: [SetWeights({})]})
    run = record(shadowed(0.1), engine, policy=script)
    sent = run.data.run_counts.requests[:, 0, RequestColumn.INVOCATIONS]
    parts = (slice(0, 5), slice(6, 10), slice(11, 20))
    shares = [sum(copies(run)[part]) / sum(sent[part]) for part in parts]
    assert shares == pytest.approx([0.1, 1.0, 0.1], abs=0.02)


def test_a_shadow_that_is_not_there_gets_nothing(engine: str) -> None:
    """Added at 15 s and removed at 105 s, it has copies in between alone."""
    script = Script({1: [AddVariant("b", 0.0)], 10: [RemoveVariant("b")]})
    found = copies(record(shadowed(1.0, deployed=False), engine, policy=script))
    assert found[0] == 0
    assert all(found[2:10])
    assert not any(found[12:])
