"""Turn line items or orders into transactions for `rfm_summary`, with a ledger of what happened to every row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from clvmodels import files, frames, html
from clvmodels.cleaning.cleaning_state import first_example
from clvmodels.cleaning.in_engine.cleaning import clean_in_engine
from clvmodels.cleaning.ledger import UNITS, Entry, LedgerTally, applied_rules, ledger_table
from clvmodels.cleaning.ledger_rules import FLAGGED, KEPT, MERGED, ROWS_IN, WINSORIZED
from clvmodels.cleaning.order_spans import shared_orders
from clvmodels.cleaning.order_statuses import SHOWN
from clvmodels.cleaning.partition import active_rules, clean_partition
from clvmodels.cleaning.reading import read_log
from clvmodels.cleaning.rules import CleaningRules, LogToClean
from clvmodels.clock import Moment
from clvmodels.language import Finding, Findings, as_text
from clvmodels.transactions.ids import MissingIds, find_placeholder, find_tests, find_variants
from clvmodels.transactions.rfm import is_summary, summary_finding
from clvmodels.transactions.snapshots import CleanedLog

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Cleaned", "clean"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cleaned(CleanedLog):
    """Transactions, and the ledger of how they were made from the log.

    Attributes
    ----------
    transactions : frame of the same kind as the log
        One row per order: customer_id, order_id (if the log has one), date, amount (if it has money) and, unless
        `outliers="keep"`, outlier (bool). Sorted by customer and date within each partition of a large log; a table of
        an engine has no order.
    ledger : pandas.DataFrame
        One row per rule, in the order applied, "rows_in" first and "kept" last: `rule`, its code; `description`, the
        rule in English; `rows` that it set aside (or merged into their order); `changed`, rows or orders that stayed
        with a different amount or a flag; `money` that it removed (refunds are negative); `example`. The rows and, in
        millionths, the money of "rows_in" equal the sum of all other lines.
    set_aside : frame of the same kind as the log
        The rows set aside, in the columns of the log, with the code of the rule in `reason`.
    entries : mapping of rule code to Entry
        The same as `ledger`, with money in whole millionths.
    rules : CleaningRules
    statuses : pandas.DataFrame
        One row per status of the log, the most frequent first: `status`; `rows` and `money` of the log; `treatment`,
        "counted", "void" or "refund"; `reason`, "listed" (by a rule), "known" (a status with a known meaning), "part"
        (a known word in it), "amount_stated" or "rows_of_refunds" (refunded, and the log states how much), "blank" or
        "unknown"; and `why`, the reason in English. Empty if the log has no statuses.
    opened_files : tuple of OpenedFile
        What was recognized of the files of the log.
    doubts : tuple of Finding
        Order ids of several customers, an id of customers that probably stands for nobody, ids that may be the same
        customer because they differ only by case, blanks or leading zeros, and addresses that look like tests.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_online_retail()
    >>> columns = {"customer_id": "CustomerID", "date": "InvoiceDate", "order_id": "InvoiceNo"}
    >>> cleaned = clv.clean(log, **columns, quantity="Quantity", price="UnitPrice", product="StockCode")
    >>> for finding in cleaned.findings[:2]:
    ...     print(finding.text)
    59,355 rows became 1,665 transactions
    41,666 lines were merged into orders
    >>> rows = cleaned.ledger["rows"]
    >>> bool(rows.iloc[0] == rows.iloc[1:].sum())  # every row is accounted for
    True
    """

    transactions: frames.Frame
    ledger: pd.DataFrame
    set_aside: frames.Frame
    entries: Mapping[str, Entry]
    rules: CleaningRules
    statuses: pd.DataFrame
    opened_files: tuple[frames.OpenedFile, ...] = ()
    doubts: Findings = ()

    @property
    def findings(self) -> Findings:
        """Rows and money in and kept, as findings."""
        before, after = self.entries[ROWS_IN], self.entries[KEPT]
        merged = self.entries[MERGED].rows if MERGED in self.entries else 0
        findings = [Finding("cleaning-rows", {"rows": before.rows, "transactions": after.rows})]
        if merged:
            findings.append(Finding("cleaning-merged", {"lines": merged}))
        findings.append(Finding("cleaning-set-aside", {"rows": before.rows - after.rows - merged}))
        if before.units or after.units:
            money = {"money_in": before.units / UNITS, "money_kept": after.units / UNITS}
            findings.append(Finding("cleaning-money", money))
        findings += self.doubts
        unknown = self.statuses[self.statuses["reason"] == "unknown"]
        for treatment, rows in unknown.groupby("treatment"):
            figures = {
                "rows": int(rows["rows"].sum()),
                "treatment": treatment,
                "statuses": list(rows["status"][:SHOWN]),
            }
            findings.append(Finding("cleaning-unknown-statuses", figures, "caution"))
        return (*findings, *frames.file_findings(self.opened_files))

    def to_json(self, path: str | Path, read: Mapping[str, Any] | None = None) -> None:
        """Write the rules, the ledger and the findings as JSON; also how the log was `read`, to clean it again."""
        ledger = json.loads(self.ledger.to_json(orient="records"))
        document = {"rules": asdict(self.rules)} | ({} if read is None else {"read": dict(read)})
        findings = [finding.to_dict() for finding in self.findings]
        statuses = json.loads(self.statuses.to_json(orient="records"))
        files.write_json(Path(path), document | {"ledger": ledger, "statuses": statuses, "findings": findings})

    def write_set_aside(self, path: str | Path) -> None:
        """Write the rows set aside with their reason; the extension of the path selects Parquet or CSV."""
        with files.replacing(Path(path)) as temporary:
            frames.write_table(self.set_aside, temporary)

    def __repr__(self) -> str:
        return "Cleaned: " + as_text(self.findings, separator="; ") + f"\n{self.ledger.to_string(index=False)}"

    def _repr_html_(self) -> str:
        ledger = html.table(applied_rules(self.ledger).to_dict("list"), forms={"money": ",.2f"})
        return html.block("Cleaned", as_text(self.findings, separator="; "), ledger)


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
    discount: str | None = None,
    test: str | None = None,
    rules: CleaningRules | None = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    until: Moment | None = None,
    missing_ids: MissingIds = None,
) -> Cleaned:
    """Turn line items or orders into transactions, and record what was done with every row.

    The steps, in this order: set aside rows without a customer, without a sale (by their status), without an amount,
    of internal accounts, and with codes that are not products; set aside exact duplicates; net refunds against the
    purchases they reverse (`clvmodels.cleaning.refund_matching` describes how they are matched); set aside lines
    without a price; merge lines into their orders; flag outliers. `rules` changes each of these. The result does not
    depend on the order of the rows or on the engine, and cleaning a clean log changes nothing.

    Parameters
    ----------
    log : frame, relation of DuckDB, table of Ibis, frame of Spark, or path
        One row per line item or order. A table in an engine is cleaned there, except for customers with refunds.
    customer_id, date : str
        Column names. An order is dated by the first of its lines that remain.
    amount, quantity, price : str, optional
        What a row costs; or `quantity` and `price`, which are multiplied. A negative amount or quantity is a refund.
        Without these columns, the cleaned log has no amounts.
    order_id, product : str, optional
        Without an order id, each row is an order.
    status : str, optional
        What became of the row's order, such as "paid" or "cancelled". Rows that are not a sale are set aside; a status
        whose meaning is not known stops the cleaning until `rules` say how to treat it.
    currency, rate : str, optional
        Several currencies are refused unless `rate` gives the value of one unit of the row's currency.
    refunded : str, optional
        What has been refunded of the row's order so far, as payment exports state it, 0 or above.
    discount : str, optional
        By how much a row costs less than `amount`, or than `quantity` times `price`: a share, a percentage or an
        amount, which `rules` can name.
    test : str, optional
        Whether a row is a test of the shop, such as true or "yes"; such rows are set aside.
    rules : CleaningRules, optional
    date_format : str, optional
        strftime codes for text that is not ISO 8601; never guessed.
    time_zone : str, optional
        The zone whose calendar applies; timestamps with a zone are refused without it.
    until : date or str, optional
        Clean the log as it was known on this day (inclusive): later rows are ignored, so that no later refund is
        netted and no later order moves a threshold. They appear in no line of the ledger. Later events that a row
        itself records, such as `refunded` or `status` in an export, stay.
    missing_ids : list of str, optional
        Ids of customers and orders that mean "nobody", as for `rfm_summary`.

    Returns
    -------
    Cleaned

    Raises
    ------
    InvalidTransactions
        Lists every fault at once: column, number of rows, the first few, and the remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> cleaned = clv.clean(log, amount="amount")
    >>> rfm = clv.rfm_summary(cleaned.transactions, amount="amount", time_unit="week")
    """
    rules = CleaningRules() if rules is None else rules
    roles = {
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
        "discount": discount,
        "test": test,
    }
    columns = {role: name for role, name in roles.items() if name is not None}
    source = LogToClean(log, columns, rules, date_format, time_zone, until, missing_ids)
    in_engine = clean_in_engine(source)
    if in_engine is not None:
        return Cleaned(
            transactions=in_engine.transactions,
            ledger=ledger_table(in_engine.tally.entries, source.has_money),
            set_aside=in_engine.set_aside,
            entries=in_engine.tally.entries,
            rules=rules,
            statuses=in_engine.statuses.table(),
            doubts=in_engine.doubts,
        )
    items = read_log(source)
    tally = LedgerTally([ROWS_IN, *active_rules(columns, rules, items.has_money, items.overlap), KEPT])
    partitions = frames.collect_parts(lambda lazy: lazy, items.lazy, "customer_id", items.partitions)
    cleaned = [clean_partition(rows, items, rules, tally) for rows in partitions]
    transactions = nw.concat([partition.transactions for partition in cleaned])
    set_aside = nw.concat([partition.set_aside for partition in cleaned])
    del cleaned
    if items.has_money:
        transactions = _mark_outliers(transactions, rules, tally)
    return Cleaned(
        transactions=frames.table(items.kind, {name: transactions[name] for name in transactions.columns}),
        ledger=ledger_table(tally.entries, items.has_money),
        set_aside=frames.table(items.kind, {columns.get(name, name): set_aside[name] for name in set_aside.columns}),
        entries=tally.entries,
        rules=rules,
        statuses=items.statuses.table(),
        opened_files=items.opened_files,
        doubts=(*items.doubts, *_doubts(transactions)),
    )


def _doubts(orders: nw.DataFrame[Any]) -> Findings:
    """Return findings on doubtful ids of orders and customers."""
    findings: list[Finding] = []
    shared = shared_orders(orders)
    if shared:
        findings.append(Finding("cleaning-shared-orders", {"orders": shared}, "caution"))
    placeholder = find_placeholder(orders.lazy())
    if placeholder is not None:
        share = placeholder.rows / placeholder.total
        figures = {"id": str(placeholder.value), "rows": placeholder.rows, "share": share}
        findings.append(Finding("profile-id-placeholder", figures, "problem"))
    ids = orders.select("customer_id").unique()
    if is_summary(len(orders), len(ids)):
        findings.append(summary_finding(len(ids)))
    return (*findings, *find_variants(ids), *find_tests(ids))


def _mark_outliers(orders: nw.DataFrame[Any], rules: CleaningRules, tally: LedgerTally) -> nw.DataFrame[Any]:
    """Flag orders of many times the median order, and reduce them to that limit if they are winsorized."""
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
    tally.add(FLAGGED, changed=len(flagged), example=first_example(flagged, ("amount",)))
    if rules.outliers == "winsorize" and limit > 0:
        above = orders.filter(nw.col("amount") > limit)
        removed = sum(above["units"].to_list()) - len(above) * round(limit * UNITS)
        tally.add(WINSORIZED, units=removed, changed=len(above), example=first_example(above, ("amount",)))
        tally.entries[KEPT].units -= removed
        capped = nw.when(nw.col("amount") > limit).then(nw.lit(limit)).otherwise(nw.col("amount"))
        orders = orders.with_columns(amount=capped)
    return orders.drop("units", strict=False)
