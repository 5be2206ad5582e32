"""A splitter and a scorer for scikit-learn's searches over models with a holdout period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from clvmodels.errors import InvalidOption
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.frames import column
from clvmodels.transactions.summary import RFM
from clvmodels.validation.tables.metrics import METRICS

__all__ = ["CalibrationHoldoutSplit", "HoldoutScore"]

MetricName = Literal["log_score", "bias", "mae", "rmse", "spearman", "gini"]


@dataclass(frozen=True, slots=True)
class HoldoutScore:
    """A scikit-learn scorer of how well a model fitted to a calibration period forecasts the holdout period.

    Pass it as `scoring=`, with `split.calibration` as X and `split.purchases` as y. A fit does not use y, so it uses
    nothing after the cutoff. Higher is better: errors are negated, as in scikit-learn.

    Parameters
    ----------
    horizon : float or str
        Length of the holdout period: `split.horizon`, in the clock's unit, or text with its unit.
    metric : {"log_score", "bias", "mae", "rmse", "spearman", "gini"}
        "log_score", which `compare` ranks by, is the mean logarithm of the predicted probability of each customer's
        actual purchases. The others evaluate expected purchases: "bias" as minus its size, "mae" and "rmse" as minus
        the error.

    Raises
    ------
    InvalidOption
        For another metric, and if the estimator is not a purchase model, a CustomerModel, or a pipeline that ends with
        one.

    Examples
    --------
    >>> import clvmodels as clv
    >>> from sklearn.model_selection import GridSearchCV
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> split = clv.holdout_split(log, time_unit="week", calibration_end="1997-09-30", holdout_end="1998-06-30")
    >>> search = GridSearchCV(
    ...     clv.CustomerModel(clv.BGNBD()),
    ...     {"purchases": [clv.BGNBD(), clv.MBGNBD(), clv.NBD()]},
    ...     scoring=clv.HoldoutScore(split.horizon),
    ...     cv=clv.CalibrationHoldoutSplit(),
    ... )
    >>> search.fit(split.calibration, split.purchases).best_params_["purchases"].title
    'MBG/NBD'
    """

    horizon: float | str
    metric: MetricName = "log_score"

    def __post_init__(self) -> None:
        if self.metric not in get_args(MetricName):
            raise InvalidOption(f"metric={self.metric!r} is not one of {', '.join(map(repr, get_args(MetricName)))}.")

    def __call__(self, estimator: Any, X: RFM, y: npt.NDArray[np.int64]) -> float:
        """Return the score of a fitted estimator on customers X, who bought y (n,) times in the holdout period."""
        model, rfm = _model(estimator, X)
        bought = np.asarray(y)
        if self.metric == "log_score":
            return float(METRICS[self.metric].function(model.probability_of(bought, self.horizon, rfm)))
        expected = column(model.expected_purchases(rfm, self.horizon), "expected_purchases")
        metric = METRICS[self.metric]
        score = float(metric.function(bought.astype(float), expected))
        return score if metric.direction > 0 else -abs(score)


class CalibrationHoldoutSplit:
    """A scikit-learn splitter with one fold, in which a model is fitted to all customers and scored on all of them.

    The split is in time: X is the calibration period and y the holdout period. With `cv=5` instead, models are
    scored on customers that they were not fitted to, which hardly matters for models with few parameters.

    Examples
    --------
    >>> import clvmodels as clv
    >>> [(train.tolist(), test.tolist()) for train, test in clv.CalibrationHoldoutSplit().split(["a", "b"])]
    [([0, 1], [0, 1])]
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[npt.NDArray[np.intp], ...]]:
        """Yield the indices (n,) to fit on, and the same indices to score on."""
        rows = np.arange(len(X))
        yield rows, rows

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """Return 1, the number of folds."""
        return 1


def _model(estimator: Any, rfm: Any) -> tuple[PurchaseModel, RFM]:
    """Return the purchase model inside an estimator, and the RFM as the model receives it."""
    if isinstance(estimator, Pipeline):
        return _model(estimator[-1], estimator[:-1].transform(rfm) if len(estimator) > 1 else rfm)
    if isinstance(estimator, CustomerModel):
        return _model(estimator.purchases, rfm)
    if not isinstance(estimator, PurchaseModel):
        raise InvalidOption(
            f"A {type(estimator).__name__} does not predict purchases: score a purchase model such as BGNBD(), a "
            "CustomerModel, or a pipeline that ends with one."
        )
    return estimator, rfm.without_engine
