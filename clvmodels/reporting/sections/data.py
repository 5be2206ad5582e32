"""The data: what the log holds, what was set aside, who came when, and what to beware of."""

from __future__ import annotations

from typing import Any

import pandas as pd

from clvmodels.cleaning.ledger import applied_rules
from clvmodels.cleaning.ledger_rules import NO_ID, ROWS_IN
from clvmodels.language.numbers import column, count, percent, sentence, signed_percent
from clvmodels.profiling.profile import Profile
from clvmodels.reporting import plots
from clvmodels.reporting.page import Facts, PageBlock, Pair, Picture, Pictures, ReportSection, Table, Words, drawn
from clvmodels.reporting.selection import Selection, highest, records
from clvmodels.validation.backtest.result import AS_KNOWN

__all__ = ["MONEY", "beware", "data"]

MONEY = "in the currency of the log"


def data(view: Selection, profile: Profile | None, ledger: pd.DataFrame | None) -> ReportSection:
    """What was known and what was held back; with a profile, what the log can bear; with a ledger, what was cleaned."""
    facts = view.facts
    lead = [
        (
            f"{count(facts['customers'])} customers were known on {facts['calibration_end']}, when "
            f"{percent(facts['bought_once'], 0)} of them had bought only once. Everything after that day was held back "
            "from "
            f"the models, to see how well they would have foretold it."
        )
    ]
    blocks: list[PageBlock] = [Facts(_periods(facts, ledger))]
    if profile is not None:
        blocks += _of_profile(profile)
    if ledger is not None:
        blocks.append(ledger_table(ledger))
    if (cohorts := _cohorts(view)) is not None:
        blocks.append(cohorts)
    if warnings := _warnings(view, profile):
        blocks.append(Words(warnings, "What to beware of", "beware"))
    return ReportSection("data", "The data", lead, blocks)


def beware(view: Selection, profile: Profile | None) -> str:
    """One sentence for the top of the page where the data ask for caution; nothing where they do not."""
    if profile is not None and profile.arrivals.verdict == "older":
        return "Many customers are older than this log, and every model here takes them for new."
    many = len(_warnings(view, profile))
    return f"{count(many)} thing{'' if many == 1 else 's'} in the data or the fits ask for caution." if many else ""


def ledger_table(ledger: pd.DataFrame) -> Table:
    """What cleaning did to every row of the log: a row a rule, in the order applied."""
    rows = []
    for row in applied_rules(ledger).to_dict("records"):
        money = row.get("money")
        rows.append(
            [
                str(row["description"]),
                count(row["rows"]),
                count(row["changed"]),
                "" if money is None or money != money else f"{money:,.2f}".replace("-", "−"),
            ]
        )
    return Table(
        caption="Cleaning: what happened to every row of the log",
        headings=["rule, in order", "rows", "changed", "money"],
        rows=rows,
        notes=[
            "Rows in are the rows kept and those taken out by the rules between; money likewise.",
            "Changed are rows or orders left in with other money or a flag. Rules that met nothing are not listed.",
        ],
    )


def _periods(of: dict[str, Any], ledger: pd.DataFrame | None) -> list[Pair]:
    """The data in plain words."""
    unit = of["time_unit"]
    holdout = (
        f"after {of['calibration_end']}, to {of['holdout_end']} ({of['horizon']:.4g} {unit}s): "
        f"{count(of['holdout_purchases'])} purchases by {percent(of['bought_again'])} of these customers"
    )
    if of["holdout_spend"] is not None:
        holdout += f", who spent {count(of['holdout_spend'])} ({MONEY})"
    start = f"{of['calibration_start']} to " if of.get("calibration_start") else "to "
    return [
        ("Customers", f"{count(of['customers'])}, first seen by {of['calibration_end']}"),
        (
            "Calibration period",
            (
                f"{start}{of['calibration_end']}: {count(of['repeat_purchases'])} repeat purchases; "
                f"{percent(of['bought_once'])} of the customers had bought only once. The models know nothing later."
            ),
        ),
        ("Holdout period", holdout),
        ("First seen later", _first_seen_later(of)),
        ("Rows left out", _rows_left_out(of, ledger)),
        *([("Log", str(of["log"]))] if of.get("log") == AS_KNOWN else []),
        ("Time", f"told in {of['clock']}"),
    ]


def _first_seen_later(of: dict[str, Any]) -> str:
    if not of["new_customers"]:
        return "nobody: every customer of the holdout period was known at the cut"
    spent = f", spending {count(of['new_spend'])}" if of["new_spend"] is not None else ""
    return (
        f"{count(of['new_customers'])} customers with {count(of['new_purchases'])} purchases{spent}. No forecast made "
        "at the cut could know them; they are in no score."
    )


