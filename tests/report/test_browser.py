"""In a real browser the page is quiet, fits its screen, and cuts nothing off."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Page = Callable[[str], str]

BROWSER = os.environ.get("SIMAB_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDTHS = (1280, 390)
RESULTS = ["churn", "hostile", "twelve_policies", "bandit", "nobody_decides", "one_run", "millions"]

# Everything that a reader would see cut off or one over the other; each entry is a complaint.
COMPLAINTS = """() => {
  const found = [];
  const visible = element => element.checkVisibility({visibilityProperty: true});
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth)
    found.push(`the document is ${root.scrollWidth} wide, the screen ${root.clientWidth}`);
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('svg') || element.tagName === 'CAPTION' || !visible(element)) continue;
    const overflow = getComputedStyle(element).overflowX;
    const cut = element.scrollWidth > element.clientWidth + 1;
    if (cut && (overflow === 'hidden' || overflow === 'clip'))
      found.push(`${element.tagName} cuts off ${element.textContent.slice(0, 40)}`);
    if (element.closest('.scroll')) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.right > root.clientWidth + 1 || box.left < -1))
      found.push(`${element.tagName} leaves the screen: ${element.textContent.slice(0, 40)}`);
  }
  for (const svg of document.querySelectorAll('svg')) {
    if (!visible(svg)) continue;
    const paper = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(
      text => [text.textContent, text.getBoundingClientRect()]);
    for (const [words, box] of texts)
      if (box.left < paper.left - 2 || box.right > paper.right + 2 ||
          box.top < paper.top - 2 || box.bottom > paper.bottom + 2)
        found.push(`${svg.querySelector('title').textContent}: cut off: ${words}`);
    for (let a = 0; a < texts.length; a++)
      for (let b = 0; b < a; b++) {
        const [one, other] = [texts[a][1], texts[b][1]];
        const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (across > 1 && down > 4)
          found.push(`${svg.querySelector('title').textContent}: ` +
                     `${texts[a][0]} over ${texts[b][0]}`);
      }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless browser; where there is none the tests are skipped, but never in CI."""
    if not Path(BROWSER).exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must look at the page, and {BROWSER} does not exist")
        pytest.skip(f"{BROWSER} does not exist; SIMAB_CHROMIUM may name a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def shown(chromium: Any, width: int, folder: Path) -> Iterator[Any]:
    """A function that shows a result on a screen of that width, with what the browser reported."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    said: list[str] = []

    def show(text: str, scheme: str = "light") -> tuple[Any, list[str]]:
        (folder / "report.html").write_text(text, encoding="utf-8")
        page = context.new_page()
        page.emulate_media(color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda asked: said.append(asked.url))
        page.goto((folder / "report.html").as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        return page, said

    yield show
    context.close()


@pytest.fixture(params=WIDTHS)
def open_page(chromium: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """The same for each width in turn."""
    with shown(chromium, request.param, tmp_path) as show:
        yield show


@pytest.mark.parametrize(
    "name",
    [
        *RESULTS[:4],
        *(pytest.param(name, marks=pytest.mark.long) for name in RESULTS[4:]),
    ],
)
def test_the_page_is_quiet_and_whole(
    chromium: Any, page_of: Page, name: str, tmp_path: Path
) -> None:
    """No request but the page itself, no console message, nothing cut off or overlapping.

    On the wide screen, and on the narrow one that it is turned into.
    """
    with shown(chromium, WIDTHS[0], tmp_path) as show:
        page, said = show(page_of(name))
        assert page.evaluate(COMPLAINTS) == []
        page.set_viewport_size({"width": WIDTHS[1], "height": 900})
        assert page.evaluate(COMPLAINTS) == []
        assert said == [(tmp_path / "report.html").as_uri()]


def test_numbers_of_millions_fit_into_the_table(open_page: Any, page_of: Page) -> None:
    """No column has to be scrolled to, with a hundred requests a second for a day."""
    page, _ = open_page(page_of("millions"))
    too_wide = page.evaluate(
        "[...document.querySelectorAll('.scroll:has(.cards)')].map("
        "each => each.scrollWidth - each.clientWidth)"
    )
    assert too_wide
    assert max(too_wide) <= 0


def test_one_rendering_of_each_figure_is_seen(open_page: Any, page_of: Page) -> None:
    page, _ = open_page(page_of("churn"))
    seen = page.evaluate(
        "[...document.querySelectorAll('figure')].map(figure => "
        "[...figure.querySelectorAll('svg')].filter(svg => svg.checkVisibility()).length)"
    )
    assert seen == [1] * len(seen)
    assert len(seen) > 5


def test_figures_follow_the_theme(open_page: Any, page_of: Page) -> None:
    """Dark screens get light text, in figures too; on paper it is dark whatever the screen was."""
    page, _ = open_page(page_of("churn"), "dark")
    ask = "getComputedStyle([...document.querySelectorAll('svg text')].at(0)).fill"
    assert page.evaluate(ask) == "rgb(231, 233, 235)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(ask) == "rgb(28, 32, 36)"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 254)"


def test_paper_holds_the_page(chromium: Any, page_of: Page, tmp_path: Path) -> None:
    """A4 less margins is 718 CSS pixels wide; the widest table must not run off it."""
    (tmp_path / "report.html").write_text(page_of("churn"), encoding="utf-8")
    page = chromium.new_page(viewport={"width": 718, "height": 900})
    page.goto((tmp_path / "report.html").as_uri())
    page.emulate_media(media="print")
    assert page.evaluate(COMPLAINTS) == []
    page.close()


def test_the_page_needs_no_script(chromium: Any, page_of: Page, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page_of("churn"), encoding="utf-8")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "report.html").as_uri())
    assert (
        page.get_by_role("heading", level=1).inner_text() == "Two churn classifiers on 120 requests"
    )
    context.close()


def test_a_complaint_would_be_made(chromium: Any, page_of: Page, tmp_path: Path) -> None:
    """Plant a text beyond the edge and one over another: the checks above must notice."""
    with shown(chromium, WIDTHS[1], tmp_path) as show:
        page, _ = show(page_of("churn"))
        plant_two_texts(page)
        complaints = " ".join(page.evaluate(COMPLAINTS))
    assert "cut off" in complaints
    assert " over " in complaints


def plant_two_texts(page: Any) -> None:
    page.evaluate(
        "const svg = [...document.querySelectorAll('svg')].find(each => each.checkVisibility());"
        "const text = svg.querySelector('text'); const copy = text.cloneNode(true);"
        "text.parentNode.append(copy); copy.setAttribute('x', '-40');"
        "text.parentNode.append(text.cloneNode(true))"
    )


@pytest.mark.parametrize("name", ["churn", "twelve_policies"])
@pytest.mark.long
def test_the_page_passes_axe_also_with_everything_opened(
    chromium: Any, page_of: Page, name: str, tmp_path: Path
) -> None:
    """The rules of axe-core find nothing: wide and narrow, light and dark."""
    axe_playwright = pytest.importorskip("axe_playwright_python")
    (axe,) = Path(axe_playwright.__file__).parent.rglob("axe.min.js")
    with shown(chromium, WIDTHS[0], tmp_path) as show:
        page, _ = show(page_of(name))
        page.evaluate(axe.read_text("utf-8"))
        for width, scheme in ((WIDTHS[0], "light"), (WIDTHS[1], "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            for is_open in ("true", "false"):
                page.evaluate(
                    f"document.querySelectorAll('details').forEach(each => each.open = {is_open})"
                )
                found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
                assert [each["id"] for each in found["violations"]] == []


def test_the_list_of_contents_names_every_section_and_is_seen_once(
    open_page: Any, page_of: Page
) -> None:
    """Beside the text on a wide screen, folded above it on a narrow one, and never on paper."""
    page, _ = open_page(page_of("churn"))
    wide = page.viewport_size["width"] == WIDTHS[0]
    ask = "each => each.filter(one => one.checkVisibility()).map(one => one.getAttribute('href'))"
    links = page.eval_on_selector_all(".contents a", ask)
    sections = page.eval_on_selector_all("main > section", "each => each.map(one => '#' + one.id)")
    assert links == sections
    assert page.locator(".beside").is_visible() == wide
    assert page.locator(".above").is_visible() == (not wide)
    page.emulate_media(media="print")
    assert page.eval_on_selector_all(".contents a", ask) == []


def test_the_list_of_contents_stays_beside_the_text_and_marks_what_is_in_view(
    chromium: Any, page_of: Page, tmp_path: Path
) -> None:
    """Without a script: the entry of the section that is read is bold, one far away is not."""
    with shown(chromium, WIDTHS[0], tmp_path) as show:
        page, _ = show(page_of("churn"))
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = false)")
        page.evaluate("document.querySelector('#examples').scrollIntoView()")
        page.wait_for_timeout(100)
        box = page.locator(".beside").bounding_box()
        assert 0 <= box["y"] < 100
        weight = "link => getComputedStyle(link).fontWeight"
        here, away = (
            page.eval_on_selector(f".beside a[href='#{key}']", weight)
            for key in ("examples", "answer")
        )
        if page.evaluate("CSS.supports('timeline-scope: --a')"):
            assert (here, away) == ("600", "400")


def test_a_section_is_reached_by_the_keyboard(chromium: Any, page_of: Page, tmp_path: Path) -> None:
    """Tab to the second entry, Enter, and its section is at the top of the screen."""
    with shown(chromium, WIDTHS[0], tmp_path) as show:
        page, _ = show(page_of("churn"))
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        key = page.evaluate("location.hash").removeprefix("#")
        assert key
        top = page.evaluate(f"document.getElementById('{key}').getBoundingClientRect().top")
        assert abs(top) < 5


def test_the_page_of_a_verification_is_quiet_and_whole(
    chromium: Any, repository: Path, tmp_path: Path
) -> None:
    """The committed one: nothing cut off or overlapping, and axe-core finds nothing, dark too."""
    text = (repository / "reports" / "verify" / "report.html").read_text(encoding="utf-8")
    axe_playwright = pytest.importorskip("axe_playwright_python")
    (axe,) = Path(axe_playwright.__file__).parent.rglob("axe.min.js")
    with shown(chromium, WIDTHS[0], tmp_path) as show:
        page, said = show(text)
        assert page.evaluate(COMPLAINTS) == []
        page.set_viewport_size({"width": WIDTHS[1], "height": 900})
        assert page.evaluate(COMPLAINTS) == []
        assert said == [(tmp_path / "report.html").as_uri()]
        page.emulate_media(color_scheme="dark")
        page.evaluate(axe.read_text("utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [each["id"] for each in found["violations"]] == []
