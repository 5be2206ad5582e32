"""Goodness of fit of a purchase model: compare how often customers bought with the model's expectation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames
from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.estimators.fitted_purchases import FittedPurchases, data_fingerprint
from clvmodels.inference.fitting import Fit
from clvmodels.inference.statistics import counted_rows, unique_rows
from clvmodels.inference.uncertainty import RandomState, draw_parameters, seed_of
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array, PurchaseProcess
from clvmodels.transactions.summary import RFM

__all__ = ["GoodnessOfFit", "NewCustomers", "TestedPurchases", "goodness_of_fit"]

SIGNIFICANCE_LEVEL = 0.05  # p-value up to which chance does not explain a difference
FEWEST_EXPECTED = 5.0  # expected customers per class that the chi-square distribution needs (Cochran 1954)
FEWEST_DRAWS = 20
TOP_SHARE = 0.05  # share of the customers, the most frequent buyers, whose share of the purchases is checked


@dataclass(frozen=True, slots=True)
class NewCustomers:
    """A fitted model, and customers from their first purchase on.

    Attributes
    ----------
    title : str
    process : PurchaseProcess
    fit : Fit
    p : tuple
        The estimated parameters, in the form that functions of the process use.
    columns : sequence of arrays (n,)
        How long each was observed (T, or n of a discrete process), covariates, and the number of the group.
    estimated : int
        Number of parameters estimated from these customers.
    """

    title: str
    process: PurchaseProcess
    fit: Fit
    p: Any
    columns: Sequence[Any]
    estimated: int


@dataclass(frozen=True, slots=True, repr=False)
class GoodnessOfFit(displays.Display):
    """Observed and expected numbers of customers by repeat purchases, and a check by simulated histories.

    Attributes
    ----------
    counts : frame
        One row per class of repeat purchases: purchases ("0", "1", ..., and the last such as "7+"), observed, expected
        (both customers), chi_square (the class's part of the statistic).
    statistic : float
        Pearson's chi-square: the sum of (observed - expected)^2 / expected.
    degrees_of_freedom : int
        Classes, minus one, minus estimated parameters.
    p_value : float or None
        Probability of as large a statistic if the model holds; None without a degree of freedom.
    checks : frame
        The posterior predictive check, one row per statistic: statistic, observed, simulated (the mean over simulated
        histories), lower and upper (the central 90 %), p_value (two-sided).
    findings : tuple of Finding
        What the test and the check mean; `text` has them as sentences.
    """

    shown_table: ClassVar[str] = "counts"
    counts: frames.Frame
    statistic: float
    degrees_of_freedom: int
    p_value: float | None
    checks: frames.Frame
    findings: Findings

    def frame(self) -> frames.Frame:
        """Return the table of observed and expected customers."""
        return self.counts


def goodness_of_fit(
    new: NewCustomers, rfm: RFM, last_class: Any, draws: Any, random_state: RandomState
) -> GoodnessOfFit:
    """Compare the customers of an RFM with what a model expects; `PurchaseModel.goodness_of_fit` documents options."""
    if not isinstance(last_class, (int, np.integer)) or last_class < 1:
        raise InvalidOption(f"last_class={last_class!r} must be a whole number of at least 1.")
    if not isinstance(draws, (int, np.integer)) or draws < FEWEST_DRAWS:
        raise InvalidOption(f"draws={draws!r} must be a whole number of at least {FEWEST_DRAWS}.")
    if len(rfm) == 0:
        raise InvalidRFM("The RFM has no customers to compare with the model.")
    x = np.asarray(rfm["frequency"], dtype=float)
    observed, expected = _pool_tail(*_histogram(new, x, int(last_class)))
    parts = (observed - expected) ** 2 / expected
    statistic, freedom = float(parts.sum()), len(parts) - 1 - new.estimated
    p_value = None
    if freedom > 0:
        from scipy.stats import chi2  # slow to import

        p_value = float(chi2.sf(statistic, freedom))
    names = [str(count) for count in range(len(parts) - 1)] + [f"{len(parts) - 1}+"]
    columns: dict[str, Any] = {
        "purchases": names,
        "observed": observed.astype(int),
        "expected": expected,
        "chi_square": parts,
    }
    checks = _check_statistics(new, x, np.asarray(rfm["recency"], dtype=float), int(draws), seed_of(random_state))
    figures = {"title": new.title, "statistic": statistic, "degrees_of_freedom": freedom, "p_value": p_value}
    return GoodnessOfFit(
        counts=frames.table(rfm.kind, columns),
        statistic=statistic,
        degrees_of_freedom=freedom,
        p_value=p_value,
        checks=frames.table(rfm.kind, checks),
        findings=(_finding_of_test(figures), *_findings_of_checks(checks)),
    )


def _histogram(new: NewCustomers, x: Array, last: int) -> tuple[Array, Array]:
    """Return observed and expected customers with 0, 1, ..., last - 1, and at least `last` repeat purchases."""
    observed = np.bincount(np.minimum(x, last).astype(np.intp), minlength=last + 1).astype(float)
    kinds = counted_rows(new.columns)
    T, *extra = kinds.columns
    no_history = [np.zeros(len(T))] * (len(new.process.statistics) - len(extra))
    below = np.array(
        [kinds.counts @ new.process.pmf(new.p, np.full(len(T), float(k)), T, *no_history, *extra) for k in range(last)]
    )
    return observed, np.append(below, max(kinds.customers - float(below.sum()), 0.0))


def _pool_tail(observed: Array, expected: Array) -> tuple[Array, Array]:
    """Join the last classes while one has fewer expected customers than the chi-square needs."""
    while len(expected) > 1 and expected.min() < FEWEST_EXPECTED:
        observed = np.append(observed[:-2], observed[-2:].sum())
        expected = np.append(expected[:-2], expected[-2:].sum())
    return observed, expected


def _share_without_repeat(x: Array, t_x: Array) -> float:  # noqa: ARG001  # statistics have the same arguments
    return float(np.mean(x == 0))


def _variance(x: Array, t_x: Array) -> float:  # noqa: ARG001
    return float(np.var(x))


def _share_of_top(x: Array, t_x: Array) -> float:  # noqa: ARG001
    top = np.sort(x)[-int(np.ceil(TOP_SHARE * len(x))) :]
    return float(top.sum() / max(x.sum(), 1.0))


def _mean_recency(x: Array, t_x: Array) -> float:
    return float(t_x[x > 0].mean()) if np.any(x > 0) else 0.0


STATISTICS: dict[str, Callable[[Array, Array], float]] = {
    "share_without_repeat": _share_without_repeat,
    "variance": _variance,
    "share_of_top_5_percent": _share_of_top,
    "mean_recency": _mean_recency,
}
"""Functions of x and t_x, each (n,): repeat purchases, and the time of the last one."""


def _check_statistics(new: NewCustomers, x: Array, t_x: Array, draws: int, seed: int) -> dict[str, Any]:
    """Simulate the customers under each draw of the parameters, and compare statistics of their histories."""
    process = new.process
    T, *extra = (np.asarray(column, dtype=float) for column in new.columns)
    generator = np.random.default_rng([seed, draws])
    simulated = np.empty((draws, len(STATISTICS)))
    for i, values in enumerate(draw_parameters(process, new.fit, draws, seed).T):
        history = process.simulate(process.Parameters(*values), T, generator, *extra)
        simulated[i] = [function(history.x, history.t_x) for function in STATISTICS.values()]
    observed = np.array([function(x, t_x) for function in STATISTICS.values()])
    tails = [(1 + (simulated >= observed).sum(axis=0)), (1 + (simulated <= observed).sum(axis=0))]
    lower, upper = np.quantile(simulated, [0.05, 0.95], axis=0)
    return {
        "statistic": list(STATISTICS),
        "observed": observed,
        "simulated": simulated.mean(axis=0),
        "lower": lower,
        "upper": upper,
        "p_value": np.minimum(2 * np.minimum(*tails) / (draws + 1), 1.0),
    }


def _finding_of_test(figures: dict[str, Any]) -> Finding:
    if figures["p_value"] is None:
        return Finding("goodness-no-test", figures, "caution")
    if figures["p_value"] > SIGNIFICANCE_LEVEL:
        return Finding("goodness-agrees", figures)
    return Finding("goodness-differs", figures, "caution")


def _findings_of_checks(checks: dict[str, Any]) -> Findings:
    rows = zip(*(checks[name] for name in ("statistic", "observed", "lower", "upper", "p_value")), strict=True)
    return tuple(
        Finding(
            "goodness-statistic-differs",
            {"statistic": name, "observed": float(value), "lower": float(lower), "upper": float(upper)},
            "caution",
        )
        for name, value, lower, upper, p_value in rows
        if p_value <= SIGNIFICANCE_LEVEL
    )


class TestedPurchases(FittedPurchases):
    """A fitted purchase process that can be compared with what customers did."""

    def probability_of(self, counts: Sequence[int] | npt.NDArray[Any], horizon: float | str, rfm: RFM) -> Array:
        """Return the probability that each customer makes exactly this number of purchases within a horizon.

        Parameters
        ----------
        counts : sequence of int (n,)
            Number of purchases of each customer, at least 0.
        horizon : float or str
            In the clock's unit, or a length with its unit such as "12 months".
        rfm : RFM
            The customers, (n,).

        Returns
        -------
        array (n,)

        Raises
        ------
        InvalidOption
            If counts are not whole numbers of at least 0, one per customer.

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> ends = {"calibration_end": "1997-09-30", "holdout_end": "1998-06-30"}
        >>> split = clv.holdout_split(log, time_unit="week", **ends)
        >>> model = clv.BGNBD().fit(split.calibration)
        >>> chances = model.probability_of(split.purchases, split.horizon, split.calibration)
        >>> round(float(np.mean(np.log(chances))), 2)
        -0.87
        """
        h, p, process = self._duration(horizon), self._parameters, self.ahead_of(rfm).future
        bought, active = _whole_numbers(counts, len(rfm)), np.empty(len(rfm))
        states, alive = self._rows(rfm, self.process.state), self.alive(rfm)
        for some in (np.flatnonzero(bought == 0), np.flatnonzero(bought)):  # 0 has another formula
            pairs = unique_rows([states.positions[some], bought[some]])
            at, k = pairs.columns[0].astype(np.intp), pairs.columns[1]
            pairs = replace(pairs, columns=(k, *(column[at] for column in states.columns)))
            active[some] = pairs.evaluate(lambda k, *state: process.pmf_if_active(p, k, h, *state))
        answer: Array = alive * active + np.where(bought == 0, 1 - alive, 0.0)
        return answer

    def goodness_of_fit(
        self, rfm: RFM, *, last_class: int = 7, draws: int = 200, random_state: RandomState = 0
    ) -> GoodnessOfFit:
        """Compare how often the customers bought with what the model expects, over the time each was observed.

        The test is Pearson's chi-square on the customers with 0, 1, ... repeat purchases, where the last class pools
        the rest; classes with fewer than 5 expected customers join it. Parameters are estimated from all data and not
        from the classes, so the p-value is slightly too small (Chernoff & Lehmann 1954, Annals of Mathematical
        Statistics 25(3), 579-586). The posterior predictive check simulates the customers under draws of the parameters
        (Gelman, Meng & Stern 1996, Statistica Sinica 6(4), 733-760), and compares the share without a repeat purchase,
        the variance of repeat purchases, the share of purchases by the most frequent 5 % and the mean recency of the
        customers with repeat purchases.

        Parameters
        ----------
        rfm : RFM
            Usually that of the fit. For other customers no degree of freedom is lost to estimated parameters.
        last_class : int, default=7
            The class with this many repeat purchases and more; 7 in Fader, Hardie & Lee (2005), Marketing Science
            24(2), 275-284.
        draws : int, default=200
            Number of draws of the parameters, and of simulated histories.
        random_state : int or Generator, default=0

        Returns
        -------
        GoodnessOfFit

        Examples
        --------
        >>> import clvmodels as clv
        >>> log = clv.datasets.load_cdnow(sample=True)
        >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
        >>> test = clv.BGNBD().fit(rfm).goodness_of_fit(rfm)
        >>> round(test.statistic, 2), test.degrees_of_freedom, round(test.p_value, 2)
        (4.82, 3, 0.19)
        """
        p = self._parameters
        self._check_rfm(rfm)
        fitted = self.data_fingerprint_ in (None, data_fingerprint(rfm))
        extra = [name for name in self.process.statistics if name not in self.plain.statistics]
        new = NewCustomers(
            self.title,
            self.process,
            self.fit_,
            p,
            self._values(rfm, ["n" if self.process.discrete else "T", *extra]),
            int(np.sum(self.fit_.free)) + self.fit_.chosen if fitted else 0,
        )
        return goodness_of_fit(new, rfm, last_class, draws, random_state)


def _whole_numbers(counts: Any, customers: int) -> Array:
    """Return numbers of purchases as an array (n,), or raise an InvalidOption."""
    bought = np.asarray(counts)
    is_number = bought.dtype.kind in "iuf" and bought.shape == (customers,)
    if not is_number or not np.all((bought >= 0) & (bought == np.floor(bought))):
        raise InvalidOption(f"counts must be {customers:,} whole numbers of at least 0, one per customer of rfm.")
    return bought
