"""Tables of fits, runs and validations, printed on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clvmodels.cleaning.ledger import applied_rules
from clvmodels.language import message, written_in
from clvmodels.language.numbers import cell, joined, sentence, short_percent
from clvmodels.reporting.names import (
    fit_message,
    independence,
    local_column,
    local_word,
    unit_name,
    with_local_titles,
)

if TYPE_CHECKING:
    from clvmodels.reporting.report import Report
    from clvmodels.validation.backtest.result import Backtest
    from clvmodels.valuation.value_terms import ValueTerms

__all__ = [
    "show_backtest",
    "show_comparison",
    "show_crosscheck",
    "show_decisions",
    "show_facts",
    "show_fits",
    "show_ledger",
    "show_profile",
    "show_report",
    "show_rows",
    "show_run",
    "show_scores",
    "show_value",
]

TOP = 5  # most valuable customers to print
LIFETIMES = ("lifetimes", "difference")
SIDES = ("ours", "lifetimes_at_ours", "lifetimes")
FITS = ("parameters", "log_likelihood", "aic", "bic", "seconds")
VALUE_FORMATS = {
    "probability_alive": ".3f",
    "expected_purchases": ".2f",
    "expected_spend": ",.2f",
    "lifetime_value": ",.2f",
}
SCORE_FORMATS = {"predicted": ",.0f", "bias": "+.1%", "rmse": ",.2f", "gini": ".3f", "mae": ",.2f"}
BACKTEST_FORMATS = {
    "bias": "+.1%",
    "absolute_bias": ".1%",
    "rmse": ",.2f",
    "gini": ".3f",
    "capture": ".1%",
    "coverage": ".1%",
}
FORECASTS = ("log_score", "bias", "rmse", "gini", "money_bias", "money_rmse", "money_gini")


def show_facts(console: Console, facts: Iterable[str]) -> None:
    """Print facts about the data, one per line."""
    console.print()
    for fact in facts:
        console.print(f"  {fact}", highlight=False)


def show_profile(console: Console, checks: pd.DataFrame, models: pd.DataFrame) -> None:
    """Print the checks of the amount of data, with numbers as text, and the suitability of each model."""
    headings = _headings("what"), _headings("here", "good", "least", "status")
    table = _table(message("show-enough-data"), *headings)  # at most 80 characters wide
    for row in checks.to_dict("records"):
        status = message("show-sufficiency", {"status": row["status"]})
        table.add_row(*(row[name] for name in ("what", "value", "comfortable", "least")), status)
    _print_table(console, table)
    table = _table(message("show-which-models"), _headings("model", "suitability"), [])
    table.add_column(message("show-why"))
    for row in models.to_dict("records"):
        table.add_row(row["title"], message("suitability", {"suitability": row["suitability"]}), row["why"])
    _print_table(console, table)


def show_ledger(console: Console, ledger: pd.DataFrame) -> None:
    """Print the effects of cleaning, one rule per line, without rules that matched no row."""
    table = _table(message("show-ledger"), _headings("rule"), _headings("rows", "changed", "money"))
    table.add_column(message("show-example"), overflow="fold")
    for row in applied_rules(ledger).to_dict("records"):
        counts = (cell(row[name]) if row[name] else "" for name in ("rows", "changed"))
        table.add_row(row["description"], *counts, cell(row["money"], ",.2f"), row["example"])
    console.print(table)


def show_statuses(console: Console, statuses: pd.DataFrame) -> None:
    """Print how each status of a log was treated, one per line, if the log has statuses."""
    if not len(statuses):
        return
    table = _table(message("show-statuses"), _headings("status"), _headings("rows", "money"))
    for name in _headings("treatment", "why"):
        table.add_column(name, overflow="fold")
    for row in statuses.to_dict("records"):
        money = cell(row["money"], ",.2f")
        table.add_row(
            row["status"] or message("show-no-status"), cell(row["rows"]), money, row["treatment"], row["why"]
        )
    console.print(table)


def show_fits(console: Console, fits: Iterable[tuple[Mapping[str, Any], pd.DataFrame]]) -> None:
    """Print the certificate and the parameters of each fit."""
    for certificate, parameters in fits:
        table = _table(
            message("label-and-text", {"label": str(certificate["model"]), "text": _status(certificate)}),
            _headings("parameter", "unit"),
            _headings("estimate", "error", "interval"),
        )
        for name, row in parameters.iterrows():
            interval = message("cell-range", {"lower": cell(row["lower"]), "upper": cell(row["upper"])})
            table.add_row(
                str(name), unit_name(row["unit"]), cell(row["estimate"]), cell(row["standard_error"]), interval
            )
        _print_table(console, table)
        console.print(
            "  " + message("show-likelihood", _likelihood(certificate)),
            highlight=False,
        )
        if "independence" in certificate:
            console.print("  " + message("show-independence", {"text": independence(certificate)}), highlight=False)
        if certificate.get("set_aside"):
            figures = {"customers": certificate["set_aside"]}
            console.print("  " + message("show-cost-nothing", figures), highlight=False)


def _status(certificate: Mapping[str, Any]) -> str:
    return message("fit-status", {"status": str(certificate["status"])})


def _likelihood(certificate: Mapping[str, Any]) -> dict[str, str]:
    return {"value": cell(certificate["log_likelihood"], ",.3f"), "text": fit_message(certificate)}


def show_decisions(console: Console, title: str, table: pd.DataFrame, formats: Mapping[str, str] | None = None) -> None:
    """Print a table of decisions; shares are shown as percentages, money and counts without decimals.

    `formats` has other formats by column.
    """
    chosen = {} if formats is None else formats
    text = [str(name) for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    shown = _table(local_word(title), [local_column(name) for name in text], [])
    for name in (str(name) for name in table if name not in text):
        shown.add_column(local_column(name), justify="right")
    for row in table.to_dict("records"):
        numbers = (
            cell(row[name], chosen.get(str(name), ".1%" if _is_share(str(name)) else ",.0f"))
            for name in table
            if name not in text
        )
        shown.add_row(*(escape(local_word(cell(row[name]))) for name in text), *numbers)
    _print_table(console, shown)


def _is_share(name: str) -> bool:
    """Return whether a column of a decision has shares or probabilities."""
    return name.startswith(("share", "probability"))


def show_rows(console: Console, title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows, if there are any, as a table whose last column may be long."""
    if not rows:
        return
    table = _table(local_word(title), [], [])
    *names, last = map(local_column, rows[0])
    for name in names:
        table.add_column(name, no_wrap=True)
    table.add_column(last, overflow="fold")
    for row in rows:
        table.add_row(*(escape(cell(value)) for value in row.values()))
    _print_table(console, table)


