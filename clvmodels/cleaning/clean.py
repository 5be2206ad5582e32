"""Line items or orders -> transactions ready for `rfm_summary`, and a ledger of what happened to every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from clvmodels import files, frames, html
from clvmodels.cleaning.cleaning_state import described
from clvmodels.cleaning.ledger import KEPT, ROWS_IN, UNITS, Entry, LedgerTally, ledger_table, met
from clvmodels.cleaning.partition import FLAGGED, MERGED, WINSORIZED, clean_part, rules_in_force
from clvmodels.cleaning.reading import read_log
from clvmodels.cleaning.rules import CleaningRules
from clvmodels.clock import Moment
from clvmodels.transactions.snapshots import CleanedLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cleaned", "clean"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cleaned(CleanedLog):
    """Transactions, and the ledger of how the log became them.

    Attributes
    ----------
    transactions : frame of the kind that came
        A row an order: customer_id, order_id (if the log has one), date, amount (if it has money) and, unless
        `outliers="keep"`, outlier (bool). In order of customer and date, within the parts a large log is cleaned in.
    ledger : pandas.DataFrame
        In the order applied, "rows in" first and "kept" last: `rule`; `rows` it took out (lines merged into their
        order count too); `changed`, rows or orders left in with other money or a flag; `money` that left with it
        (refunds are negative); `example`. The rows and, in millionths, the money of "rows in" are exactly those of all
        other lines together.
    set_aside : frame of the kind that came
        The rows taken out, in the named columns, with their `reason`.
    entries : mapping of rule to Entry
        The same as `ledger`, with money as whole millionths.
    rules : CleaningRules

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_online_retail()
    >>> named = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
    >>> cleaned = clv.clean(log, **named, quantity="Quantity", price="UnitPrice", product="StockCode")
    >>> for fact in cleaned.facts()[:2]:
    ...     print(fact)
    59,355 rows became 1,665 transactions
    41,666 lines merged into orders
    >>> rows = cleaned.ledger["rows"]
    >>> bool(rows.iloc[0] == rows.iloc[1:].sum())  # every row is accounted for
    True
    """

    transactions: frames.Frame
    ledger: pd.DataFrame
    set_aside: frames.Frame
    entries: Mapping[str, Entry]
    rules: CleaningRules

    def facts(self) -> list[str]:
        """What a reader should know of it, in words."""
        came, kept = self.entries[ROWS_IN], self.entries[KEPT]
        merged = self.entries[MERGED].rows if MERGED in self.entries else 0
        facts = [f"{_several(came.rows, 'row')} became {_several(kept.rows, 'transaction')}"]
        if merged:
            facts.append(f"{_several(merged, 'line')} merged into orders")
        facts.append(f"{_several(came.rows - kept.rows - merged, 'row')} set aside")
        if came.units or kept.units:
            facts.append(f"money {came.units / UNITS:,.2f} in, {kept.units / UNITS:,.2f} kept")
        return facts

    def to_json(self, path: str | Path, read: Mapping[str, Any] | None = None) -> None:
        """Write the rules and the ledger; and how the log was `read`, where one wants to read and clean it so again."""
        ledger = json.loads(self.ledger.to_json(orient="records"))
        told = {"rules": asdict(self.rules)} | ({} if read is None else {"read": dict(read)})
        files.write_json(Path(path), told | {"ledger": ledger})

    def write_set_aside(self, path: str | Path) -> None:
        """Write the rows set aside, with their reason, as Parquet or CSV by the ending of the path."""
        with files.replacing(Path(path)) as temporary:
            frames.write_table(self.set_aside, temporary)

    def __repr__(self) -> str:
        return "Cleaned: " + "; ".join(self.facts()) + f"\n{self.ledger.to_string(index=False)}"

    def _repr_html_(self) -> str:
        ledger = html.table(met(self.ledger).to_dict("list"), forms={"money": ",.2f"})
        return html.block("Cleaned", "; ".join(self.facts()), ledger)


def clean(
    log: frames.Frame | str | Path,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = None,
    quantity: str | None = None,
    price: str | None = None,
    order_id: str | None = None,
    product: str | None = None,
    status: str | None = None,
    currency: str | None = None,
    rate: str | None = None,
    refunded: str | None = None,
    rules: CleaningRules | None = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    until: Moment | None = None,
) -> Cleaned:
    """Turn line items or orders into transactions, and say what was done with every row.

    In this order: rows without a customer, without a sale (by their status), without an amount, of internal accounts
    and of codes that are no product are set aside; then exact duplicates; refunds are netted against the purchases
    they reverse (how they are matched says `clvmodels.cleaning.refund_matching`); lines without a price are set aside;
    lines are merged into their orders; outliers are flagged. `rules` changes each of these. Neither the order of the
    rows nor the engine matters, and cleaning what is clean changes nothing.

    Parameters
    ----------
    log : pandas or polars frame, or path
        A row a line item, or an order.
    customer_id, date : str
        Column names. An order is dated by the first of its lines that are kept.
    amount, quantity, price : str, optional
        What a row costs; or `quantity` and `price`, which are multiplied. Below 0 it is a refund, and so it is where a
        quantity is below 0. Without either there is no money.
    order_id, product : str, optional
        Without an order id each row is an order by itself.
    status : str, optional
        Read by `rules.void_statuses` and `rules.refund_statuses`.
    currency, rate : str, optional
        Several currencies are refused unless `rate` says what one unit of each row's is worth.
    refunded : str, optional
        What was given back of the row's order so far, as payment exports state it, 0 or above.
    rules : CleaningRules, optional
    date_format : str, optional
        strftime codes for text that is not ISO 8601; never guessed.
    time_zone : str, optional
        Whose calendar counts; zone-aware timestamps are refused without it.
    until : date or str, optional
        Clean the log as it was known on this day (itself included): later rows are passed over as if they had not come
        yet, so that no later refund is netted and no later order moves a threshold. They are in no line of the ledger.
        What a row says of later days by itself, such as `refunded` or `status` in an export, stays.

    Returns
    -------
    Cleaned

    Raises
    ------
    InvalidTransactions
        Naming every fault at once: column, rows, first few, remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> cleaned = clv.clean(log, amount="amount")
    >>> rfm = clv.rfm_summary(cleaned.transactions, amount="amount", time_unit="week")
    """
    rules = CleaningRules() if rules is None else rules
    named = {
        "customer_id": customer_id,
        "date": date,
        "order_id": order_id,
        "product": product,
        "status": status,
        "amount": amount,
        "quantity": quantity,
        "price": price,
        "currency": currency,
        "rate": rate,
        "refunded": refunded,
    }
    columns = {role: name for role, name in named.items() if name is not None}
    read = read_log(log, columns, rules, date_format, time_zone, until)
    tally = LedgerTally([ROWS_IN, *rules_in_force(columns, rules, read.has_money), KEPT])
    held = frames.collect_parts(lambda lazy: lazy, read.lazy, "customer_id", read.parts)
    parts = [clean_part(rows, read, rules, tally) for rows in held]
    transactions = nw.concat([part.transactions for part in parts])
    aside = nw.concat([part.set_aside for part in parts])
    del parts
    if read.has_money:
        transactions = _mark_outliers(transactions, rules, tally)
    return Cleaned(
        transactions=frames.table(read.kind, {name: transactions[name] for name in transactions.columns}),
        ledger=ledger_table(tally.entries, read.has_money),
        set_aside=frames.table(read.kind, {columns.get(name, name): aside[name] for name in aside.columns}),
        entries=tally.entries,
        rules=rules,
    )


def _several(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _mark_outliers(orders: nw.DataFrame[Any], rules: CleaningRules, tally: LedgerTally) -> nw.DataFrame[Any]:
    """Flag orders of many times the median order, and cut them down to that where it was asked for."""
    if rules.outliers == "keep":
        return orders
    amounts = orders["amount"].to_numpy()
    if not len(amounts):
        return orders.with_columns(outlier=nw.lit(False))
    middle = (len(amounts) - 1) // 2
    limit = round(rules.outlier_times * float(np.partition(amounts, middle)[middle]) * UNITS) / UNITS
    outlier = (nw.col("amount") >= limit) if limit > 0 else nw.lit(False)
    orders = orders.with_columns(outlier=outlier)
    flagged = orders.filter(nw.col("outlier"))
    tally.add(FLAGGED, changed=len(flagged), example=described(flagged, ("amount",)))
    if rules.outliers == "winsorize" and limit > 0:
        above = orders.filter(nw.col("amount") > limit)
        cut = sum(above["units"].to_list()) - len(above) * round(limit * UNITS)
        tally.add(WINSORIZED, units=cut, changed=len(above), example=described(above, ("amount",)))
        tally.entries[KEPT].units -= cut
        capped = nw.when(nw.col("amount") > limit).then(nw.lit(limit)).otherwise(nw.col("amount"))
        orders = orders.with_columns(amount=capped)
    return orders.drop("units", strict=False)
