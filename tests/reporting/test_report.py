"""The report is one file that needs no network, is the same every time, and cannot be broken by what is in the data."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.reporting import plots
from clvmodels.reporting.report import write_report

VOID = {"meta", "link", "br", "img", "input", "hr"}
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Page(HTMLParser):
    """What a test asks of a page: its tags, ids, text, and that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "report.html"


def written(path: Path, *args: object, **options: object) -> str:
    write_report(*args[:1], path, *args[1:], **options)  # type: ignore[arg-type]
    return path.read_text(encoding="utf-8")


def test_one_file_that_needs_nothing_else(validation, value, path):
    html = written(path, validation, value)
    page = Page(html)
    assert page.open == []
    assert not re.search(r"https?:|@import|url\((?!#)|//", html)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert list(path.parent.iterdir()) == [path]


def test_every_figure_has_an_alternative_in_words(validation, value, path):
    page = Page(written(path, validation, value))
    images = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(images) == len(page.named("svg")) == len(page.named("figure")) == 8
    assert all(len(image["aria-label"] or "") > 40 for image in images)
    assert all(len(table["aria-label"] or "") > 10 for table in page.named("table"))


def test_ids_are_unique(validation, value, path):
    ids = [attributes["id"] for _, attributes in Page(written(path, validation, value)).tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0


def test_same_input_same_bytes(validation, value, path, tmp_path):
    assert written(path, validation, value) == written(tmp_path / "again.html", validation, value)


def test_says_what_the_tables_say(validation, value, path):
    text = " ".join(Page(written(path, validation, value, value_terms="12 months at 10% a year")).text.split())
    for told in (
        "100, first seen by 2024-01-21",
        "12 customers with 20 purchases, spending 400",
        "7 later than 2024-02-04 and 2 without a customer id",
        "boundary: no dropout can be seen",
        "−95,368.444",
        "3.2 × 10⁻¹⁰ (0 at a maximum)",
        "3, for a mean spend that is not positive",
        "rank correlation +0.20",
        "alpha (weeks)",
        "0.2435 to 0.2600",
        "stands at a limit of its range",
        "12 months at 10% a year",
        "180.0 (in the currency of the log), from 15.50 expected purchases",
        "1 most valuable customers (the top 10%) hold 50.0% of the value",
        "1 of 11 customers: no mean of spend exists",
    ):
        assert told in text
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_the_most_valuable_customers_come_first(validation, value, path):
    html = written(path, validation, value.iloc[::-1])
    customers = re.findall(r'<th scope="row">(c\d+)</th>', html)
    assert customers[0] == "c0"
    assert "c10" not in customers  # no value
    assert customers[1:] == [f"c{i}" for i in range(9, 0, -1)]  # equal values keep the order of the frame


def test_polars_and_pandas_values_give_the_same_report(validation, value, path, tmp_path):
    assert written(path, validation, pl.from_pandas(value)) == written(tmp_path / "pandas.html", validation, value)


def test_without_values(validation, path):
    page = Page(written(path, validation))
    assert "highest lifetime value" not in page.text
    assert len(page.named("figure")) == 7


def test_without_money(validation, path):
    no_money = replace(
        validation,
        scores=validation.scores.iloc[:3],
        certificates=validation.certificates[:1],
        facts=validation.facts | {"holdout_spend": None, "new_spend": None, "new_customers": 0, "rows_after_end": 0},
    )
    text = Page(written(path, no_money)).text
    assert "Gamma-Gamma" not in text
    assert "nobody: every customer of the holdout period was known at the cut" in text


def test_a_holdout_period_in_which_nothing_happened(validation, path):
    nothing = validation.scores.assign(actual=0.0, bias=np.nan, gini=np.nan, spearman=np.nan)
    text = Page(written(path, replace(validation, scores=nothing))).text
    assert "cannot be judged" in text


def test_nobody_has_a_value(validation, value, path):
    nobody = value.assign(lifetime_value=np.nan)
    assert "11 of 11 customers" in Page(written(path, validation, nobody)).text


def test_hostile_text_stays_text(validation, value, path):
    hostile = '<script>alert("1")</script>'
    names = {"BG/NBD": hostile}
    changed = replace(
        validation,
        scores=validation.scores.replace({"forecast": names}),
        by_frequency=validation.by_frequency.replace({"forecast": names}),
        tracking=validation.tracking.replace({"model": names}),
        certificates=[of | {"message": hostile} for of in validation.certificates],
    )
    value.loc[0, "customer_id"] = hostile
    value.loc[10, "reason"] = hostile
    html = written(path, changed, value, value_terms=hostile)
    page = Page(html)
    assert "<script" not in html
    assert not page.named("script")
    assert page.text.count(hostile) >= 5
    assert page.open == []


def test_nothing_is_left_when_it_fails(validation, value, path, monkeypatch):
    before = written(path, validation)

    def fail(*args: object, **options: object) -> str:
        raise RuntimeError("no ink")

    monkeypatch.setattr(plots, "to_svg", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        write_report(validation, path, value)
    assert path.read_text(encoding="utf-8") == before
    with pytest.raises(RuntimeError, match="no ink"):
        write_report(validation, path.with_name("new.html"), value)
    assert list(path.parent.iterdir()) == [path]


def test_of_a_real_validation(path):
    log = clv.datasets.load_cdnow(sample=True)
    split = clv.holdout_split(
        log, amount="amount", calibration_end="1997-09-30", holdout_end="1998-06-30", time_unit="week"
    )
    check = clv.validate(split, [clv.BGNBD()], clv.GammaGamma())
    rfm = split.calibration
    value = clv.lifetime_value(
        clv.BGNBD().fit(rfm),
        clv.GammaGamma().fit(rfm),
        rfm,
        horizon="12 months",
        annual_discount_rate=0.10,
        margin=1.0,
    )
    clv.write_report(check, path, value)
    text = Page(path.read_text(encoding="utf-8")).text
    assert "−9,582.429" in text  # issue 2: log-likelihood of BG/NBD on the CDNOW sample
    assert "2,357, first seen by 1997-09-30" in text


# The page stands in a frame, since a browser window cannot be made as narrow as a phone; it reports to the page around.
PROBE = """<script>
addEventListener("error", event => faults.push(event.message));
var faults = [];
addEventListener("load", () => {
  const root = document.documentElement;
  parent.postMessage(`${root.scrollWidth} of ${root.clientWidth}; ${faults.length} faults`, "*");
});
</script>"""
FRAME = """<!DOCTYPE html><meta charset="utf-8"><title>waiting</title>
<script>addEventListener("message", event => {{ document.title = event.data; }});</script>
<iframe src="page.html" style="width: {width}px; height: 800px; border: 0"></iframe>"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [360, 768, 1024])
def test_fits_the_width_of_a_screen(validation, value, tmp_path, width):
    value.loc[0, "customer_id"] = "an-id-that-is-longer-than-a-phone-is-wide-" * 3
    html = written(tmp_path / "report.html", validation, value)
    assert seen_in_browser(html, width, tmp_path) == f"{width} of {width}; 0 faults"


@pytest.mark.browser
def test_the_browser_test_sees_what_does_not_fit(validation, tmp_path):
    html = written(tmp_path / "report.html", validation).replace(
        "</body>", '<div style="width: 500px">.</div><script>nowhere();</script></body>'
    )
    assert seen_in_browser(html, 360, tmp_path).startswith("516 of 360; 1 faults")  # and 1rem of padding


def seen_in_browser(html: str, width: int, folder: Path) -> str:
    """Width of the page's content and of its window, and how many scripts failed."""
    if BROWSER is None:
        pytest.skip("no Chromium on this machine")
    (folder / "page.html").write_text(html.replace("<head>", f"<head>{PROBE}"), encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1400,900"]
    options = [f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=5000", "--enable-logging=stderr"]
    done = subprocess.run(
        [*command, *options, "--dump-dom", (folder / "frame.html").as_uri()],
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    said = [line for line in done.stderr.splitlines() if ":CONSOLE" in line and "nowhere" not in line]
    assert said == []
    found = re.search("<title>(.*?)</title>", done.stdout)
    assert found is not None, done.stderr
    return found[1]
