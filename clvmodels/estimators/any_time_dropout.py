"""Models of purchases whose customers can drop out at any time, not only after a purchase."""

from __future__ import annotations

from typing import ClassVar

from clvmodels.estimators.purchase_model import PurchaseModel
from clvmodels.processes import ggompertz_nbd, pareto_nbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["GGompertzNBD", "ParetoNBD"]


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: gamma-distributed purchase rates until dropout, which has a gamma-distributed rate.

    Customers can drop out at any time, not only after a purchase. How often customers buy and how soon they leave are
    assumed to be independent.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log s", "log mean
        dropout rate". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout rate.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        Only "mean" is available, because there is no dropout probability.
    l2 : float, default=0.0
        Regularization: `l2` / 2 times the sum of the squared coefficients of standardized covariates is subtracted from
        the log-likelihood.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
        r, alpha (gamma distribution of purchase rates), s, beta (gamma distribution of dropout rates); alpha and beta
        in the clock's unit.
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, covariance, status, findings.
    clock_ : Clock
        The clock of the RFM fitted.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data fitted.
    design_ : Design or None
        The covariates, if there are any.
    grouping_ : Grouping or None
        The groups, if there are any.

    References
    ----------
    Schmittlein, Morrison & Colombo (1987), "Counting Your Customers: Who Are They and What Will They Do Next?",
    Management Science 33(1), 1-24.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.ParetoNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.553, 'alpha': 10.578, 's': 0.606, 'beta': 11.669}
    """

    plain: ClassVar[PurchaseProcess] = pareto_nbd.PROCESS


class GGompertzNBD(PurchaseModel):
    """GGompertz/NBD: Pareto/NBD in which the risk of dropout grows with the time since the first purchase.

    If the risk does not grow, b goes to 0, beta/b becomes the beta of Pareto/NBD, and the fit reports a boundary, as it
    does on CDNOW. How often customers buy and how soon they leave are assumed to be independent.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log b", "log s",
        "log mean dropout rate". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout rate.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        Only "mean" is available, because there is no dropout probability.
    l2 : float, default=0.0
        Regularization: `l2` / 2 times the sum of the squared coefficients of standardized covariates is subtracted from
        the log-likelihood.
    by : str, optional
        An attribute of the RFM. Each of its groups gets separate parameters.
    smallest_group : int, default=500
        Groups with fewer customers are pooled and fitted together.

    Attributes
    ----------
    parameters_ : dict of str to float
        r, alpha (gamma distribution of purchase rates; alpha in the clock's unit), b (growth of the risk of dropout per
        unit of time), s, beta (gamma distribution of the level of that risk).
    fit_ : Fit
        The certificate: log-likelihood, gradient, Hessian, covariance, status, findings.
    clock_ : Clock
        The clock of the RFM fitted.
    observation_end_ : str or None
        Last date of the RFM fitted.
    data_fingerprint_ : str or None
        SHA-256 of the data fitted.
    design_ : Design or None
        The covariates, if there are any.
    grouping_ : Grouping or None
        The groups, if there are any.

    References
    ----------
    Bemmaor & Glady (2012), "Modeling Purchasing Behavior with Sudden Death: A Flexible Customer Lifetime Model",
    Management Science 58(5), 1012-1021.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.GGompertzNBD().fit(rfm)
    >>> model.fit_.status, round(model.parameters_["beta"] / model.parameters_["b"], 2)
    ('boundary', 11.67)
    >>> [finding.code for finding in model.fit_.findings]
    ['fit-no-aging']
    """

    plain: ClassVar[PurchaseProcess] = ggompertz_nbd.PROCESS
