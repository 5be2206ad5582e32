"""Section on the fit: parameters with their meanings and intervals, and the certificate of each model."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from clvmodels.language import Finding, message
from clvmodels.language.numbers import MISSING, decimals, fixed, joined, significant
from clvmodels.processes.quantities import (
    MEAN_DROPOUT_PROBABILITY,
    MEAN_PURCHASE_PROBABILITY,
    MEAN_TIME_BETWEEN_PURCHASES,
    MEDIAN_LIFETIME,
    SHARE_GONE,
    WITHOUT_DROPOUT,
)
from clvmodels.reporting import plots
from clvmodels.reporting.cautions import customers_vary
from clvmodels.reporting.names import fit_message, summary_name, unit_name
from clvmodels.reporting.page import Facts, PageBlock, Pair, Pictures, ReportSection, Table, draw_picture
from clvmodels.reporting.selection import Selection, records
from clvmodels.validation.comparison.findings import SAME
from clvmodels.validation.comparison.population import ALIKE

__all__ = ["fit"]

NBD = "nbd"  # id of the model without dropout
DISAGREEMENT = 0.1  # difference of the share of inactive customers between models that is reported
LARGEST = 1e6  # largest quantity that is written out; beyond it, such as a median lifetime, it is practically infinite
ROW, FRAME = 0.3, 0.75  # inches: height per row of the plot, and of its margins


def fit(view: Selection) -> ReportSection:
    """Return the section on what each model learned about the customers at the last cutoff."""
    blocks: list[PageBlock] = []
    if (table := meaning_table(view)) is not None:
        blocks.append(table)
    for each in view.certificates:
        title = str(each["title"])
        blocks.append(Facts(certificate(each), message("certificate-title", {"title": title})))
        rows = view.at["parameters"]
        blocks.append(parameter_table(title, rows[rows["forecaster"] == each["forecaster"]]))
    parameters = view.at["parameters"]
    if len(parameters):
        blocks.append(
            Pictures(
                [
                    draw_picture(
                        "parameters",
                        message("picture-parameters"),
                        message("picture-text-parameters", {"parameters": len(parameters)}),
                        plots.parameter_intervals,
                        parameters,
                        height=FRAME + ROW * len(parameters),
                    )
                ]
            )
        )
    return ReportSection("fit", message("fit-title"), [finding.text for finding in _judge_fit(view)], blocks)


def certificate(of: dict[str, Any]) -> list[Pair]:
    """Return the facts of the certificate of one fit."""
    status = message("fit-status", {"status": str(of["status"])})
    described = {
        "status": message("label-and-text", {"label": status, "text": fit_message(of)}),
        "likelihood": fixed(of["log_likelihood"], 3),
        "gradient": message("certificate-gradient-of", {"gradient": significant(of["gradient_norm"], 2)}),
        "hessian": message("certificate-hessian-is", {"definite": bool(of["hessian_definite"])}),
        "criteria": joined([fixed(of["aic"], 1), fixed(of["bic"], 1)]),
        "data": message("certificate-fitted-to", {"customers": of["customers"], "rows": of["unique_rows"]}),
    }
    if "set_aside" in of:
        described["left-out"] = message("certificate-set-aside", {"customers": of["set_aside"]})
    return [(message(f"certificate-term-{name}"), text) for name, text in described.items()]


def parameter_table(title: str, parameters: pd.DataFrame) -> Table:
    """Return estimates of one model with standard errors and intervals."""
    rows = parameters.to_dict("records")
    at_limit = any(not math.isfinite(row["standard_error"]) for row in rows)
    return Table(
        caption=message("parameter-table", {"title": title}),
        headings=[message(f"parameter-{name}") for name in ("name", "estimate", "error", "interval")],
        rows=[
            [
                _with_unit(str(row["parameter"]), row["unit"]),
                significant(row["estimate"]),
                significant(row["standard_error"], 2),
                _interval(row["lower"], row["upper"]),
            ]
            for row in rows
        ],
        notes=[message("parameter-note")] if at_limit else (),
    )


def _judge_fit(view: Selection) -> list[Finding]:
    """Return findings on a typical customer by the model of the report."""
    table = view.at["quantities"]
    rows = {row["quantity"]: row for row in records(table) if row["forecaster"] == view.reference}
    model = {"forecaster": view.reference, "title": view.name}
    findings = []
    if (row := rows.get(MEAN_TIME_BETWEEN_PURCHASES)) is not None:
        figures = {**model, **_range_figures(row), "unit": row["unit"], "alike": customers_vary(view) <= ALIKE}
        findings.append(Finding("verdict-fit-time-between", figures))
    if (row := rows.get(MEAN_PURCHASE_PROBABILITY)) is not None:
        findings.append(Finding("verdict-fit-probability", {**model, **_share_figures(row)}))
    if view.reference in view.nobody_leaves:
        findings.append(Finding("verdict-fit-no-dropout", model, "caution"))
        findings += _judge_same_model(view)
    else:
        findings += _judge_nbd(view)
        shares = _shares_gone(view)
        findings += [*_judge_gone(view, shares), *_judge_disagreement(shares), *_judge_dropout(rows)]
    if {str(each["status"]) for each in view.certificates} == {"converged"}:
        findings.append(Finding("verdict-fit-converged"))
    return findings or [Finding("verdict-fit")]


def _judge_same_model(view: Selection) -> list[Finding]:
    """Return a finding on models that are the same because they ended at the same limit, if there are any."""
    same = [str(each["title"]) for each in view.certificates if each["forecaster"] in view.nobody_leaves]
    return [Finding("verdict-fit-same-model", {"titles": same})] if len(same) > 1 else []


def _judge_nbd(view: Selection) -> list[Finding]:
    """Return a finding if a fitted model without dropout describes the data as well as the model of the report."""
    bic = {str(each["forecaster"]): float(each["bic"]) for each in view.certificates}
    if view.reference == NBD or NBD not in bic or bic[NBD] - bic[view.reference] >= SAME:
        return []
    figures = {"forecaster": view.reference, "title": view.name, "bic_limit": SAME}
    return [Finding("verdict-fit-dropout-not-visible", figures, "caution")]


def _shares_gone(view: Selection) -> pd.DataFrame:
    """Return the shares of inactive customers by the models in which one-time buyers can have left, in order."""
    table = view.at["quantities"]
    return table[(table["quantity"] == SHARE_GONE) & ~table["forecaster"].isin(view.one_time_buyers_stay)]


def _judge_gone(view: Selection, shares: pd.DataFrame) -> list[Finding]:
    """Return a finding on inactive customers, by another model if one-time buyers cannot leave in the report's."""
    findings = []
    if view.reference in view.one_time_buyers_stay:
        figures = {"forecaster": view.reference, "title": view.name}
        findings.append(Finding("verdict-fit-one-time-buyers-stay", figures | {"has_other": len(shares) > 0}))
    if len(shares):
        own = shares[shares["forecaster"] == view.reference]
        (row,) = records((own if len(own) else shares).head(1))
        model = {"forecaster": str(row["forecaster"]), "title": str(row["title"])}
        findings.append(Finding("verdict-fit-gone", model | _share_figures(row)))
    return findings


