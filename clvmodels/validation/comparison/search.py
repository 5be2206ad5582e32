"""Holdout periods for scikit-learn's searches: how to split, and how to score."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from clvmodels.errors import InvalidOption
from clvmodels.estimators.customer_model import CustomerModel
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.forecasting.distributions import probabilities_of_counts
from clvmodels.frames import column
from clvmodels.transactions.summary import RFM
from clvmodels.validation.tables.metric_registry import METRICS

__all__ = ["CalibrationHoldoutSplit", "HoldoutScore"]

MetricName = Literal["log_score", "bias", "mae", "rmse", "spearman", "gini"]


@dataclass(frozen=True, slots=True)
class HoldoutScore:
    """A scorer for scikit-learn: how well a model that knows a calibration period tells the holdout period.

    Pass it as `scoring=`, with `split.calibration` for X and `split.purchases` for y. A fit never looks at y, so that
    nothing after the cut reaches it. Higher is better: errors come negative, as scikit-learn has them.

    Parameters
    ----------
    horizon : float or str
        Length of the holdout period: `split.horizon`, in the clock's unit, or text with its unit.
    metric : {"log_score", "bias", "mae", "rmse", "spearman", "gini"}
        "log_score" is the mean logarithm of the probability given to what each customer did, by which `compare` ranks;
        the others judge expected purchases: "bias" by minus its size, "mae" and "rmse" by minus the error.

    Raises
    ------
    InvalidOption
        For another metric, and when what is scored is no purchase model, CustomerModel or pipeline that ends with one.

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
        """Score of a fitted estimator on customers X, of whom each bought y (n,) times in the holdout period."""
        model, rfm = _model(estimator, X)
        bought = np.asarray(y)
        if self.metric == "log_score":
            return METRICS[self.metric].function(probabilities_of_counts(model, rfm, bought, self.horizon))
        expected = column(model.expected_purchases(rfm, self.horizon), "expected_purchases")
        metric = METRICS[self.metric]
        score = metric.function(bought.astype(float), expected)
        return score if metric.direction > 0 else -abs(score)


class CalibrationHoldoutSplit:
    """The split of a holdout period for scikit-learn: one fold, that learns from and is scored on all customers.

    The cut is in time: X is what was known at it, y what came after. With `cv=5` instead, models are also scored on
    other customers than those they learned from, which matters little with so few parameters.

    Examples
    --------
    >>> import clvmodels as clv
    >>> [(train.tolist(), test.tolist()) for train, test in clv.CalibrationHoldoutSplit().split(["a", "b"])]
    [([0, 1], [0, 1])]
    """

    def split(self, X: Any, y: Any = None, groups: Any = None) -> Iterator[tuple[npt.NDArray[np.intp], ...]]:
        """Indices (n,) to learn from, and the same to score on."""
        rows = np.arange(len(X))
        yield rows, rows

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        """One."""
        return 1


def _model(estimator: Any, rfm: Any) -> tuple[PurchaseModel, RFM]:
    """The purchase model inside, and the RFM as it comes to it."""
    if isinstance(estimator, Pipeline):
        return _model(estimator[-1], estimator[:-1].transform(rfm) if len(estimator) > 1 else rfm)
    if isinstance(estimator, CustomerModel):
        return _model(estimator.purchases, rfm)
    if not isinstance(estimator, PurchaseModel):
        raise InvalidOption(
            f"A {type(estimator).__name__} tells no purchases: score a purchase model such as BGNBD(), a "
            "CustomerModel, or a pipeline that ends with one."
        )
    return estimator, rfm
