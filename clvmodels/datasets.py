"""The data that travel with the package: the CDNOW transaction log, the donation counts, a log as messy as real ones.

The files lie in `data/` of a checkout and in `clvmodels/data/` of an installed package. The `README.md` there
says where each came from, what is known to be odd in it, and on what terms.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dataset_path", "load_cdnow", "load_donations", "load_online_retail"]

_PACKAGE = Path(__file__).resolve().parent
_PLACES = (_PACKAGE / "data", _PACKAGE.parent / "data")
"""Where the files may lie: in the installed package, or in the checkout of an editable install."""


def dataset_path(name: str) -> Path:
    """Find a bundled file.

    Parameters
    ----------
    name
        Name of a file, such as ``"cdnow.csv"``: a plain name without folders.

    Returns
    -------
    pathlib.Path
        The file, on disk.

    Raises
    ------
    FileNotFoundError
        If no bundled file has this name; the message lists those that exist and the folders looked in.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.dataset_path("cdnow.csv").name
    'cdnow.csv'
    """
    for place in _PLACES:
        if name in _file_names(place):
            return place / name
    found = sorted({file for place in _PLACES for file in _file_names(place) if file.endswith((".csv", ".csv.gz"))})
    have = f"the bundled data sets are {', '.join(found)}" if found else "no bundled data were found at all"
    places = " and ".join(str(place) for place in _PLACES)
    raise FileNotFoundError(f"no bundled file is called {name!r}: {have} (looked in {places})")


def load_cdnow(sample: bool = False) -> pd.DataFrame:
    """Load the CDNOW log: every purchase of one cohort of new customers over 18 months.

    The cohort is the 23,570 people who first bought at CDNOW, a music shop, between 1997-01-01 and
    1997-03-25; the log ends on 1998-06-30. Several rows of a customer may fall on one day, and 80 rows have
    the amount 0.

    Parameters
    ----------
    sample
        Return only the 2,357 customers of the 1/10 sample that papers and other software use.

    Returns
    -------
    pandas.DataFrame
        One row a transaction, ordered by customer and date: shape (69659, 4), or (6919, 4) for the sample.

        ===============  =======  ============================================================
        ``customer_id``  integer  number of the customer, from 1 to 23,570, in the full cohort
        ``date``         text     day of the purchase, ``YYYY-MM-DD``
        ``quantity``     integer  compact discs bought, at least 1
        ``amount``       float    money paid, in US dollars, at least 0
        ===============  =======  ============================================================

    Notes
    -----
    Published by P. S. Fader and B. G. S. Hardie; described in Fader, P. S. and Hardie, B. G. S. (2001),
    "Forecasting Repeat Sales at CDNOW: A Case Study", Interfaces 31(3), part 2, S94-S107. Taken from the
    wheel of lifetimes 0.11.3.

    Examples
    --------
    >>> import clvmodels as clv
    >>> print(clv.datasets.load_cdnow(sample=True).head(2).to_string(index=False))
     customer_id       date  quantity  amount
               4 1997-01-01         2   29.33
               4 1997-01-18         2   29.73
    """
    import pandas as pd

    log = pd.read_csv(dataset_path("cdnow.csv"))
    if not sample:
        return log
    chosen = pd.read_csv(dataset_path("cdnow_sample.csv"))["customer_id"]
    return log[log["customer_id"].isin(chosen)].reset_index(drop=True)


def load_donations() -> pd.DataFrame:
    """Load the donation counts: one row for each history of giving that was seen, with the number of donors.

    The 11,104 people first gave to a non-profit organization in 1995; each of the six years 1996 to 2001 is
    one opportunity to give again.

    Returns
    -------
    pandas.DataFrame
        One row a distinct history, shape (22, 4), all integers.

        ============= ====================================================================
        ``frequency`` years with a repeat donation, from 0 to 6
        ``recency``   the last year with a donation, counted from 1995: 0 where frequency is 0
        ``periods``   opportunities observed, in years: always 6
        ``weights``   donors with this history; they sum to 11,104
        ============= ====================================================================

    Notes
    -----
    Analyzed in Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), "Customer-Base Analysis in a
    Discrete-Time Noncontractual Setting", Marketing Science 29(6), 1086-1108. Taken from the wheel of
    lifetimes 0.11.3.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.load_donations()["weights"].sum().item()
    11104
    """
    import pandas as pd

    return pd.read_csv(dataset_path("donations.csv"))


def load_online_retail() -> pd.DataFrame:
    """Load line items of a British gift shop, with all that is wrong in such a log: a tenth of UCI's Online Retail.

    Every line, from 2010-12-01 to 2011-12-09, of the 422 customers whose number ends in 6, and of the invoices without
    a customer whose number ends in 6. Nothing was cleaned: cancellations, duplicates, lines without a customer, postage
    and manual corrections, and two orders of 74,215 and 80,995 pieces cancelled within minutes.

    Returns
    -------
    pandas.DataFrame
        One row a line of an invoice: shape (59355, 8).

        =============== ======= ============================================================
        ``InvoiceNo``   text    number of the invoice; a ``C`` before it marks a cancellation
        ``StockCode``   text    the product, or a code such as ``POST`` for what is none
        ``Description`` text    missing in 143 rows
        ``Quantity``    integer pieces, negative where taken back
        ``InvoiceDate`` text    ``YYYY-MM-DD HH:MM:SS``
        ``UnitPrice``   float   pounds sterling a piece
        ``CustomerID``  float   missing in 13,158 rows, and whole numbers elsewhere
        ``Country``     text    where the customer lives
        =============== ======= ============================================================

    Notes
    -----
    Given to the UCI Machine Learning Repository by D. Chen; described in Chen, D., Sain, S. L. and Guo, K. (2012),
    "Data mining for the online retail industry", Journal of Database Marketing & Customer Strategy Management 19(3),
    197-208.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.load_online_retail()["CustomerID"].nunique()
    422
    """
    import pandas as pd

    return pd.read_csv(dataset_path("online_retail_sample.csv.gz"), dtype={"InvoiceNo": str, "StockCode": str})


def _file_names(place: Path) -> set[str]:
    """Names of the files in a folder, empty if there is no such folder."""
    return {file.name for file in place.iterdir() if file.is_file()} if place.is_dir() else set()
