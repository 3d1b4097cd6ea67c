"""What is varied in a sweep, as a text and in Python, and the points that come out of it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from simab.errors import InvalidInput, InvalidScenario
from simab.profiles.quality import Success
from simab.scenario import Scenario
from simab.scenario.sweeps import MOST_POINTS, Variation, amount_of, points_of
from tests.study.building import small


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("effect=-4%..4%/9", ["-4%", "-3%", "-2%", "-1%", "0%", "1%", "2%", "3%", "4%"]),
        ("effect=-0.5%..0.25%/4", ["-0.5%", "-0.25%", "0%", "0.25%"]),
        ("traffic.users.rate=1/s..8/s/3", ["1/s", "4.5/s", "8/s"]),
        ("traffic.users.rate=60/min..2/s/2", ["1/s", "2/s"]),
        ("labels.delay.value=10s..2min/3", ["10s", "65s", "2min"]),
        ("traffic.users.clients=10..40/4", [10, 20, 30, 40]),
        ("x=0.1..0.3/3", [0.1, 0.2, 0.3]),
        ("x=1..2/3", [1, 1.5, 2]),
        ("x=4%..-4%/2", ["4%", "-4%"]),
        ("x=1,2.5,60ms,a word", [1, 2.5, "60ms", "a word"]),
        ("x={kind: constant, value: 1s},[1, 2]", [{"kind": "constant", "value": "1s"}, [1, 2]]),
        ('x."a.b"=null,true', [None, True]),
    ],
)
def test_a_text_says_what_varies(text: str, values: list[Any]) -> None:
    """Ranges have equal steps in the unit of their ends; a list has the values of a file."""
    assert list(Variation.parse(text).points()) == values


def test_python_may_give_a_text_or_a_list() -> None:
    """NumPy's numbers too, and the path in any spelling."""
    numpy = pytest.importorskip("numpy")
    assert Variation.of("effect", "1%..2%/2").points() == ("1%", "2%")
    assert Variation.of("a", numpy.linspace(0, 1, 3)).points() == (0.0, 0.5, 1.0)
    assert Variation.of('a."b"', [1]).path == "a.b"


@pytest.mark.parametrize(
    "text",
    [
        "effect", "=3", "effect=", "x=1..2", "x=1..2/1", "x=1..2/0", f"x=1..2/{10**30}",
        "x=1%..2/3", "x=1s..2/s/3", "x=5..5/2", "x=a..b/3", "x=1,1.0", "x=5%,0.05", "x=60s,1min",
        "x=a,a", "x=]", "a..b=3", "x=1..2..3/4", "x={a: 1", "x=nan..1/3", "x=.inf..1/3",
    ],
)  # fmt: skip
def test_what_is_not_a_variation_is_refused(text: str) -> None:
    """With the field where there is one, before any scenario is looked at."""
    with pytest.raises(InvalidInput, match="vary"):
        Variation.parse(text).points()


def test_amounts_are_in_seconds_shares_and_rates() -> None:
    """60s is 1min, and 5 % is a twentieth; words and flags have no amount."""
    assert amount_of("90s") == amount_of("1.5min") == (90, "seconds")
    assert amount_of("5%") == (Fraction(1, 20), "share")
    assert amount_of("120/min") == (2, "per second")
    assert amount_of(True) is amount_of("new") is amount_of([1]) is amount_of(float("nan")) is None


def probability(scenario: Scenario, variant: str = "b") -> float:
    quality = scenario.endpoint.variants[variant].quality
    assert isinstance(quality, Success)
    return quality.probability


def points(*texts: str, **sample: Any) -> Any:
    return points_of(small(), [Variation.parse(text) for text in texts], **sample)


def test_a_grid_has_all_combinations() -> None:
    """Each a valid scenario with both fields changed; the effect is above the control's 0.8."""
    found = points("effect=-5%,5%", "traffic.users.rate=1/s,2/s")
    made = [(probability(each.scenario), each.scenario.traffic["users"].rate) for each in found]
    assert made == [(0.75, 1.0), (0.75, 2.0), (0.85, 1.0), (0.85, 2.0)]
    assert [each.settings["effect"] for each in found] == ["-5%", "-5%", "5%", "5%"]
    assert len({each.name for each in found}) == 4


def test_a_latin_hypercube_takes_each_part_of_each_field_once() -> None:
    """McKay, Beckman and Conover: one point in each of n equal parts of each range."""
    sample = points("effect=0%..10%", "traffic.users.rate=1/s..9/s", samples=16, seed=5)
    for low, high, values in (
        (0.8, 0.9, [probability(each.scenario) for each in sample]),
        (1.0, 9.0, [each.scenario.traffic["users"].rate for each in sample]),
    ):
        parts = sorted(int((value - low) / (high - low) * 16) for value in values)
        assert parts == list(range(16))


