"""A purchase model and a spend model, which together give a customer's value, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import UNUSED

from clvmodels import frames, html
from clvmodels.errors import ClockMismatch, InvalidOption
from clvmodels.estimators import persistence
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.transactions.summary import RFM

__all__ = ["CustomerModel", "load"]


class CustomerModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A purchase model and, if the log has amounts, a spend model.

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
    __metadata_request__fit: ClassVar[dict[str, str]] = {"rfm": UNUSED}
    __metadata_request__score: ClassVar[dict[str, str]] = {"rfm": UNUSED}

    def __init__(self, purchases: PurchaseModel, spend: SpendModel | None = None) -> None:
        self.purchases = purchases
        self.spend = spend

    def fit(self, rfm: RFM, y: Any = None) -> Self:
        """Fit both models to the same RFM.

        Parameters
        ----------
        rfm : RFM
            From `rfm_summary`, with `amount` if there is a spend model.
        y : ignored
            Exists for compatibility with scikit-learn.

        Returns
        -------
        self
        """
        self.purchases.fit(rfm)
        if self.spend is not None:
            self.spend.fit(rfm)
        return self

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
        persistence.write(self.purchases, self.spend, Path(path))


def load(path: str | Path) -> CustomerModel:
    """Read a model that `CustomerModel.save` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    CustomerModel
        A fitted model with its clock, certificates and covariance.

    Raises
    ------
    InvalidModelFile
        If the file is missing, damaged, of an unknown version, or not a model.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> clv.CustomerModel(clv.NBD().fit(rfm)).save("model.json")
    >>> print(clv.load("model.json").purchases)
    NBD: converged, 2,357 customers, r 0.3848, alpha 12.07
    """
    return CustomerModel(*persistence.read(Path(path)))
