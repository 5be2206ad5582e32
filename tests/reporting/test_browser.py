"""The report and the monitoring page in a browser: no errors, no requests, and nothing wider than the screen."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import clvmodels as clv
from clvmodels.reporting.monitoring_page import write_monitoring
from clvmodels.reporting.report import write_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (360, 768, 1280)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CHROMEDRIVER = shutil.which("chromedriver")
TOO_WIDE = """
return [...document.querySelectorAll("body *")]
  .filter(one => !one.closest(".scroll") && !one.closest("svg"))
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map(one => one.outerHTML.slice(0, 120));
"""
CUT_OFF = """
return [...document.querySelectorAll("figure svg")].filter(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].some(glyph => {
    const box = glyph.getBoundingClientRect();
    return box.width > 0 && (box.left < frame.left - 1 || box.right > frame.right + 1
      || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
  });
}).map(svg => svg.closest("figure").id);
"""
UNNAMED = """
return [...document.querySelectorAll("svg")].filter(
  svg => ((svg.closest('[role="img"]') || {ariaLabel: ""}).ariaLabel || "").length < 40).length;
"""
TROUBLE = '<div style="width: 500px">.</div><img src="http://localhost:9/x.png"><script>nowhere();</script>'


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """The report of a real validation, with an id that is wider than a phone."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    log = clv.datasets.load_cdnow(sample=True)
    split = clv.holdout_split(
        log, amount="amount", calibration_end="1997-09-30", holdout_end="1998-06-30", time_unit="week"
    )
    check = clv.validate(split, [clv.BGNBD(), clv.ParetoNBD()], clv.GammaGamma())
    rfm = split.calibration
    terms: dict[str, Any] = {"horizon": "12 months", "annual_discount_rate": 0.10, "margin": 1.0}
    value = clv.lifetime_value(clv.BGNBD().fit(rfm), clv.GammaGamma().fit(rfm), rfm, **terms)
    value["customer_id"] = value["customer_id"].astype(str)
    value.loc[value["lifetime_value"].idxmax(), "customer_id"] = "an-id-that-is-longer-than-a-phone-is-wide-" * 3
    profile = clv.profile(log, amount="amount", time_unit="week", observation_end="1998-06-30")
    write_report(check, path, value, profile=profile)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.skip("no Chromium with its chromedriver on this machine")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(CHROMEDRIVER))
    yield driver
    driver.quit()


