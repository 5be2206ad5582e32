"""The report: tables and figures on one HTML page that opens from disk, with no network and no model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from clvmodels import files
from clvmodels.frames import Frame
from clvmodels.reporting import figures, sections, verdict
from clvmodels.validation.validate import Validation

__all__ = ["write_report"]


def write_report(
    validation: Validation, path: str | Path, value: Frame | None = None, *, value_terms: str | None = None
) -> None:
    """Write a validation, and the lifetime values if given, as one self-contained HTML file.

    The same input gives the same bytes; the file appears whole or not at all.

    Parameters
    ----------
    validation : Validation
        From `validate`.
    path : str or Path
        The file to write; folders above it are made.
    value : pandas or polars frame, optional
        From `lifetime_value`: customer_id, expected_purchases, expected_spend, lifetime_value, reason.
    value_terms : str, optional
        Horizon, discount rate and margin of `value` in words, which the frame does not hold: "12 months from
        1997-09-30, discounted at 10% a year, margin 1".

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> clv.write_report(clv.validate(split, clv.NBD()), "report.html")
    """
    environment = Environment(
        loader=PackageLoader("clvmodels.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("report.html.j2").render(_content(validation, value, value_terms))
    with files.replacing(Path(path)) as temporary:
        temporary.write_bytes(page.encode("utf-8"))


def _content(validation: Validation, value: Frame | None, value_terms: str | None) -> dict[str, Any]:
    """Everything the template lays out."""
    scores, quantities = validation.scores, list(validation.scores["quantity"].unique())
    return {
        "facts": sections.facts(validation.facts),
        "verdicts": verdict.judge(scores),
        "why_not_mae": verdict.why_not_mae(scores),
        "tie_rule": verdict.TIE_RULE,
        "fits": [
            (of["model"], sections.certificate(of), sections.parameter_table(of["model"], validation.parameters))
            for of in validation.certificates
        ],
        "calibration": figures.calibration(validation.by_frequency),
        "by_frequency": sections.frequency_table(validation.by_frequency),
        "tracking": figures.tracking(validation.tracking),
        "scores": [
            (figures.score_pictures(scores, quantity), sections.score_table(scores, quantity))
            for quantity in quantities
        ],
        "value": None if value is None else _value_content(value, value_terms),
    }


def _value_content(value: Frame, terms: str | None) -> dict[str, Any]:
    return {
        "terms": terms,
        "facts": sections.value_facts(value),
        "picture": figures.value(value),
        "top": sections.top_table(value),
    }
