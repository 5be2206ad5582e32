"""Plots, by functions named as in lifetimes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from scipy import stats

from clvmodels.compat.lifetimes.utils import calculate_alive_path, expected_cumulative_transactions

__all__ = [
    "plot_calibration_purchases_vs_holdout_purchases",
    "plot_cumulative_transactions",
    "plot_dropout_rate_heterogeneity",
    "plot_expected_repeat_purchases",
    "plot_frequency_recency_matrix",
    "plot_history_alive",
    "plot_incremental_transactions",
    "plot_period_transactions",
    "plot_probability_alive_matrix",
    "plot_transaction_rate_heterogeneity",
]

HOLDOUT_LABELS = {
    "frequency_cal": "Purchases in calibration period",
    "recency_cal": "Age of customer at last purchase",
    "T_cal": "Age of customer at the end of calibration period",
    "time_since_last_purchase": "Time since user made last purchase",
}


def coalesce(*args: Any) -> Any:
    """Return the first argument that is not None."""
    return next(value for value in args if value is not None)


def plot_period_transactions(
    model: Any,
    max_frequency: int = 7,
    title: str = "Frequency of Repeat Transactions",
    xlabel: str = "Number of Calibration Period Transactions",
    ylabel: str = "Customers",
    **kwargs: Any,
) -> Any:
    """Draw how many customers bought how often, next to one draw from the model.

    Parameters
    ----------
    model : fitter
    max_frequency : int, default=7
        Number of frequencies drawn.
    title, xlabel, ylabel : str
    **kwargs
        Passed to `DataFrame.plot`.
    """
    labels = kwargs.pop("label", ["Actual", "Model"])
    drawn = model.generate_new_data(size=model.data.shape[0])
    counts = [each["frequency"].value_counts().sort_index().iloc[:max_frequency] for each in (model.data, drawn)]
    table = pd.concat(counts, axis=1).sort_index().fillna(0).set_axis(labels, axis=1)
    ax = table.plot(kind="bar", **kwargs)
    ax.legend()
    return _label(ax, title, xlabel, ylabel)


def plot_calibration_purchases_vs_holdout_purchases(
    model: Any, calibration_holdout_matrix: pd.DataFrame, kind: str = "frequency_cal", n: int = 7, **kwargs: Any
) -> Any:
    """Draw the mean number of purchases after the cutoff, actual and expected.

    Parameters
    ----------
    model : fitter
    calibration_holdout_matrix : DataFrame
        From `calibration_and_holdout_data`.
    kind : {"frequency_cal", "recency_cal", "T_cal", "time_since_last_purchase"}
        By what.
    n : int, default=7
        Number of values drawn.
    **kwargs
        Passed to `DataFrame.plot`.
    """
    table = calibration_holdout_matrix.copy()
    history = [table[name] for name in ("frequency_cal", "recency_cal", "T_cal")]
    duration = table["duration_holdout"].iloc[0]
    table["model_predictions"] = model.conditional_expected_number_of_purchases_up_to_time(duration, *history)
    table["time_since_last_purchase"] = table["T_cal"] - table["recency_cal"]
    ax = table.groupby(kind)[["frequency_holdout", "model_predictions"]].mean().iloc[:n].plot(**kwargs)
    ax.legend()
    title = "Actual Purchases in Holdout Period vs Predicted Purchases"
    return _label(ax, title, HOLDOUT_LABELS[kind], "Average of Purchases in Holdout Period")


def plot_frequency_recency_matrix(
    model: Any,
    T: float = 1,
    max_frequency: int | None = None,
    max_recency: int | None = None,
    title: str | None = None,
    xlabel: str = "Customer's Historical Frequency",
    ylabel: str = "Customer's Recency",
    **kwargs: Any,
) -> Any:
    """Draw the expected purchases in the next T units of time by frequency and recency.

    Parameters
    ----------
    model : fitter
    T : float, default=1
    max_frequency, max_recency : int, optional
        Default: the largest frequency and T that were fitted.
    title, xlabel, ylabel : str
    **kwargs
        Passed to `Axes.imshow`.
    """
    last = int(model.data["T"].max()) if max_recency is None else max_recency
    most = int(model.data["frequency"].max()) if max_frequency is None else max_frequency
    grid = np.meshgrid(np.arange(most + 1), np.arange(last + 1))
    purchases = model.conditional_expected_number_of_purchases_up_to_time(T, *grid, last)
    units = "Unit" if T == 1 else "Units"
    words = f"Expected Number of Future Purchases for {T} {units} of Time,\nby Frequency and Recency of a Customer"
    return _draw_matrix(purchases, words if title is None else title, xlabel, ylabel, kwargs)


def plot_probability_alive_matrix(
    model: Any,
    max_frequency: int | None = None,
    max_recency: int | None = None,
    title: str = "Probability Customer is Alive,\nby Frequency and Recency of a Customer",
    xlabel: str = "Customer's Historical Frequency",
    ylabel: str = "Customer's Recency",
    **kwargs: Any,
) -> Any:
    """Draw P(alive) by frequency and recency.

    Parameters
    ----------
    model : fitter
    max_frequency, max_recency : int, optional
        Default: the largest frequency and T that were fitted.
    title, xlabel, ylabel : str
    **kwargs
        Passed to `Axes.imshow`.
    """
    alive = model.conditional_probability_alive_matrix(max_frequency, max_recency)
    return _draw_matrix(alive, title, xlabel, ylabel, kwargs)


def plot_expected_repeat_purchases(
    model: Any,
    title: str = "Expected Number of Repeat Purchases per Customer",
    xlabel: str = "Time Since First Purchase",
    ax: Any = None,
    label: str | None = None,
    **kwargs: Any,
) -> Any:
    """Draw the expected repeat purchases of a new customer over time, dashed beyond the largest T.

    Parameters
    ----------
    model : fitter
    title, xlabel : str
    ax : Axes, optional
    label : str, optional
    **kwargs
        Passed to `Axes.plot`.
    """
    ax = plt.subplot(111) if ax is None else ax
    color = coalesce(kwargs.pop("c", None), kwargs.pop("color", None), ax._get_lines.get_next_color())
    last = model.data["T"].max()
    for start, end, style in ((0, last, {"label": label}), (last, 1.5 * last, {"ls": "--"})):
        times = np.linspace(start, end, 100)
        ax.plot(times, model.expected_number_of_purchases_up_to_time(times), color=color, **style, **kwargs)
    if label is not None:
        ax.legend(loc="lower right")
    return _label(ax, title, xlabel, "")


def plot_history_alive(
    model: Any,
    t: int,
    transactions: pd.DataFrame,
    datetime_col: str,
    freq: str = "D",
    start_date: Any = None,
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Draw the P(alive) of one customer over time, and the days of purchases.

    Parameters
    ----------
    model : fitter
    t : int
        Periods since the first purchase.
    transactions : DataFrame
        Of the customer.
    datetime_col : str
    freq : str, default="D"
    start_date : date, optional
        Where the axis starts; default: the first purchase.
    ax : Axes, optional
    **kwargs
        Not used, as in lifetimes.
    """
    dates = pd.to_datetime(transactions[datetime_col])
    ax = plt.subplot(111) if ax is None else ax
    path = calculate_alive_path(model, transactions, datetime_col, t, freq)
    days = pd.date_range(start=dates.min(), periods=len(path), freq=freq)
    ax.plot(days, path.to_numpy(), "-", label="P_alive")
    bought = dates.dt.to_period(freq).dt.to_timestamp().unique()
    ax.vlines(bought, ymin=0, ymax=1, colors="r", linestyles="dashed", label="purchases")
    ax.set_ylim(0, 1.0)
    ax.set_yticks(np.arange(0, 1.1, 0.1))
    ax.set_xlim(pd.to_datetime(dates.min() if start_date is None else start_date), days[-1])
    ax.legend(loc=3)
    return _label(ax, "History of P_alive", "", "P_alive")