def open_page(browser: Any, path: Path, width: int, scheme: str) -> dict[str, Any]:
    """Open a page at a screen width in a color scheme; return its requests, console messages and width."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    for log in ("browser", "performance"):
        browser.get_log(log)
    browser.get(path.as_uri())
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    failed = [event["params"] for event in events if event["method"] == "Network.loadingFailed"]
    blocked = {request["requestId"] for request in failed if request.get("blockedReason") == "csp"}
    tried = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
    sent = [request["request"]["url"] for request in tried if request["requestId"] not in blocked]
    return {
        "requests": [url for url in sent if url != path.as_uri() and not url.startswith("data:")],
        "console": browser.get_log("browser"),
        "width": browser.execute_script("return document.documentElement.scrollWidth"),
    }


@pytest.mark.acceptance
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_opens_on_every_screen(browser, page, width, scheme):
    result = open_page(browser, page, width, scheme)
    assert result == {"requests": [], "console": [], "width": width}
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script(CUT_OFF) == []
    assert browser.execute_script(UNNAMED) == 0
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 24, 28)")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_monitoring_page_opens_on_every_screen(browser, past_runs, tmp_path, width):
    path = tmp_path / "monitoring.html"
    write_monitoring(path, status="refit", sentences=["Refit now."], until="2026-03-20", tables=past_runs)
    assert open_page(browser, path, width, "light") == {"requests": [], "console": [], "width": width}
    assert browser.execute_script(TOO_WIDE) == []
    assert browser.execute_script(CUT_OFF) == []


def with_trouble(page: Path, path: Path, *, policy: bool) -> Path:
    """Write a copy of a page with something too wide, a request and a script; without its policy if it is False."""
    html = page.read_text(encoding="utf-8").replace("</body>", TROUBLE + "</body>")
    path.write_text(html if policy else re.sub("<meta http-equiv[^>]*>", "", html), encoding="utf-8")
    return path


@pytest.mark.acceptance
def test_the_policy_of_the_page_forbids_scripts_and_requests(browser, page, tmp_path):
    result = open_page(browser, with_trouble(page, tmp_path / "wrong.html", policy=True), 360, "light")
    assert result["requests"] == []
    messages = [entry["message"] for entry in result["console"]]
    assert len(messages) == 2
    assert all("Content Security Policy" in message for message in messages)


@pytest.mark.acceptance
def test_detects_errors_requests_and_overflow(browser, page, tmp_path):
    result = open_page(browser, with_trouble(page, tmp_path / "wrong.html", policy=False), 360, "light")
    assert result["requests"] == ["http://localhost:9/x.png"]
    assert any("nowhere" in entry["message"] for entry in result["console"])
    assert result["width"] > 360
    assert browser.execute_script(TOO_WIDE)


def test_tables_sort_filter_and_copy(browser, page):
    open_page(browser, page, 1280, "light")
    browser.execute_script('document.querySelectorAll("details").forEach(one => { one.open = true; })')
    table = "const table = [...document.querySelectorAll('.table table')].find(one => one.tBodies[0].rows.length > 11);"
    cells = "[...table.tBodies[0].rows].filter(row => !row.hidden).map(row => row.cells[1].textContent)"
    click = "table.tHead.rows[0].cells[1].querySelector('button').click();"
    rising = browser.execute_script(f"{table}{click} return {cells}")
    falling = browser.execute_script(f"{table}{click} return {cells}")
    numbers = [float(re.findall(r"[\d.]+", text.replace(",", ""))[0]) for text in rising]
    assert numbers == sorted(numbers)
    assert [text for text in falling if text] == sorted(falling, key=rising.index, reverse=True) or len(
        set(rising)
    ) < len(rising)
    assert browser.execute_script(f"{table} return table.querySelectorAll('[aria-sort]').length") == 1
    name = browser.execute_script(f"{table} return table.tBodies[0].rows[3].cells[0].textContent")
    left = browser.execute_script(
        f"""{table} const filter = table.closest(".table").querySelector("input");
        filter.value = arguments[0]; filter.dispatchEvent(new Event("input")); return {cells}.length""",
        name,
    )
    assert 0 < left < len(rising)
    copied = browser.execute_async_script(
        f"""{table} const done = arguments[0];
        const clipboard = {{writeText: async text => done(text)}};
        Object.defineProperty(navigator, "clipboard", {{value: clipboard, configurable: true}});
        const tools = table.closest(".table").querySelector(".tools");
        tools.querySelector("select").value = "1"; tools.querySelector("button").click();"""
    )
    assert len(copied.strip().split("\n")) == left + 1  # the heading, and the rows that are shown


def test_keys_are_enough_and_motion_can_be_reduced(browser, page):
    keys = pytest.importorskip("selenium.webdriver").Keys
    open_page(browser, page, 1280, "light")
    reached: list[str] = []
    for _ in range(12):
        browser.switch_to.active_element.send_keys(keys.TAB)
        reached.append(browser.execute_script("return document.activeElement.tagName"))
    assert reached[:4] == ["A"] * 4  # the menu, and then what can be unfolded and sorted
    assert "SUMMARY" in reached
    first = "document.querySelector('#actions th button, #actions summary, #verdict th button')"
    browser.execute_script(f"{first}.focus()")
    browser.switch_to.active_element.send_keys(keys.ENTER)
    assert browser.execute_script(f"return {first}.closest('th').getAttribute('aria-sort')") == "ascending"
    summary = browser.find_element("css selector", "#details > details > summary")
    summary.send_keys(keys.ENTER)
    assert browser.execute_script("return document.querySelector('#details > details').open")
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert browser.execute_script(outline) != "none"
    for wish, behavior in (("reduce", "auto"), ("no-preference", "smooth")):
        wishes = {"features": [{"name": "prefers-reduced-motion", "value": wish}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wishes)
        style = "return getComputedStyle(document.documentElement).scrollBehavior"
        assert browser.execute_script(style) == behavior


def test_the_menu_follows_and_opens_what_is_folded(browser, page):
    open_page(browser, page, 1280, "light")
    current = "return [...document.querySelectorAll('nav a[aria-current]')].map(one => one.getAttribute('href'))"
    assert browser.execute_script(current) == ["#glance"]
    browser.execute_async_script(
        "document.querySelector('#verdict').scrollIntoView({behavior: 'instant'}); setTimeout(arguments[0], 300);"
    )
    assert browser.execute_script(current) == ["#verdict"]
    folded = browser.execute_async_script(
        """location.hash = "#ranking"; const done = arguments[0];
        setTimeout(() => done(document.querySelector("#ranking").closest("details").open), 300);"""
    )
    assert folded


def test_pictures_say_what_is_near_the_pointer(browser, page):
    open_page(browser, page, 1280, "light")
    shown = browser.execute_script(
        """const svg = document.querySelector("figure svg[data-marks]"); svg.scrollIntoView();
        const [x, y, label] = JSON.parse(svg.dataset.marks)[3];
        const place = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
        svg.dispatchEvent(new PointerEvent("pointermove", {clientX: place.x, clientY: place.y}));
        return [document.querySelector(".tip").textContent, document.querySelector(".tip").hidden];"""
    )
    assert shown[0]
    assert not shown[1]


OVERLAPPING = """
const touching = (one, other) => one.left < other.right - 1 && other.left < one.right - 1
  && one.top < other.bottom - 2 && other.top < one.bottom - 2;
