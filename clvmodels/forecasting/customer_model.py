"""A purchase model and a spend model, which together forecast a customer's value."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self, get_args

import numpy as np
from sklearn.base import clone
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import files, frames, html
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators import persistence
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_shares import Sums
from clvmodels.forecasting.process_total import learn_totals, season_variance
from clvmodels.forecasting.processes import expected_purchases, expected_spend, fit_to_history, model_id
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.forecasting.states import Horizons, state_table
from clvmodels.forecasting.windows import fitted_windows
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need, QuantityForecast
from clvmodels.frames import column
from clvmodels.inference.totals.learned_level import LevelRule
from clvmodels.inference.totals.total_interval import TotalInterval
from clvmodels.transactions.counts.fit_counts import FitCounts
from clvmodels.transactions.summary import RFM

__all__ = ["CustomerModel"]


class CustomerModel(Forecaster):
    """A purchase model and, if the log has amounts, a spend model: the forecaster of a process.

    Parameters
    ----------
    purchases : PurchaseModel
        Such as BGNBD(), fitted or not.
    spend : SpendModel, optional
        Such as GammaGamma(), fitted or not.

    Attributes
    ----------
    parts : list of PurchaseModel and SpendModel
        The purchase model, and the spend model if there is one.

    References
    ----------
    Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", Journal of Marketing
    Research 42(4), 415-430, who value customers with such a pair.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    >>> model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    >>> print(model.expected_spend(rfm)[["customer_id", "expected_spend"]].head(2).round(2).to_string(index=False))
     customer_id  expected_spend
               4           24.65
              18           35.17
    """

    # The RFM takes the place of scikit-learn's X; it is not metadata to be routed.
    __metadata_request__score: ClassVar[dict[str, str]] = {"rfm": UNUSED}
    __metadata_request__predict: ClassVar[dict[str, str]] = {"rfm": UNUSED, "horizon": UNUSED}

    def __init__(self, purchases: PurchaseModel, spend: SpendModel | None = None) -> None:
        self.purchases = purchases
        self.spend = spend

    kind: ClassVar[str] = "process"
    interval_quantities: ClassVar[tuple[ForecastQuantity, ...]] = ("purchases",)

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history."""
        needs: set[Need] = set() if self.spend is None else {"money"}
        return frozenset(needs | ({"intertimes"} if self.purchases.needs_intertimes else set()))

    def identity(self, quantity: ForecastQuantity) -> ForecasterIdentity | None:
        """Return the identity of the forecast of a quantity; None for money without a spend model."""
        process, title = model_id(self.purchases), clone(self.purchases).title
        if quantity == "purchases":
            return ForecasterIdentity(process, title, "process", process)
        if self.spend is None:
            return None
        spend = model_id(self.spend)
        return ForecasterIdentity(
            f"{process}+{spend}", f"{title} x {clone(self.spend).title}", "process", process, spend
        )

    def fit(self, history: RFM | KnownHistory | FitCounts, horizon: Any = None) -> Self:
        """Fit both models to the same customers.

        Parameters
        ----------
        history : RFM, KnownHistory or FitCounts
            From `rfm_summary`, with `amount` if there is a spend model; or a history of which the RFM is read.
        horizon : ignored
            Not used, because a process forecasts every horizon; scikit-learn passes its y here.

        Returns
        -------
        self
        """
        self._refuse_others()
        if isinstance(history, KnownHistory):
            for part in self.parts:
                fit_to_history(part, history)
            return self
        for part in self.parts:
            part.fit(history)
        return self

    def _refuse_others(self) -> None:
        """Raise InvalidOption unless the parts are a purchase model and a spend model or None."""
        for name, part, expected, example in (
            ("purchases", self.purchases, PurchaseModel, "BGNBD()"),
            ("spend", self.spend, SpendModel, "GammaGamma()"),
        ):
            if not isinstance(part, expected) and not (name == "spend" and part is None):
                raise InvalidOption(f"{name}= is a {type(part).__name__}, not a {expected.__name__} such as {example}.")

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history; see `Forecaster.forecast`."""
        rfm, length = history.rfm, history.clock.duration(horizon)
        bought = expected_purchases(self.purchases, history, length)
        nothing = column(self.purchases.probability_no_purchase(rfm, length), "probability_no_purchase")
        purchases = QuantityForecast.of_means(bought, np.clip(1 - nothing, 0.0, 1.0))
        money = None if self.spend is None else QuantityForecast.of_means(bought * expected_spend(self.spend, history))
        return Forecast(length, purchases, money, column(self.purchases.probability_alive(rfm), "probability_alive"))

    def forecast_part(self, history: KnownHistory, horizon: float | str, sums: Sums) -> Forecast:
        """Forecast some of the customers, without P(any purchase); see `Forecaster.forecast_part`."""
        length = history.clock.duration(horizon)
        bought = expected_purchases(self.purchases, history, length)
        spend = None if self.spend is None or not history.has_money else expected_spend(self.spend, history)
        money = None if spend is None else QuantityForecast.of_means(bought * spend)
        alive = column(self.purchases.probability_alive(history.rfm), "probability_alive")
        return Forecast(length, QuantityForecast.of_means(bought), money, alive)

    def intervals_of(
        self, history: KnownHistory, forecast: Forecast, quantity: ForecastQuantity, options: PredictionOptions
    ) -> frames.Frame:
        """Return the intervals of a forecast of purchases; see `Forecaster.intervals_of`."""
        if quantity not in self.interval_quantities:
            return super().intervals_of(history, forecast, quantity, options)
        return self.purchases.expected_purchases(
            history.rfm,
            forecast.horizon,
            interval=options.interval,
            interval_for=options.interval_for,
            draws=options.draws,
            random_state=options.random_state,
        )

    @property
    def process_model(self) -> CustomerModel:
        """The model itself."""
        return self

    def total(
        self,
        history: KnownHistory,
        horizon: float | str,
        quantity: ForecastQuantity = "purchases",
        *,
        level_rule: LevelRule = "spread",
    ) -> TotalInterval:
        """Return the total over a horizon, with an interval that allows for changing conditions.

        The models are fitted again at the beginning of earlier windows of the history, and their totals compared with
        what happened.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str
        quantity : {"purchases", "money"}
            Money is not discounted, and needs a spend model.
        level_rule : {"spread", "weeks", "none"}, default="spread"
            How much of the ratio of actual to expected totals is assumed to last; "none" for an interval around the
            model's total, which can be passed as `total_interval` to `expected_purchases` and `lifetime_value`.

        Returns
        -------
        TotalInterval
        """
        self.check_quantity(quantity)
        if level_rule not in get_args(LevelRule):
            raise InvalidOption(f"level_rule={level_rule!r} is not one of {', '.join(map(repr, get_args(LevelRule)))}.")
        spend = self.spend if quantity == "money" else None
        length = history.clock.duration(horizon)
        unfitted = None if spend is None else clone(spend)
        windows = fitted_windows(history, history.ticks(length), [clone(self.purchases)], unfitted)
        totals = learn_totals(history, self.purchases, spend, windows, length)
        forecast = self.forecast(history, length).of(quantity)
        expected = 0.0 if forecast is None else forecast.total
        days, season = length * history.clock.days_per_unit, season_variance(history, length)
        return totals.at(expected, days, level_rule, season)

    def certificate(self) -> dict[str, Any]:
        """Return the certificates of the fits."""
        parts = {model_id(part): part.certificate() for part in self.parts}
        return {"forecaster": self.id, "process": model_id(self.purchases), "parts": parts}

    @property
    def parts(self) -> list[PurchaseModel | SpendModel]:
        """The purchase model, and the spend model if there is one."""
        return [self.purchases] if self.spend is None else [self.purchases, self.spend]

    def __sklearn_is_fitted__(self) -> bool:
        return all(part.__sklearn_is_fitted__() for part in self.parts)

    def probability_alive(self, rfm: RFM) -> frames.Frame:
        """Return the probability that each customer is active; see `PurchaseModel.probability_alive`."""
        return self.purchases.probability_alive(rfm)

    def expected_purchases(self, rfm: RFM, horizon: float | str) -> frames.Frame:
        """Return the expected purchases within a horizon; see `PurchaseModel.expected_purchases`."""
        return self.purchases.expected_purchases(rfm, horizon)

    def expected_spend(self, rfm: RFM) -> frames.Frame:
        """Return the expected spend per purchase; see `SpendModel.expected_spend`."""
        if self.spend is None:
            raise InvalidOption("This model has no spend model: fit it on a log with amounts.")
        return self.spend.expected_spend(rfm)

    def predict(self, rfm: RFM, horizon: float | str = "12 months") -> frames.Frame:
        """Forecast every customer: P(alive), expected purchases and expected spend in one table.

        Parameters
        ----------
        rfm : RFM
            With the clock of the models.
        horizon : float or str, default="12 months"
            A number in the clock's unit, or a length with its unit such as "12 months".

        Returns
        -------
        frame
            One row per customer: customer_id, probability_alive, expected_purchases within the horizon and, with a
            spend model, expected_spend per purchase and expected_revenue, their product, which is missing where the
            mean spend does not exist. Nothing is discounted: see `lifetime_value`.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
        >>> model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
        >>> round(float(model.predict(rfm, "39 weeks")["expected_purchases"].sum()))
        1653
        """
        for part in self.parts:
            part._check_fitted()
        here = rfm.without_engine
        alive = self.purchases.probability_alive(here)
        bought = column(self.purchases.expected_purchases(here, horizon), "expected_purchases")
        table: dict[str, Any] = {
            "customer_id": rfm.customer_id,
            "probability_alive": column(alive, "probability_alive"),
            "expected_purchases": bought,
        }
        if self.spend is not None:
            spent = column(self.spend.expected_spend(here), "expected_spend")
            table |= {"expected_spend": spent, "expected_revenue": bought * spent}
        return frames.table(rfm.kind, table)

    def states(
        self, counts: FitCounts, horizons: Horizons, *, annual_discount_rate: float | None = None
    ) -> frames.Frame:
        """Return the table of distinct states with their predictions, for a join with customers in an engine.

        Parameters
        ----------
        counts : FitCounts
            Counts as of the day on which customers are scored.
        horizons : float, str, or sequence of these
            In the clock's unit, or lengths with their unit, such as "12 months".
        annual_discount_rate : float, optional
            Effective; with it, the table has discounted purchases too.

        Returns
        -------
        polars frame
            frequency, recency_ticks and age_ticks (whole days, or hours if purchases are merged within the hour),
            probability_alive, and columns for each horizon: expected_purchases_12_months and, with a rate,
            discounted_purchases_12_months.
        """
        return frames.table("polars", state_table(self.purchases, counts.histories, horizons, annual_discount_rate))

    def score(self, rfm: RFM, y: Any = None) -> float:
        """Return the mean log-likelihood per customer of the purchase model."""
        return self.purchases.score(rfm)

    def _repr_html_(self) -> str:
        return html.block("Customer model", "", *(part._repr_html_() for part in self.parts))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        # Without this, scikit-learn adds a diagram.
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def save(self, path: str | Path) -> None:
        """Write the model as JSON; the file is written completely or not at all.

        The file contains the clock, parameters, covariance, certificates and fingerprints of the data. It contains no
        customer data, and it cannot run code.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        InvalidOption
            If a model has not been fitted.
        ClockMismatch
            If the models were fitted with different clocks.
        """
        if not self.__sklearn_is_fitted__():
            raise InvalidOption("Only a fitted model can be saved: call fit(rfm) first.")
        if self.spend is not None and self.spend.clock_ != self.purchases.clock_:
            raise ClockMismatch(
                f"The purchase model was fitted in {self.purchases.clock_}, the spend model in {self.spend.clock_}: "
                "fit both to the same RFM."
            )
        files.write_json(Path(path), persistence.to_document(self.purchases, self.spend))

    def _options(self) -> dict[str, Any]:
        return {}

    def _learned(self) -> dict[str, Any]:
        return persistence.to_document(self.purchases, self.spend)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Return the model of a document that `to_dict` wrote."""
        return cls(*persistence.from_document(document["learned"], Path("model")))
