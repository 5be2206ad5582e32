"""The columns of the score table as records, used for schema, rows, totals, comments and data dictionary.

To add a column, add a record to `score_columns` (and a test).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clvmodels.clock import TimeUnit
from clvmodels.processes.contract import Array
from clvmodels.scoring.config.sections import PredictionSettings, column_suffix
from clvmodels.scoring.table_columns import TableColumn
from clvmodels.transactions.summary import RFM

__all__ = [
    "NEXT_PURCHASE",
    "SCHEMA_VERSION",
    "Booleans",
    "KnownCustomers",
    "RunStamp",
    "ScoreColumn",
    "ScoredBlock",
    "prediction_column",
    "prediction_of",
    "score_columns",
]

SCHEMA_VERSION = 2  # of the names, types and meanings of columns; 1 in release 0.1.0, whose tables have no such column
NEXT_PURCHASE = "next purchase"  # the key of its predictions, in addition to the horizons
Booleans = npt.NDArray[np.bool_]
Predictions = Mapping[str, Array]  # columns of a prediction by their names, such as "lifetime_value_lower", each (n,)


@dataclass(frozen=True, slots=True, eq=False)
class KnownCustomers:
    """The customers that a run scores.

    Attributes
    ----------
    rfm : RFM
        In order of id. A customer who has not bought yet has the history of a first purchase made now.
    bought : bool array (n,)
    forecasts : mapping of str to mapping of str to array (n,)
        Forecasts by horizon of a forecaster that needs more than an RFM: expected "purchases" and undiscounted "money",
        and the ends of their intervals with _lower and _upper; NaN for customers who have not bought. Empty for a
        process.
    decisions : mapping of str to array (n,)
        Decisions about each customer by column: tiers, stage, score, action.
    """

    rfm: RFM
    bought: Booleans
    forecasts: Mapping[str, Mapping[str, Array]] = field(default_factory=dict)
    decisions: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __getitem__(self, rows: slice) -> KnownCustomers:
        forecasts = {
            horizon: {quantity: values[rows] for quantity, values in of_horizon.items()}
            for horizon, of_horizon in self.forecasts.items()
        }
        decisions = {name: values[rows] for name, values in self.decisions.items()}
        return KnownCustomers(self.rfm[rows], self.bought[rows], forecasts, decisions)

    def __len__(self) -> int:
        return len(self.rfm)


@dataclass(frozen=True, slots=True)
class RunStamp:
    """Values that are the same in all rows: the run's id, date and model, and the ticks since the end of the fit."""

    run_id: str
    as_of: str
    since_fit: int | None
    model_version: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScoredBlock:
    """A block of customers with their predictions, from which columns are computed.

    Attributes
    ----------
    customers : KnownCustomers
    stamp : RunStamp
    reasons : object array (n,)
        The reason why a customer, or the customer's value, could not be predicted; an empty text if nothing is missing.
    alive : float array (n,)
        P(alive); NaN for customers that the model refuses.
    predictions : mapping of horizon to mapping of str to float array (n,)
        Columns of predictions by horizon, and those of NEXT_PURCHASE; NaN for customers that the model refuses.
    """

    customers: KnownCustomers
    stamp: RunStamp
    reasons: npt.NDArray[np.object_]
    alive: Array
    predictions: Mapping[str, Predictions] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.customers)


# Returns an Arrow array, or an array (n,) in which NaN is missing for columns of floats.
Compute = Callable[[ScoredBlock], Any]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreColumn(TableColumn):
    """A column of the score table.

    Attributes
    ----------
    compute : function of ScoredBlock
        Returns the values of a block of customers.
    """

    compute: Compute


def score_columns(
    predictions: PredictionSettings,
    *,
    id_dtype: pa.DataType,
    time_unit: TimeUnit,
    has_money: bool,
    has_spend: bool,
    added: Sequence[ScoreColumn] = (),
) -> tuple[ScoreColumn, ...]:
    """Return the columns of the score table in order.

    Parameters
    ----------
    predictions : PredictionSettings
        Horizons, interval, and the terms of the value.
    id_dtype : pyarrow.DataType
        Type of customer_id.
    time_unit : str
        Unit of the model's clock.
    has_money, has_spend : bool
        Whether the source has money, and whether the model has a spend model.
    added : sequence of ScoreColumn
        The columns of next purchase and decisions.
    """
    of_horizons = [
        column for horizon in predictions.horizons for column in _horizon_columns(predictions, horizon, has_spend)
    ]
    return (*_history_columns(id_dtype, time_unit, has_money), *of_horizons, *added, *_run_columns())


def prediction_column(quantity: str, horizon: str, end: str = "") -> str:
    """Return the name of a predicted column, such as lifetime_value_12_months_lower."""
    return f"{quantity}_{column_suffix(horizon)}{end}"


def _history_columns(id_dtype: pa.DataType, time_unit: TimeUnit, has_money: bool) -> list[ScoreColumn]:
    """Return the columns of a customer's history, and P(alive)."""
    unit = f"{time_unit}s"
    columns = [
        ScoreColumn(
            "customer_id", id_dtype, "", "Customer, as in the source: text or a whole number.", False, _customer_ids
        ),
        ScoreColumn("frequency", pa.int64(), "purchases", "Repeat purchases up to as_of.", False, _frequency),
        ScoreColumn(
            "recency",
            pa.float64(),
            unit,
            "Time from the first purchase to the last; missing before the first purchase.",
            False,
            _recency,
        ),
        ScoreColumn(
            "T",
            pa.float64(),
            unit,
            "Time from the first purchase to as_of; missing before the first purchase.",
            False,
            _age,
        ),
    ]
    if has_money:
        columns.append(
            ScoreColumn(
                "monetary_value",
                pa.float64(),
                "money per purchase",
                "Average order value of the purchases that the spend model reads; missing where there are none.",
                False,
                _monetary_value,
            )
        )
    alive = "Probability that the customer is still active at as_of; missing where reason says why."
    return [
        *columns,
        ScoreColumn("probability_alive", pa.float64(), "probability", alive, True, _alive),
    ]


