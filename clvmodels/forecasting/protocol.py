"""The protocol of forecasters: the interface of processes, rules, boosted trees, blends and the best forecaster."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self, get_args

from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import files, frames
from clvmodels.errors import InvalidOption
from clvmodels.estimators.prediction import PredictionOptions
from clvmodels.estimators.spend import SpendModel
from clvmodels.forecasting.customer_shares import Sums
from clvmodels.forecasts import Forecast, ForecasterIdentity, ForecastQuantity, KnownHistory, Need
from clvmodels.inference.uncertainty import RandomState

__all__ = ["FORMAT", "SCHEMA_VERSION", "Forecaster", "WindowForecaster"]

FORMAT = "clvmodels.Forecaster"
SCHEMA_VERSION = 1
REMEDIES: dict[Need, str] = {
    "money": "pass amount= when the history is made",
    "past_spend": "pass amount= when the history is made",
    "intertimes": "summarize the log with intertimes=True",
    "log": "make the history with KnownHistory.from_log(log, ...)",
}


class Forecaster(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """Base class of forecasters, which are fitted to a history and forecast purchases and money of its customers.

    A subclass defines `kind`, returns from `identity` the id under which it forecasts a quantity, and implements
    `fit`, `forecast`, `_learned` and `_restore`. Its constructor only stores its arguments, so that it can be cloned.

    Examples
    --------
    >>> import clvmodels as clv
    >>> [isinstance(each, clv.Forecaster) for each in (clv.Rule("zero"), clv.BestForecaster(), clv.BGNBD())]
    [True, True, False]
    """

    # The history takes the place of scikit-learn's X; neither it nor the horizon is metadata to be routed.
    __metadata_request__fit: ClassVar[dict[str, str]] = {"history": UNUSED, "horizon": UNUSED}

    kind: ClassVar[str]
    interval_quantities: ClassVar[tuple[ForecastQuantity, ...]] = ()
    """Quantities of which `intervals_of` returns intervals."""

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history."""
        return frozenset()

    @property
    def looks_back(self) -> float | None:
        """Time before a cutoff, in the clock's unit, whose purchases a forecast reads one by one; None for all.

        Summaries of each customer are read of the whole log.
        """
        return None if {"log", "intertimes"} & self.needs else 0.0

    def identity(self, quantity: ForecastQuantity) -> ForecasterIdentity | None:
        """Return the identity of the forecast of a quantity; None if the forecaster does not forecast it."""
        raise NotImplementedError

    def fit(self, history: KnownHistory, horizon: float | str | None = None) -> Self:
        """Learn from a history.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str, optional
            How far ahead will be forecast, for forecasters that learn from earlier windows of that length.

        Returns
        -------
        self
        """
        raise NotImplementedError

    def forecast(self, history: KnownHistory, horizon: float | str) -> Forecast:
        """Forecast the customers of a history, which may be later than the history of the fit.

        Parameters
        ----------
        history : KnownHistory
        horizon : float or str
            A number in the clock's unit, or a length such as "26 weeks".

        Returns
        -------
        Forecast
        """
        raise NotImplementedError

    def intervals(
        self,
        history: KnownHistory,
        horizon: float | str,
        quantity: ForecastQuantity = "purchases",
        *,
        interval: float = 0.9,
        by: str | None = None,
        draws: int = 200,
        random_state: RandomState = 0,
    ) -> frames.Frame:
        """Return the expectation for each customer or group within a horizon, with intervals of the outcome.

        Raises
        ------
        InvalidOption
            If the forecaster gives none.
        """
        raise InvalidOption(f"{self.id} gives no intervals of customers: use the best forecaster, or a process.")

    def check_quantity(self, quantity: ForecastQuantity) -> None:
        """Raise InvalidOption for a quantity that is unknown, or that the forecaster does not forecast."""
        quantities = get_args(ForecastQuantity)
        if quantity not in quantities:
            raise InvalidOption(f"quantity={quantity!r} is not one of {', '.join(map(repr, quantities))}.")
        if self.identity(quantity) is None:
            raise InvalidOption("This model has no spend model: fit it on a log with amounts.")

    def recent_periods(self) -> tuple[int, ...] | None:
        """Return the lengths, in ticks, of the periods before a cutoff whose repeat purchases a forecast counts.

        None if a forecast reads purchases in another way.
        """
        return None if {"log", "intertimes"} & self.needs else ()

    @property
    def depends_on_sums(self) -> bool:
        """Whether the forecast of a customer depends on the other customers, by `sums`."""
        return False

    def sums(self, history: KnownHistory, horizon: float | str) -> dict[str, float]:
        """Return the sums over the customers of a history on which the forecast of each depends; none by default.

        Those of disjoint sets of customers add up, so that customers can be forecast in parts: see `forecast_part`.
        """
        history.ticks(horizon)  # refuses what `forecast` would
        return {}

    def forecast_part(self, history: KnownHistory, horizon: float | str, sums: Sums) -> Forecast:
        """Forecast some of the customers, given the sums over all of them.

        Parameters
        ----------
        history : KnownHistory
            Of these customers.
        horizon : float or str
        sums : mapping of str to float
            What `sums` returns for all customers.
        """
        return self.forecast(history, horizon)

    def intervals_of(
        self, history: KnownHistory, forecast: Forecast, quantity: ForecastQuantity, options: PredictionOptions
    ) -> frames.Frame:
        """Return the intervals of a forecast of the customers of a history, or of some of them; see `intervals`."""
        raise InvalidOption(f"{self.id} gives no intervals of customers: use the best forecaster, or a process.")

    @property
    def id(self) -> str:
        """The id of the forecaster: of its forecast of money, or of purchases if it forecasts no money."""
        identity = self.identity("money") or self.identity("purchases")
        if identity is None:
            raise AssertionError("a forecaster forecasts something")
        return identity.id

    def certificate(self) -> dict[str, Any]:
        """Return the certificate of the fit, as plain values."""
        return {"forecaster": self.id}

    @property
    def process_model(self) -> Any:
        """The CustomerModel of the process in the certificate, for P(alive), values and gates.

        Raises
        ------
        InvalidOption
            If the forecaster has none.
        """
        raise InvalidOption(f"{self.id} is not based on a process, which is needed for P(alive) and discounted values.")

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted forecaster as plain values, for `from_dict`."""
        return {"type": type(self).__name__, "options": self._options(), "learned": self._learned()}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> Self:
        """Return the forecaster of a document that `to_dict` wrote."""
        forecaster = cls(**document["options"])
        forecaster._restore(document["learned"])
        return forecaster

    def save(self, path: str | Path) -> None:
        """Write the fitted forecaster as JSON, completely or not at all; `clvmodels.load` reads it.

        The file contains parameters, weights and trees, and no customer data; it cannot run code.

        Parameters
        ----------
        path : str or Path

        Raises
        ------
        InvalidOption
            If it has not been fitted.
        """
        if not self.__sklearn_is_fitted__():
            raise InvalidOption("Only a fitted forecaster can be saved: call fit(history) first.")
        document = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "forecaster": self.to_dict()}
        files.write_checked(Path(path), document)

    def __sklearn_is_fitted__(self) -> bool:
        return any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def _options(self) -> dict[str, Any]:
        """Return the constructor's arguments as plain values."""
        return dict(self.get_params(deep=False))

    def _learned(self) -> dict[str, Any]:
        """Return the results of the fit as plain values."""
        raise NotImplementedError

    def _restore(self, learned: dict[str, Any]) -> None:
        """Restore the results of the fit from plain values."""
        raise NotImplementedError

    def _check(self, history: KnownHistory, *, learns: bool = True) -> None:
        """Raise InvalidOption if a history does not have what the forecaster needs; forecasts need recent purchases."""
        needs = self.needs if learns or history.recent is None else self.needs - {"log"}
        missing = history.missing(needs)
        if missing:
            remedies = "; ".join(dict.fromkeys(REMEDIES[need] for need in missing))
            raise InvalidOption(f"{self.id} needs a history with {' and '.join(missing)}: {remedies}.")

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise InvalidOption(f"{type(self).__name__} has not been fitted: call fit(history) first.")


class WindowForecaster(Forecaster):
    """Base class of forecasters that combine processes and, for money, a spend model, by earlier windows of a log."""

    spend: SpendModel | None

    @property
    def needs(self) -> frozenset[Need]:
        """What the forecaster needs of a history."""
        return frozenset({"log"} if self.spend is None else {"log", "money"})

    def identity(self, quantity: ForecastQuantity) -> ForecasterIdentity | None:
        """Return the identity of the forecast of a quantity; None for money without a spend model."""
        return None if quantity == "money" and self.spend is None else self._identity()

    def _check(self, history: KnownHistory, *, learns: bool = True) -> None:
        if self.spend is not None and not isinstance(self.spend, SpendModel):
            raise InvalidOption(f"spend={self.spend!r} is not a spend model: pass an instance, such as GammaGamma().")
        super()._check(history, learns=learns)

    def _identity(self) -> ForecasterIdentity:
        raise NotImplementedError

    def _options(self) -> dict[str, Any]:
        return {}  # the models are restored with the results of the fit
