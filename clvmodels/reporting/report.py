"""The report: the tables and figures of a backtest on one HTML page that needs no network."""

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
from clvmodels.language.numbers import count, listed, sentence
from clvmodels.profiling.profile import Profile
from clvmodels.reporting.cautions import Caution, find_cautions, summarize_cautions
from clvmodels.reporting.page import render
from clvmodels.reporting.sections import report_sections
from clvmodels.reporting.selection import Selection, select
from clvmodels.reporting.value_summary import check_value, summarize_value
from clvmodels.reporting.verdict import Answer, judge
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
    value_terms : ValueTerms or str, optional
        The terms of `value`, because the table does not have them; or a text that explains them and, for example, gives
        the interval of the total.
    profile : Profile, optional
        From `profile`, for the same log.
    ledger : Cleaned or DataFrame, optional
        The result of `clean`, or its `ledger`.

    Raises
    ------
    InvalidOption
        When value is not a table with one row per customer, for example because it is a total.

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
    view = select(result)
    verdict = judge(view, value, value_terms.horizon if isinstance(value_terms, ValueTerms) else None)
    cautions = find_cautions(view, profile)
    summary = summarize_cautions(cautions, profile)
    content = {
        "title": "Customer lifetime value: how far to trust the forecast",
        "about": _introduce(view),
        "verdict": verdict,
        "cautions": summary.text if summary is not None else "",
        "sections": report_sections(view, value, _terms_text(value_terms), profile, ledger),
    }
    page = render("report.html.j2", content)
    numbers = json.dumps(_numbers(result, verdict, cautions, value, profile, ledger), indent=1, allow_nan=False) + "\n"
    path = Path(path)
    with files.replacing(path) as temporary:
        temporary.write_bytes(page.encode("utf-8"))
    with files.replacing(path.with_suffix(".json")) as temporary:
        temporary.write_bytes(numbers.encode("utf-8"))


def _terms_text(terms: ValueTerms | str | None) -> str | None:
    """Return the terms as a sentence; a text stays as it is."""
    return sentence(terms.text) if isinstance(terms, ValueTerms) else terms


def _introduce(view: Selection) -> str:
    """Return the introduction of the page."""
    cutoffs = view.cutoffs
    days = f"{count(len(cutoffs))} cutoffs ({listed(cutoffs)})" if len(cutoffs) > 1 else f"the cutoff {cutoffs[-1]}"
    return (
        f"How many purchases will {count(view.facts['customers'])} customers make in the next {view.horizon}? "
        f"{view.name}, a model of purchase timing, made this forecast at {days} without seeing any later data. This "
        "page compares its forecasts with what the customers did."
    )


def _numbers(
    result: Backtest,
    verdict: list[Answer],
    cautions: list[Caution],
    value: Frame | None,
    profile: Profile | None,
    ledger: pd.DataFrame | None,
) -> dict[str, Any]:
    """Return the numbers of the page as plain values."""
    numbers: dict[str, Any] = {
        "verdict": plain([answer.to_dict() for answer in verdict]),
        "cautions": plain([caution.to_dict() for caution in cautions]),
        **result.to_dict(),
    }
    if value is not None:
        numbers["value"] = plain(asdict(summarize_value(value)))
    if profile is not None:
        numbers["profile"] = profile.to_dict()
    if ledger is not None:
        numbers["ledger"] = plain(ledger.to_dict("records"))
    return numbers