def _horizon_columns(predictions: PredictionSettings, horizon: str, has_spend: bool) -> list[ScoreColumn]:
    """Return the columns of a horizon: purchases, value, and the ends of their intervals."""
    quantities = {
        "expected_purchases": ("purchases", f"Purchases expected in the {horizon} after as_of"),
        "lifetime_value": ("money", f"Value of the {predictions.value_terms(horizon).text}"),
    }
    if not has_spend:
        del quantities["lifetime_value"]
    ends = {"": ""}
    if predictions.interval is not None:
        interval = f"{predictions.interval:.6g} interval for the {predictions.interval_for}"
        ends |= {"_lower": f"; lower end of the {interval}", "_upper": f"; upper end of the {interval}"}
    columns = [
        ScoreColumn(
            name=prediction_column(quantity, horizon, end),
            dtype=pa.float64(),
            unit=unit,
            description=f"{description}{which}.",
            additive=end == "",  # the sum of interval ends is not the end of an interval
            compute=partial(prediction_of, horizon=horizon, name=f"{quantity}{end}"),
        )
        for quantity, (unit, description) in quantities.items()
        for end, which in ends.items()
    ]
    if has_spend and predictions.costs is not None:
        name = prediction_column("remaining_value", horizon)
        description = f"Value of the {predictions.value_terms(horizon).text}, less the discounted costs after as_of."
        compute = partial(prediction_of, horizon=horizon, name="remaining_value")
        columns.append(ScoreColumn(name, pa.float64(), "money", description, True, compute))
    return columns


def _run_columns() -> list[ScoreColumn]:
    """Return the columns on the fit and the run."""
    return [
        ScoreColumn(
            "new_since_fit",
            pa.bool_(),
            "",
            "Whether the first purchase is later than the data the model was fitted to.",
            False,
            _new_since_fit,
        ),
        ScoreColumn(
            "not_yet_bought",
            pa.bool_(),
            "",
            "Whether the customer is listed but has not bought; scored as if buying for the first time at as_of.",
            False,
            _not_yet_bought,
        ),
        ScoreColumn("reason", pa.string(), "", "Why predictions are missing; missing where none are.", False, _reasons),
        ScoreColumn("as_of", pa.date32(), "", "Date scored from.", False, _as_of),
        ScoreColumn(
            "run_id",
            pa.string(),
            "",
            "The run that made the row; its manifest has the rest.",
            False,
            _run_ids,
        ),
        ScoreColumn(
            "model_version",
            pa.string(),
            "",
            "Version of the model in the registry; missing where the job names the file of a model.",
            False,
            _model_versions,
        ),
        ScoreColumn(
            "schema_version",
            pa.int64(),
            "",
            "Version of the columns of this table; it rises when a column is renamed or changes its type or meaning.",
            False,
            _schema_versions,
        ),
    ]


def _customer_ids(block: ScoredBlock) -> Any:
    return block.customers.rfm.customer_id.to_arrow()


def _frequency(block: ScoredBlock) -> npt.NDArray[np.int64]:
    return block.customers.rfm.frequency


def _recency(block: ScoredBlock) -> Array:
    return np.where(block.customers.bought, block.customers.rfm.recency, np.nan)


def _age(block: ScoredBlock) -> Array:
    return np.where(block.customers.bought, block.customers.rfm.T, np.nan)


def _monetary_value(block: ScoredBlock) -> Array | None:
    return block.customers.rfm.monetary_value


def _alive(block: ScoredBlock) -> Array:
    return block.alive


def prediction_of(block: ScoredBlock, horizon: str, name: str) -> Array:
    """Return a column of the predictions over a horizon (n,), all NaN if the model refuses the whole block."""
    column = block.predictions.get(horizon, {}).get(name)
    return np.full(len(block), np.nan) if column is None else column


def _new_since_fit(block: ScoredBlock) -> Booleans:
    rfm, since_fit = block.customers.rfm, block.stamp.since_fit
    if since_fit is None:
        return np.zeros(len(block), dtype=bool)
    is_new: Booleans = np.rint(rfm.T * rfm.clock.ticks_per_unit) < since_fit
    return is_new & block.customers.bought


def _not_yet_bought(block: ScoredBlock) -> Booleans:
    return ~block.customers.bought


def _reasons(block: ScoredBlock) -> pa.Array:
    return pa.array(block.reasons, type=pa.string(), mask=block.reasons == "")


def _as_of(block: ScoredBlock) -> pa.Array:
    return pa.repeat(pa.scalar(date.fromisoformat(block.stamp.as_of[:10]), type=pa.date32()), len(block))


def _run_ids(block: ScoredBlock) -> pa.Array:
    return pa.repeat(pa.scalar(block.stamp.run_id, type=pa.string()), len(block))


def _model_versions(block: ScoredBlock) -> pa.Array:
    return pa.repeat(pa.scalar(block.stamp.model_version, type=pa.string()), len(block))


def _schema_versions(block: ScoredBlock) -> npt.NDArray[np.int64]:
    return np.full(len(block), SCHEMA_VERSION)