def _judge_dropout(rows: dict[str, dict[str, Any]]) -> list[Finding]:
    """Return findings on how soon new customers leave."""
    findings = []
    once = rows.get(MEAN_DROPOUT_PROBABILITY)
    if once is not None and MEAN_PURCHASE_PROBABILITY not in rows:
        findings.append(Finding("verdict-fit-dropout-probability", _share_figures(once)))
    if (life := rows.get(MEDIAN_LIFETIME)) is not None and life["estimate"] < LARGEST:
        figures = {**_range_figures(life), "unit": life["unit"]}
        findings.append(Finding("verdict-fit-lifetime", figures))
    return findings


def _judge_disagreement(shares: pd.DataFrame) -> list[Finding]:
    """Return a finding if models disagree on the share of inactive customers, which data cannot decide."""
    gone = shares.sort_values("estimate")
    if len(gone) < 2 or gone["estimate"].iloc[-1] - gone["estimate"].iloc[0] < DISAGREEMENT:
        return []
    low, high = records(gone.iloc[[0, -1]])
    figures = {"low": low["estimate"], "low_title": low["title"], "high": high["estimate"], "high_title": high["title"]}
    return [Finding("verdict-fit-disagreement", figures, "caution")]


def _range_figures(row: dict[str, Any]) -> dict[str, Any]:
    """Return an estimate and its interval as figures, with the decimals of three significant digits."""
    return {**_ends(row), "places": decimals([float(row["estimate"])], 3)}


