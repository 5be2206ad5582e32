"""The errors a user meets: one base class and the few named ones, each with the code a command exits with."""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "CLVError",
    "ClockMismatch",
    "FitFailed",
    "GateRefused",
    "InvalidJob",
    "InvalidManifest",
    "InvalidModelFile",
    "InvalidOption",
    "InvalidRFM",
    "InvalidRegistry",
    "InvalidTransactions",
    "JobLocked",
    "StoreUnreachable",
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

    exit_code: ClassVar[int] = 1


class InvalidTransactions(CLVError, ValueError):
    """A transaction log that cannot be summarized as it stands; the message names every fault and its remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> clv.rfm_summary(pd.DataFrame({"customer_id": ["a"], "date": ["31/12/97"]}))
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidTransactions: 1 of 1 rows has a date in 'date' that cannot be read as ...
    """

    exit_code = 3


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
    clvmodels.errors.InvalidRFM: This frame is no RFM summary: 1 of 1 customers has a ...
    """

    exit_code = 3


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

    exit_code = 2


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

    exit_code = 2


class FitFailed(CLVError, RuntimeError):
    """A fit that found no maximum; the message says what to do.

    Examples
    --------
    >>> import clvmodels as clv
    >>> issubclass(clv.errors.FitFailed, RuntimeError)
    True
    """

    exit_code = 3


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

    exit_code = 2


class InvalidJob(CLVError, ValueError):
    """A job file with faults; the message names every field that has one, and its remedy.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidJob.exit_code
    2
    """

    exit_code = 2


class InvalidManifest(CLVError, ValueError):
    """A manifest of a run that is damaged, of an unknown version, or no manifest at all.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidManifest.exit_code
    2
    """

    exit_code = 2


class InvalidRegistry(CLVError, ValueError):
    """A registry of models, a version or a move in it that is missing or damaged.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidRegistry.exit_code
    2
    """

    exit_code = 2


class GateRefused(CLVError, RuntimeError):
    """A fit or a run that a gate did not let pass; nothing was published.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.GateRefused.exit_code
    4
    """

    exit_code = 4


class StoreUnreachable(CLVError, RuntimeError):
    """A source or sink that could not be read or written: not there, connection lost, disk full.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.StoreUnreachable.exit_code
    5
    """

    exit_code = 5


class JobLocked(CLVError, RuntimeError):
    """Another job holds the lock.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.JobLocked.exit_code
    6
    """

    exit_code = 6
