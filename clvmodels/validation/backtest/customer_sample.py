"""A sample of the customers of a large log, on which forecasts are tested."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import hash_keys, keys_of_ids
from clvmodels.language import Finding, Findings
from clvmodels.transactions.purchase_log import PurchaseLog

__all__ = ["MOST_CUSTOMERS", "SAMPLED", "CustomerSample", "check_most_customers", "sample_customers"]

MOST_CUSTOMERS = 50_000  # totals of the sample are off by less than 1 % (tests/benchmarks/notes.md)
SAMPLED = "backtest-sample"  # code of the finding on the sample
FEWEST = 1_000  # with fewer customers, scores say little
SALT = 0x5A3C_96E1_0F7B_D248  # separates this sample from others by the same ids, which halve it or draw from it


@dataclass(frozen=True, slots=True)
class CustomerSample:
    """Customers picked by a hash of their ids, so that the order of rows and the other customers do not matter.

    Attributes
    ----------
    largest : float
        The largest hash of a customer in the sample; 1 for all customers.
    seed : int
    customers, of : int
        Customers known at the last cutoff: in the sample, and in the log.
    """

    largest: float
    seed: int
    customers: int
    of: int

    @property
    def is_whole(self) -> bool:
        """Whether all customers take part."""
        return self.customers == self.of

    @property
    def facts(self) -> dict[str, int]:
        """Return the numbers of customers for the facts of a backtest; nothing if all customers take part."""
        return {} if self.is_whole else {"sample": self.customers, "sample_of": self.of}

    @property
    def findings(self) -> Findings:
        """Return the finding on the size of the sample; nothing if all customers take part."""
        return () if self.is_whole else (Finding(SAMPLED, {"customers": self.customers, "of": self.of}),)

    def take(self, log: PurchaseLog) -> PurchaseLog:
        """Return the purchases of the customers in the sample; the period of the log stays that of all customers."""
        if self.is_whole:
            return log
        return log.of(np.flatnonzero(_hashes(log, self.seed) <= self.largest))


def check_most_customers(most: int | None) -> None:
    """Raise an InvalidOption unless a number of customers is large enough for a test; None and 0 stand for all."""
    if most and most < FEWEST:
        raise InvalidOption(f"most_customers={most!r} must be at least {FEWEST:,}, or 0 for all customers.")


def sample_customers(log: PurchaseLog, last_cutoff: int, most: int | None, seed: int) -> CustomerSample:
    """Return the sample with at most `most` of the customers known at the last cutoff, or all for None and 0."""
    tested = log.first <= last_cutoff
    customers = int(tested.sum())
    if not most or customers <= most:
        return CustomerSample(1.0, seed, customers, customers)
    largest = float(np.partition(_hashes(log, seed)[tested], most - 1)[most - 1])
    return CustomerSample(largest, seed, most, customers)


def _hashes(log: PurchaseLog, seed: int) -> npt.NDArray[np.float64]:
    """Return a number between 0 and 1 per customer, (n,)."""
    return hash_keys(keys_of_ids(log.customer_id) ^ np.uint64((seed ^ SALT) % 2**64))
