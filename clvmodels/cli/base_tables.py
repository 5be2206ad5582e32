"""Tables of a customer base that verbs show on request: trend, groups that changed, unit economics, key figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from clvmodels.cli.app import out

if TYPE_CHECKING:
    from clvmodels import KnownHistory

__all__ = ["ShownTable", "acquisition_cost", "economics_of_base", "of_audit"]

LENGTHS = {"month": ("1 month", 4), "quarter": ("3 months", 13), "year": ("12 months", 52)}  # and their weeks
LAST_YEAR, FORECAST = "last_year", "forecast"
FLAG_COLUMNS = ("customers", "expected", "actual", "relative", "multiple_of_chance", "flagged")
TREND_COLUMNS = ("measure", "past", "now", "expected", "level", "direction", "outlook")
ECONOMICS_COLUMNS = ("customers", "cac", "break_even_cac", "clv_to_cac", "roi", "payback_month")
BOARD_COLUMNS = ("kpi", "current", "target", "distance", "reached")
EFFICIENCY_COLUMNS = ("share_of_customers", "share_of_cost", "share_of_value", "efficiency", "net_value")
TWO_DECIMALS = dict.fromkeys(
    ("cac", "break_even_cac", "clv_to_cac", "roi", "current", "target", "distance", "efficiency"), ",.2f"
)
ECONOMICS_DRAWS = 100
FORMATS = {"relative": "+.1%", "multiple_of_chance": ".2f", "past": ",.2f", "now": ",.2f"}


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table to show and to write.

    Attributes
    ----------
    name : str
        Of its file.
    code : str
        Code of the message with its title.
    frame : frame
    columns : tuple of str
        The columns that are shown.
    text : str
        The text shown below the table.
    formats : mapping of str to str
    """

    name: str
    code: str
    frame: Any
    columns: tuple[str, ...]
    text: str = ""
    formats: Mapping[str, str] = field(default_factory=dict)

    def show(self) -> None:
        """Print the table and its text."""
        import pandas as pd

        from clvmodels.language.messages import message
        from clvmodels.reporting import terminal

        shown = pd.DataFrame({name: self.frame[name].to_list() for name in self.columns})
        terminal.show_decisions(out, message(self.code), shown, self.formats)
        if self.text:
            out.print(self.text, highlight=False)


def of_audit(
    step: Callable[[str], None],
    base: Mapping[str, Any],
    period: str,
    by: str | None,
    *,
    trend: bool,
    flags: str | None,
    currency: str | None,
) -> list[ShownTable]:
    """Return the additional tables of an audit.

    Parameters
    ----------
    step : function
        Shows what is done.
    base : mapping
        The log and how it is read: the arguments of `KnownHistory.from_log`.
    period : {"month", "quarter", "year"}
    by : str or None
        Column of the log with the group of the row's customer.
    trend : bool
    flags : {"last_year", "forecast"} or None
    currency : str or None
    """
    from clvmodels import KnownHistory
    from clvmodels.decisions.base_audit.groups_of_log import groups_of_log
    from clvmodels.errors import InvalidOption

    if flags not in (None, LAST_YEAR, FORECAST):
        raise InvalidOption(f"flags={flags!r} is not one of {LAST_YEAR!r}, {FORECAST!r}.")
    if flags is not None and by is None:
        raise InvalidOption("flags= compares groups of customers: name their column, by=.")
    if not (trend or flags):
        return []
    reading = {**base, "time_unit": "week"}
    if by is not None:
        reading["attributes"] = groups_of_log(base["log"], customer_id=base["customer_id"], by=by)
    history = KnownHistory.from_log(**reading)
    tables = []
    if trend:
        tables.append(trend_of_base(step, history, period, by, currency))
    if flags is not None:
        tables.append(flags_table(step, history, reading, period, str(by), flags, currency))
    return tables


def trend_of_base(
    step: Callable[[str], None], history: KnownHistory, period: str, by: str | None, currency: str | None
) -> ShownTable:
    """Return the trend table of a log."""
    import clvmodels as clv

    step("Fitting the models")
    models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    group = "total" if by is None else by
    table = clv.trend_table(*models, history, period=LENGTHS[period][0], by=group, currency=currency)
    columns = TREND_COLUMNS if by is None else (by, *TREND_COLUMNS[:-1])  # fits a terminal of 80 columns
    return ShownTable("trend", "show-trend", table.frame(), columns, table.text, {**FORMATS, "expected": ",.2f"})


