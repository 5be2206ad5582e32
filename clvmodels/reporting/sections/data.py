"""Section on the data: what the log contains, what was left out, cohorts, and cautions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clvmodels.cleaning.ledger import applied_rules
from clvmodels.cleaning.ledger_rules import NO_ID, ROWS_IN
from clvmodels.language import message
from clvmodels.language.numbers import cell, column, count, fixed, percent, sentence, signed_percent
from clvmodels.profiling.profile import Profile
from clvmodels.reporting import plots
from clvmodels.reporting.cautions import find_cautions
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

__all__ = ["MONEY", "data"]

MONEY = "in the currency of the log"


def data(view: Selection, profile: Profile | None, ledger: pd.DataFrame | None) -> ReportSection:
    """Describe the data before and after the cutoff; with a profile, the log itself; with a ledger, its cleaning."""
    facts = view.facts
    lead = [
        (
            f"On {facts['calibration_end']} there were {count(facts['customers'])} customers, "
            f"{percent(facts['bought_once'], 0)} of whom had bought only once. The models did not see anything after "
            "that day, so that their forecasts could be checked against it."
        )
    ]
    blocks: list[PageBlock] = [Facts(_describe_periods(facts, ledger))]
    if profile is not None:
        blocks += _profile_blocks(profile)
    if ledger is not None:
        blocks.append(ledger_table(ledger))
    if (table := cohort_table(view)) is not None:
        blocks.append(table)
    if cautions := find_cautions(view, profile):
        blocks.append(Paragraphs([caution.text for caution in cautions], "Cautions", "cautions"))
    return ReportSection("data", "The data", lead, blocks)


def ledger_table(ledger: pd.DataFrame) -> Table:
    """Build the table of what cleaning did to the rows of the log, one row per rule in the order applied."""
    rows = []
    for row in applied_rules(ledger).to_dict("records"):
        money = row.get("money")
        rows.append(
            [
                str(row["description"]),
                count(row["rows"]),
                count(row["changed"]),
                "" if money is None or money != money else fixed(money, 2),
            ]
        )
    return Table(
        caption="Cleaning: what happened to every row of the log",
        headings=["rule, in order", "rows", "changed", "money"],
        rows=rows,
        notes=[
            "Rows read are the rows that were left plus those that the rules in between removed; likewise for money.",
            "“Changed” counts rows or orders that stayed, but with another amount or a flag.",
            "Rules that matched no row are not listed.",
        ],
    )


def _describe_periods(facts: dict[str, Any], ledger: pd.DataFrame | None) -> list[Pair]:
    """Describe the calibration and the holdout period."""
    unit = facts["time_unit"]
    holdout = (
        f"after {facts['calibration_end']}, up to {facts['holdout_end']} ({cell(facts['horizon'], digits=4)} {unit}s): "
        f"{count(facts['holdout_purchases'])} purchases by {percent(facts['bought_again'])} of these customers"
    )
    if facts["holdout_spend"] is not None:
        holdout += f", who spent {count(facts['holdout_spend'])} ({MONEY})"
    start = f"{facts['calibration_start']} to " if facts.get("calibration_start") else "to "
    return [
        ("Customers", f"{count(facts['customers'])}, first purchase by {facts['calibration_end']}"),
        (
            "Calibration period",
            (
                f"{start}{facts['calibration_end']}: {count(facts['repeat_purchases'])} repeat purchases; "
                f"{percent(facts['bought_once'])} of the customers had bought only once. The models did not see "
                "anything later."
            ),
        ),
        ("Holdout period", holdout),
        ("New customers", _describe_new_customers(facts)),
        ("Rows left out", _describe_rows_left_out(facts, ledger)),
        *([("Log", message("backtest-log-as-known"))] if facts.get("log") == LOG_AS_KNOWN else []),
        ("Time", str(facts["clock"])),
    ]


def _describe_new_customers(facts: dict[str, Any]) -> str:
    """Describe the customers acquired in the holdout period."""
    if not facts["new_customers"]:
        return "none: all customers of the holdout period had bought before the cutoff"
    spent = f", spending {count(facts['new_spend'])}" if facts["new_spend"] is not None else ""
    return (
        f"{count(facts['new_customers'])} customers with {count(facts['new_purchases'])} purchases{spent} in the "
        "holdout period. No forecast made at the cutoff can include them, and they are in no score."
    )


def _describe_rows_left_out(facts: dict[str, Any], ledger: pd.DataFrame | None) -> str:
    """Describe the rows that no model and no score uses."""
    left = []
    if facts["rows_after_end"]:
        left.append(f"{count(facts['rows_after_end'])} later than {facts['holdout_end']}")
    if facts["rows_without_id"]:
        left.append(f"{count(facts['rows_without_id'])} without a customer id")
    text = " and ".join(left)
    if ledger is None:
        return text or "none"
    return f"{text or 'none of the cleaned log'}; by cleaning (see its table), {_describe_missing_ids(ledger)}"


def _describe_missing_ids(ledger: pd.DataFrame) -> str:
    """Describe the rows that cleaning removed because they have no customer id."""
    by_rule = {row["rule"]: row for row in records(ledger)}
    without_id, every_row = by_rule.get(NO_ID), by_rule[ROWS_IN]
    if without_id is None or not without_id["rows"]:
        return "none for a missing customer id"
    text = f"{count(without_id['rows'])} rows ({percent(without_id['rows'] / every_row['rows'])}"
    if every_row["money"] > 0:
        text += f", and {percent(without_id['money'] / every_row['money'])} of the money"
    return f"{text}) without a customer id"


def _profile_blocks(profile: Profile) -> list[PageBlock]:
    """Show what the profile found in the log, before any model."""
    seen = profile.arrivals.verdict == "seen"  # otherwise it is among the cautions
    parts: list[tuple[str, Any]] = [
        ("Time between purchases", profile.intertimes),
        ("Regularity", profile.regularity),
        ("First purchases", profile.arrivals if seen else None),
        ("Season", profile.season),
        ("Opportunities", profile.opportunities),
        ("Money", profile.money),
    ]
    pairs = [(term, sentence(part.text)) for term, part in parts if part is not None]
    suits = [(str(row["title"]), f"{row['suitability']}: {row['why']}") for row in records(profile.models)]
    return [
        Paragraphs(
            ["The profile covers the whole log, including the holdout period, so shares may differ from those above."],
            "Profile of the log",
        ),
        Facts(pairs),
        Facts(suits, "Which models suit these data"),
        Pictures(_profile_pictures(profile)),
    ]


def _profile_pictures(profile: Profile) -> list[Picture]:
    """Draw purchases per week, the season, and times between purchases."""
    tables = profile.tables()
    weeks = tables["weeks"]
    most = highest(weeks, "purchases")
    pictures = [
        draw_picture(
            "weekly",
            "Purchases per week",
            f"Lines of purchases per calendar week: all, repeat purchases and new customers, {count(len(weeks))} "
            f"weeks. The highest number, {count(most['purchases'])}, is in the week from "
            f"{str(most['week_start'])[:10]}.",
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
                "Season" if profile.season.busiest else "Season: none detected",
                f"Bars of purchases by calendar month, as a multiple of an average month. Month "
                f"{int(most['month'])} is "
                f"highest, with {fixed(most['index'], 2)}.",
                plots.season,
                months.dropna(subset="index"),
            )
        )
    waits = tables["waits"]
    if len(waits):
        pictures.append(
            draw_picture(
                "times-between",
                "Times between purchases",
                f"Histogram of the times between purchases of a customer. {sentence(profile.intertimes.text)}",
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
        caption=f"Cohorts: purchases in the holdout period, actual and forecast by {view.name}",
        headings=["first purchase", "customers", "actual", "forecast", "error of the total"],
        rows=[
            [str(group), count(size), count(actual), predicted, signed_percent(bias)]
            for group, size, actual, predicted, bias in zip(
                rows["group"], rows["customers"], rows["actual"], column(rows["predicted"]), rows["bias"], strict=True
            )
        ],
    )
