"""The results of a backtest or a validation: tables, facts, findings and certificates, without models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels import files, html
from clvmodels.language import Findings
from clvmodels.language.numbers import cells
from clvmodels.validation.tables.totals import total_finding
from clvmodels.validation.tables.weekly import weekly_error_table

__all__ = ["LOG_AS_KNOWN", "LOG_FIXED", "Backtest", "Validation"]

LOG_FIXED, LOG_AS_KNOWN = "fixed", "as_known"  # the same log for all cutoffs, or the log as known at each
NOT_WRITTEN = "customers"  # the table that is too long for the JSON: it has one row per customer
NOT_TABLES = (NOT_WRITTEN, "certificates", "facts", "findings")
FORMATS = {"predicted": ",.0f", "actual": ",.0f", "bias": "+.1%", "absolute_bias": ".1%"}  # of scores as text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Backtest:
    """Tables that compare forecasts made at one or more cutoffs with what happened after them.

    Every table has the columns cutoff (an ISO date) and horizon ("39 weeks"), unless it says otherwise. `forecaster` is
    an id, whose title is in `forecasters`; `kind` is "process", "rule", "boosted_trees", "blend", "best" or
    "revenue"; intervals have the level of `facts`.

    Attributes
    ----------
    forecasters : DataFrame
        One row per forecaster: id, title, kind, process and spend (ids of the models it is made of). The spend model
        itself has a row of kind "spend".
    scores : DataFrame
        One row per quantity (purchases, money and, with revenue=True, revenue of all customers, those to come included)
        and forecaster: customers, predicted, actual, and every metric. A score is missing if it cannot be computed from
        the forecast; a deviance may be infinite.
    summary : DataFrame
        The same, averaged over cutoffs. `bias` is the mean of the signed errors of the total, in which errors of
        different sign cancel; `absolute_bias` is the mean of their sizes, which is used to rank totals.
    differences : DataFrame
        Forecasters against the process that earlier windows favor, in means over cutoffs, with paired intervals that
        allow for the customers drawn and for the spread over cutoffs; `holds_at`, the number of cutoffs with a
        difference of the same sign; which is `better` ("forecaster" or "reference"), or that no difference is visible
        ("not_visible"): the interval contains 0, or the difference does not hold at every cutoff.
    totals : DataFrame
        Totals of each process and of the best forecaster with their interval, what it allows for (`total_interval`:
        "history", "other_shops", or nothing beyond chance and parameters: "model", "not_tested"), and the interval
        widened by the errors of earlier cutoffs.
    by_frequency : DataFrame
        Mean holdout purchases by calibration frequency: actual, expected, and the expected mean's interval.
    calibration : DataFrame
        The same of every forecast by frequency, recency, predicted decile, cohort and attributes, with the measured
        coverage of customers' own intervals.
    groups : DataFrame
        Totals and errors of cohorts and groups by attributes.
    reliability, pit : DataFrame
        P(buys again) against the share who did; histogram of the randomized PIT.
    tracking : DataFrame
        Repeat purchases week by week, with the forecast's band; see `tables.tracking_table`.
    gain, lorenz, deciles, overlap : DataFrame
        How well forecasts rank customers; of the Lorenz curves, those of processes alone.
    spend_histogram : DataFrame
        Mean spend of customers, observed and under the spend model, at the last cutoff.
    parameters, quantities : DataFrame
        Of each fit, one row per parameter or quantity; without a horizon.
    cutoffs : DataFrame
        One row per cutoff and horizon: length, customers, purchases, the process favored, seconds.
    customers : DataFrame
        Forecasts of the sampled customers, one row per customer and forecaster. Not part of the JSON.
    certificates : list of dict
        The certificate of each fit.
    facts : dict
        About the data at the last cutoff, the settings, and the versions of packages. `log` is "fixed" or "as_known".
    findings : tuple of Finding
        Horizons and customers left out, models that could not be fitted, long horizons.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> options = {"time_unit": "week", "horizons": ("13 weeks",), "cutoffs": 2, "boosted_trees": False, "draws": 50}
    >>> test = clv.backtest(log, [clv.NBD()], **options)
    >>> test.totals[["cutoff", "inside"]].values.tolist()
    [['1997-08-16', True], ['1998-03-31', False]]
    """

    forecasters: pd.DataFrame
    scores: pd.DataFrame
    summary: pd.DataFrame
    differences: pd.DataFrame
    totals: pd.DataFrame
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
    cutoffs: pd.DataFrame
    customers: pd.DataFrame
    certificates: list[dict[str, Any]]
    facts: dict[str, Any]
    findings: Findings = ()

    @classmethod
    def tables(cls) -> list[str]:
        """Return the names of the tables that are written."""
        return [field.name for field in fields(cls) if field.name not in NOT_TABLES]

    def at(self, cutoff: str | None = None, horizon: str | None = None) -> dict[str, pd.DataFrame]:
        """Return the tables of one cutoff (default: the last) and horizon (default: the first), by name."""
        return self._at([*self.tables(), NOT_WRITTEN], cutoff, horizon)

    def titled_tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the last cutoff and the first horizon with titles, except that of customers."""
        return {name: self.with_titles(table) for name, table in self._at(self.tables()).items()}

    def _at(
        self, names: Sequence[str], cutoff: str | None = None, horizon: str | None = None
    ) -> dict[str, pd.DataFrame]:
        """Return tables by name, as `at` does."""
        cutoff = self.facts["cutoffs"][-1] if cutoff is None else cutoff
        horizon = self.facts["horizons"][0] if horizon is None else horizon
        chosen = {}
        for name in names:
            table = getattr(self, name)
            for key, value in (("cutoff", cutoff), ("horizon", horizon)):
                if key in table.columns:
                    table = table[table[key] == value]
            chosen[name] = table.reset_index(drop=True)
        return chosen

    def with_titles(self, table: pd.DataFrame) -> pd.DataFrame:
        """Add the titles of forecasters to a table, for drawing or printing it.

        Returns
        -------
        DataFrame
            With `title`; `short_title`, which leaves out the spend model; and `reference_title` next to `reference`.
            Rows without a title, such as the perfect ranking, keep their id.
        """
        if "forecaster" in table.columns:
            title, short_title = _renamed(table["forecaster"], self.titles, self.short_titles)
            table = table.assign(title=title, short_title=short_title)
        if "reference" in table.columns:
            table = table.assign(reference_title=_renamed(table["reference"], self.titles)[0])
        return table

    @property
    def titles(self) -> dict[str, str]:
        """Return the titles of forecasters by id."""
        return dict(zip(self.forecasters["id"], self.forecasters["title"], strict=True))

    @property
    def short_titles(self) -> dict[str, str]:
        """Return the titles of forecasters by id, without the spend model in those of money."""
        titles, table = self.titles, self.forecasters
        rows = zip(table["id"], table["process"], table["title"], strict=True)
        return {name: titles.get(process, title) for name, process, title in rows}

    @property
    def total_findings(self) -> Findings:
        """Return a finding on the interval of each row of `totals`."""
        level = float(self.facts["level"])
        return tuple(total_finding(row, level) for row in self.totals.to_dict("records"))

    def weekly_errors(self) -> pd.DataFrame:
        """Return how far forecasts of single weeks are off, next to naive forecasts.

        A forecast of a total can be right although each of its weeks is wrong, as without a calendar in a shop with a
        season. Forecasts are of repeat purchases of the customers known at the cutoff, as in `tracking`.

        Returns
        -------
        DataFrame
            One row per cutoff, horizon and forecaster: cutoff, horizon, forecaster (the id of a process;
            "seasonal_naive", the purchases of the same weeks a year before; or "naive", those of the last week), period
            ("week", or the opportunity of a discrete clock), periods (their number, without those in which nobody
            bought and a shorter last week), mape (the mean of the relative errors of weeks) and wape (the sum of the
            errors over that of purchases). "seasonal_naive" is missing if the log does not reach back a year.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> options = {"time_unit": "week", "horizons": "13 weeks", "cutoffs": 1, "boosted_trees": False, "draws": 50}
        >>> errors = clv.backtest(log, [clv.BGNBD()], **options).weekly_errors()
        >>> errors[["forecaster", "periods", "mape"]].round(2).values.tolist()
        [['bgnbd', 13, 0.31], ['seasonal_naive', 13, 1.0], ['naive', 13, 0.58]]
        """
        return weekly_error_table(self.tracking)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, missing numbers as None and infinite ones as text."""
        tables = {name: files.plain(getattr(self, name).to_dict("records")) for name in self.tables()}
        about = {"facts": self.facts, "certificates": self.certificates}
        about |= {name: [each.to_dict() for each in getattr(self, name)] for name in ("findings", "total_findings")}
        return {**files.plain(about), **tables}

    def to_json(self, path: str | Path) -> None:
        """Write the tables as JSON, completely or not at all."""
        files.write_json(Path(path), self.to_dict())

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self._description()}\n{self._shown().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return html.block(type(self).__name__, self._description(), html.table(self._shown().to_dict("list")))

    def _description(self) -> str:
        cutoffs = self.facts["cutoffs"]
        days = f"{cutoffs[0]} to {cutoffs[-1]}" if len(cutoffs) > 1 else cutoffs[0]
        sampled = "sample" in self.facts
        customers = f"; {self.facts['sample']:,} of {self.facts['sample_of']:,} customers" if sampled else ""
        return (
            f"{len(cutoffs)} {'cutoff' if len(cutoffs) == 1 else 'cutoffs'} ({days}), "
            f"{', '.join(self.facts['horizons'])} ahead{customers}; means over cutoffs"
        )

    def _shown(self) -> pd.DataFrame:
        columns = [
            "horizon",
            "quantity",
            "forecaster",
            "cutoffs",
            "bias",
            "absolute_bias",
            "rmse",
            "gini",
            "capture",
            "log_score",
            "coverage",
        ]
        return as_text(self.summary[columns])


class Validation(Backtest):
    """A backtest of one cutoff and one horizon.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, amount="amount", time_unit="week", calibration_end="1997-09-30")
    >>> check = clv.validate(split, clv.NBD())
    >>> check.scores[["forecaster", "bias"]].head(2).round(2).values.tolist()
    [['nbd', 0.56], ['zero', -1.0]]
    """

    __slots__ = ()

    def _description(self) -> str:
        f = self.facts
        return (
            f"{f['customers']:,} customers known at {f['calibration_end']}, followed to {f['holdout_end']} "
            f"({f['horizon']:.4g} {f['time_unit']}s)"
        )

    def _shown(self) -> pd.DataFrame:
        columns = [
            "quantity",
            "forecaster",
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


def _renamed(ids: pd.Series, *titles: Mapping[str, str]) -> list[pd.Series]:
    """Return ids replaced by their titles, once for each mapping; other ids stay. Titles are looked up once per id."""
    codes, distinct = pd.factorize(ids, use_na_sentinel=False)
    return [pd.Series([each.get(name, name) for name in distinct]).take(codes).set_axis(ids.index) for each in titles]
