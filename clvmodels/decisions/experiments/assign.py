"""Assignment to the treated and the control group: units are ranked by a hash of their name within strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from clvmodels import displays, frames
from clvmodels.decisions.customer_table import CustomerTable, hashed_shares, read_customer_table
from clvmodels.decisions.experiments.units import check_outcome, check_share, columns_of, units_of
from clvmodels.errors import InvalidOption
from clvmodels.language import Finding, Findings
from clvmodels.processes.contract import Array

__all__ = ["CONTROL", "TREATED", "ExperimentAssignment", "assign_experiment"]

CONTROL, TREATED = "control", "treated"
SMALL, LATE = "(small strata)", "(late)"
FEWEST = 4  # units of a stratum: a standard error needs two in each group


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ExperimentAssignment(displays.Display):
    """Which customers are treated, and which are the control group.

    Attributes
    ----------
    columns : mapping of str to array (n,)
        One row per customer: customer_id, group ("treated" or "control"), unit, stratum, and the columns to adjust for.
    findings : tuple of Finding
    kind : FrameKind
        The kind of frame to return.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> clv.assign_experiment(pd.DataFrame({"customer_id": range(10)}), name="spring").findings[0].text
    '10 units in 1 stratum, 5 of them in the control group'
    """

    shown_table: ClassVar[str] = "frame"
    columns: Mapping[str, Any]
    findings: Findings
    kind: frames.FrameKind

    def frame(self) -> frames.Frame:
        """Return one row per customer, of the same kind as the targets."""
        return frames.table(self.kind, self.columns)


def assign_experiment(
    targets: frames.Frame | str | Path,
    *,
    name: str,
    control: float = 0.5,
    strata: str | Sequence[str] = (),
    unit: str | None = None,
    keep: str | Sequence[str] = (),
    earlier: frames.Frame | str | Path | None = None,
) -> ExperimentAssignment:
    """Divide a list of customers into a treated group and a control group, at random and reproducibly.

    Within each stratum, units are ranked by a hash of the experiment's name and the unit, and the first ones are the
    control group. Neither the order of rows nor other columns matter.

    Parameters
    ----------
    targets : frame or path
        One row per customer: customer_id, and the columns named below.
    name : str
        Name of the experiment: another name draws other groups.
    control : float, default=0.5
        Share of the units in the control group.
    strata : str or sequence of str, default=()
        Columns, such as a tier: the share of the control group is the same for each of their values. Values with fewer
        than four units form one stratum together.
    unit : str, optional
        Column of the account or household, whose customers are all in the same group.
    keep : str or sequence of str, default=()
        Columns of numbers to adjust for later, such as predicted value and past spend: their present values are kept.
    earlier : frame or path, optional
        The assignment so far. Its customers stay in their groups. The group of customers who join late follows from
        their hash alone, and they form a separate stratum.

    Returns
    -------
    ExperimentAssignment

    Raises
    ------
    InvalidTable
        If a column is missing, a unit has customers in several strata, or there are fewer than four units.
    InvalidOption
        For options out of range.

    Examples
    --------
    >>> import clvmodels as clv
    >>> import pandas as pd
    >>> targets = pd.DataFrame({"customer_id": range(8), "tier": ["A", "B"] * 4})
    >>> assigned = clv.assign_experiment(targets, name="spring", strata="tier").frame()
    >>> assigned.groupby(["tier", "group"]).size().tolist()
    [2, 2, 2, 2]
    """
    if not str(name).strip():
        raise InvalidOption(f"name={name!r} must be a non-empty text, such as 'spring 2026'.")
    check_share("control", control)
    table = read_customer_table(targets, "targets")
    units = units_of(table, unit)
    names = columns_of(strata, "strata")
    covariates = {each: check_outcome(table, each) for each in columns_of(keep, "keep")}
    stratum = _strata(table, names)
    of_unit = units.one(stratum, table, ", ".join(names)) if names else np.full(len(units), "", dtype=object)
    order = hashed_shares(name, units.names)
    before = None if earlier is None else read_customer_table(earlier, "earlier")
    group, of_unit, late = _groups(of_unit, order, control, _earlier(before, table, units.of_row, len(units)))
    columns = {
        "customer_id": table.customer_id,
        "group": group[units.of_row].tolist(),
        "unit": [units.names[i] for i in units.of_row],
        "stratum": of_unit[units.of_row].tolist(),
        **{each: table.column(each) for each in names if each not in covariates},
        **{each: values.tolist() for each, values in covariates.items()},
    }
    return ExperimentAssignment(columns, _findings(group, of_unit, late), table.kind)


def _strata(table: CustomerTable, names: Sequence[str]) -> npt.NDArray[np.object_]:
    """Return the stratum of each customer (n,): the values of the columns, joined."""
    parts = [table.texts(name) for name in names]
    joined = [" / ".join("(missing)" if part is None else part for part in row) for row in zip(*parts, strict=True)]
    return np.array(joined if names else [""] * len(table), dtype=object)


def _earlier(
    before: CustomerTable | None, table: CustomerTable, of_row: npt.NDArray[np.intp], units: int
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]] | None:
    """Return the group and stratum of each unit in an earlier assignment, None for units that are not in it."""
    if before is None:
        return None
    position = before.positions_of(table.customer_id)
    there = position >= 0
    result = []
    for column in ("group", "stratum"):
        values = np.full(units, None, dtype=object)
        values[of_row[there]] = before.texts(column)[position[there]]
        result.append(values)
    unknown = ~np.isin(before.texts("group").astype(str), (TREATED, CONTROL))
    before.refuse(unknown, f"a group other than {TREATED!r} and {CONTROL!r}")
    return result[0], result[1]


def _groups(
    stratum: npt.NDArray[np.object_],
    order: Array,
    control: float,
    earlier: tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]] | None,
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_], int]:
    """Return the group and the stratum of each unit, and how many units are late."""
    group = np.full(len(order), TREATED, dtype=object)
    if earlier is not None:
        late = np.array([each is None for each in earlier[0]], dtype=bool)
        group = np.where(late, np.where(order < control, CONTROL, TREATED), earlier[0])
        return group, np.where(late, LATE, earlier[1]), int(late.sum())
    if len(order) < FEWEST:
        raise InvalidOption(f"targets= has {len(order)} units: an experiment needs at least {FEWEST}, two per group.")
    names, code, count = np.unique(stratum.astype(str), return_inverse=True, return_counts=True)
    small = (count < FEWEST)[code]
    if len(names) > 1 and small.any():
        stratum = np.where(small, SMALL, stratum)
        names, code, count = np.unique(stratum.astype(str), return_inverse=True, return_counts=True)
    for i, size in enumerate(count):
        members = np.flatnonzero(code == i)
        share = int(np.clip(np.round(size * control), min(1, size - 1), max(size - 1, 0)))
        group[members[np.argsort(order[members], kind="stable")[:share]]] = CONTROL
    return group, stratum, 0


def _findings(group: npt.NDArray[np.object_], stratum: npt.NDArray[np.object_], late: int) -> Findings:
    figures = {"units": len(group), "control": int(np.sum(group == CONTROL)), "strata": len(set(stratum))}
    findings = [Finding("experiment-assigned", figures)]
    small = int(np.sum(stratum == SMALL))
    if small:
        findings.append(Finding("experiment-small-strata", {"units": small, "fewest": FEWEST}))
    if late:
        findings.append(Finding("experiment-late", {"units": late}))
    return tuple(findings)
