"""The errors a user meets: one base class and the few named ones."""

from __future__ import annotations

__all__ = [
    "CLVError",
    "ClockMismatch",
    "FitFailed",
    "InvalidModelFile",
    "InvalidOption",
    "InvalidRFM",
    "InvalidTransactions",
]


class CLVError(Exception):
    """Base class of every error this package raises on purpose.

    Examples
    --------
    >>> import clvmodels as clv
    >>> try:
    ...     clv.Clock("fortnight")
    ... except clv.errors.CLVError as error:
    ...     print(type(error).__name__)
    InvalidOption
    """


class InvalidTransactions(CLVError, ValueError):
    """A transaction log that cannot be summarized as it stands; the message names every fault and its remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> clv.rfm_summary(pd.DataFrame({"customer_id": ["a"], "date": ["31/12/97"]}))
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidTransactions: 1 of 1 rows have a date in 'date' that cannot be read as ...
    """


class InvalidRFM(CLVError, ValueError):
    """An RFM summary that breaks its own rules, such as recency beyond T.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [1], "frequency": [2], "recency": [9.0], "T": [5.0]})
    >>> clv.RFM.from_frame(frame, time_unit="week")
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidRFM: This frame is no RFM summary: 1 of 1 customers have a ...
    """


class InvalidOption(CLVError, ValueError):
    """An argument outside what is offered; the message lists what is.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.Clock("fortnight")
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidOption: time_unit='fortnight' is not one of 'hour', 'day', 'week', ...
    """


class ClockMismatch(CLVError, ValueError):
    """Two things that measure time differently were put together.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> model = clv.NBD().fit(clv.rfm_summary(log, time_unit="week"))
    >>> model.probability_alive(clv.rfm_summary(log, time_unit="day"))
    Traceback (most recent call last):
        ...
    clvmodels.errors.ClockMismatch: The model tells time in weeks, purchases merged within the ...
    """


class FitFailed(CLVError, RuntimeError):
    """A fit that found no maximum; the message says what to do.

    Examples
    --------
    >>> import clvmodels as clv
    >>> issubclass(clv.errors.FitFailed, RuntimeError)
    True
    """


class InvalidModelFile(CLVError, ValueError):
    """A saved model that is damaged, of an unknown version, or not a model at all.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.load("no such model.json")
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidModelFile: no such model.json: cannot be read (No such file or directory).
    """
