"""The report: tables and figures on one HTML page that opens from disk, with no network and no model."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files
from clvmodels.cleaning.clean import Cleaned
from clvmodels.cleaning.ledger import with_current_codes
from clvmodels.files import plain
from clvmodels.frames import Frame
from clvmodels.language.numbers import listed, sentence
from clvmodels.profiling.profile import Profile
from clvmodels.reporting import sections
from clvmodels.reporting.page import ReportSection, rendered
from clvmodels.reporting.selection import Selection, select
from clvmodels.reporting.value_summary import check_value, summarize_value
from clvmodels.reporting.verdict import Sentence, judge
from clvmodels.validation.backtest.result import Backtest
from clvmodels.valuation.value_terms import ValueTerms

__all__ = ["write_report"]


def write_report(
    result: Backtest,
    path: str | Path,
    value: Frame | None = None,
    *,
    value_terms: ValueTerms | str | None = None,
    profile: Profile | None = None,
    ledger: pd.DataFrame | Cleaned | None = None,
) -> None:
    """Write a validation or a backtest as one self-contained HTML file, and the same numbers as JSON beside it.

    The same input gives the same bytes; each file appears whole or not at all. Pictures are of the last origin and the
    first horizon; what compares origins has all of them.

    Parameters
    ----------
    result : Validation or Backtest
        From `validate` or `backtest`.
    path : str or Path
        The page to write; folders above it are made. The JSON has its name with the suffix .json.
    value : pandas or polars frame, optional
        From `lifetime_value`: customer_id, expected_purchases, expected_spend, lifetime_value, reason.
    value_terms : ValueTerms or str, optional
        The terms of `value`, which the frame does not hold; or a text that explains them and, for example, gives the
        interval of the total.
    profile : Profile, optional
        From `profile`, of the same log: what it can bear.
    ledger : Cleaned or DataFrame, optional
        What `clean` gives, or its `ledger`: what happened to every row.

    Raises
    ------
    InvalidOption
        When value is not a table with a row a customer, such as that of a total.

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
        check_value(value)
    if isinstance(ledger, Cleaned):
        ledger = ledger.ledger
    if ledger is not None:
        ledger = with_current_codes(ledger)
    shown = select(result)
    verdict = judge(shown, value)
    content = {
        "title": "Customer lifetime value: how far to trust the forecast",
        "about": _about(shown),
        "verdict": verdict,
        "beware": sections.beware(shown, profile),
        "sections": _sections(shown, value, _terms_text(value_terms), profile, ledger),
    }
    page = rendered("report.html.j2", content)
    numbers = json.dumps(_numbers(result, verdict, value, profile, ledger), indent=1, allow_nan=False) + "\n"
    path = Path(path)
    with files.replacing(path) as temporary:
        temporary.write_bytes(page.encode("utf-8"))
    with files.replacing(path.with_suffix(".json")) as temporary:
        temporary.write_bytes(numbers.encode("utf-8"))


def _sections(
    shown: Selection, value: Frame | None, terms: str | None, profile: Profile | None, ledger: pd.DataFrame | None
) -> list[ReportSection]:
    """Everything below the verdict, in order."""
    found = [
        sections.data(shown, profile, ledger),
        sections.calibration(shown),
        sections.ranking(shown),
        sections.money(shown, value, terms),
        sections.rivals(shown),
        sections.fit(shown),
        sections.card(shown),
    ]
    return [section for section in found if section is not None]


def _terms_text(terms: ValueTerms | str | None) -> str | None:
    return sentence(terms.text) if isinstance(terms, ValueTerms) else terms


def _about(shown: Selection) -> str:
    """What the page is about, in a line."""
    facts, cutoffs = shown.facts, shown.cutoffs
    days = f"on {len(cutoffs)} days, {listed(cutoffs)}" if len(cutoffs) > 1 else f"on {cutoffs[-1]}"
    return (
        f"What would {facts['customers']:,} customers do in the next {shown.horizon}? {shown.name}, a model of "
        f"when people buy, was asked {days}, knowing nothing later. This page holds its answers against what the "
        "customers did. Each such day is called a cut."
    )


def _numbers(
    result: Backtest,
    verdict: list[Sentence],
    value: Frame | None,
    profile: Profile | None,
    ledger: pd.DataFrame | None,
) -> dict[str, Any]:
    """The numbers of the page as plain values."""
    told: dict[str, Any] = {"verdict": [asdict(sentence) for sentence in verdict], **result.to_dict()}
    if value is not None:
        told["value"] = plain(asdict(summarize_value(value)))
    if profile is not None:
        told["profile"] = profile.to_dict()
    if ledger is not None:
        told["ledger"] = plain(ledger.to_dict("records"))
    return told