def show_value(console: Console, scored: Any, terms: ValueTerms) -> None:
    """Print the total and the most valuable customers of a scored table, with the terms of its values."""
    rows = nw.from_native(scored, eager_only=True)
    has_value = nw.col("lifetime_value").is_finite()
    valued = rows.filter(has_value)
    missing = rows.filter(~has_value, ~nw.col("reason").is_null()) if "reason" in rows.columns else rows.head(0)
    total = float(valued["lifetime_value"].sum())
    table = _table(
        message("show-value", _value_figures(terms) | {"total": cell(total, ",.0f"), "top": TOP}),
        [],
        _headings("customer", "alive", "purchases", "order-value", "value-column"),
    )
    for row in valued.sort("lifetime_value", descending=True).head(TOP).iter_rows(named=True):
        table.add_row(
            str(row["customer_id"]),
            *(cell(row[name], form) for name, form in VALUE_FORMATS.items()),
        )
    _print_table(console, table)
    if len(missing):
        figures = {"customers": len(missing), "reason": str(missing["reason"][0])}
        console.print("  " + message("show-no-value", figures), highlight=False)


def _value_figures(terms: ValueTerms) -> dict[str, Any]:
    return {"horizon": terms.horizon, "rate": short_percent(terms.annual_rate), "margin": short_percent(terms.margin)}


