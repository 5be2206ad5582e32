"""What a backtest or a validation leaves: tables, facts and certificates, and no model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files, html
from clvmodels.language.numbers import cells

__all__ = ["AS_GIVEN", "AS_KNOWN", "Backtest", "Validation"]

AS_GIVEN, AS_KNOWN = "one for all origins", "as it was known at each origin"
PRIVATE = "customers"  # a row a customer: kept, but not written
FORMATS = {"predicted": ",.0f", "actual": ",.0f", "bias": "+.1%"}  # of scores shown as text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Backtest:
    """Tables of how forecasts made at one or more cuts compare with what happened after them.

    Every table has the columns origin (the cut, an ISO date) and horizon ("39 weeks"), unless it says otherwise;
    `kind` is "process", "challenger" (machine learning) or "rival", and intervals have the level of `facts`.

    Attributes
    ----------
    scores : DataFrame
        A row a quantity (purchases, money) and forecast: customers, predicted, actual, and the scores of `metrics`.
        A missing score is one the forecast does not tell enough for; an infinite deviance is one.
    summary : DataFrame
        The same, averaged over origins.
    differences : DataFrame
        Forecasts against the process that earlier windows favor, in means over origins, with paired intervals; and
        which is better, or that no difference is visible.
    level : DataFrame
        Totals of each process with their interval, and the interval widened by the errors of earlier origins.
    by_frequency : DataFrame
        Mean holdout purchases by calibration frequency: actual, expected, and the expected mean's interval.
    calibration : DataFrame
        The same of every forecast by frequency, recency, predicted decile, cohort and attributes, with the measured
        coverage of customers' own intervals.
    groups : DataFrame
        Totals and errors of cohorts and groups by attributes.
    reliability, pit : DataFrame
        Whether P(buys again) comes true; histogram of the randomized PIT.
    tracking : DataFrame
        Repeat purchases week by week, with the forecast's band; see `tables.tracking_table`.
    gain, lorenz, deciles, overlap : DataFrame
        How well forecasts rank customers; of the Lorenz curves, those of processes alone.
    spend_histogram : DataFrame
        Mean spend of customers, observed and under the spend model, at the last origin.
    parameters, quantities : DataFrame
        Of each fit, a row a parameter or quantity; by origin alone.
    origins : DataFrame
        What each origin and horizon is of: length, customers, purchases, the process favored, seconds.
    customers : DataFrame
        Forecasts of the customers sampled, a column a forecast. Not part of the JSON.
    certificates : list of dict
        What each fit can vouch for.
    facts : dict
        Of the data at the last origin, of the settings, and of the versions that computed it.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"time_unit": "week", "horizons": ("13 weeks",), "origins": 2, "challenger": False, "draws": 50}
    >>> found = clv.backtest(log, [clv.NBD()], **options)
    >>> found.level[["origin", "inside"]].values.tolist()
    [['1997-08-16', False], ['1998-03-31', False]]
    """

    scores: pd.DataFrame
    summary: pd.DataFrame
    differences: pd.DataFrame
    level: pd.DataFrame
    by_frequency: pd.DataFrame
    calibration: pd.DataFrame
    groups: pd.DataFrame
    reliability: pd.DataFrame
    pit: pd.DataFrame
    tracking: pd.DataFrame
    gain: pd.DataFrame
    lorenz: pd.DataFrame
    deciles: pd.DataFrame
    overlap: pd.DataFrame
    spend_histogram: pd.DataFrame
    parameters: pd.DataFrame
    quantities: pd.DataFrame
    origins: pd.DataFrame
    customers: pd.DataFrame
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]

    @classmethod
    def tables(cls) -> list[str]:
        """Names of the tables that are written."""
        return [field.name for field in fields(cls) if field.name not in (PRIVATE, "certificates", "facts")]

    def at(self, origin: str | None = None, horizon: str | None = None) -> dict[str, pd.DataFrame]:
        """The tables of one origin (default: the last) and horizon (default: the first), by name."""
        origin = self.facts["origins"][-1] if origin is None else origin
        horizon = self.facts["horizons"][0] if horizon is None else horizon
        chosen = {}
        for name in [*self.tables(), PRIVATE]:
            table = getattr(self, name)
            for key, value in (("origin", origin), ("horizon", horizon)):
                if key in table.columns:
                    table = table[table[key] == value]
            chosen[name] = table.reset_index(drop=True)
        return chosen

    def to_dict(self) -> dict[str, Any]:
        """Plain values: missing numbers as None, infinite ones as text."""
        tables = {name: files.plain(getattr(self, name).to_dict("records")) for name in self.tables()}
        return {"facts": files.plain(self.facts), "certificates": files.plain(self.certificates), **tables}

    def to_json(self, path: str | Path) -> None:
        """Write the tables as JSON, whole or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self._told()}\n{self._shown().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html.block(type(self).__name__, self._told(), html.table(self._shown().to_dict("list")))

    def _told(self) -> str:
        origins = self.facts["origins"]
        cuts = f"{origins[0]} to {origins[-1]}" if len(origins) > 1 else origins[0]
        return (
            f"{len(origins)} {'origin' if len(origins) == 1 else 'origins'} ({cuts}), "
            f"{', '.join(self.facts['horizons'])} ahead; means over origins"
        )

    def _shown(self) -> pd.DataFrame:
        columns = [
            "horizon",
            "quantity",
            "forecast",
            "origins",
            "bias",
            "rmse",
            "gini",
            "capture",
            "log_score",
            "coverage",
        ]
        return as_text(self.summary[columns])


class Validation(Backtest):
    """A backtest of one origin and one horizon.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> check = clv.validate(split, clv.NBD())
    >>> check.scores[["forecast", "bias"]].head(2).round(2).values.tolist()
    [['NBD', 0.56], ['zero', -1.0]]
    """

    __slots__ = ()

    def _told(self) -> str:
        f = self.facts
        return (
            f"{f['customers']:,} customers known at {f['calibration_end']}, followed to {f['holdout_end']} "
            f"({f['horizon']:.4g} {f['time_unit']}s)"
        )

    def _shown(self) -> pd.DataFrame:
        columns = [
            "quantity",
            "forecast",
            "customers",
            "predicted",
            "actual",
            "bias",
            "mae",
            "rmse",
            "spearman",
            "gini",
        ]
        return as_text(self.scores[columns])


def as_text(scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores as text: whole totals, the bias in percent, other numbers with three decimals."""
    return scores.assign(
        **{
            name: cells(scores[name], FORMATS.get(str(name), ",.3f"))
            for name in scores.columns
            if pd.api.types.is_float_dtype(scores[name])
        }
    )
