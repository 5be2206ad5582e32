"""The errors that users can catch: one base class and a few named errors, each with the exit code of commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, ClassVar

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
    "InvalidTable",
    "InvalidTransactions",
    "JobLocked",
    "MissingColumn",
    "StoreUnreachable",
    "closest",
    "list_names",
]


def closest(value: object, options: Iterable[object]) -> str:
    """Return a question that names the option closest to a wrong value, to add to a message.

    Parameters
    ----------
    value : object
        The wrong value.
    options : iterable
        The valid values.

    Returns
    -------
    str
        It begins with a space; empty if no option is close.

    Examples
    --------
    >>> from clvmodels.errors import closest
    >>> closest("bgnb", ["bgnbd", "pareto_nbd"])
    " Did you mean 'bgnbd'?"
    """
    names = {str(option).casefold(): option for option in options}
    matches = get_close_matches(str(value).casefold(), names, n=1)
    return f" Did you mean {names[matches[0]]!r}?" if matches else ""


def list_names(names: Sequence[object], most: int = 20) -> str:
    """Return names in quotes, separated by commas; of many, the first ones and how many more there are.

    Parameters
    ----------
    names : sequence
    most : int
        The largest number of names that are listed.

    Returns
    -------
    str

    Examples
    --------
    >>> from clvmodels.errors import list_names
    >>> list_names(["date", "amount", "note"], most=2)
    "'date', 'amount' and 1 more"
    """
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(map(repr, names[:most])) + more


class CLVError(Exception):
    """Base class of every error that this package raises on purpose.

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
    """A transaction log is invalid; the message lists every fault with its remedy.

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


class MissingColumn(InvalidTransactions):
    """A table lacks a column that was named; the message lists its columns, and those that may be meant.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.MissingColumn.exit_code
    2
    """

    exit_code = 2


class InvalidRFM(CLVError, ValueError):
    """A table is not a valid RFM summary, for instance because a recency is larger than T.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"customer_id": [1], "frequency": [2], "recency": [9.0], "T": [5.0]})
    >>> clv.RFM.from_frame(frame, time_unit="week")
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidRFM: This table is not a valid RFM summary: 1 of 1 customers has a ...
    """

    exit_code = 3


class InvalidTable(CLVError, ValueError):
    """A table that a decision rests on, such as customers' values or a grid of segments, is invalid.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> clv.tiers(pd.DataFrame({"customer_id": ["a", "a"], "lifetime_value": [1.0, 2.0]}))
    Traceback (most recent call last):
        ...
    clvmodels.errors.InvalidTable: 2 of 2 customers of values= have a customer_id that appears more ...
    """

    exit_code = 3


class InvalidOption(CLVError, ValueError):
    """An argument is not one of the options; the message lists them.

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
    """Two objects with different clocks were combined, such as a model in weeks and an RFM in days.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> model = clv.NBD().fit(clv.rfm_summary(log, time_unit="week"))
    >>> model.probability_alive(clv.rfm_summary(log, time_unit="day"))
    Traceback (most recent call last):
        ...
    clvmodels.errors.ClockMismatch: The model was fitted in weeks, purchases merged within the ...
    """

    exit_code = 2


class FitFailed(CLVError, RuntimeError):
    """A fit found no maximum of the likelihood; the message says what to do.

    Examples
    --------
    >>> import clvmodels as clv
    >>> issubclass(clv.errors.FitFailed, RuntimeError)
    True
    """

    exit_code = 3


class InvalidModelFile(CLVError, ValueError):
    """A saved model or calendar is damaged, has an unknown version, or is something else.

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
    """A job file is invalid; the message lists every field at fault with its remedy.

    Parameters
    ----------
    message : str
    faults : sequence of JobFault
        The faults of the settings, one by one; empty for other errors.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidJob.exit_code
    2
    """

    exit_code = 2

    def __init__(self, message: str, faults: Sequence[Any] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class InvalidManifest(CLVError, ValueError):
    """The manifest of a run is damaged, has an unknown version, or is not a manifest.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidManifest.exit_code
    2
    """

    exit_code = 2


class InvalidRegistry(CLVError, ValueError):
    """A registry of models, or a version or an entry of its history, is missing or damaged.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.InvalidRegistry.exit_code
    2
    """

    exit_code = 2


class GateRefused(CLVError, RuntimeError):
    """A gate refused a fit or a run; nothing was published.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.GateRefused.exit_code
    4
    """

    exit_code = 4


class StoreUnreachable(CLVError, RuntimeError):
    """A source cannot be read or a sink cannot be written: it is missing, the connection failed, the disk is full.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.StoreUnreachable.exit_code
    5
    """

    exit_code = 5


class JobLocked(CLVError, RuntimeError):
    """Another run of the job holds the lock.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.errors.JobLocked.exit_code
    6
    """

    exit_code = 6
