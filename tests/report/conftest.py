"""Results for the tests of the page, each by its name, and the pages of them, each drawn once."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simab.report import render_page
from simab.result.saved_study import read_result
from tests.report.judging import judged
from tests.report.toy_study import CHURN, Result, build


def many_policies() -> Result:
    specs = tuple(
        (f"policy_{at}_with_a_name_that_goes_on_and_on_and_on_for_a_while", "fixed_horizon",
         (0.02 * at, 0.98 - 0.04 * at, 0.0, 0.02 + 0.02 * at), 60 + 20 * at)
        for at in range(12)
    )  # fmt: skip
    return build(specs)


def hostile() -> Result:
    """Names and texts that would break a page that trusts them."""
    nasty = "<script>alert(1)</script>"
    specs = (
        (f"{nasty}", "metric_majority", (0.5, 0.5, 0, 0), 60),
        ("]]> \"double\" 'single' & $x^2$ \\", "fixed_horizon", (0.1, 0.8, 0.1, 0), 120),
        ("名前 ünïcödé 🙂 \u202egnirts", "fixed_horizon", (0.2, 0.8, 0, 0), 150),
        ("n" * 63, "url(#x)", (0.2, 0.7, 0, 0.1), 150),
    )
    result = build(specs)
    text = (
        f"{nasty} ]]> \"&' {{{{ 7*7 }}}} {{% raw %}} \u0007 </style></title><img src=x onerror=1>"
    )
    result["scenario"] |= {"title": text, "question": text + "w" * 300}
    result |= {"command": text, "scenario_yaml": text + "\n" + "y" * 500, "warnings": [text]}
    result["policies"][0] |= {"rule": text, "misleads": text, "parameters": {nasty: nasty}}
    result["examples"][0]["decisions"][0] |= {"because": text, "detail": text, "action": nasty}
    swap = {"Variant1": "<b>&control", "Variant2": "候補" + "v" * 60}
    return renamed(result, swap)


def renamed(value: Any, swap: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {swap.get(key, key): renamed(each, swap) for key, each in value.items()}
    if isinstance(value, list):
        return [renamed(each, swap) for each in value]
    return swap.get(value, value) if isinstance(value, str) else value


def nobody_decides() -> Result:
    return build(tuple((spec[0], spec[1], (0, 0, 0, 1), 60) for spec in CHURN[:2]))


def equal_variants() -> Result:
    result = build()
    judged(result, {"Variant1": {"f1": 0.841}, "Variant2": {"f1": 0.841}})
    for policy in result["policies"]:
        policy["requests_on_worse"] = {"mean": None, "low": None, "high": None}
    result["paired"] = [each for each in result["paired"] if each["quantity"] == "correct"]
    return result


def bandit() -> Result:
    """Hundreds of weight changes, some refused, and a third variant."""
    result = build(CHURN[:2], right="promote_candidate")
    run = result["examples"][0]
    steps = np.clip(0.5 + 0.4 * np.sin(np.arange(300) / 40), 0, 0.9)
    run["weights"] = [
        {"at_s": 60.0 * at, "weights": {"Variant1": 0.9 - s, "Variant2": float(s), "Variant3": 0.1}}
        for at, s in enumerate(steps)
    ]
    run["decisions"] = [
        {"at_s": 60.0 * at, "action": "SetWeights", "detail": f"Variant2 {s:.2f}",
         "accepted": at % 7 != 0, "because": "drawn most often best of 1 000 draws"}
        for at, s in enumerate(steps)
    ]  # fmt: skip
    return result


def millions() -> Result:
    """The result of a busy endpoint: every count of requests has seven digits."""
    result = build()
    for policy in result["policies"]:
        for measure in ("requests_to_decision", "requests_on_worse"):
            for name, value in policy[measure].items():
                if isinstance(value, float):
                    policy[measure][name] = 4321.0 * value
    return result


BUILDERS: dict[str, Callable[[], Result]] = {
    "churn": build,
    "one_policy": lambda: build(CHURN[:1]),
    "two_policies": lambda: build(CHURN[2:4]),
    "candidate_better": lambda: build(right="promote_candidate"),
    "twelve_policies": many_policies,
    "hostile": hostile,
    "nobody_decides": nobody_decides,
    "equal_variants": equal_variants,
    "bandit": bandit,
    "millions": millions,
    "one_run": lambda: build(CHURN[:3], runs=1),
}
# What these show is on other pages too, each of which takes a second to draw.
SELDOM = {"candidate_better", "two_policies"}
USUAL = [name for name in BUILDERS if name not in SELDOM]
_BUILT: dict[str, bytes] = {}


def built(name: str) -> Result:
    """A fresh copy of the result of that name."""
    if name not in _BUILT:
        _BUILT[name] = pickle.dumps(BUILDERS[name]())  # ten times as quick as to copy it deeply
    copied: Result = pickle.loads(_BUILT[name])
    return copied


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A folder that all workers of pytest-xdist share: their own ones stand in one of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if hasattr(request.config, "workerinput") else own


def drawn(name: str, pages: Path) -> bool:
    """Draw a page into the folder, unless another worker is just doing so."""
    page = pages / f"page of {name}.html"
    with page.with_suffix(".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        if page.exists():
            return False
        whole = page.with_suffix(".new")
        whole.write_bytes(render_page(read_result(built(name))).encode())
        whole.replace(page)
    return True


@pytest.fixture
def result() -> Callable[[str], Result]:
    """A function from the name of a result to a fresh copy of it."""
    return built


@pytest.fixture
def page_of(pages: Path) -> Callable[[str], str]:
    """A function from the name of a result to its page, which is drawn once: it takes a second."""

    def page(name: str) -> str:
        kept = pages / f"page of {name}.html"
        while not kept.exists():
            # While another worker draws it, another page that will be wanted.
            if not any(drawn(each, pages) for each in (name, *USUAL)):
                time.sleep(0.02)
        return kept.read_bytes().decode()

    return page


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.long) if name in SELDOM else name
        for name in sorted(BUILDERS)
    ]
)
def any_name(request: pytest.FixtureRequest) -> str:
    """The name of each of the results in turn."""
    return str(request.param)


@pytest.fixture
def any_result(any_name: str) -> Result:
    """Each of the results in turn."""
    return built(any_name)
