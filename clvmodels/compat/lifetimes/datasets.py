"""The data sets of lifetimes, built from the bundled logs."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.time_units import record_unit
from clvmodels.datasets import dataset_path, load_cdnow
from clvmodels.transactions.summary import rfm_summary

__all__ = [
    "load_cdnow_summary",
    "load_cdnow_summary_data_with_monetary_value",
    "load_dataset",
    "load_donations",
    "load_transaction_data",
]


def load_dataset(filename: str, **kwargs: Any) -> pd.DataFrame:
    """Load one of the files of lifetimes.

    Parameters
    ----------
    filename : str
        Such as "CDNOW_sample.txt".
    **kwargs
        Passed to `pandas.read_csv`.
    """
    name = f"{filename}.gz" if filename == "example_transactions.csv" else filename
    source: Any = io.StringIO(_TEXTS[filename]()) if filename in _TEXTS else dataset_path(name)
    table: pd.DataFrame = pd.read_csv(source, **kwargs)
    return table


def load_donations(**kwargs: Any) -> pd.DataFrame:
    """Load the donation counts.

    Parameters
    ----------
    **kwargs
        Passed to `pandas.read_csv`, here and below.
    """
    return load_dataset("donations.csv", **kwargs)


def load_cdnow_summary(**kwargs: Any) -> pd.DataFrame:
    """Load the summary of the CDNOW sample to 1997-09-30, in weeks.

    Parameters
    ----------
    **kwargs
        Passed to `pandas.read_csv`.
    """
    table = load_dataset("cdnow_customers_summary.csv", **kwargs)
    return record_unit(table, "T", "W") if "T" in table else table


def load_transaction_data(**kwargs: Any) -> pd.DataFrame:
    """Load the artificial transactions of 5,000 customers in 2014: date, id.

    Parameters
    ----------
    **kwargs
        Passed to `pandas.read_csv`.
    """
    return load_dataset("example_transactions.csv", **kwargs)


def load_cdnow_summary_data_with_monetary_value(**kwargs: Any) -> pd.DataFrame:
    """Load the summary of the CDNOW sample with monetary_value, 0 for those who bought once.

    Parameters
    ----------
    **kwargs
        Passed to `pandas.read_csv`.
    """
    table = load_dataset("cdnow_customers_summary_with_transactions.csv", **kwargs)
    table.columns = ["customer_id", "frequency", "recency", "T", "monetary_value"]
    return record_unit(table.set_index("customer_id"), "T", "W")


def _sample_order() -> pd.Series[int]:
    """Return the numbers of the customers in the sample, 1 to 2,357, by their ids in the full cohort."""
    ids = pd.read_csv(dataset_path("cdnow_sample.csv"))["customer_id"]
    return pd.Series(np.arange(1, len(ids) + 1), index=ids)


def _master_text() -> str:
    log = load_cdnow()
    dates = log["date"].str.replace("-", "")
    rows = zip(log["customer_id"], dates, log["quantity"], log["amount"], strict=True)
    lines = (f" {customer:05d} {date} {quantity:2d} {amount:7.2f}" for customer, date, quantity, amount in rows)
    return "\n".join([" customer_id  date number_of_cds  dollar_value", *lines, ""])


def _sample_text() -> str:
    log = load_cdnow(sample=True)
    log["number"] = log["customer_id"].map(_sample_order())
    log = log.sort_values("number", kind="stable")
    rows = zip(
        log["customer_id"], log["number"], log["date"].str.replace("-", ""), log["quantity"], log["amount"], strict=True
    )
    return "".join(
        f" {customer:05d} {number:04d} {date} {quantity:2d} {amount:7.2f}\n"
        for customer, number, date, quantity, amount in rows
    )


def _summary_text(names: list[str]) -> str:
    """Return the summary of the sample, with two decimals."""
    rfm = rfm_summary(load_cdnow(sample=True), amount="amount", time_unit="week", observation_end="1997-09-30")
    number = _sample_order().loc[list(rfm.customer_id)].to_numpy()
    count = np.maximum(rfm["monetary_count"], 1)
    cents = np.rint(np.nan_to_num(rfm["monetary_value"]) * count * 100)
    spend = np.floor(cents / count + 0.5) / 100  # half a cent is rounded up
    columns = [number, rfm.frequency, rfm.recency, rfm.T, spend]
    table = pd.DataFrame(dict(zip(["ID", "frequency", "recency", "T", "spend"], columns, strict=True)))
    table = table.iloc[:, : len(names)].set_axis(names, axis=1).sort_values("ID")
    return table.to_csv(index=False, float_format="%.2f")


_TEXTS: dict[str, Callable[[], str]] = {
    "CDNOW_master.txt": _master_text,
    "CDNOW_sample.txt": _sample_text,
    "cdnow_customers_summary.csv": lambda: _summary_text(["ID", "frequency", "recency", "T"]),
    "cdnow_customers_summary_with_transactions.csv": lambda: _summary_text(["ID", "x", "t_x", "T", "zbar"]),
}
