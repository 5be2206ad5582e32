"""The effect of an experiment: the difference between its groups, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import CustomerTable, read_customer_table
from clvmodels.decisions.experiments.assign import CONTROL, TREATED
from clvmodels.decisions.experiments.estimator import (
    Difference,
    adjusted_difference,
    explained_share,
    relevant,
)
from clvmodels.decisions.experiments.looks import Spending, critical_value
from clvmodels.decisions.experiments.units import (
    ExperimentUnits,
    check_outcome,
    check_share,
    clip,
    columns_of,
    one_unit_dominates,
    units_of,
)
from clvmodels.decisions.playbook.rules import value_faults
from clvmodels.errors import InvalidOption, InvalidTable
from clvmodels.inference.totals.learned_level import is_number
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["ExperimentReading", "read_experiment"]

FEWEST = 2  # units needed in each group


@dataclass(frozen=True, slots=True, repr=False)
class ExperimentReading(displays.Display):
    """What an experiment showed.

    Attributes
    ----------
    table : DataFrame
        One row for all units and, with `by`, one per value: part, treated, control (units), control_mean, effect (per
        unit), lower, upper, standard_error, total_effect (of all treated units), unadjusted_effect.
    units : DataFrame
        One row per unit: unit, treatment (0 or 1), outcome and the covariates, in the form that libraries for uplift
        and causal inference read.
    confidence : float
    findings : tuple of Finding

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> assigned = clv.assign_experiment(pd.DataFrame({"customer_id": range(100)}), name="spring").frame()
    >>> spend = [3.0 + 2.0 * (group == "treated") + i % 3 for i, group in enumerate(assigned["group"])]
    >>> outcomes = pd.DataFrame({"customer_id": assigned["customer_id"], "spend": spend})
    >>> read = clv.read_experiment(assigned, outcomes, outcome="spend")
    >>> effect, error = read.shrunk_effect(prior_deviation=1.0)
    >>> bool(0 < effect < read.table["effect"][0])
    True
    """

    shown_table: ClassVar[str] = "table"
    table: pd.DataFrame
    units: pd.DataFrame
    confidence: float
    findings: Findings

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def shrunk_effect(
        self, prior_mean: float = 0.0, *, prior_deviation: float, part: str = "all"
    ) -> tuple[float, float]:
        """Return the effect shrunk toward what was expected before, and its standard error.

        An experiment that looks good overstates its effect on average. With a normal prior, the shrunk effect is the
        mean of the estimate and the prior, weighted by the inverse of their variances.

        Parameters
        ----------
        prior_mean, prior_deviation : float
            The effect expected before the experiment, and the standard deviation of such effects around it. Per unit.
        part : str, default="all"
            The part of the table.

        Returns
        -------
        tuple of (float, float)
            Per unit; of an experiment on orders, this is `extra_orders` of a playbook.
        """
        if not prior_deviation > 0:
            raise InvalidOption(f"prior_deviation={prior_deviation!r} must be positive.")
        rows = self.table[self.table["part"] == part]
        if not len(rows):
            raise InvalidOption(f"part={part!r} is not one of {', '.join(map(repr, self.table['part']))}.")
        effect, error = float(rows["effect"].iloc[0]), float(rows["standard_error"].iloc[0])
        precision = 1 / prior_deviation**2 + (1 / error**2 if error > 0 else np.inf)
        if not np.isfinite(precision):
            return effect, 0.0
        return (prior_mean / prior_deviation**2 + effect / error**2) / precision, float(precision**-0.5)

    def playbook_rule(
        self,
        segment: str,
        action: str,
        channel: str,
        *,
        contact_cost: float,
        valid_until: str | date,
        prior_mean: float = 0.0,
        prior_deviation: float,
        discount: float = 0.0,
        part: str = "all",
        longer: ExperimentReading | None = None,
        order_value: float | None = None,
    ) -> pd.DataFrame:
        """Return the rule of a playbook whose effect this experiment has shown, for `plan_actions`.

        The effect is for customers as on this list and for this offer, so name both in `segment` and `action`.

        Parameters
        ----------
        segment, action, channel : str
        contact_cost, discount : float
            Money per contact and per order.
        valid_until : str or date
            The last day on which the effect counts as tested.
        prior_mean, prior_deviation : float
            As for `shrunk_effect`; a shrunk effect below 0 counts as 0.
        part : str, default="all"
            The part of the table.
        longer : ExperimentReading, optional
            The same experiment read over a longer time. The share of the effect that is gone by then was pulled
            forward. Default: nothing was.
        order_value : float, optional
            Money per order, if the outcome is money: the effect over it counts as extra orders. Default: the outcome is
            a number of orders.

        Returns
        -------
        DataFrame
            One row: segment, action, channel, contact_cost, discount, valid_until, extra_orders, pulled_forward.

        Raises
        ------
        InvalidOption
            For a cost or a discount that is not an amount of money, a day that is not a date, an unknown part, or an
            outcome with fractions without `order_value`.
        """
        if longer is not None and not isinstance(longer, ExperimentReading):
            raise InvalidOption(f"longer={longer!r} must be an ExperimentReading: make one with read_experiment(...).")
        rule: dict[str, Any] = {"segment": segment, "action": action, "channel": channel}
        rule |= {"contact_cost": contact_cost, "discount": discount, "valid_until": valid_until}
        faults = value_faults(rule) or ["valid_until must be a date"] * (valid_until is None)
        if faults:
            raise InvalidOption(f"The rule is invalid: {'; '.join(faults)}.")
        if order_value is None:
            self._refuse_money()
        elif not (is_number(order_value) and order_value > 0):
            raise InvalidOption(f"order_value={order_value!r} must be an amount of money above 0, the money per order.")
        effect, _ = self.shrunk_effect(prior_mean, prior_deviation=prior_deviation, part=part)
        pulled_forward = 0.0
        if longer is not None:
            first, last = (read.shrunk_effect(prior_deviation=np.inf, part=part)[0] for read in (self, longer))
            pulled_forward = float(np.clip(1 - last / first, 0, 1)) if first > 0 else 0.0
        rule |= {"contact_cost": float(contact_cost), "discount": float(discount), "valid_until": str(valid_until)[:10]}
        extra_orders = max(effect, 0.0) / (1.0 if order_value is None else float(order_value))
        return pd.DataFrame([rule | {"extra_orders": extra_orders, "pulled_forward": pulled_forward}])

    def _refuse_money(self) -> None:
        """Raise an InvalidOption if the outcome cannot be a number of orders."""
        outcome = self.units["outcome"].to_numpy()
        below = outcome[outcome < outcome.max()]  # the largest may be a quantile, at which outcomes were winsorized
        fractions = below[below % 1 != 0]
        if len(fractions):
            raise InvalidOption(
                f"The outcome has fractions, such as {fractions.min():g}, so it is not a number of orders: read the "
                "experiment on orders or, if it is money, pass order_value=, the money per order."
            )


def read_experiment(
    assigned: frames.Frame | str | Path,
    outcomes: frames.Frame | str | Path,
    *,
    outcome: str,
    adjust: str | Sequence[str] = (),
    by: str | None = None,
    winsorize: float | None = None,
    confidence: float = 0.95,
    looks: Sequence[float] | None = None,
    spending: Spending = "obrien_fleming",
) -> ExperimentReading:
    """Return the effect of an experiment: treated minus control, per unit, adjusted for what was known before.

    Strata and `adjust` enter a regression in which the smaller group has the larger weight (Lin 2013); the standard
    error is HC2 and does not assume that the groups vary alike. The adjustment makes the interval narrower, and cannot
    be chosen after a look at the outcomes: use columns that the assignment kept.

    Parameters
    ----------
    assigned : frame or path
        As `assign_experiment` returns it: customer_id, group, unit, stratum and the columns that were kept.
    outcomes : frame or path
        One row per customer: customer_id and the outcome since the assignment. Customers who are not in it bought
        nothing; a finding reports their number. Customers outside the experiment are left out.
    outcome : str
        Column of the outcome, such as spend or orders.
    adjust : str or sequence of str, default=()
        Columns of `assigned`.
    by : str, optional
        Column of `assigned`, such as a tier: the effect is read in each of its values as well.
    winsorize : float, optional
        Quantile of all units' outcomes above which they count as that quantile, such as 0.99. Declare it before the
        experiment: the effect then refers to the clipped outcome.
    confidence : float, default=0.95
        Of the intervals.
    looks : sequence of float, optional
        Declared looks at the data up to this one, as shares of the planned time: (0.5,) for the first look at half
        time, (0.5, 1) for the last one. Intervals are then wide enough for all of them together.
    spending : {"obrien_fleming", "pocock", "confidence_sequence"}
        How the looks share the error probability; declare it with them. "obrien_fleming" is wide at first and costs
        little at the end, "pocock" is about as wide at each look. With "confidence_sequence" the intervals hold at any
        number of looks, declared or not, also after the planned time; pass the share of the planned time until now.

    Returns
    -------
    ExperimentReading

    Raises
    ------
    InvalidTable
        If a column is missing, a group has fewer than two units, or no customer of the experiment is in the outcomes.
    InvalidOption
        For options out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> targets = pd.DataFrame({"customer_id": range(400), "before": [float(i % 7) for i in range(400)]})
    >>> assigned = clv.assign_experiment(targets, name="spring", keep="before").frame()
    >>> spend = 2.0 * (assigned["group"] == "treated") + assigned["before"]
    >>> outcomes = pd.DataFrame({"customer_id": assigned["customer_id"], "spend": spend})
    >>> read = clv.read_experiment(assigned, outcomes, outcome="spend", adjust="before")
    >>> round(float(read.table["effect"][0]), 6)
    2.0
    """
    check_share("confidence", confidence)
    critical = critical_value(looks, confidence, spending)
    table, results = read_customer_table(assigned, "assigned"), read_customer_table(outcomes, "outcomes")
    values, absent = _outcome_of(table, results, outcome)
    units = units_of(table, "unit" if table.has("unit") else None)
    treated = _treated(units.one(table.texts("group"), table, "group"))
    totals = clip(units.total(values), winsorize)
    names = columns_of(adjust, "adjust")
    numbers = units.sums(table, names)
    strata = _indicators(units, table, "stratum") if table.has("stratum") else np.zeros((len(units), 0))
    parts = {"all": np.ones(len(units), dtype=bool)}
    if by is not None:
        of_unit = units.one(table.texts(by), table, by)
        parts |= {str(value): of_unit == value for value in sorted({each for each in of_unit if each is not None})}
    rows = []
    for part, members in parts.items():
        rows.append(
            _row(part, totals[members], treated[members], numbers[members], strata[members], confidence, critical)
        )
    read = pd.DataFrame([row for row in rows if row is not None])
    if rows[0] is None:
        raise InvalidTable(f"assigned= has fewer than {FEWEST} units in a group: there is nothing to compare.")
    explained = explained_share(totals, relevant(np.column_stack([numbers, strata]), treated))
    frame = pd.DataFrame({"unit": units.names, "treatment": treated.astype(int), "outcome": totals})
    frame[list(names)] = numbers
    left_out = [part for part, row in zip(parts, rows, strict=True) if row is None]
    findings = _findings(read, confidence, absent, explained, left_out, looks)
    findings += one_unit_dominates(totals, units.names)
    return ExperimentReading(read, frame, confidence, findings)


def _outcome_of(table: CustomerTable, results: CustomerTable, outcome: str) -> tuple[Array, int]:
    """Return the outcome of each customer of the experiment, 0 if missing, and the number of missing ones."""
    position = results.positions_of(table.customer_id)
    there = position >= 0
    if not there.any():
        raise InvalidTable(
            f"outcomes= has none of the {len(table):,} customers of assigned=: check that the customer ids match."
        )
    values = np.zeros(len(table))
    values[there] = check_outcome(results, outcome)[position[there]]
    return values, int(np.sum(~there))


def _treated(group: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    """Return a mask of the treated units."""
    wrong = sorted({str(each) for each in group} - {TREATED, CONTROL})
    if wrong:
        raise InvalidTable(f"Column 'group' of assigned= has {wrong[0]!r}: it must be {TREATED!r} or {CONTROL!r}.")
    result: npt.NDArray[np.bool_] = group == TREATED
    return result


def _indicators(units: ExperimentUnits, table: CustomerTable, column: str) -> Array:
    """Return a column of 0 and 1 for each value of a text column except the first, (m, values - 1)."""
    values = units.one(table.texts(column), table, column).astype(str)
    indicators: Array = (values[:, None] == np.unique(values)[None, 1:]).astype(float)
    return indicators


def _row(
    part: str,
    outcome: Array,
    treated: npt.NDArray[np.bool_],
    numbers: Array,
    strata: Array,
    confidence: float,
    critical: float | None,
) -> dict[str, Any] | None:
    """Return the row of the table for a part of the units; None if a group has too few units."""
    if min(treated.sum(), (~treated).sum()) < FEWEST:
        return None
    plain = adjusted_difference(outcome, treated, np.zeros((len(outcome), 0)))
    covariates = relevant(numbers, treated)
    of_strata = relevant(np.column_stack([covariates, strata]), treated)[:, covariates.shape[1] :]
    difference: Difference = adjusted_difference(outcome, treated, covariates, of_strata)
    lower, upper = difference.interval(confidence, critical)
    return {
        "part": part,
        "treated": difference.treated,
        "control": difference.control,
        "control_mean": difference.control_mean,
        "effect": difference.effect,
        "lower": lower,
        "upper": upper,
        "standard_error": difference.standard_error,
        "total_effect": difference.effect * difference.treated,
        "unadjusted_effect": plain.effect,
    }


def _findings(
    table: pd.DataFrame,
    confidence: float,
    absent: int,
    explained: float,
    left_out: Sequence[str],
    looks: Sequence[float] | None,
) -> Findings:
    row = table.iloc[0]
    shown = bool(row["lower"] > 0 or row["upper"] < 0)
    figures = {name: float(row[name]) for name in ("effect", "lower", "upper", "total_effect", "control_mean")}
    counts = {name: int(row[name]) for name in ("treated", "control")}
    findings = [Finding("experiment-effect", {**figures, **counts, "confidence": confidence, "shown": shown})]
    if not shown:
        findings.append(Finding("experiment-not-shown", {"confidence": confidence}, "caution"))
    if explained:
        findings.append(Finding("experiment-explained", {"share": explained}))
    if absent:
        findings.append(Finding("experiment-absent", {"customers": absent}))
    if looks is not None and looks[-1] < 1:
        findings.append(Finding("experiment-early-look", {"share": float(looks[-1])}, "caution"))
    if len(table) > 1:
        findings.append(Finding("experiment-parts", {"parts": len(table) - 1}, "caution"))
    if left_out:
        findings.append(Finding("experiment-parts-left-out", {"parts": tuple(left_out)}, "caution"))
    return tuple(findings)
