"""Names of the quantities that summarize a process, as in tables, and their values without dropout."""

from __future__ import annotations

__all__ = [
    "MEAN_DROPOUT_PROBABILITY",
    "MEAN_DROPOUT_RATE",
    "MEAN_PURCHASE_PROBABILITY",
    "MEAN_PURCHASE_RATE",
    "MEAN_TIME_BETWEEN_PURCHASES",
    "MEDIAN_LIFETIME",
    "SHARE_GONE",
    "WITHOUT_DROPOUT",
]

MEAN_PURCHASE_RATE = "mean purchase rate"
MEAN_TIME_BETWEEN_PURCHASES = "mean time between purchases"
MEAN_PURCHASE_PROBABILITY = "mean purchase probability"
MEAN_DROPOUT_PROBABILITY = "mean dropout probability"
MEAN_DROPOUT_RATE = "mean dropout rate"
MEDIAN_LIFETIME = "median lifetime"
SHARE_GONE = "share gone"

WITHOUT_DROPOUT = {
    MEAN_DROPOUT_PROBABILITY: 0.0,
    MEAN_DROPOUT_RATE: 0.0,
    MEDIAN_LIFETIME: float("inf"),
    SHARE_GONE: 0.0,
}
"""The quantities that describe dropout, and their values if a fit ended at no dropout."""