def _share_figures(row: dict[str, Any]) -> dict[str, Any]:
    """Return a share and its interval as figures, with the decimals of its percentage."""
    return {**_ends(row), "places": min(2, decimals([100 * float(row["estimate"])], 2))}


def _ends(row: dict[str, Any]) -> dict[str, Any]:
    """Return an estimate, its interval, and whether the interval is known."""
    ends = {name: float(row[name]) for name in ("estimate", "lower", "upper")}
    return ends | {"has_interval": math.isfinite(ends["lower"]) and ends["upper"] < LARGEST}


def meaning_table(view: Selection) -> Table | None:
    """Build the table of the meanings of the parameters of each model, or return None if it is empty."""
    table = view.at["quantities"]
    if not len(table):
        return None
    models = list(dict.fromkeys(table["forecaster"]))
    rows = []
    for quantity, group in table.groupby("quantity", sort=False):
        unit = str(group["unit"].iloc[0])
        each = {row["forecaster"]: _meaning(row, view) for row in records(group)}
        rows.append([_with_unit(summary_name(str(quantity)), unit), *(each.get(model, MISSING) for model in models)])
    return Table(
        caption=message("meaning-table"),
        headings=[message("meaning-quantity"), *(view.titles[model] for model in models)],
        rows=rows,
        notes=[
            message("meaning-note-missing"),
            message("meaning-note-gone"),
        ],
    )


def _meaning(row: dict[str, Any], view: Selection) -> str:
    """Return a quantity with its interval as text, without an interval at the limit of no dropout."""
    if row["forecaster"] in view.nobody_leaves and row["quantity"] in WITHOUT_DROPOUT:
        limit = WITHOUT_DROPOUT[row["quantity"]]
        figures = {"infinite": math.isinf(limit), "value": significant(limit)}
        return message("meaning-at-limit", figures)
    is_hidden = row["quantity"] == SHARE_GONE and row["forecaster"] in view.one_time_buyers_stay
    return MISSING if is_hidden else _range(row)


def _range(row: dict[str, Any]) -> str:
    """Return an estimate with its interval as text."""
    values = [float(row["estimate"]), float(row["lower"]), float(row["upper"])]
    places = decimals(values[:1], 3)
    texts = [f"> {fixed(LARGEST, 0)}" if value > LARGEST else fixed(value, places) for value in values]
    if not all(math.isfinite(value) for value in values[1:]):
        return texts[0] if values[0] > LARGEST else significant(values[0], 3)
    return message("cell-estimate", dict(zip(("estimate", "lower", "upper"), texts, strict=True)))


def _interval(lower: float, upper: float) -> str:
    """Return an interval as text, or a dash if it is not known."""
    if not (math.isfinite(lower) and math.isfinite(upper)):
        return MISSING
    return message("cell-range", {"lower": significant(lower), "upper": significant(upper)})


def _with_unit(name: str, unit: str) -> str:
    return message("label-with-unit", {"label": name, "unit": unit_name(unit)}) if unit else name