def show_run(
    console: Console, run: Mapping[str, Any], level: float, intervals: Mapping[str, tuple[float, float]] | None
) -> None:
    """Print a run: customers, totals, and gates that failed.

    Parameters
    ----------
    level : float
        Level of the intervals of totals.
    intervals : mapping of str to (float, float) or None
        Intervals by column; None if they were not computed, empty if the forecaster gives none.
    """
    from clvmodels.reporting.acting.customer_decisions import NO_DROPOUT  # here, since it loads the models

    parts = [message("show-run", {"customers": run["customers"], "as_of": run["as_of"], "run": run["run_id"]})]
    counted = ("refused", "new_since_fit", "not_yet_bought", "late_rows")
    parts += [message(f"show-run-{name.replace('_', '-')}", {"count": run[name]}) for name in counted if run[name]]
    console.print(joined(parts), highlight=False)
    for reason, count in run["reasons"].items():
        refused = message("show-refused-because", {"count": count, "reason": reason})
        console.print(f"  {refused}", highlight=False, markup=False)
    scored, totals = max(run["customers"] - run["refused"], 1), run["evidence"]["totals"]
    of_totals = [message("show-interval-of", {"level": level})] if intervals else []
    table = _table("", _headings("column"), [*_headings("total"), *of_totals, *_headings("mean")])
    for column, total in totals.items():
        ends = [_range(intervals.get(column, ()))] if intervals else []
        table.add_row(column, cell(total, ",.2f"), *ends, cell(total / scored, ",.4f"))
    console.print(table)
    if not intervals:
        reason = "show-intervals-elsewhere" if intervals is None else "show-no-intervals"
        console.print("  " + message(reason, {"level": f"{level:g}"}), highlight=False)
    if totals.get("probability_alive", 0.0) > (1 - NO_DROPOUT) * scored:
        console.print("  " + message("show-no-dropout"), highlight=False)
    for outcome in run["gates"]:
        if not outcome["passed"]:
            refused = message("show-refused-by", {"gate": outcome["gate"], "text": outcome["text"]})
            console.print(f"  {refused}", highlight=False, markup=False)


def _range(ends: Sequence[float]) -> str:
    """Return an interval of a total as text, empty if there is none."""
    texts = [cell(end, ",.0f") for end in ends]
    return message("cell-range", {"lower": texts[0], "upper": texts[1]}) if texts else ""


def show_scores(console: Console, result: Backtest) -> None:
    """Print forecasts and actual totals, one table per quantity."""
    result = with_local_titles(result)
    scores, facts = result.with_titles(result.scores), result.facts
    for quantity, rows in scores.groupby("quantity", sort=False):
        table = _table(
            message(
                "show-scores",
                {
                    "quantity": str(quantity),
                    "start": facts["calibration_end"],
                    "end": facts["holdout_end"],
                    "actual": cell(rows["actual"].iloc[0], ",.0f"),
                },
            ),
            _headings("forecaster"),
            _headings("total", "bias", "rmse", "gini", "mae"),
        )
        for row in rows.to_dict("records"):
            table.add_row(row["title"], *(cell(row[name], form) for name, form in SCORE_FORMATS.items()))
        _print_table(console, table)


def show_report(console: Console, report: Report) -> None:
    """Print the first screen of a report and its verdict."""
    with written_in(report.language):
        headline = report.glance.headline
        _print_answer(console, headline.label, headline.number)
        between = message("between-sentences")
        for status in report.glance.statuses:
            console.print(f"  {sentence(status.label)}{between}{status.text}", highlight=False, markup=False)
        for answer in report.verdict:
            _print_answer(console, answer.title, answer.headline.text)
            console.print(f"  {answer.text}", highlight=False, markup=False)
    console.print()


def _print_answer(console: Console, label: str, text: str) -> None:
    """Print a heading with its answer, in bold."""
    heading = message("label-and-text", {"label": label, "text": text})
    console.print(f"\n[bold]{escape(heading)}[/bold]", highlight=False)