def flags_table(
    step: Callable[[str], None],
    history: KnownHistory,
    reading: Mapping[str, Any],
    period: str,
    by: str,
    against: str,
    currency: str | None,
) -> ShownTable:
    """Return which groups changed in the last weeks, against last year or a forecast made before them."""
    import clvmodels as clv

    weeks = LENGTHS[period][1]
    if against == LAST_YEAR:
        result = clv.flag_changes_last_year(history, by=by, weeks=weeks, currency=currency)
    else:
        day = date.fromisoformat(str(history.observation_end)[:10]) - timedelta(weeks=weeks)
        before = clv.KnownHistory.from_log(**{**reading, "observation_end": day.isoformat()})
        step("Fitting the models")
        models = clv.MBGNBD().fit(before.rfm), clv.GammaGamma().fit(before.rfm)
        result = clv.flag_changes(*models, before.rfm, history, by=by, currency=currency)
    return ShownTable("flags", "show-flags", result.frame(), (by, *FLAG_COLUMNS), result.text, FORMATS)


def economics_of_base(
    step: Callable[[str], None],
    reading: Mapping[str, Any],
    models: tuple[Any, Any],
    acquisition: Any,
    by: str | None,
    targets: str | None,
    satisfaction: str | None,
    terms: Mapping[str, Any],
) -> list[ShownTable]:
    """Return unit economics, the board of key figures, and with groups the efficiency of their acquisition.

    Parameters
    ----------
    step : function
        Shows what is done.
    reading : mapping
        The log and how it is read: the arguments of `KnownHistory.from_log`.
    models : fitted models
        Of purchases and spend.
    acquisition : float or mapping
        Cost of a customer; see `acquisition_cost`.
    by : str or None
        Column of the log with the group of the row's customer.
    targets : str or None
        Such as "cac=12,clv_to_cac=3".
    satisfaction : str or None
        Column of the log with the customer's satisfaction.
    terms : mapping
        Horizon, rate, margin and costs.
    """
    from dataclasses import replace

    import clvmodels as clv
    from clvmodels.cli.arguments import parse_numbers

    read = dict(reading)
    attributes = _attributes(read, by, satisfaction)
    if attributes is not None:
        read["attributes"] = attributes
    history = clv.KnownHistory.from_log(**read)
    costs = replace(terms["costs"], acquisition=acquisition)
    step("Comparing costs and values")
    group = "total" if by is None else by
    economics = clv.unit_economics(*models, history, by=group, draws=ECONOMICS_DRAWS, **{**terms, "costs": costs})
    wanted = {} if targets is None else parse_numbers(targets, "--targets", "cac=12,clv_to_cac=3")
    board = clv.kpi_board(economics, targets=wanted, history=history, satisfaction=satisfaction)
    shown = (group,)
    tables = [
        ShownTable(
            "economics", "show-economics", economics.frame(), (*shown, *ECONOMICS_COLUMNS), economics.text, TWO_DECIMALS
        ),
        ShownTable("board", "show-board", board.frame(), (*shown, *BOARD_COLUMNS), board.text, TWO_DECIMALS),
    ]
    if by is not None:
        efficiency = clv.channel_efficiency(economics)
        tables.append(
            ShownTable("efficiency", "show-efficiency", efficiency, (*shown, *EFFICIENCY_COLUMNS), formats=TWO_DECIMALS)
        )
    return tables


def acquisition_cost(text: str, by: str | None) -> Any:
    """Return a cost of acquisition from its text: a number, or numbers by group, such as "search=20,social=10"."""
    from clvmodels.cli.arguments import parse_numbers
    from clvmodels.errors import InvalidOption

    example = "20, or search=20,social=10 with by="
    if "=" not in text:
        try:
            return float(text)
        except ValueError:
            raise InvalidOption(f"--acquisition {text!r} must be a number, such as {example}.") from None
    if by is None:
        raise InvalidOption("acquisition= by group needs the column of the group, by=.")
    return {by: parse_numbers(text, "--acquisition", "search=20,social=10")}


def _attributes(reading: Mapping[str, Any], by: str | None, satisfaction: str | None) -> Any:
    """Return a table of customers with some columns of a log; None without columns."""
    import narwhals as nw

    from clvmodels.decisions.base_audit.groups_of_log import groups_of_log

    names = [name for name in (by, satisfaction) if name is not None]
    if not names:
        return None
    tables = [
        nw.from_native(groups_of_log(reading["log"], customer_id=reading["customer_id"], by=name), eager_only=True)
        for name in names
    ]
    table = tables[0]
    for other in tables[1:]:
        table = table.join(other, on="customer_id", how="left")
    if satisfaction is not None:
        table = table.with_columns(nw.col(satisfaction).cast(nw.Float64))
    return table.to_native()
