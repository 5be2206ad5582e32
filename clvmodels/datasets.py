"""Load bundled data: the CDNOW transaction log, donation counts, and the uncleaned log of a gift shop.

The files are in `data/` of a checkout and in `clvmodels/data/` of an installed package. The `README.md` there gives the
source, the known oddities and the license of each.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dataset_path", "load_cdnow", "load_donations", "load_online_retail"]

_PACKAGE = Path(__file__).resolve().parent
_FOLDERS = (_PACKAGE / "data", _PACKAGE.parent / "data")
"""The folders of the files: in the installed package, or in the checkout of an editable install."""


def dataset_path(name: str) -> Path:
    """Return the path of a bundled file.

    Parameters
    ----------
    name
        Name of the file without a folder, such as ``"cdnow.csv"``.

    Returns
    -------
    pathlib.Path
        Path of the file on disk.

    Raises
    ------
    FileNotFoundError
        If there is no bundled file of this name. The message lists the bundled files and the folders searched.

    Examples
    --------
    >>> import clvmodels as clv
    >>> clv.datasets.dataset_path("cdnow.csv").name
    'cdnow.csv'
    """
    for folder in _FOLDERS:
        if name in _file_names(folder):
            return folder / name
    names = sorted({file for folder in _FOLDERS for file in _file_names(folder) if file.endswith((".csv", ".csv.gz"))})
    available = f"the bundled files are {', '.join(names)}" if names else "there are no bundled files"
    raise FileNotFoundError(
        f"There is no bundled file {name!r}: {available} (searched in {' and '.join(map(str, _FOLDERS))})."
    )


def load_cdnow(sample: bool = False) -> pd.DataFrame:
    """Load the CDNOW log: every purchase of one cohort of new customers over 18 months.

    The cohort is the 23,570 people who first bought at CDNOW, an online music shop, between 1997-01-01 and 1997-03-25.
    The log ends on 1998-06-30. A customer may have several rows on one day, and 80 rows have the amount 0.

    Parameters
    ----------
    sample
        Whether to return only the 2,357 customers of the 1/10 sample that papers and other software use.

    Returns
    -------
    pandas.DataFrame
        One row per transaction, ordered by customer and date: shape (69659, 4), or (6919, 4) for the sample.

        ===============  =======  ============================================================
        ``customer_id``  integer  number of the customer in the full cohort, 1 to 23,570
        ``date``         text     day of the purchase, ``YYYY-MM-DD``
        ``quantity``     integer  compact discs bought, at least 1
        ``amount``       float    US dollars paid, at least 0
        ===============  =======  ============================================================

    Notes
    -----
    Published by P. S. Fader and B. G. S. Hardie; described in Fader, P. S. and Hardie, B. G. S. (2001),
    "Forecasting Repeat Sales at CDNOW: A Case Study", Interfaces 31(3), part 2, S94-S107. The file comes from the
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
    customers = pd.read_csv(dataset_path("cdnow_sample.csv"))["customer_id"]
    return log[log["customer_id"].isin(customers)].reset_index(drop=True)


def load_donations() -> pd.DataFrame:
    """Load the donation counts: one row per history of giving, with the number of donors who have it.

    The 11,104 donors first gave to a non-profit organization in 1995. Each of the six years 1996 to 2001 is one
    opportunity to give again.

    Returns
    -------
    pandas.DataFrame
        One row per distinct history: shape (22, 4), all integers.

        ============= ====================================================================
        ``frequency`` years with a repeat donation, from 0 to 6
        ``recency``   last year with a donation, counted from 1995; 0 if the frequency is 0
        ``periods``   opportunities observed, in years: always 6
        ``weights``   donors with this history; the sum is 11,104
        ============= ====================================================================

    Notes
    -----
    Analyzed in Fader, P. S., Hardie, B. G. S. and Shang, J. (2010), "Customer-Base Analysis in a
    Discrete-Time Noncontractual Setting", Marketing Science 29(6), 1086-1108. The file comes from the wheel of
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
    """Load the line items of a British gift shop, with all their errors: one tenth of UCI's Online Retail data.

    The lines date from 2010-12-01 to 2011-12-09. They are those of the 422 customers whose number ends in 6, and those
    without a customer whose invoice number ends in 6. Nothing was cleaned: there are cancellations, duplicates, lines
    without a customer, postage, manual corrections, and two orders of 74,215 and 80,995 pieces that were cancelled
    within minutes.

    Returns
    -------
    pandas.DataFrame
        One row per line of an invoice: shape (59355, 8).

        =============== ======= ============================================================
        ``InvoiceNo``   text    number of the invoice; a leading ``C`` marks a cancellation
        ``StockCode``   text    product, or a code such as ``POST`` for postage
        ``Description`` text    missing in 143 rows
        ``Quantity``    integer pieces; negative for returns
        ``InvoiceDate`` text    ``YYYY-MM-DD HH:MM:SS``
        ``UnitPrice``   float   pounds sterling per piece
        ``CustomerID``  float   whole numbers; missing in 13,158 rows
        ``Country``     text    country of the customer
        =============== ======= ============================================================

    Notes
    -----
    Donated to the UCI Machine Learning Repository by D. Chen; described in Chen, D., Sain, S. L. and Guo, K. (2012),
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


def _file_names(folder: Path) -> set[str]:
    """Return the names of the files in a folder, or an empty set if there is no such folder."""
    return {file.name for file in folder.iterdir() if file.is_file()} if folder.is_dir() else set()
