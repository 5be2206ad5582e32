"""Section on the data: what the log contains, what was left out, cohorts, and cautions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clvmodels.cleaning.ledger import applied_rules
from clvmodels.cleaning.ledger_rules import NO_ID, ROWS_IN, describe_rule
from clvmodels.language import Finding, message
from clvmodels.language.numbers import cell, column, count, fixed, sentence, signed_percent
from clvmodels.profiling.profile import Profile
from clvmodels.reporting import plots
from clvmodels.reporting.cautions import find_cautions
from clvmodels.reporting.names import clock_name
from clvmodels.reporting.page import (
    Facts,
    PageBlock,
    Pair,
    Paragraphs,
    Picture,
    Pictures,
    ReportSection,
    Table,
    draw_picture,
)
from clvmodels.reporting.selection import Selection, highest, records
from clvmodels.validation.backtest.result import LOG_AS_KNOWN

__all__ = ["data"]


def data(view: Selection, profile: Profile | None, ledger: pd.DataFrame | None) -> ReportSection:
    """Return the section on the data at the cutoff, the log (with a profile) and its cleaning (with a ledger)."""
    facts = view.facts
    figures = {"cutoff": facts["calibration_end"], "customers": facts["customers"], "once": facts["bought_once"]}
    blocks: list[PageBlock] = [Facts(_describe_periods(view, ledger))]
    if profile is not None:
        blocks += _profile_blocks(profile)
    if ledger is not None:
        blocks.append(ledger_table(ledger))
    if (table := cohort_table(view)) is not None:
        blocks.append(table)
    if cautions := find_cautions(view, profile):
        blocks.append(Paragraphs([caution.text for caution in cautions], message("page-cautions"), "cautions"))
    return ReportSection("data", message("data-title"), [message("data-lead", figures)], blocks)


def ledger_table(ledger: pd.DataFrame) -> Table:
    """Build the table of the effects of cleaning, one row per rule in the order of application."""
    rows = []
    for row in applied_rules(ledger).to_dict("records"):
        money = row.get("money")
        rows.append(
            [
                describe_rule(str(row["rule"])),
                count(row["rows"]),
                count(row["changed"]),
                "" if money is None or money != money else fixed(money, 2),
            ]
        )
    return Table(
        caption=message("cleaning-table"),
        headings=[message(f"cleaning-column-{name}") for name in ("rule", "rows", "changed", "money")],
        rows=rows,
        notes=[message(f"cleaning-note-{name}") for name in ("sum", "changed", "unlisted")],
    )


def _describe_periods(view: Selection, ledger: pd.DataFrame | None) -> list[Pair]:
    """Describe the calibration and the holdout period."""
    facts = view.facts
    start, spend = facts.get("calibration_start"), facts["holdout_spend"]
    periods = {"cutoff": facts["calibration_end"], "start": start or "", "has_start": bool(start)}
    calibration = {"purchases": facts["repeat_purchases"], "once": facts["bought_once"]}
    holdout = {
        "end": facts["holdout_end"],
        "length": cell(facts["horizon"], digits=4),
        "unit": facts["time_unit"],
        "purchases": facts["holdout_purchases"],
        "again": facts["bought_again"],
        "has_spend": spend is not None,
        "spend": spend,
    }
    described = {
        "sample": message("data-sample", view.sample) if view.sample["sampled"] else "",
        "customers": message("data-customers", periods | {"customers": facts["customers"]}),
        "calibration": message("data-calibration", periods | calibration),
        "holdout": message("data-holdout", periods | holdout),
        "new": _describe_new_customers(facts),
        "left-out": _describe_rows_left_out(facts, ledger),
        "log": message("backtest-log-as-known") if facts.get("log") == LOG_AS_KNOWN else "",
        "time": clock_name(facts, view.certificates),
    }
    return [(message(f"data-term-{name}"), text) for name, text in described.items() if text]


def _describe_new_customers(facts: dict[str, Any]) -> str:
    """Describe the customers acquired in the holdout period."""
    if not facts["new_customers"]:
        return message("data-no-new-customers")
    figures = {"customers": facts["new_customers"], "purchases": facts["new_purchases"], "spend": facts["new_spend"]}
    return message("data-new-customers", figures | {"has_spend": facts["new_spend"] is not None})


def _describe_rows_left_out(facts: dict[str, Any], ledger: pd.DataFrame | None) -> str:
    """Return a text on the rows that no model or score uses."""
    figures = {"later": facts["rows_after_end"], "end": facts["holdout_end"], "without_id": facts["rows_without_id"]}
    parts = [
        Finding(code, figures)
        for code, rows in (
            ("data-rows-later", facts["rows_after_end"]),
            ("data-rows-without-id", facts["rows_without_id"]),
        )
        if rows
    ]
    if ledger is None:
        return message("data-rows", {"parts": parts}) if parts else message("cell-none")
    cleaned = {"parts": parts, "any": bool(parts), "cleaning": _missing_ids(ledger)}
    return message("data-rows-and-cleaning", cleaned)


def _missing_ids(ledger: pd.DataFrame) -> Finding:
    """Return the rows that cleaning removed because they have no customer id."""
    by_rule = {row["rule"]: row for row in records(ledger)}
    without_id, every_row = by_rule.get(NO_ID), by_rule[ROWS_IN]
    if without_id is None or not without_id["rows"]:
        return Finding("data-no-missing-ids")
    has_money = bool(every_row["money"] > 0)
    figures = {"rows": without_id["rows"], "share": without_id["rows"] / every_row["rows"], "has_money": has_money}
    money = without_id["money"] / every_row["money"] if has_money else None
    return Finding("data-missing-ids", figures | {"money": money})


def _profile_blocks(profile: Profile) -> list[PageBlock]:
    """Return the blocks on the profile of the log."""
    seen = profile.arrivals.verdict == "seen"  # otherwise it is one of the cautions
    parts: dict[str, Any] = {
        "intertimes": profile.intertimes,
        "regularity": profile.regularity,
        "arrivals": profile.arrivals if seen else None,
        "season": profile.season,
        "opportunities": profile.opportunities,
        "money": profile.money,
    }
    pairs = [(message(f"profile-term-{name}"), sentence(part.text)) for name, part in parts.items() if part is not None]
    suits = [(str(row["title"]), _describe_suitability(row, finding)) for row, finding in _suitable(profile)]
    return [
        Paragraphs([message("profile-scope")], message("profile-title")),
        Facts(pairs),
        Facts(suits, message("profile-which-models")),
        Pictures(_profile_pictures(profile)),
    ]


def _suitable(profile: Profile) -> list[tuple[dict[str, Any], Finding | None]]:
    """Return the models of a profile with findings on their suitability, if the profile has them."""
    rows = records(profile.models)
    findings = profile.model_findings or (None,) * len(rows)
    return list(zip(rows, findings, strict=True))


def _describe_suitability(row: dict[str, Any], finding: Finding | None) -> str:
    why = row["why"] if finding is None else finding.text
    label = message("suitability", {"suitability": row["suitability"]})
    return message("label-and-text", {"label": label, "text": why})


def _profile_pictures(profile: Profile) -> list[Picture]:
    """Draw purchases per week, the season, and times between purchases."""
    tables = profile.tables()
    weeks = tables["weeks"]
    most = highest(weeks, "purchases")
    pictures = [
        draw_picture(
            "weekly",
            message("picture-weekly"),
            message(
                "picture-text-weekly",
                {"weeks": len(weeks), "most": most["purchases"], "start": str(most["week_start"])[:10]},
            ),
            plots.weekly,
            weeks,
        )
    ]
    months = profile.season.months
    if len(months) and months["index"].notna().any():
        most = highest(months.dropna(subset="index"), "index")
        pictures.append(
            draw_picture(
                "season",
                message("picture-season", {"detected": bool(profile.season.busiest)}),
                message("picture-text-season", {"month": int(most["month"]), "index": float(most["index"])}),
                plots.season,
                months.dropna(subset="index"),
            )
        )
    waits = tables["waits"]
    if len(waits):
        pictures.append(
            draw_picture(
                "times-between",
                message("picture-times-between"),
                message("picture-text-times-between", {"text": sentence(profile.intertimes.text)}),
                plots.times_between,
                waits,
            )
        )
    return pictures


def cohort_table(view: Selection) -> Table | None:
    """Build the table of forecast and actual purchases by acquisition cohort, or return None."""
    table = view.at["groups"]
    if not len(table):
        return None
    rows = table[(table["by"] == "cohort") & (table["quantity"] == "purchases")]
    rows = rows[rows["forecaster"].map(view.is_reference)]
    if len(rows) < 2:
        return None
    return Table(
        caption=message("cohort-table", {"title": view.name}),
        headings=[message(f"cohort-{name}") for name in ("first-purchase", "customers", "actual", "forecast", "error")],
        rows=[
            [str(group), count(size), count(actual), predicted, signed_percent(bias)]
            for group, size, actual, predicted, bias in zip(
                rows["group"], rows["customers"], rows["actual"], column(rows["predicted"]), rows["bias"], strict=True
            )
        ],
    )
