"""The report is one file that needs no network, is the same every time, and shows any text in the data as text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding
from clvmodels.reporting import plots
from clvmodels.reporting.report import write_report

pytestmark = pytest.mark.slow

CUTOFF = "2024-01-21"
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collect the tags, ids and text of a page; fail if a tag is not closed."""

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


@pytest.fixture
def outlines(monkeypatch):
    """Replace plots by empty frames: test_plots.py tests their content, and drawing is slow."""
    drawn = []

    def frame(plot, table, *, key, **options):
        drawn.append(key)
        return f'<svg viewBox="0 0 1 1"><path id="{key}-p"/></svg>'

    monkeypatch.setattr(plots, "to_svg", frame)
    return drawn


def test_one_file_that_needs_nothing_else(validation, value, path):
    html = written(path, validation, value)
    page = Page(html)
    assert page.open == []
    assert not re.search(r"https?:|@import|url\((?!#)|//", html)
    (script,) = re.findall(r"<script>(.*?)</script>", html, flags=re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in html  # the policy allows this script and no other
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert {made.name for made in path.parent.iterdir()} == {"report.html", "report.json"}
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0
    assert len(html) < 3_000_000
    assert html == written(path, validation, value)  # the same bytes every time


@pytest.mark.usefixtures("outlines")
def test_every_figure_has_a_text_alternative(validation, value, path):
    page = Page(written(path, validation, value))
    images = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(images) == len(page.named("svg")) == len(page.named("figure")) > 20
    assert all(len(image["aria-label"] or "") > 40 for image in images)
    assert not [image["aria-label"] for image in images if re.search(r"\bnan\b|None", image["aria-label"] or "")]
    assert all(len(table["aria-label"] or "") > 9 for table in page.named("table"))


@pytest.mark.usefixtures("outlines")
def test_the_verdict_links_to_its_evidence(validation, path):
    page = Page(written(path, validation))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = [str(link["href"]) for link in page.named("a")]
    assert len(links) >= 5
    assert {link.removeprefix("#") for link in links} <= ids
    sections = [str(section["id"]) for section in page.named("section") if "id" in section]
    folded = ["data", "calibration", "ranking", "money", "benchmarks", "fit", "card", "glossary"]
    order = ["actions", "verdict", "details", *folded]
    assert sections == order


@pytest.mark.usefixtures("outlines")
def test_the_text_has_the_numbers_of_the_tables(validation, value, path):
    text = " ".join(Page(written(path, validation, value, value_terms="12 months at 10% a year")).text.split())
    for expected in (
        "100, first purchase by 2024-01-21",
        "12 customers with 20 purchases, spending 400 in the holdout period",
        "7 later than 2024-02-04 and 2 without a customer id",
        "boundary: no dropout is visible",
        "−95,368.444",
        "3.2 × 10⁻¹⁰ (0 at a maximum)",
        "3 customers whose average order value is not positive",
        "Rank correlation +0.20.",
        "alpha (weeks)",
        "0.2435 to 0.2600",
        "at a limit of its range",
        "12 months at 10% a year",
        "of purchases from their exact distribution, of money from",
        "180.0 (in the currency of the log), 15.50 expected purchases",
        "the total of money that BG/NBD x Gamma-Gamma forecast for the next 2 weeks was off by −18.0%.",
        "The customers' lifetime values add up to 180.0; expect errors of the same size.",
        "1 most valuable customers (the top 10%) hold 50.0% of the value",
        "1 of 11 customers: no mean of spend exists",
        "buys every 19.1 (17.5 to 21.0) weeks",
        "35% (30% to 41%) of the customers known at the cutoff are gone for good",
        "2f52a773",
        "clvmodels 0.1.0, numpy 2.0",
        "∞: the forecast ruled out a purchase that happened",
        "no visible difference",
        "Purchases: the 10% ranked first made 50%",
        "Money: how unequal customers are; the top 10% made 27%, 27% forecast",
        "Purchases: the first decile made 3.0 times the average",
        "Purchases: 50% of the top 10% were identified",
        "by past frequency: largest error for frequency 1, too low",
        "Outcomes in their 90% intervals: 85% to 99%",
        "Purchases: what ranks better than BG/NBD is right of the line",
        "Who holds the value: the top 10% hold 50%",
        "this needs 10 cutoffs whose holdout periods had ended by the last cutoff, and there was 1.",
    ):
        assert expected in text, expected
    assert "nan" not in text.lower().split()
    assert "None" not in text.replace("None of", "")


@pytest.mark.usefixtures("outlines")
def test_a_fit_without_dropout_is_reported(validation, path):
    nobody = validation.quantities["quantity"] == "share gone"
    tiny = {"estimate": 1.51e-7, "lower": 1.48e-7, "upper": 1.55e-7}
    certificates = [of | {"sees_no_dropout": of["forecaster"] == "bgnbd"} for of in validation.certificates]
    quantities = validation.quantities.assign(
        **{name: validation.quantities[name].where(~nobody, value) for name, value in tiny.items()}
    )
    page = Page(written(path, replace(validation, quantities=quantities, certificates=certificates)))
    assert "These data show no dropout: according to BG/NBD, every customer is still active" in page.text
    assert "0, at its limit" in page.text
    assert "0.000000" not in page.text
    assert "gone for good" not in page.text


@pytest.mark.usefixtures("outlines")
def test_no_share_is_gone_where_one_time_buyers_stay(validation, path):
    """The report says why BG/NBD gives no such share, and prints that of another fitted model if there is one."""
    certificates = [of | {"one_time_buyers_stay": of["forecaster"] == "bgnbd"} for of in validation.certificates]
    alone = replace(validation, certificates=certificates)
    text = " ".join(Page(written(path, alone)).text.split())
    assert "In BG/NBD, customers who bought once cannot have left, so it does not show how many customers" in text
    assert "gone: MBG/NBD and Pareto/NBD do." in text
    assert "gone for good" not in text
    assert "35%" not in text
    other = validation.quantities.assign(forecaster="pareto_nbd", estimate=0.55, lower=0.5, upper=0.6)
    both = replace(alone, quantities=pd.concat([validation.quantities, other], ignore_index=True))
    text = " ".join(Page(written(path, both)).text.split())
    assert "Pareto/NBD estimates that 55% (50% to 60%) of the customers known at the cutoff are gone for good" in text
    assert "gone: MBG/NBD and Pareto/NBD do." not in text


@pytest.mark.usefixtures("outlines")
def test_a_negligible_difference_is_0(validation, path):
    hair = validation.differences.assign(difference=3.4e-8, lower=1e-8, upper=6e-8, better="not_visible")
    html = written(path, replace(validation, differences=hair))
    assert "0.0000000" not in html
    assert re.search(r"<td>0</td>\s*<td>no visible difference</td>", html)


@pytest.mark.usefixtures("outlines")
def test_the_json_has_the_same_numbers(validation, value, path):
    written(path, validation, value)
    numbers = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    questions = ["use", "totals", "ranking", "intervals", "benchmarks", "limits"]
    assert [answer["question"] for answer in numbers["verdict"]] == questions
    for answer in numbers["verdict"]:
        for finding in (answer["headline"], *answer["findings"]):
            assert set(finding) == {"code", "severity", "figures", "text"}
    (caution,) = numbers["cautions"]
    assert (caution["code"], caution["title"]) == ("fit-no-dropout", "BG/NBD")
    assert numbers["facts"]["customers"] == 100
    assert numbers["scores"][0]["forecaster"] == "bgnbd"
    assert numbers["value"]["top_customers"] == 1
    assert "customers" not in numbers


@pytest.mark.usefixtures("outlines")
def test_the_most_valuable_customers_come_first(validation, value, path):
    html = written(path, validation, value.iloc[::-1])
    customers = re.findall(r'<th scope="row">(c\d+)</th>', html)
    assert customers[0] == "c0"
    assert "c10" not in customers  # no value
    assert customers[1:] == [f"c{i}" for i in range(9, 0, -1)]  # equal values keep the order of the frame


@pytest.mark.usefixtures("outlines")
def test_polars_and_pandas_values_give_the_same_report(validation, value, path, tmp_path):
    assert written(path, validation, pl.from_pandas(value)) == written(tmp_path / "pandas.html", validation, value)


def test_without_values_or_money(validation, path, outlines):
    written(path, validation)
    assert "value" not in outlines
    page = Page(written(path, without_money(validation)))
    assert "Gamma-Gamma" not in page.text
    assert "money" not in [section.get("id") for section in page.named("section")]
    assert "none: all customers of the holdout period had bought before the cutoff" in page.text


def test_with_a_profile_and_a_ledger(validation, path, outlines):
    log = clv.datasets.load_cdnow(sample=True)
    profile = clv.profile(log, amount="amount", time_unit="week", observation_end="1998-06-30")
    ledger = pd.DataFrame(
        {
            "rule": ["rows in", "no customer id", "internal account", "kept"],
            "rows": [100, 7, 0, 93],
            "changed": [0, 0, 0, 2],
            "money": [500.0, -20.25, 0.0, 520.25],
            "example": ["", "row 3", "", ""],
        }
    )
    text = Page(written(path, validation, profile=profile, ledger=ledger)).text
    assert "weekly" in outlines
    assert "no customer id" in text
    assert "by cleaning (see its table), 7 rows (7.0%, and −4.0% of the money) without a customer id" in text
    assert "internal account" not in text  # a rule that met nothing
    assert "−20.25" in text
    assert profile.regularity.text[1:] in text
    numbers = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert numbers["ledger"][1]["rows"] == 7
    assert numbers["ledger"][1]["rule"] == "no_customer_id"  # version 0.1.0 wrote phrases
    assert numbers["profile"]["customers"] == 2_357


@pytest.mark.acceptance
@pytest.mark.usefixtures("outlines")
def test_warns_of_customers_older_than_the_log(validation, path):
    log = clv.datasets.load_cdnow(sample=True)
    profile = clv.profile(log, amount="amount", time_unit="week", observation_end="1998-06-30")
    crowded = {"crowding": 9.0, "crowding_z": 9.0, "acquired_after": "1997-01-31", "remaining": 500}

    def cautions(verdict, **figures):
        arrivals = replace(profile.arrivals, verdict=verdict, **figures)
        page = written(path, validation, profile=replace(profile, arrivals=arrivals))
        assert "acquired_after" not in page  # no Python for managers
        return page.partition('<h4 id="cautions">')[2]

    assert "they are older than the log. Without customers first seen by 1997-01-31, 500 (21%)" in cautions(
        "older", **crowded
    )
    assert "Many customers were acquired before this log begins" in path.read_text(encoding="utf-8")
    assert "so the log hardly has new customers" in cautions("older", **crowded | {"remaining": 50})
    assert "leave out customers first seen by 1997-01-31." in cautions("unclear", **crowded)
    assert "do not crowd: either new customers have changed" in cautions("unclear")
    assert "older than the log" not in cautions("seen")


@pytest.mark.usefixtures("outlines")
def test_takes_the_result_of_cleaning(validation, path):
    cleaned = clv.clean(clv.datasets.load_cdnow(sample=True).assign(amount=1.0).head(9), amount="amount")
    html = written(path, validation, ledger=cleaned)
    assert "Cleaning: what happened to every row" in html
    assert html == written(path, validation, ledger=cleaned.ledger)


@pytest.mark.parametrize("wrong", [pd.DataFrame({"total": ["total"], "lifetime_value": [1.0]}), 3.0])
def test_a_value_that_is_not_a_table_of_customers_is_refused(validation, wrong, path):
    with pytest.raises(
        InvalidOption, match=r"one row per customer, made without by=: (customer_id and expected|got a float)"
    ):
        write_report(validation, path, wrong)
    assert not path.exists()


def test_several_cutoffs(validation, tables, path, outlines):
    earlier = "2023-12-24"
    scores = validation.scores
    two = replace(
        validation,
        scores=pd.concat([scores.assign(cutoff=earlier, bias=scores["bias"] + 0.2), scores], ignore_index=True),
        summary=validation.summary.assign(cutoffs=2),
        totals=tables["totals"],
        facts=validation.facts | {"cutoffs": [earlier, CUTOFF]},
    )
    text = Page(written(path, two)).text
    assert "Over all 2 cutoffs, the total of purchases was 14.0% too low to 6.0% too high." in text
    assert "Over all 2 cutoffs, the total of money was 18.0% too low to 2.0% too high." in text
    assert "Total of purchases at every cutoff: BG/NBD's interval contained 1 of 2" in text
    assert "Totals were sometimes too high, sometimes too low" in text
    assert "means over 2 cutoffs" in text
    assert "totals-purchases" in outlines
    wide = tables["totals"].assign(calibrated=True, earlier=12, widened_lower=60.0, widened_upper=120.0)
    text = Page(written(path, replace(two, totals=wide))).text
    assert "the interval is widened by the errors at the 12 cutoffs that had ended by then." in text


@pytest.mark.usefixtures("outlines")
def test_a_holdout_period_without_purchases(validation, path):
    nothing = validation.scores.assign(actual=0.0, bias=np.nan, gini=np.nan, spearman=np.nan, capture=np.nan)
    text = Page(written(path, replace(validation, scores=nothing))).text
    assert "the totals cannot be checked" in text
    assert "nothing to rank" in text


@pytest.mark.usefixtures("outlines")
def test_no_customer_has_a_value(validation, value, path):
    nobody = value.assign(lifetime_value=np.nan)
    assert "11 of 11 customers" in Page(written(path, validation, nobody)).text


@pytest.mark.usefixtures("outlines")
def test_hostile_text_stays_text(validation, value, path):
    hostile = '<script>alert("1")</script>'
    changed = replace(
        validation,
        forecasters=validation.forecasters.replace({"title": {"BG/NBD": hostile}}),
        certificates=[of | {"message": hostile} for of in validation.certificates],
        findings=(Finding("backtest-fit-failed", {"title": hostile, "error": hostile}),),
    )
    value.loc[0, "customer_id"] = hostile
    value.loc[10, "reason"] = hostile
    html = written(path, changed, value, value_terms=hostile)
    page = Page(html)
    assert html.count("<script") == len(page.named("script")) == 1  # the page's own
    assert page.text.count(hostile) >= 5
    assert page.open == []


@pytest.mark.usefixtures("outlines")
def test_a_failed_report_leaves_no_files(validation, value, path, monkeypatch):
    before = written(path, validation)

    def fail(*args: object, **options: object) -> str:
        raise RuntimeError("no ink")

    monkeypatch.setattr(plots, "to_svg", fail)
    with pytest.raises(RuntimeError, match="no ink"):
        write_report(validation, path, value)
    assert path.read_text(encoding="utf-8") == before
    with pytest.raises(RuntimeError, match="no ink"):
        write_report(validation, path.with_name("new.html"), value)
    assert {made.name for made in path.parent.iterdir()} == {"report.html", "report.json"}


def without_money(validation):
    """Return the same validation for a log without amounts."""
    changed = {
        name: table[table["quantity"] == "purchases"]
        for name in validation.tables()
        if "quantity" in (table := getattr(validation, name)).columns and name != "quantities"
    }
    return replace(
        validation,
        **changed,
        spend_histogram=validation.spend_histogram.head(0),
        parameters=validation.parameters.iloc[:2],
        certificates=validation.certificates[:1],
        facts=validation.facts | {"holdout_spend": None, "new_spend": None, "new_customers": 0, "new_purchases": 0},
    )
