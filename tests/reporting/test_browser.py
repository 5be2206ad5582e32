"""The report and the monitoring page in a browser: no errors, no requests, and nothing wider than the screen."""

from __future__ import annotations

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
