"""Clean a log again, as it was known on any day, by the rules that `clv clean` wrote to a ledger."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.arguments import export_kind

CleaningOption = Annotated[
    Path | None,
    typer.Option(
        help="Ledger written by `clv clean`. LOG is then the file that was cleaned; it is cleaned again by the same "
        "rules, from what was known at each cutoff, and the ledger names its columns."
    ),
]

# Arguments that only `clv clean` has as options.
OPTIONS_OF_CLEAN = ("repeated_totals", "overlaps", "discounts", "test_orders", "on_missing_date", "rate")


@dataclass(frozen=True, slots=True)
class CleanedSource:
    """A log for verbs, unchanged or cleaned.

    Attributes
    ----------
    log : path, or function of a day
        What `backtest` and `holdout_split` take.
    columns : dict
        The options that name its columns.
    reading : dict
        The options date_format and time_zone.
    cleaned : Cleaned or None
        The result of cleaning, if the log was cleaned.
    """

    log: Any
    columns: dict[str, Any]
    reading: dict[str, Any]
    cleaned: Any = None


def open_source(log: Any, cleaning: Path | None, columns: dict[str, Any], reading: dict[str, Any]) -> CleanedSource:
    """Return a log, unchanged or cleaned by the rules of a ledger.

    `columns` and `reading` describe the log; a ledger replaces them with its own.
    """
    from clvmodels.errors import InvalidOption
    from clvmodels.transactions.log import LATEST

    if cleaning is None:
        return CleanedSource(log, columns, reading)
    if columns["amount"] is not None:
        raise InvalidOption("The ledger of --cleaning already names the column of amounts: leave out --amount.")
    clean_as_of = load_cleaner(log, cleaning)
    return _cleaned_source(clean_as_of, clean_as_of(LATEST))


def _cleaned_source(clean_as_of: Callable[[str], Any], cleaned: Any) -> CleanedSource:
    """Return a source that cleans the log as of a day; `cleaned` is the result for the log as it is now."""
    from clvmodels.transactions.log import LATEST

    has_money = "amount" in cleaned.transactions.columns
    names = {"customer_id": "customer_id", "date": "date", "amount": "amount" if has_money else None}

    def log_as_of(day: str) -> Any:
        return cleaned if day == LATEST else clean_as_of(day)

    return CleanedSource(log_as_of, names, {"date_format": None, "time_zone": None}, cleaned)


def load_cleaner(log: Any, cleaning: Path) -> Callable[[str], Any]:
    """Return a function of a day that cleans the log as it was known on that day, by the rules of a ledger.

    Raises
    ------
    InvalidOption
        When the file is not a ledger written by `clv clean`.
    """
    import clvmodels as clv
    from clvmodels import frames
    from clvmodels.errors import InvalidOption

    try:
        ledger = json.loads(cleaning.read_text(encoding="utf-8"))
        rules, read = clv.CleaningRules(**ledger["rules"]), ledger["read"]
        columns, export = dict(read["columns"]), read["export"]
        text: dict[str, Any] = {name: read[name] for name in ("date_format", "time_zone")}
        words = read.get("missing_ids")  # missing in ledgers of version 0.1.0
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise InvalidOption(
            f"--cleaning {cleaning}: this is not a ledger written by `clv clean` ({type(fault).__name__}). Write one "
            f"with `clv clean {log} --ledger ledger.json`."
        ) from None
    source: Any = log
    if export is not None:
        options = {name: value for name, value in text.items() if value is not None}
        source, text = clv.read_export(log, export, **options).frame, {}
    opened: dict[Any, Any] = {}

    def clean_as_of(day: str) -> Any:
        with frames.keep_opened(opened):  # a report cleans the file as of each of its cutoffs
            return clv.clean(source, **columns, rules=rules, **text, until=day, missing_ids=words)

    return clean_as_of


def open_log(
    log: Any,
    columns: str | None,
    cleaning: Path | None,
    names: dict[str, Any],
    reading: dict[str, Any],
    rules: dict[str, Any],
    missing_ids: list[str] | None,
) -> CleanedSource:
    """Return the log unchanged, cleaned by the rules of a ledger, or with `--columns auto` by the usual rules.

    Raises
    ------
    InvalidOption
        If `rules` name statuses, but this function does not clean the log.
    """
    from clvmodels.errors import InvalidOption

    if columns == "auto" and cleaning is None:
        source = open_by_itself(log, names, reading, rules, missing_ids)
        if source is not None:
            return source
    named = [rule for rule, value in rules.items() if value not in ((), "raise")]
    if named:
        by_itself = columns == "auto" and cleaning is None
        why = "the log has no column of statuses" if by_itself else "it needs --columns auto"
        raise InvalidOption(f"{named[0]}= has no effect: {why}.")
    return open_source(log, cleaning, names, reading)


def open_by_itself(
    log: Any,
    columns: dict[str, Any],
    reading: dict[str, Any],
    rules: dict[str, Any],
    missing_ids: list[str] | None,
) -> CleanedSource | None:
    """Return an export, or a log with statuses, orders or prices, cleaned by the usual rules; None for any other log.

    `--columns auto` uses this, so that rows which are not sales are left out even if the user named no columns. `rules`
    are those of the user. A summary of the cleaning is printed.
    """
    import clvmodels as clv
    from clvmodels import frames
    from clvmodels.errors import InvalidTransactions, MissingColumn
    from clvmodels.readers.column_suggestions import suggest_columns
    from clvmodels.transactions.log import LATEST

    kind = export_kind(log)
    source, roles, text = log, dict(columns), dict(reading)
    if kind is not None:
        options = {name: value for name, value in reading.items() if value is not None}
        export = clv.read_export(log, kind, **options)
        source, roles, text = export.frame, dict(export.columns), {}
        _show(f"Read as an export of {kind}", export.findings)
    else:
        others = suggest_columns(log).others
        if not {"status", "order_id", "price"} & others.keys():
            return None
        roles |= {role: name for role, name in others.items() if role not in roles}
    named = {role: name for role, name in roles.items() if name is not None}

    chosen = clv.CleaningRules(**rules)
    opened: dict[Any, Any] = {}

    def clean_as_of(day: str) -> Any:
        with frames.keep_opened(opened):  # a report cleans the file as of each of its cutoffs
            return clv.clean(source, **named, **text, rules=chosen, until=day, missing_ids=missing_ids)

    try:
        cleaned = clean_as_of(LATEST)
    except MissingColumn:
        raise
    except InvalidTransactions as error:
        if not any(f"{option}=" in str(error) for option in OPTIONS_OF_CLEAN):
            raise
        flags = "--export auto" if kind is not None else "--columns auto"
        raise InvalidTransactions(
            f"{error}\nClean the log with these options first (`clv clean LOG {flags} ...`), then pass --cleaning "
            "ledger.json."
        ) from None
    _show("Cleaned", cleaned.findings)
    if not len(cleaned.transactions):
        raise nothing_left(cleaned)
    return _cleaned_source(clean_as_of, cleaned)


def nothing_left(cleaned: Any) -> Exception:
    """Return the error about a log without a row after cleaning, with the reasons and the statuses to check."""
    from clvmodels.cleaning.ledger_rules import KEPT, ROWS_IN
    from clvmodels.errors import InvalidTransactions

    rows = cleaned.ledger[(cleaned.ledger["rows"] > 0) & ~cleaned.ledger["rule"].isin([ROWS_IN, KEPT])]
    reasons = ", ".join(f"{row.description}: {row.rows:,}" for row in rows.itertuples())
    message = f"No transaction is left of {cleaned.entries[ROWS_IN].rows:,} rows ({reasons or 'the log is empty'})."
    void = cleaned.statuses[cleaned.statuses["treatment"] == "void"]
    if len(void):
        statuses = ", ".join(f"{row.status!r} ({row.rows:,} rows)" for row in void.itertuples())
        first = void["status"].iloc[0]
        message += f" Not counted are the statuses {statuses}: count one with count_statuses='{first}'."
    return InvalidTransactions(message)


def _show(title: str, findings: Any) -> None:
    """Print what was done with a log before anything is computed from it."""
    from clvmodels.cli.app import err

    texts = "; ".join(finding.text for finding in findings)
    err.print(f"{title}: {texts}" if texts else title, soft_wrap=True, markup=False, highlight=False)
