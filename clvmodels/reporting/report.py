"""The report: the tables and figures of a backtest on one HTML page that needs no network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from html import escape
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files
from clvmodels.cleaning.clean import Cleaned
from clvmodels.cleaning.ledger import with_current_codes
from clvmodels.files import plain
from clvmodels.frames import Frame, fetch_table
from clvmodels.language import Finding, Findings, message, written_in
from clvmodels.language.current import ENGLISH, current_language
from clvmodels.language.dates import day
from clvmodels.language.numbers import listed, sentence
from clvmodels.processes.worker_processes import begin_elsewhere
from clvmodels.profiling.profile import Profile
from clvmodels.reporting.acting import CustomerDecisions, trust_blocks, what_to_do
from clvmodels.reporting.acting.amounts import AmountFormat
from clvmodels.reporting.acting.budget_forecast import BudgetForecast
from clvmodels.reporting.acting.customer_decisions import tiers_of_values
from clvmodels.reporting.acting.customer_files import files_of_page, without_links, write_files
from clvmodels.reporting.acting.outlook import PurchaseOutlook, judge_season
from clvmodels.reporting.at_a_glance import AtAGlance, glance_at
from clvmodels.reporting.cautions import Caution, find_cautions, summarize_cautions
from clvmodels.reporting.names import with_local_titles
from clvmodels.reporting.page import ReportSection, page_script, render
from clvmodels.reporting.sections import SECTIONS, report_sections
from clvmodels.reporting.sections.glossary import glossary
from clvmodels.reporting.selection import Selection, select
from clvmodels.reporting.series.past_report import ValueChange
from clvmodels.reporting.series.report_workbook import write_report_workbook
from clvmodels.reporting.value_summary import ValueBasis, check_value, summarize_value
from clvmodels.reporting.verdict import Answer, judge
from clvmodels.validation.backtest.result import Backtest
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["Report", "begin_sections", "make_report", "write_report"]

BegunSections = list[Callable[[], dict[str, ReportSection | None]]]
# Sections that show no values, in two parts with about equally many pictures, which workers can make.
WITHOUT_VALUES = (("data", "calibration", "fit", "model_card"), ("ranking", "benchmarks"))
FRAME_STYLE = 'style="width: 100%; height: 45rem; border: 1px solid #ccc"'


@dataclass(frozen=True, eq=False)
class Report:
    """A report: its page, its numbers and its findings.

    `clv.report` makes one from a log, and `write_report` from a validation or a backtest.

    Attributes
    ----------
    result : Backtest
        The tables behind the page.
    value : frame or None
        One row per customer, from `lifetime_value`.
    glance : AtAGlance
        The first screen.
    verdict : tuple of Answer
        The answers to the questions about the forecast.
    cautions : tuple of Caution
        Cautions about the numbers.
    page : str
        The page as HTML.
    numbers : dict
        The numbers of the page as plain values.
    language : str
        The language of the page, such as "zh-Hans".
    basis : ValueBasis or None
        The terms and models of the values, with the interval of their total.
    decisions : CustomerDecisions or None
        Tiers, key accounts, lists of customers to act on, and the value of a new customer.
    change : ValueChange or None
        The change of the value since an earlier report, by cause.
    season : Finding or None
        The season of the next months; None without a profile.
    outlook : PurchaseOutlook or None
        The expected purchases of the customers, for a log without money.
    budget : BudgetForecast or None
        What the forecaster for budgets expects; None where that is the model of the report.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> page = clv.report(log, models=clv.NBD(), horizon="13 weeks", cutoffs=1, name="CDNOW")
    >>> print(page.glance.title)
    How often the customers of CDNOW will buy
    >>> [(status.aspect, status.grade) for status in page.glance.statuses]
    [('level', 'poor'), ('ranking', 'good'), ('data', 'good')]
    """

    result: Backtest
    value: Frame | None
    glance: AtAGlance
    verdict: tuple[Answer, ...]
    cautions: tuple[Caution, ...]
    page: str
    numbers: dict[str, Any]
    language: str = ENGLISH
    basis: ValueBasis | None = None
    decisions: CustomerDecisions | None = None
    change: ValueChange | None = None
    season: Finding | None = None
    outlook: PurchaseOutlook | None = None
    budget: BudgetForecast | None = None

    @property
    def findings(self) -> Findings:
        """Return all findings of the page: statuses, answers, cautions, and the basis of the values."""
        answers = [finding for answer in self.verdict for finding in (answer.headline, *answer.findings)]
        return (
            *(status.finding for status in self.glance.statuses),
            *answers,
            *(caution.finding for caution in self.cautions),
            *(() if self.basis is None else (self.basis.finding,)),
            *(() if self.change is None else (self.change.finding,)),
            *(() if self.season is None else (self.season,)),
        )

    def write(self, path: str | Path) -> None:
        """Write the page, its numbers with the suffix .json, and the lists of customers it links to.

        The lists are CSV files in a folder next to the page, such as report-files for report.html. Each file is written
        completely or not at all. If the path ends in .xlsx, a workbook is written instead, with the first screen,
        tiers, lists and findings as sheets, in the language of the report.

        Parameters
        ----------
        path : str or Path
            The page to write; missing folders are created.
        """
        path = Path(path)
        if path.suffix == ".xlsx":
            write_report_workbook(self, path)
            return
        numbers = json.dumps(self.numbers, indent=1, allow_nan=False) + "\n"
        if self.decisions is not None:
            write_files(self.decisions.tables(), path)
        with files.replacing(path) as temporary:
            temporary.write_bytes(files_of_page(self.page, path).encode("utf-8"))
        with files.replacing(path.with_suffix(".json")) as temporary:
            temporary.write_bytes(numbers.encode("utf-8"))

    def __repr__(self) -> str:
        headline = self.glance.headline
        with written_in(self.language):
            first = message("label-and-text", {"label": headline.label, "text": headline.number})
            stated = [sentence(status.label) for status in self.glance.statuses]
            between = message("between-sentences")
            lines = [
                between.join([label, status.text]) for label, status in zip(stated, self.glance.statuses, strict=True)
            ]
        return "\n".join([self.glance.title, first, *lines])

    def _repr_html_(self) -> str:
        """Return the page in a separate frame for notebooks, which keeps its styles inside."""
        page = escape(without_links(self.page))
        return f'<iframe title="{escape(self.glance.title)}" srcdoc="{page}" {FRAME_STYLE}></iframe>'


def write_report(
    result: Backtest,
    path: str | Path,
    value: Frame | None = None,
    *,
    value_terms: ValueTerms | ValueBasis | str | None = None,
    profile: Profile | None = None,
    ledger: pd.DataFrame | Cleaned | None = None,
    name: str = "",
    currency: str = "",
    language: str = ENGLISH,
) -> None:
    """Write a validation or a backtest as one self-contained HTML file, and its numbers as a JSON file.

    The same input gives the same bytes, and each file is written completely or not at all. Figures show the last cutoff
    and the first horizon; comparisons of cutoffs show all of them.

    Parameters
    ----------
    result : Validation or Backtest
        From `validate` or `backtest`.
    path : str or Path
        The page to write; missing folders are created. The JSON file has the same name with the suffix .json.
    value : pandas or polars frame, optional
        From `lifetime_value`: customer_id, expected_purchases, expected_spend, lifetime_value, reason.
    value_terms : ValueTerms, ValueBasis or str, optional
        The terms of `value`, which the table does not have; a ValueBasis also has the models and the interval of the
        total; or a text on them.
    profile : Profile, optional
        From `profile`, for the same log.
    ledger : Cleaned or DataFrame, optional
        The result of `clean`, or its `ledger`.
    name : str, optional
        Name of the shop, for the title.
    currency : str, optional
        Currency of the amounts, such as "EUR"; printed before them.
    language : {"en", "zh-Hans", "zh-Hant"}, default="en"
        Language of the page: English, or Chinese in simplified or traditional characters.

    Raises
    ------
    InvalidOption
        When value is not a table with one row per customer, for example because it is a total; or when there is no
        such language.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, calibration_end="1997-09-30", time_unit="week")
    >>> check = clv.validate(split, clv.BGNBD())
    >>> with TemporaryDirectory() as folder:
    ...     clv.write_report(check, Path(folder) / "report.html")
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['report.html', 'report.json']
    """
    if value is not None:
        value = fetch_table(value)
        check_value(value)
    if isinstance(ledger, Cleaned):
        ledger = ledger.ledger
    with written_in(language):
        made = make_report(
            result, value, value_terms=value_terms, profile=profile, ledger=ledger, name=name, currency=currency
        )
    made.write(path)


def make_report(
    result: Backtest,
    value: Frame | None,
    *,
    value_terms: ValueTerms | ValueBasis | str | None,
    profile: Profile | None,
    ledger: pd.DataFrame | None,
    name: str,
    currency: str,
    decisions: CustomerDecisions | None = None,
    change: ValueChange | None = None,
    outlook: PurchaseOutlook | None = None,
    knows_season: bool = False,
    budget: BudgetForecast | None = None,
    sections: BegunSections | None = None,
) -> Report:
    """Return the report of a backtest in the language of `written_in`; see `write_report` for the parameters.

    `sections` are those of `begin_sections`, if they were begun earlier.
    """
    if sections is None:
        sections = begin_sections(result, profile, ledger)
    if ledger is not None:
        ledger = with_current_codes(ledger)
    basis = _basis_of(value_terms)
    view = select(with_local_titles(result))
    quotable = basis is not None and basis.has_interval and basis.tested
    horizon = None if basis is None else basis.terms.horizon
    verdict = judge(view, value, horizon, has_tested_interval=quotable, knows_season=knows_season)
    cautions = find_cautions(view, profile)
    if decisions is None and value is not None and (sorted_customers := tiers_of_values(value)) is not None:
        decisions = CustomerDecisions(sorted_customers)
    money = AmountFormat(currency)
    season = None if profile is None else judge_season(profile, knows_season=knows_season)
    actions = what_to_do(view, decisions, basis, money, season, outlook, budget)
    glance = glance_at(view, value, basis, cautions, decisions, actions, change, name, money, outlook)
    summary = summarize_cautions(cautions, profile)
    script, script_hash = page_script()
    content = {
        "script": script,
        "script_hash": script_hash,
        "language": current_language(),
        "title": glance.title,
        "glance": glance,
        "actions": actions,
        "about": _introduce(view),
        "verdict": verdict,
        "cautions": summary.text if summary is not None else "",
        "trust": trust_blocks(view),
        "sections": _finish_sections(sections, view, value, value_terms),
        "glossary": glossary(),
    }
    numbers = _numbers(result, glance, verdict, cautions, value, profile, ledger, basis, decisions)
    if season is not None:
        numbers["season"] = plain(season.to_dict())
    if outlook is not None:
        numbers["outlook"] = plain(outlook.to_dict())
    if budget is not None:
        numbers["budget_forecast"] = plain(budget.to_dict())
    if change is not None:
        numbers["change"] = plain(asdict(change))
    numbers["report"] = {"name": name, "currency": currency, "language": current_language(), "title": glance.title}
    page = render("report.html.j2", content)
    return Report(
        result,
        value,
        glance,
        tuple(verdict),
        tuple(cautions),
        page,
        numbers,
        current_language(),
        basis,
        decisions,
        change,
        season,
        outlook,
        budget,
    )


def begin_sections(result: Backtest, profile: Profile | None, ledger: pd.DataFrame | None) -> BegunSections:
    """Begin the sections that show no values, with their pictures; `make_report` waits for them."""
    if ledger is not None:
        ledger = with_current_codes(ledger)
    shown = replace(result, customers=result.customers.iloc[:0])  # the largest table, of which no section shows rows
    return [
        begin_elsewhere(_make_sections, current_language(), names, shown, profile, ledger) for names in WITHOUT_VALUES
    ]


def _make_sections(
    language: str, names: Sequence[str], result: Backtest, profile: Profile | None, ledger: pd.DataFrame | None
) -> dict[str, ReportSection | None]:
    """Return sections in a language; a worker process may make them."""
    with written_in(language):
        return report_sections(names, select(with_local_titles(result)), profile=profile, ledger=ledger)


def _finish_sections(
    begun: BegunSections, view: Selection, value: Frame | None, value_terms: ValueTerms | ValueBasis | str | None
) -> list[ReportSection]:
    """Return all sections in order: those that were begun, and those that show values."""
    basis = _basis_of(value_terms)
    text = sentence(basis.finding.text) if basis is not None else value_terms if isinstance(value_terms, str) else None
    made = report_sections([name for name in SECTIONS if name not in chain(*WITHOUT_VALUES)], view, value, text)
    for part in begun:
        made |= part()
    return [section for name in SECTIONS if (section := made.get(name)) is not None]


def _basis_of(value_terms: ValueTerms | ValueBasis | str | None) -> ValueBasis | None:
    """Return the basis of values, or None if only a text on them is known."""
    if isinstance(value_terms, ValueTerms):
        return ValueBasis(value_terms)
    return value_terms if isinstance(value_terms, ValueBasis) else None


def _introduce(view: Selection) -> str:
    """Return the introduction of the page."""
    days = listed([day(cutoff, current_language()) for cutoff in view.cutoffs])
    figures = {"customers": view.facts["customers"], "horizon": view.horizon, "title": view.name}
    return message("page-about", figures | view.sample | {"cutoffs": len(view.cutoffs), "days": days})


def _numbers(
    result: Backtest,
    glance: AtAGlance,
    verdict: list[Answer],
    cautions: list[Caution],
    value: Frame | None,
    profile: Profile | None,
    ledger: pd.DataFrame | None,
    basis: ValueBasis | None,
    decisions: CustomerDecisions | None,
) -> dict[str, Any]:
    """Return the numbers of the page as plain values."""
    numbers: dict[str, Any] = {
        "statuses": plain([status.to_dict() for status in glance.statuses]),
        "verdict": plain([answer.to_dict() for answer in verdict]),
        "cautions": plain([caution.to_dict() for caution in cautions]),
        **result.to_dict(),
    }
    if value is not None:
        numbers["value"] = plain(asdict(summarize_value(value)))
    if basis is not None:
        numbers["value_basis"] = plain(basis.to_dict())
    if decisions is not None:
        numbers["decisions"] = plain(decisions.to_dict())
    if profile is not None:
        numbers["profile"] = profile.to_dict()
    if ledger is not None:
        numbers["ledger"] = plain(ledger.to_dict("records"))
    return numbers