def test_a_sample_depends_on_its_seed_alone() -> None:
    """Another field does not move the values of the first, and another seed does."""
    both = points("effect=0%..10%", "traffic.users.rate=1/s..9/s", samples=8, seed=5)
    alone = points("effect=0%..10%", samples=8, seed=5)
    other = points("effect=0%..10%", samples=8, seed=6)
    effects = [[each.settings["effect"] for each in found] for found in (both, alone, other)]
    assert effects[0] == effects[1] != effects[2]


def test_a_sample_of_a_list_has_each_value_as_often() -> None:
    """Eight points of four values: each twice; of whole numbers whole ones."""
    sample = points("endpoint.variants.b.workers=1,2,3,4", samples=8, seed=1)
    taken = sorted(each.scenario.endpoint.variants["b"].workers for each in sample)
    assert taken == [1, 1, 2, 2, 3, 3, 4, 4]
    drawn = points("traffic.users.clients=10..1000", samples=8, seed=1)
    assert all(isinstance(each.settings["traffic.users.clients"], int) for each in drawn)


@pytest.mark.parametrize(
    ("texts", "named"),
    [
        (["effect=-5%,15%,25%"], "effect = 25%"),
        (["endpoint.variants.b.error_rate=0%..200%/3"], "error_rate = 200%"),
        (["endpoint.variants.c.error_rate=1%"], "has no c"),
        (["endpoint.variants.b.workers=1,1.5"], "workers = 1.5"),
        (["endpoint.variants=1"], "endpoint.variants = 1"),
        (["effect=a"], "effect = a"),
        (["effect={a: 1}"], "an effect is"),
        (["horizon=1s"], "at horizon = 1s"),
        (["title=a,b"], "title"),
        (["worlds=a"], "worlds"),
        (["requirements[0].at_most=1%"], "requirements"),
        (["effect=1%", "effect=2%"], "effect"),
        (["traffic.users.rate=1/s", 'traffic."users".rate=2/s'], "traffic.users.rate"),
        (["traffic.users.rate=1/s", "traffic.users={rate: 2/s}"], "overlaps"),
    ],
)
def test_a_point_that_cannot_be_is_named(texts: list[str], named: str) -> None:
    """With the rule that it breaks, and how many others cannot be."""
    with pytest.raises(InvalidInput, match=named.replace("[", r"\[")):
        points(*texts)


def test_all_problems_of_a_point_are_said_with_their_fields() -> None:
    """As of a file: an InvalidScenario whose source is the point."""
    with pytest.raises(InvalidScenario) as refused:
        points("endpoint.variants.b.error_rate=0.1,1.5,2")
    assert refused.value.problems[0].field == "endpoint.variants.b.error_rate"
    assert "1.5" in refused.value.source
    assert "1 more" in refused.value.source


def test_too_many_points_are_refused_before_they_are_made() -> None:
    """A grid of a million would take hours to check."""
    with pytest.raises(InvalidInput, match="1,000,000 points"):
        points("effect=-5%..5%/1000", "traffic.users.rate=1/s..9/s/1000")
    for samples in (0, 1, MOST_POINTS + 1, True, 2.0, "3"):
        with pytest.raises(InvalidInput, match="latin_hypercube"):
            points("effect=-5%..5%", samples=samples)


def test_a_sample_draws_its_own_points() -> None:
    """A range that says how many has no say then."""
    with pytest.raises(InvalidInput, match="9 are asked for"):
        points("effect=-5%..5%/9", samples=4)


def test_a_percentage_of_a_reward_is_refused() -> None:
    """Of which reward is not said; a number in its units is taken."""
    quality = {
        "kind": "numeric_reward",
        "distribution": {"kind": "normal", "mean": 10, "standard_deviation": 2},
    }
    data = json.loads(small().model_dump_json())
    for each in data["endpoint"]["variants"].values():
        each["quality"] = quality
    data["objective"] |= {"metric": "reward", "smallest_effect": 1}
    data["policies"] = {"s": {"kind": "manual_schedule", "steps": [{"at": "60s", "promote": "b"}]}}
    scenario = Scenario.model_validate_json(json.dumps(data))
    with pytest.raises(InvalidInput, match="of which reward"):
        points_of(scenario, [Variation.parse("effect=1%")])
    assert len(points_of(scenario, [Variation.parse("effect=-1..1/3")])) == 3
