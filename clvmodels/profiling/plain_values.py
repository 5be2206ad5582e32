"""The records of a profile as plain values for its JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pandas as pd

from clvmodels.language import Finding

__all__ = ["plain_fields"]


def plain_fields(value: Any) -> Any:
    """Return records as dicts, with their finding if they have one, and tables as lists of rows."""
    if isinstance(value, Finding):
        return value.to_dict()
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if is_dataclass(value) and not isinstance(value, type):
        plain = {field.name: plain_fields(getattr(value, field.name)) for field in fields(value)}
        finding = getattr(value, "finding", None)
        return plain if finding is None else plain | {"finding": finding.to_dict()}
    if isinstance(value, tuple):
        return [plain_fields(item) for item in value]
    return value
