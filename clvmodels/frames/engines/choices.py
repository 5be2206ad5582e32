"""Choose which customers and which values a query counts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from clvmodels.frames.engines.dialects import Dialect
from clvmodels.frames.engines.protocol import OutputTypes

__all__ = ["CustomerChoice", "count_values"]


@dataclass(frozen=True, slots=True)
class CustomerChoice:
    """Which customers are counted, and how exactly.

    Attributes
    ----------
    after : int or None
        Customers first seen up to this tick are left out.
    resolution : int
        Recency and age are rounded to the nearest multiple of this number of ticks, but not to 0.
    sample : float
        Share of the customers, chosen by a hash of their ids and the seed.
    seed : int
    """

    after: int | None = None
    resolution: int = 1
    sample: float = 1.0
    seed: int = 0

    @property
    def threshold(self) -> str:
        """The first eight hexadecimal digits from which on hashes are not in the sample."""
        return f"{int(self.sample * 2**32):08x}"

    def includes(self, customer_id: int | str) -> bool:
        """Return whether a customer is in the sample, by the same hash as the query."""
        digest = hashlib.md5(f"{self.seed}:{customer_id}".encode(), usedforsecurity=False).hexdigest()
        return self.sample >= 1 or digest[:8] < self.threshold


def count_values(dialect: Dialect, source: str, column: str, name: str) -> tuple[str, OutputTypes]:
    """Return a query of the values of a column as text with their numbers of rows, and its types."""
    value = f"CAST({dialect.name_of(column)} AS {dialect.text})"
    text = f"SELECT {value} AS {name}, COUNT(*) AS value_rows FROM {source} GROUP BY {value}"
    return text, {name: "text", "value_rows": "integer"}
