"""The live page: it loads nothing, runs nothing that is not its own, and shows what is so."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simab.aws import Account
from simab.aws.server.page import page
from tests.aws.server.asking import Server
from tests.aws.test_endpoints import served

BROWSER = os.environ.get("SIMAB_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
ODD = "<img src=x onerror=document.title=1>"


def test_it_names_no_other_place(serve: Callable[..., Server]) -> None:
    """No address but that of SVG's namespace, and no way to make markup of text."""
    answer = serve().ask("GET", "/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert re.findall(r"https?://[^\"'\s]+", text) == ["http://www.w3.org/2000/svg"]
    for way in ("innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "onclick"):
        assert way not in text


def test_the_browser_is_told_to_run_nothing_else(serve: Callable[..., Server]) -> None:
    """The digests are those of the one script and the one style sheet; nobody may frame it."""
    policy = serve().ask("GET", "/").headers["content-security-policy"]
    for tag in ("script", "style"):
        (within,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page().decode(), re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(within.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for all tests; skipped where there is none."""
    pytest.importorskip("playwright")
    if not Path(BROWSER).exists():
        pytest.skip(f"{BROWSER} does not exist; SIMAB_CHROMIUM may name a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield found
        found.close()


def opened(browser: Any, server: Server, width: int = 1_280) -> tuple[Any, list[str]]:
    """The page once it shows the state, and what the browser complains about meanwhile."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    shown, complaints = context.new_page(), list[str]()
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(server.url)
    shown.wait_for_selector("main section")
    return shown, complaints


@pytest.mark.long
def test_it_shows_what_is_so_and_goes_on(browser: Any, serve: Callable[..., Server]) -> None:
    server = serve()
    server.advance(600)
    shown, complaints = opened(browser, server)
    assert shown.inner_text("h2") == "e"
    assert "10 min from the start; time passes as clients ask." in shown.inner_text("#clock")
    assert shown.locator("tbody tr").count() == 2
    server.call(
        "SageMaker.UpdateEndpointWeightsAndCapacities",
        {
            "EndpointName": "e",
            "DesiredWeightsAndCapacities": [{"VariantName": "b", "DesiredWeight": 9}],
        },
    )
    alarm = {
        "AlarmName": "high",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    assert server.call("GraniteServiceVersion20100801.PutMetricAlarm", alarm).status == 200
    state = {"AlarmName": "high", "StateValue": "ALARM", "StateReason": ODD}
    server.call("GraniteServiceVersion20100801.SetAlarmState", state)
    shown.wait_for_selector("#sounding:not([hidden])")
    assert shown.inner_text("#sounding") == "An alarm sounds: high"
    text = shown.inner_text("body")
    for said in ("Updating", "1 → 9", "the change is in force in 1 min 2 s", ODD):
        assert said in text
    assert shown.locator("img").count() == 0
    assert complaints == []


@pytest.mark.long
def test_an_empty_account_says_how_to_begin_and_one_that_has_gone_says_so(
    browser: Any, serve: Callable[..., Server]
) -> None:
    server = serve(Account(served()))
    shown, _ = opened(browser, server)
    assert f"export AWS_ENDPOINT_URL={server.url}\n" in shown.inner_text("pre")
    shown.route("**/_simab/state", lambda route: route.abort())
    shown.wait_for_selector("#gone:not([hidden])")
    assert "below is what it said last" in shown.inner_text("#gone")
    shown.unroute("**/_simab/state")
    shown.wait_for_selector("#gone", state="hidden")


@pytest.mark.long
@pytest.mark.parametrize("width", [1_280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_at_both_widths(
    browser: Any, serve: Callable[..., Server], width: int, scheme: str
) -> None:
    """By the rules of axe-core, and nothing is wider than the window."""
    axe_playwright = pytest.importorskip("axe_playwright_python")
    (axe,) = Path(axe_playwright.__file__).parent.rglob("axe.min.js")
    server = serve()
    server.advance(300)
    body = {"AlarmNames": ["none"]}
    server.call("GraniteServiceVersion20100801.DeleteAlarms", body)
    shown, _ = opened(browser, server, width)
    shown.emulate_media(color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    found = shown.evaluate(
        f"{axe.read_text(encoding='utf-8')}; axe.run().then(found => found.violations"
        ".map(each => [each.id, each.nodes.map(node => node.html)]))"
    )
    assert found == []