def show_backtest(console: Console, result: Backtest) -> None:
    """Print scores of forecasters in means over cutoffs, one table per horizon and quantity."""
    result = with_local_titles(result)
    summary, facts = result.with_titles(result.summary), result.facts
    console.print()
    console.print("  " + message("show-cutoffs", {"days": joined(facts["cutoffs"])}), highlight=False)
    for finding in result.findings:
        console.print(f"  {finding.text}", highlight=False)
    for (horizon, quantity), rows in summary.groupby(["horizon", "quantity"], sort=False):
        title = message("show-backtest", {"quantity": str(quantity), "horizon": str(horizon)})
        headings = _headings("bias", "absolute-bias", "rmse", "gini", "capture", "coverage")
        table = _table(title, _headings("forecaster"), headings)
        for row in rows.to_dict("records"):
            numbers = [cell(row[name], form) for name, form in BACKTEST_FORMATS.items()]
            table.add_row(row["title"], *numbers)
        _print_table(console, table)


def show_comparison(console: Console, shown: pd.DataFrame, remarks: Iterable[str], words: str) -> None:
    """Print a comparison of fits and, if there are any, of their forecasts, followed by the findings."""
    tables = [
        (message("show-fits"), ["model", "status"], FITS),
        (message("show-forecasts"), ["model"], FORECASTS),
    ]
    for title, left, names in tables:
        columns = [name for name in names if name in shown]
        if not columns:
            continue
        table = _table(title, _headings(*left), _headings(*(name.replace("_", "-") for name in columns)))
        for row in shown[[*left, *columns]].itertuples(index=False):
            table.add_row(str(row[0]).replace(" = ", " =\n"), *map(str, row[1:]))
        _print_table(console, table)
    for remark in remarks:
        console.print(f"  {remark}", highlight=False)
    console.print(words, highlight=False)


def show_crosscheck(console: Console, check: Mapping[str, pd.DataFrame]) -> None:
    """Print both packages' parameters, likelihoods and predictions, by model, and the verdicts."""
    for model, title in zip(check["verdicts"]["forecaster"], check["verdicts"]["title"], strict=True):
        parameters, likelihoods, predictions = (
            rows[rows["forecaster"] == model]
            for rows in (check["parameters"], check["log_likelihoods"], check["predictions"])
        )
        of = {"title": str(title)}
        table = _table(message("show-parameters-of", of), _headings("parameter"), _headings("here", *LIFETIMES))
        for row in parameters.to_dict("records"):
            sides = [cell(row[side], ",.6g") for side in ("ours", "lifetimes")]
            table.add_row(row["parameter"], *sides, cell(row["difference"], "+.1e"))
        _print_table(console, table)
        points_of = _headings("at-ours", "at-theirs")
        table = _table(message("show-likelihoods", of), _headings("computed-by"), points_of)
        for row in likelihoods.to_dict("records"):
            points = [cell(row[point], ",.4f") for point in ("at_ours", "at_lifetimes")]
            table.add_row({"ours": "clvmodels", "lifetimes": "lifetimes"}[row["likelihood"]], *points)
        _print_table(console, table)
        table = _table(
            message("show-predictions", of),
            _headings("quantity"),
            _headings("customers", "here", "lifetimes", "own-fit"),
        )
        for quantity, rows in predictions.groupby("quantity", sort=False):
            totals = [cell(float(rows[side].sum(skipna=False)), ",.6g") for side in SIDES]
            table.add_row(str(quantity).replace("_", " "), cell(len(rows)), *totals)
        _print_table(console, table)
    for text in check["verdicts"]["text"]:
        console.print(f"\n  {text}", highlight=False, markup=False)  # errors may contain square brackets


def _headings(*names: str) -> list[str]:
    """Return the headings of columns."""
    return [message(f"show-{name}") for name in names]


def _print_table(console: Console, table: Table) -> None:
    """Print an empty line and a table; in a narrow terminal, headings wrap but numbers are not cut off."""
    for column in table.columns:
        if not column.no_wrap:
            column.overflow = "fold"  # Chinese text has no blanks at which lines could break
        if column.justify == "right":
            column.no_wrap, column.overflow = False, "fold"
            column.min_width = max((len(str(value)) for value in column.cells), default=0)
    console.print()
    console.print(table)


def _table(title: str, left: list[str], right: list[str]) -> Table:
    """Return an empty table with left- and right-aligned columns."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for heading in left:
        table.add_column(heading, no_wrap=True)
    for heading in right:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