def plot_cumulative_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: str,
    customer_id_col: str,
    t: int,
    t_cal: float,
    datetime_format: str | None = None,
    freq: str = "D",
    set_index_date: bool = False,
    title: str = "Tracking Cumulative Transactions",
    xlabel: str = "day",
    ylabel: str = "Cumulative Transactions",
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Draw actual and expected cumulative repeat purchases over time.

    Parameters
    ----------
    model, transactions, datetime_col, customer_id_col, t, datetime_format, freq, set_index_date
        As for `expected_cumulative_transactions`.
    t_cal : float
        The period of the cutoff, where a line is drawn.
    title, xlabel, ylabel : str
    ax : Axes, optional
    **kwargs
        Passed to `DataFrame.plot`.
    """
    table = expected_cumulative_transactions(
        model, transactions, datetime_col, customer_id_col, t, datetime_format, freq, set_index_date=set_index_date
    )
    return _draw_tracking(table, t_cal, set_index_date, (title, xlabel, ylabel), ax, kwargs)


def plot_incremental_transactions(
    model: Any,
    transactions: pd.DataFrame,
    datetime_col: str,
    customer_id_col: str,
    t: int,
    t_cal: float,
    datetime_format: str | None = None,
    freq: str = "D",
    set_index_date: bool = False,
    title: str = "Tracking Daily Transactions",
    xlabel: str = "day",
    ylabel: str = "Transactions",
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Draw actual and expected repeat purchases of each period.

    Parameters
    ----------
    model, transactions, datetime_col, customer_id_col, t, t_cal, datetime_format, freq, set_index_date
        As for `plot_cumulative_transactions`.
    title, xlabel, ylabel : str
    ax : Axes, optional
    **kwargs
        Passed to `DataFrame.plot`.
    """
    table = expected_cumulative_transactions(
        model, transactions, datetime_col, customer_id_col, t, datetime_format, freq, set_index_date=set_index_date
    )
    return _draw_tracking(table.diff(), t_cal, set_index_date, (title, xlabel, ylabel), ax, kwargs)