def _rows_left_out(of: dict[str, Any], ledger: pd.DataFrame | None) -> str:
    left = []
    if of["rows_after_end"]:
        left.append(f"{count(of['rows_after_end'])} later than {of['holdout_end']}")
    if of["rows_without_id"]:
        left.append(f"{count(of['rows_without_id'])} without a customer id")
    told = " and ".join(left)
    if ledger is None:
        return told or "none"
    return f"{told or 'none of the cleaned log'}; by cleaning (see its table), {_without_customer(ledger)}"


def _without_customer(ledger: pd.DataFrame) -> str:
    """The share of rows and of money that belongs to nobody who is known."""
    by_rule = {row["rule"]: row for row in records(ledger)}
    of, all_of_them = by_rule.get(NO_ID), by_rule[ROWS_IN]
    if of is None or not of["rows"]:
        return "none for want of a customer id"
    told = f"{count(of['rows'])} rows ({percent(of['rows'] / all_of_them['rows'])}"
    if all_of_them["money"] > 0:
        told += f", and {percent(of['money'] / all_of_them['money'])} of the money"
    return f"{told}) without a customer id"


def _of_profile(profile: Profile) -> list[PageBlock]:
    """What the log shows before any model."""
    seen = profile.arrivals.verdict == "seen"  # or else it stands in what to beware of
    parts: list[tuple[str, Any]] = [
        ("Time between purchases", profile.intertimes),
        ("Regularity", profile.regularity),
        ("Where customers begin", profile.arrivals if seen else None),
        ("Season", profile.season),
        ("Opportunities", profile.opportunities),
        ("Money", profile.money),
    ]
    pairs = [(term, sentence(part.text)) for term, part in parts if part is not None]
    suits = [(str(row["title"]), f"{row['suitability']}: {row['why']}") for row in records(profile.models)]
    return [
        Words(
            ["This is told of the whole log, the time held back included: shares may differ from those above."],
            "What the log can bear",
        ),
        Facts(pairs),
        Facts(suits, "Which models suit such data"),
        Pictures(_pictures(profile)),
    ]


def _pictures(profile: Profile) -> list[Picture]:
    tables = profile.tables()
    weeks = tables["weeks"]
    most = highest(weeks, "purchases")
    pictures = [
        drawn(
            "weekly",
            "Purchases a week",
            f"Lines of purchases a calendar week: all, repeat purchases and new customers, {count(len(weeks))} weeks. "
            f"The highest has {count(most['purchases'])} purchases, in the week from "
            f"{str(most['week_start'])[:10]}.",
            plots.weekly,
            weeks,
        )
    ]
    months = profile.season.months
    if len(months) and months["index"].notna().any():
        most = highest(months.dropna(subset="index"), "index")
        pictures.append(
            drawn(
                "season",
                "The season" if profile.season.busiest else "The season: none beyond chance",
                f"Bars of purchases by calendar month, as a multiple of an average month. Month "
                f"{int(most['month'])} is "
                f"highest, with {most['index']:.2f}.",
                plots.season,
                months.dropna(subset="index"),
            )
        )
    waits = tables["waits"]
    if len(waits):
        pictures.append(
            drawn(
                "times-between",
                "How long customers wait between purchases",
                f"Histogram of the times from one purchase to the customer's next. {sentence(profile.intertimes.text)}",
                plots.times_between,
                waits,
            )
        )
    return pictures


def _cohorts(view: Selection) -> Table | None:
    """Forecast and actual by when customers came, of the model the verdict is about."""
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
            [str(group), count(size), count(actual), told, signed_percent(bias)]
            for group, size, actual, told, bias in zip(
                rows["group"], rows["customers"], rows["actual"], column(rows["predicted"]), rows["bias"], strict=True
            )
        ],
    )


def _warnings(view: Selection, profile: Profile | None) -> list[str]:
    """What a reader should beware of before trusting any number."""
    told = [
        f"{of['title']} ended at “{of['status']}”: {of['message']}."
        for of in view.certificates
        if of["status"] != "converged"
    ]
    if profile is not None:
        if profile.arrivals.verdict != "seen":
            told.append(sentence(profile.arrivals.text))
        told += [sentence(finding.text) for finding in profile.check_findings]
    told += list(view.facts.get("left_out") or [])
    told += list(view.facts.get("notes") or [])
    return told
