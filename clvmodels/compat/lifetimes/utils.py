"""Summaries of transactions, by functions named as in lifetimes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from clvmodels.compat.lifetimes.differences import report_difference
from clvmodels.compat.lifetimes.time_units import DAYS_BY_DEFAULT, record_unit, units_per_month
from clvmodels.language import Finding

__all__ = [
    "ConvergenceError",
    "calculate_alive_path",
    "calibration_and_holdout_data",
    "expected_cumulative_transactions",
    "summary_data_from_transaction_data",
]


class ConvergenceError(ValueError):
    """A fit found no maximum."""


def calibration_and_holdout_data(
    transactions: pd.DataFrame,
    customer_id_col: str,
    datetime_col: str,
    calibration_period_end: Any,
    observation_period_end: Any = None,
    freq: str = "D",
    freq_multiplier: float = 1,
    datetime_format: str | None = None,
    monetary_value_col: str | None = None,
    include_first_transaction: bool = False,
) -> pd.DataFrame:
    """Summarize each customer up to a cutoff, and count what they bought after it.

    Parameters
    ----------
    transactions : DataFrame
    customer_id_col, datetime_col, monetary_value_col : str
        Columns; without the last there is no money.
    calibration_period_end, observation_period_end : date or str
        Both inclusive; default of the second: the latest date.
    freq, freq_multiplier, datetime_format, include_first_transaction
        As for `summary_data_from_transaction_data`.

    Returns
    -------
    DataFrame
        By customer: frequency_cal, recency_cal, T_cal, frequency_holdout, duration_holdout, and with money
        monetary_value_cal and monetary_value_holdout, the mean per purchase. Customers first seen after the cutoff have
        no row; `attrs["first_seen_in_holdout"]` is their number.
    """
    freq = _period_code(freq)
    table = _parse(transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format)
    dates = table[datetime_col]
    cutoff = _to_dates(calibration_period_end, datetime_format)
    end = dates.max() if observation_period_end is None else _to_dates(observation_period_end, datetime_format)
    before = _up_to(dates, cutoff, freq)
    ahead = table[~before & _up_to(dates, end, freq)]
    if ahead.empty:
        raise ValueError(
            "There is no data available. Check the `observation_period_end` and  `calibration_period_end` and confirm "
            "that values in `transactions` occur prior to those dates."
        )
    options: dict[str, Any] = {"monetary_value_col": monetary_value_col, "freq": freq}
    summary = summary_data_from_transaction_data(
        table[before],
        customer_id_col,
        datetime_col,
        observation_period_end=cutoff,
        freq_multiplier=freq_multiplier,
        include_first_transaction=include_first_transaction,
        **options,
    ).add_suffix("_cal")
    purchases = _find_first_transactions(
        ahead, customer_id_col, datetime_col, observation_period_end=dates.max(), **options
    ).groupby(customer_id_col)
    joined = summary.join(purchases.size().rename("frequency_holdout"))
    if monetary_value_col:
        joined["monetary_value_holdout"] = purchases[monetary_value_col].mean()
        _report_spend(ahead.groupby(customer_id_col)[monetary_value_col].mean(), joined["monetary_value_holdout"])
    joined = joined.fillna(0)
    joined["duration_holdout"] = (end.to_period(freq) - cutoff.to_period(freq)).n / freq_multiplier
    newcomers = purchases.size().drop(summary.index, errors="ignore")
    if len(newcomers):
        figures = {"customers": len(newcomers), "purchases": int(newcomers.sum()), "of": int(purchases.size().sum())}
        report_difference(Finding("compat-first-seen-in-holdout", figures))
    joined.attrs = summary.attrs | {"first_seen_in_holdout": len(newcomers)}
    return joined


def summary_data_from_transaction_data(
    transactions: pd.DataFrame,
    customer_id_col: str,
    datetime_col: str,
    monetary_value_col: str | None = None,
    datetime_format: str | None = None,
    observation_period_end: Any = None,
    freq: str = "D",
    freq_multiplier: float = 1,
    include_first_transaction: bool = False,
) -> pd.DataFrame:
    """Summarize transactions: frequency, recency and T of each customer, and the mean spend per repeat purchase.

    Parameters
    ----------
    transactions : DataFrame
        One row per transaction. Those of a customer within one period count as one purchase.
    customer_id_col, datetime_col, monetary_value_col : str
        Columns; without the last there is no money. With it, periods whose refunds reach what was paid do not count.
    datetime_format : str, optional
        strftime codes of dates that are text.
    observation_period_end : date or str, optional
        Last day, inclusive; default: the latest date.
    freq : str, default="D"
        Period: "D", "W", "M" or "h".
    freq_multiplier : float, default=1
        Periods per unit of time: 7 with "D" gives times in weeks.
    include_first_transaction : bool, default=False
        Whether frequency and spend include the first purchase, as no fitter expects.

    Returns
    -------
    DataFrame
        By customer.
    """
    freq = _period_code(freq)
    latest = transactions[datetime_col].max() if observation_period_end is None else observation_period_end
    end = _to_dates(latest, datetime_format).to_period(freq)
    table = _find_first_transactions(
        transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format, end, freq
    )
    numbers = table[datetime_col].astype("int64").groupby(table[customer_id_col]).agg(["min", "max", "count"])
    summary = pd.DataFrame(
        {
            "frequency": numbers["count"] - (not include_first_transaction),
            "recency": (numbers["max"] - numbers["min"]) / freq_multiplier,
            "T": (end.ordinal - numbers["min"]) / freq_multiplier,
        }
    )
    if monetary_value_col:
        paid = table if include_first_transaction else table[~table["first"]]
        summary["monetary_value"] = paid.groupby(customer_id_col)[monetary_value_col].mean()
    return record_unit(summary.fillna(0).astype(float), "T", freq, freq_multiplier)


def calculate_alive_path(model: Any, transactions: pd.DataFrame, datetime_col: str, t: int, freq: str = "D") -> Any:
    """Return P(alive) of one customer in each period since the first purchase.

    Parameters
    ----------
    model : fitter
    transactions : DataFrame
        The transactions of the customer.
    datetime_col : str
    t : int
        Number of periods.
    freq : str, default="D"

    Returns
    -------
    Series
        By the number of periods since the first purchase.
    """
    periods = _to_dates(transactions[datetime_col], None).dt.to_period(_period_code(freq)).astype("int64")
    since = (periods - periods.min()).to_numpy()
    ages = np.arange(max(t, since.max()) + 1)
    bought = np.isin(ages, since)
    frequency, recency = np.cumsum(bought) - 1, np.maximum.accumulate(np.where(bought, ages, 0))
    return pd.Series(np.asarray(model.conditional_probability_alive(frequency, recency, ages)), index=ages)


def expected_cumulative_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: str,
    customer_id_col: str,
    t: int,
    datetime_format: str | None = None,
    freq: str = "D",
    freq_multiplier: int = 1,
    set_index_date: bool = False,
) -> pd.DataFrame:
    """Return actual and expected cumulative repeat purchases over time.

    Customers count from their first purchase on. Fader, Hardie & Lee (2005), "A Note on Implementing the Pareto/NBD
    Model in MATLAB", page 8.

    Parameters
    ----------
    model : fitter
        Its times are in units of `freq_multiplier` periods.
    transactions : DataFrame
    datetime_col, customer_id_col : str
    t : int
        Number of periods.
    datetime_format : str, optional
    freq : str, default="D"
    freq_multiplier : int, default=1
    set_index_date : bool, default=False
        Whether the index has periods instead of numbers.

    Returns
    -------
    DataFrame
        actual, predicted.
    """
    freq = _period_code(freq)
    start = _to_dates(transactions[datetime_col], datetime_format).min().to_period(freq)
    table = _find_first_transactions(
        transactions, customer_id_col, datetime_col, None, datetime_format, start + t, freq
    )
    number = (table[datetime_col].astype("int64") - start.ordinal).to_numpy()
    first = table["first"].to_numpy()
    acquired = np.bincount(number[first], minlength=t + 1)[: t + 1]
    repeated = np.bincount(number[~first], minlength=t + 1)[: t + 1]
    each = np.asarray(model.expected_number_of_purchases_up_to_time(np.arange(1, t + 1) / freq_multiplier))
    ends = np.arange(freq_multiplier, t + 1, freq_multiplier)
    columns = {
        "actual": np.cumsum(repeated)[ends - 1],
        "predicted": np.convolve(acquired, each)[ends - 1],  # by the first day of the next period
    }
    days = pd.period_range(start, periods=t + 1, freq=freq)[freq_multiplier - 1 : -1 : freq_multiplier]
    return pd.DataFrame(columns, index=days if set_index_date else range(len(ends)))


def _find_first_transactions(
    transactions: pd.DataFrame,
    customer_id_col: str,
    datetime_col: str,
    monetary_value_col: str | None = None,
    datetime_format: str | None = None,
    observation_period_end: Any = None,
    freq: str = "D",
) -> pd.DataFrame:
    """Return one row per customer and period with a purchase, up to an end, and whether it is the first."""
    freq = _period_code(freq)
    table = _parse(transactions, customer_id_col, datetime_col, monetary_value_col, datetime_format)
    end = table[datetime_col].max() if observation_period_end is None else observation_period_end
    end = end if isinstance(end, pd.Period) else pd.to_datetime(end).to_period(freq)
    table[datetime_col] = table[datetime_col].dt.to_period(freq)
    groups = table[table[datetime_col] <= end].groupby([customer_id_col, datetime_col])
    if monetary_value_col:
        merged = groups[monetary_value_col].agg(["sum", "min"])
        cancelled = (merged["min"] < 0) & (merged["sum"] <= 0)
        if cancelled.any():
            money = float(merged["sum"][cancelled].sum())
            report_difference(Finding("compat-refunds", {"periods": int(cancelled.sum()), "money": money}))
        table = merged.loc[~cancelled, "sum"].rename(monetary_value_col).reset_index()
    else:
        table = groups.size().index.to_frame(index=False)
    table["first"] = ~table[customer_id_col].duplicated()
    return table


def _parse(
    transactions: pd.DataFrame,
    customer_id_col: str,
    datetime_col: str,
    monetary_value_col: str | None,
    datetime_format: str | None,
) -> pd.DataFrame:
    """Return the needed columns, with dates as timestamps."""
    columns = [customer_id_col, datetime_col, *([monetary_value_col] if monetary_value_col else [])]
    table = transactions[columns].copy()
    table[datetime_col] = _to_dates(table[datetime_col], datetime_format)
    return table


def _to_dates(values: Any, datetime_format: str | None) -> Any:
    """Return timestamps; numbers such as 19970930 are read by the format as text."""
    if datetime_format is not None and pd.api.types.is_integer_dtype(getattr(values, "dtype", type(values))):
        values = values.astype(str) if isinstance(values, pd.Series) else str(values)
    return pd.to_datetime(values, format=datetime_format)


def _period_code(freq: str) -> str:
    """Return the code of a period in any version of pandas: hours were "H" before pandas 3."""
    return freq.lower() if freq in ("H", "T", "S") else freq


def _up_to(dates: pd.Series[Any], end: Any, freq: str) -> pd.Series[bool]:
    """Return a mask of timestamps up to an end; an end without a time of day includes its whole day."""
    if freq == "h" or end != end.normalize():
        return dates.le(end)
    included: pd.Series[bool] = dates.lt(end + pd.Timedelta(days=1))
    late = int((included & dates.gt(end)).sum())
    if late:
        report_difference(Finding("compat-last-day", {"rows": late, "day": str(end.date())}))
    return included


def _report_spend(by_row: pd.Series[float], by_purchase: pd.Series[float]) -> None:
    """Report customers whose mean spend per transaction differs from that per purchase."""
    differ = (by_row.reindex(by_purchase.index) - by_purchase).abs() > 1e-9 * by_purchase.abs()
    if differ.any():
        report_difference(Finding("compat-holdout-spend", {"customers": int(differ.sum())}))


def _scale_time(age: Any) -> float:
    """Return the factor that makes the largest age 1."""
    return float(1.0 / age.max())


def _check_inputs(frequency: Any, recency: Any = None, T: Any = None, monetary_value: Any = None) -> None:
    """Raise an error for impossible histories, in the words of lifetimes."""
    if recency is not None:
        if T is not None and np.any(recency > T):
            raise ValueError("Some values in recency vector are larger than T vector.")
        if np.any(recency[frequency == 0] != 0):
            raise ValueError("There exist non-zero recency values when frequency is zero.")
        if np.any(recency < 0):
            raise ValueError("There exist negative recency (ex: last order set before first order)")
        if any(len(column) == 0 for column in (recency, frequency, T)):
            raise ValueError("There exists a zero length vector in one of frequency, recency or T.")
    if np.any(frequency != np.floor(frequency)):
        raise ValueError("There exist non-integer values in the frequency vector.")
    if monetary_value is not None and np.any(monetary_value <= 0):
        raise ValueError("There exist non-positive (<= 0) values in the monetary_value vector.")


def _customer_lifetime_value(
    transaction_prediction_model: Any,
    frequency: Any,
    recency: Any,
    T: Any,
    monetary_value: Any,
    time: int = 12,
    discount_rate: float = 0.01,
    freq: str = DAYS_BY_DEFAULT,
) -> pd.Series[float]:
    """Return the value of purchases in each of the next months, discounted from the end of the month."""
    month = units_per_month(freq, T, transaction_prediction_model)
    value = pd.Series(0.0, index=frequency.index, name="clv")
    before: Any = 0.0
    for i in np.arange(1, time + 1):
        by_then = transaction_prediction_model.predict(i * month, frequency, recency, T)
        value = value + monetary_value * (by_then - before) / (1 + discount_rate) ** i
        before = by_then
    return value.rename("clv")
