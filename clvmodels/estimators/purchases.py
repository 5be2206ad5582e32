"""The models of purchases: each names its process, which defines when customers buy and when they drop out.

Those whose customers can drop out at any time are defined in `any_time_dropout`, those with regular timing in
`regular`.
"""

from __future__ import annotations

from typing import ClassVar

from clvmodels.estimators.any_time_dropout import GGompertzNBD, ParetoNBD
from clvmodels.estimators.purchase_model import PurchaseModel
from clvmodels.processes import bgbb, bgnbd, mbgnbd, nbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["BGBB", "BGNBD", "MBGNBD", "NBD", "GGompertzNBD", "ParetoNBD", "PurchaseModel"]


class BGNBD(PurchaseModel):
    """BG/NBD: gamma-distributed purchase rates, and a beta-distributed dropout probability after each repeat purchase.

    Customers buy at a constant rate of their own, and drop out only after a repeat purchase. Customers without a repeat
    purchase are active with probability 1. How often customers buy and how soon they leave are assumed to be
    independent.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log (a + b)",
        "logit mean dropout probability". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout probability; its logit shifts, and a + b stays the same.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        "spread" makes `dropout` scale a and b equally, which changes how dropout varies but not its mean, as in
        CLVTools.
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
        r, alpha (gamma distribution of purchase rates; alpha in the clock's unit), a, b (beta distribution of dropout
        probabilities).
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
    Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way: An Alternative to the Pareto/NBD Model",
    Marketing Science 24(2), 275-284.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.BGNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """

    plain: ClassVar[PurchaseProcess] = bgnbd.PROCESS


class MBGNBD(PurchaseModel):
    """MBG/NBD: BG/NBD in which a customer can also drop out after the first purchase.

    Customers who bought once are therefore active with a probability below 1. How often customers buy and how soon they
    leave are assumed to be independent.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate", "log (a + b)",
        "logit mean dropout probability". Coordinates are unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout probability; its logit shifts, and a + b stays the same.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        "spread" makes `dropout` scale a and b equally, which changes how dropout varies but not its mean, as in
        CLVTools.
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
        r, alpha (gamma distribution of purchase rates; alpha in the clock's unit), a, b (beta distribution of dropout
        probabilities).
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
    Batislam, Denizel & Filiztekin (2007), "Empirical Validation and Comparison of Models for Customer Base Analysis",
    International Journal of Research in Marketing 24(3), 201-209.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.MBGNBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.525, 'alpha': 6.183, 'a': 0.891, 'b': 1.614}
    """

    plain: ClassVar[PurchaseProcess] = mbgnbd.PROCESS


class NBD(PurchaseModel):
    """NBD: gamma-distributed purchase rates without dropout.

    It is BG/NBD without dropout, and a benchmark that shows how much dropout matters.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log r", "log mean purchase rate". Coordinates are
        unit-free: time is in units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase rate, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Not available, because customers do not drop out.
    equal : sequence of str, default=()
        Not available, because it needs `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        Not available, because customers do not drop out.
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
        r, alpha (gamma distribution of purchase rates; alpha in the clock's unit).
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
    Ehrenberg (1959), "The Pattern of Consumer Purchases", Applied Statistics 8(1), 26-41.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.NBD().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'r': 0.385, 'alpha': 12.072}
    """

    plain: ClassVar[PurchaseProcess] = nbd.PROCESS


class BGBB(PurchaseModel):
    """BG/BB: beta-distributed probabilities of buying at each opportunity and of dropping out before it.

    It is for purchases that are possible once per week, month or year: the RFM must count such opportunities, with
    time_unit and merge_within of that name. P(alive) is the probability after the last opportunity observed. The paper,
    and the R package BTYD, give that of the next opportunity, which is horizon=1. How often customers buy and how soon
    they leave are assumed to be independent.

    Parameters
    ----------
    prior : mapping of str to (float, float), optional
        Normal priors (mean, standard deviation) on coordinates: "log (alpha + beta)", "logit mean purchase
        probability", "log (gamma + delta)", "logit mean dropout probability". Coordinates are unit-free: time is in
        units of mean T.
    purchase : str, optional
        Formula of covariates of the mean purchase probability, such as "C(channel) + age", with columns of the RFM.
    dropout : str, optional
        Formula of covariates of the mean dropout probability; its logit shifts, and gamma + delta stays the same.
    equal : sequence of str, default=()
        Columns whose coefficient is the same in `purchase` and `dropout`.
    dropout_moves : {"mean", "spread"}, default="mean"
        "spread" makes `dropout` scale gamma and delta equally, which changes how dropout varies but not its mean, as in
        CLVTools.
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
        alpha, beta (beta distribution of purchase probabilities), gamma, delta (beta distribution of dropout
        probabilities).
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
    Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing Science
    29(6), 1086-1108.

    Examples
    --------
    >>> import clvmodels as clv
    >>> donors = clv.datasets.load_donations()
    >>> donors = donors.loc[donors.index.repeat(donors["weights"])].rename(columns={"periods": "T"})
    >>> donors["customer_id"] = range(len(donors))
    >>> rfm = clv.RFM.from_frame(donors, time_unit="year", merge_within="year")
    >>> model = clv.BGBB().fit(rfm)
    >>> {name: round(value, 3) for name, value in model.parameters_.items()}
    {'alpha': 1.204, 'beta': 0.75, 'gamma': 0.657, 'delta': 2.783}
    """

    plain: ClassVar[PurchaseProcess] = bgbb.PROCESS
