"""The models of purchases, each of which names its process: when customers buy, and whether they still do."""

from __future__ import annotations

from typing import ClassVar

from clvmodels.estimators.purchase_model import PurchaseModel
from clvmodels.processes import bgbb, bgnbd, ggompertz_nbd, mbgnbd, nbd, pareto_nbd
from clvmodels.processes.contract import PurchaseProcess

__all__ = ["BGBB", "BGNBD", "MBGNBD", "NBD", "GGompertzNBD", "ParetoNBD", "PurchaseModel"]


class BGNBD(PurchaseModel):
    """BG/NBD: purchases at a gamma-distributed rate; after each, a beta-distributed chance of dropping out.

    Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", Marketing Science 24(2), 275-284.

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
    """MBG/NBD: BG/NBD in which a customer may also drop out after the first purchase.

    Batislam, Denizel & Filiztekin (2007), International Journal of Research in Marketing 24(3), 201-209. Customers who
    bought once are then alive with a probability below 1.

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


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: purchases at a gamma-distributed rate until dropout, which comes at a gamma-distributed rate too.

    Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24. Customers may leave at any time, not only
    after a purchase.

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
    """GGompertz/NBD: Pareto/NBD in which dropout grows likelier with a customer's age.

    Bemmaor & Glady (2012), Management Science 58(5), 1012-1021. Where age does not count, b falls to 0, beta/b is
    Pareto/NBD's beta, and the fit says so: on CDNOW it is at that boundary.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> model = clv.GGompertzNBD().fit(rfm)
    >>> model.fit_.status, round(model.parameters_["beta"] / model.parameters_["b"], 2)
    ('boundary', 11.67)
    """

    plain: ClassVar[PurchaseProcess] = ggompertz_nbd.PROCESS


class NBD(PurchaseModel):
    """NBD: purchases at a gamma-distributed rate, and nobody ever drops out.

    Ehrenberg (1959), Applied Statistics 8(1), 26-41. What BG/NBD becomes without dropout; a rival that shows what
    dropout is worth.

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
    """BG/BB: before each opportunity a beta-distributed chance of dropping out, then one of buying.

    Fader, Hardie & Shang (2010), Marketing Science 29(6), 1086-1108. For purchases that can be made once a week, month
    or year: the RFM has to be told in these opportunities, with time_unit and merge_within of that name. P(alive) is
    told after the last opportunity seen; the paper, and the R package BTYD, tell it at the next: horizon=1.

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
