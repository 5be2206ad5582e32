"""The glossary of the page."""

from __future__ import annotations

from clvmodels.language import message
from clvmodels.reporting.page import Facts

__all__ = ["glossary"]

TERMS = (
    "cutoff",
    "forecast",
    "expected",
    "rules",
    "learned",
    "bias",
    "gini",
    "spearman",
    "rmse",
    "top",
    "scores",
    "interval",
    "alive",
    "value",
    "likelihood",
)


def glossary() -> Facts:
    """Return the terms of the page and their explanations."""
    return Facts([(message(f"glossary-{term}"), message(f"glossary-text-{term}")) for term in TERMS])