def plot_transaction_rate_heterogeneity(
    model: Any,
    suptitle: str = "Heterogeneity in Transaction Rate",
    xlabel: str = "Transaction Rate",
    ylabel: str = "Density",
    suptitle_fontsize: float = 14,
    **kwargs: Any,
) -> Any:
    """Draw how the purchase rate varies between customers.

    Parameters
    ----------
    model : fitter
    suptitle, xlabel, ylabel : str
    suptitle_fontsize : float, default=14
    **kwargs
        Passed to `Axes.plot`.
    """
    r, alpha = model._unload_params("r", "alpha")
    return _draw_density(stats.gamma(r, scale=1 / alpha), (suptitle, xlabel, ylabel), suptitle_fontsize, kwargs)


def plot_dropout_rate_heterogeneity(
    model: Any,
    suptitle: str = "Heterogeneity in Dropout Probability",
    xlabel: str = "Dropout Probability p",
    ylabel: str = "Density",
    suptitle_fontsize: float = 14,
    **kwargs: Any,
) -> Any:
    """Draw how the dropout probability varies between customers.

    Parameters
    ----------
    model : fitter
    suptitle, xlabel, ylabel : str
    suptitle_fontsize : float, default=14
    **kwargs
        Passed to `Axes.plot`.
    """
    return _draw_density(
        stats.beta(*model._unload_params("a", "b")), (suptitle, xlabel, ylabel), suptitle_fontsize, kwargs
    )


def forceAspect(ax: Any, aspect: float = 1) -> None:
    """Make the image of an Axes as wide as it is high, times `aspect`."""
    left, right, bottom, top = ax.get_images()[0].get_extent()
    ax.set_aspect(abs((right - left) / (top - bottom)) / aspect)


def _label(ax: Any, title: str, xlabel: str, ylabel: str) -> Any:
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return ax


def _draw_matrix(values: Any, title: str, xlabel: str, ylabel: str, options: dict[str, Any]) -> Any:
    ax = plt.subplot(111)
    image = ax.imshow(values, interpolation=options.pop("interpolation", "none"), **options)
    forceAspect(ax)
    plt.colorbar(image, ax=ax)
    return _label(ax, title, xlabel, ylabel)


def _draw_tracking(
    table: pd.DataFrame, t_cal: float, by_date: bool, texts: tuple[str, str, str], ax: Any, options: dict[str, Any]
) -> Any:
    title, xlabel, ylabel = texts
    ax = table.plot(ax=plt.subplot(111) if ax is None else ax, title=title, **options)
    ax.axvline(x=table.index[int(t_cal)] if by_date else t_cal, color="r", linestyle="--")
    return _label(ax, title, "date" if by_date else xlabel, ylabel)


def _draw_density(law: Any, texts: tuple[str, str, str], size: float, options: dict[str, Any]) -> Any:
    """Draw a density up to its 99 % quantile."""
    figure, ax = plt.subplots(1)
    figure.suptitle(texts[0], fontsize=size, fontweight="bold")
    places = np.linspace(0, law.ppf(0.99), 100)
    ax.plot(places, law.pdf(places), **options)
    _label(ax, f"mean: {law.mean():.3f}, var: {law.var():.3f}", *texts[1:])
    figure.tight_layout(rect=(0, 0.03, 1, 0.95))
    return ax