return [...document.querySelectorAll("figure svg")].flatMap(svg => {
  const boxes = [...svg.querySelectorAll("text")].map(one => [one.textContent, one.getBoundingClientRect()]);
  return boxes.flatMap(([text, box], i) => boxes.slice(i + 1).filter(([, other]) => touching(box, other))
    .map(([other]) => `${svg.closest("figure").id}: ${text} | ${other}`));
});
"""


@pytest.mark.parametrize("width", WIDTHS)
def test_labels_do_not_overlap(browser, page, width):
    open_page(browser, page, width, "light")
    browser.execute_script('document.querySelectorAll("details").forEach(one => { one.open = true; })')
    assert browser.execute_script(OVERLAPPING) == []


def test_five_screens_five_sheets_and_a_small_file(browser, page):
    open_page(browser, page, 1280, "light")
    assert browser.execute_script("return document.documentElement.scrollHeight") <= 5 * 900
    assert page.stat().st_size < 600_000
    for opened, sheets in ((False, range(1, 6)), (True, range(7, 60))):
        browser.execute_script(f"document.querySelector('#print-details').checked = {str(opened).lower()}")
        printed = browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
        assert len(re.findall(rb"/Type /Page\b(?!s)", base64.b64decode(printed))) in sheets


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(browser, page, scheme):
    axe = pytest.importorskip("axe_core_python")
    open_page(browser, page, 1280, scheme)
    browser.execute_script('document.querySelectorAll("details").forEach(one => { one.open = true; })')
    script = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    browser.execute_script(script)
    browser.set_script_timeout(180)  # seconds; every rule on every element, on a busy machine
    found = browser.execute_async_script(
        "axe.run({exclude: [['figure svg']]}).then(found => arguments[0](found.violations))"
    )
    assert [(each["id"], each["nodes"][0]["html"][:200], len(each["nodes"])) for each in found] == []
