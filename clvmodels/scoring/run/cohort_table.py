"""The table of cohorts of a run: one row per cohort, period and status, for sinks with content = "cohorts"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa

from clvmodels import frames
from clvmodels.decisions.cohort_triangle import cohort_triangle
from clvmodels.errors import InvalidJob
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.scoring.config.cohort_settings import CohortSettings
from clvmodels.scoring.config.job import Job
from clvmodels.scoring.run.customers import SourceData
from clvmodels.scoring.run.score_columns import SCHEMA_VERSION, RunStamp
from clvmodels.scoring.table_columns import TableColumn, schema

__all__ = ["COHORT_COLUMNS", "cohort_rows"]

BUYERS = "missing ahead for models that do not give the chance of an order in a later window"
COHORT_COLUMNS = (
    TableColumn("cell", pa.string(), "", "Cohort, period and status: what identifies a row.", False),
    TableColumn("cohort", pa.date32(), "", "First day of the period in which the customers first ordered.", False),
    TableColumn("period", pa.date32(), "", "First day of the period that the row describes.", False),
    TableColumn("age", pa.int64(), "periods", "Periods since that of the first orders.", False),
    TableColumn("status", pa.string(), "", "observed up to as_of, or expected after it.", False),
    TableColumn("partial", pa.bool_(), "", "Whether the row covers only a part of the period.", False),
    TableColumn("customers", pa.int64(), "customers", "Size of the cohort.", False),
    TableColumn("buyers", pa.float64(), "customers", f"Customers with an order in the period; {BUYERS}.", True),
    TableColumn(
        "repeat_buyers", pa.float64(), "customers", f"Customers with a repeat order in the period; {BUYERS}.", True
    ),
    TableColumn("orders", pa.float64(), "purchases", "Orders in the period.", True),
    TableColumn("revenue", pa.float64(), "money", "Revenue of these orders.", True),
    TableColumn("margin", pa.float64(), "money", "Margin of these orders.", True),
    TableColumn("repeat_share", pa.float64(), "", "Share of the cohort with a repeat order in the period.", False),
    TableColumn(
        "retention_proxy",
        pa.float64(),
        "",
        "Share of the buyers of the period before who bought again in this one; missing where not observed.",
        False,
    ),
    TableColumn(
        "alive", pa.float64(), "", "Expected share of the cohort still active at the end of an expected period.", False
    ),
    TableColumn("as_of", pa.date32(), "", "Last day that was observed.", False),
    TableColumn("run_id", pa.string(), "", "The run that made the row; its manifest has the rest.", False),
    TableColumn("model_version", pa.string(), "", "Version of the model in the registry.", False),
    TableColumn("schema_version", pa.int64(), "", "Version of the columns of this table.", False),
)


def cohort_rows(job: Job, model: CustomerModel, data: SourceData, stamp: RunStamp) -> pa.Table:
    """Return the table of cohorts of a run, in order of its cells.

    Parameters
    ----------
    job : Job
    model : CustomerModel
        The model that scores.
    data : SourceData
    stamp : RunStamp

    Raises
    ------
    InvalidJob
        If the log has no money, or the model no spend model.
    """
    settings = job.cohorts or CohortSettings()
    if model.spend is None:
        raise InvalidJob("[cohorts]: the model has no spend model: name columns.amount, and fit again.")
    history = data.history(job)
    rfm = data.customers.rfm
    if rfm.attributes:
        bought = np.flatnonzero(data.customers.bought)
        columns = {"customer_id": rfm.customer_id, **{name: rfm.attributes[name] for name in rfm.attributes}}
        attributes = frames.table("polars", {name: values[bought] for name, values in columns.items()})
        history = replace(history, attributes=attributes)
    triangle = cohort_triangle(
        model.purchases,
        model.spend,
        history,
        horizon=settings.horizon or job.longest_horizon,
        margin=job.predictions.margin,
        period=settings.period,
    )
    table = nw.from_native(triangle, eager_only=True)
    cohorts: dict[str, list[Any]] = {name: table[name].to_list() for name in table.columns}
    cells = [" ".join(cell) for cell in zip(cohorts["cohort"], cohorts["period"], cohorts["status"], strict=True)]
    day = date.fromisoformat(stamp.as_of[:10])
    cohorts |= {
        "cell": cells,
        "cohort": [date.fromisoformat(first) for first in cohorts["cohort"]],
        "period": [date.fromisoformat(first) for first in cohorts["period"]],
    }
    stamps: dict[str, Any] = {
        "as_of": day,
        "run_id": stamp.run_id,
        "model_version": stamp.model_version,
        "schema_version": SCHEMA_VERSION,
    }
    cohorts |= {name: [value] * len(cells) for name, value in stamps.items()}
    arrays = [pa.array(cohorts[c.name], type=c.dtype, from_pandas=True) for c in COHORT_COLUMNS]
    return pa.Table.from_arrays(arrays, schema=schema(COHORT_COLUMNS)).sort_by("cell")
