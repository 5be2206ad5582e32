"""What a model asks of customers' attributes: formulas -> covariates, and a column -> groups.

A formula names columns of the RFM (`rfm.with_columns(frame)` carries them): "C(channel) + age". formulaic makes the
design matrix. What a formula may hold is kept small, and formulaic sees other names in place of the columns', so that a
saved model cannot run code: columns, C(column) for categories, and the operators + : *.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.inference.covariates import Covariates, Effect, with_covariates
from clvmodels.inference.groups import GROUP, in_groups
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POOLED", "Design", "Formulas", "Grouping", "as_texts", "group_codes"]

TOKEN = re.compile(r"\s*(?:(C)\s*\(\s*(`[^`]+`|[^\W\d]\w*)\s*\)|(`[^`]+`|[^\W\d]\w*)|([+:*]))")
POOLED = "(others)"
MOST_LEVELS = 200  # of a category: more of them are hardly categories
INDEPENDENT = 1e-9  # of the smallest to the largest singular value of standardized columns


@dataclass(frozen=True, slots=True)
class Formulas:
    """What a user asks covariates to move.

    Attributes
    ----------
    by_role : dict of str to str
        Formulas by what they move: purchase, dropout, spend.
    equal : sequence of str
        Coefficients that are the same wherever they occur.
    spread : bool
        Whether dropout covariates move the spread of dropout rather than its mean, as CLVTools has it.
    """

    by_role: Mapping[str, str]
    equal: tuple[str, ...] = ()
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """Formulas, with what the fit learned of their columns.

    Attributes
    ----------
    formulas : Formulas
    levels : dict of str to sequence of str
        Categories of the columns that have them; the first is what the others are compared with.
    numeric : sequence of str
        The other columns.
    covariates : Covariates
    """

    formulas: Formulas
    levels: Mapping[str, tuple[str, ...]]
    numeric: tuple[str, ...]
    covariates: Covariates

    @classmethod
    def learned(cls, process: Any, formulas: Formulas, rfm: RFM) -> Design:
        """The design of a fit to these customers."""
        variables = _variables(process, formulas)
        levels, numeric = {}, []
        for name, categorical in variables.items():
            column = _attribute(rfm, name)
            if categorical or not column.dtype.is_numeric():
                levels[name] = _levels(column, name)
            else:
                numeric.append(name)
        frame = _frame(rfm, levels, numeric)
        matrices = {role: _matrix(formula, frame) for role, formula in formulas.by_role.items()}
        covariates = _covariates(process, formulas, matrices)
        _check_columns(matrices, covariates)
        return cls(formulas, levels, tuple(numeric), covariates)

    @classmethod
    def restored(
        cls,
        process: Any,
        formulas: Formulas,
        levels: Mapping[str, Sequence[str]],
        center: Sequence[float],
        scale: Sequence[float],
    ) -> Design:
        """The design of a saved fit, from what it had learned."""
        import pandas as pd

        variables = _variables(process, formulas)
        for name, known in levels.items():
            if name not in variables or not 0 < len(known) <= MOST_LEVELS or len(set(known)) < len(known):
                raise InvalidOption(f"The formulas name no column {name!r} with the categories {', '.join(known)}.")
        numeric = tuple(name for name in variables if name not in levels)
        rows = max([2, *map(len, levels.values())])
        columns: dict[str, Any] = {name: np.arange(rows, dtype=float) for name in numeric}
        for name, known in levels.items():
            columns[name] = pd.Categorical([known[i % len(known)] for i in range(rows)], categories=list(known))
        frame = pd.DataFrame(columns)
        matrices = {role: _matrix(formula, frame) for role, formula in formulas.by_role.items()}
        found = _covariates(process, formulas, matrices)
        if not len(center) == len(scale) == len(found.names):
            raise InvalidOption(f"The covariates are {', '.join(found.names)}: {len(center)} centers do not fit them.")
        covariates = replace(found, center=tuple(center), scale=tuple(scale))
        return cls(formulas, {name: tuple(known) for name, known in levels.items()}, numeric, covariates)

    def applied_to(self, process: Any) -> Any:
        """The process with these covariates."""
        return with_covariates(process, self.covariates)

    def columns(self, rfm: RFM) -> dict[str, Array]:
        """The covariates of customers (n,), by their names as statistics."""
        frame = _frame(rfm, self.levels, self.numeric)
        matrices = [_matrix(formula, frame) for formula in self.formulas.by_role.values()]
        arrays = [np.asarray(matrix[name], dtype=float) for matrix in matrices for name in matrix.columns]
        return dict(zip(self.covariates.columns, arrays, strict=True))


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which customers have parameters of their own.

    Attributes
    ----------
    by : str
        An attribute of the RFM.
    labels : sequence of str
        Of the groups; the last is "(others)" if there were groups too small to stand alone.
    """

    by: str
    labels: tuple[str, ...]

    def applied_to(self, process: Any) -> Any:
        """The process with parameters for each group."""
        return in_groups(process, self.labels)

    def columns(self, rfm: RFM) -> dict[str, Array]:
        """The number of each customer's group (n,)."""
        return {GROUP: group_codes(rfm, self.by, self.labels).astype(float)}

    @classmethod
    def learned(cls, rfm: RFM, by: str, smallest: int, used: npt.NDArray[np.bool_]) -> Grouping:
        """Groups of at least so many customers used (n,); the others are pooled, with a group that has some."""
        labels, codes = np.unique(_texts(rfm, by), return_inverse=True)
        counts = dict(zip(map(str, labels), np.bincount(codes[used], minlength=len(labels)), strict=True))
        pooled = [label for label, count in counts.items() if count < smallest or label == POOLED]
        large = [label for label in counts if label not in pooled]
        if pooled and large and not sum(counts[label] for label in pooled):
            large.remove(min(large, key=lambda label: counts[label]))
        return cls(by, (*large, POOLED) if pooled else tuple(large))


def group_codes(rfm: RFM, by: str, labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """The number of each customer's group; those of no group of their own are among the others."""
    values = _texts(rfm, by)
    place = {label: i for i, label in enumerate(labels)}
    codes = np.array([place.get(value, -1) for value in values], dtype=np.intp)
    if np.any(codes < 0):
        if POOLED not in place:
            new = sorted({value for value, code in zip(values, codes, strict=True) if code < 0})
            raise InvalidRFM(
                f"{int(np.sum(codes < 0)):,} customers have a {by!r} that was not in the fit (first: "
                f"{', '.join(map(repr, new[:3]))}): fit again with them, or with a larger smallest_group= to pool some."
            )
        codes[codes < 0] = place[POOLED]
    return codes


def _variables(process: Any, formulas: Formulas) -> dict[str, bool]:
    """Columns the formulas name, and whether as categories."""
    variables: dict[str, bool] = {}
    if formulas.spread and "dropout_spread" not in process.moves:
        raise InvalidOption(f"dropout_moves='spread': {process.title} has no spread of a dropout probability to move.")
    for role, formula in formulas.by_role.items():
        if role not in process.moves:
            raise InvalidOption(
                f"{role}={formula!r}: {process.title} has nothing of that kind to move, only "
                f"{', '.join(name for name in process.moves if name != 'dropout_spread')}."
            )
        end, operand = 0, True
        for found in TOKEN.finditer(formula):
            if found.start() != end or (found[4] is None) != operand:
                break
            end, operand = found.end(), not operand
            name = _named(found)
            if name:
                variables[name] = variables.get(name, False) or found[1] is not None
        if formula[end:].strip() or operand:
            raise InvalidOption(
                f"{role}={formula!r} cannot be read near {formula[end : end + 12]!r}: name columns (`in backticks` "
                "where a name has blanks), C(column) for categories, with + : * between them. Compute anything else as "
                "a column of its own first."
            )
    return variables


def _named(found: re.Match[str]) -> str:
    """The column a piece of a formula names; none for an operator."""
    return (found[2] or found[3] or "").strip("`")


def _levels(column: Any, name: str) -> tuple[str, ...]:
    """The categories of a column in order."""
    if column.dtype.is_temporal():
        raise InvalidRFM(f"{name!r} is {column.dtype}, neither number nor category: count days, or name periods.")
    known = tuple(sorted(set(as_texts(column))))
    if len(known) > MOST_LEVELS:
        raise InvalidRFM(
            f"{name!r} has {len(known):,} categories, too many for a coefficient each: call the rare ones 'other', so "
            f"that at most {MOST_LEVELS} remain."
        )
    return known


def _attribute(rfm: RFM, name: str) -> Any:
    columns = rfm.attributes
    if name not in columns:
        known = ", ".join(map(repr, columns)) or "none"
        raise InvalidRFM(f"The RFM carries no column {name!r} (it has {known}): add it with rfm.with_columns(frame).")
    column = columns[name]
    missing = column.is_null().to_numpy()
    if column.dtype.is_numeric():
        missing = missing | ~np.isfinite(column.cast(_float()).to_numpy())
    if missing.any():
        first = ", ".join(map(str, rfm.customer_id.filter(missing.tolist()).head(3).to_list()))
        raise InvalidRFM(
            f"{int(missing.sum()):,} of {len(rfm):,} customers have no {name!r} (first: {first}): fill it in, or leave "
            "these customers out."
        )
    return column


def _float() -> Any:
    import narwhals as nw

    return nw.Float64


def _texts(rfm: RFM, name: str) -> list[str]:
    return as_texts(_attribute(rfm, name))


def as_texts(column: Any) -> list[str]:
    """Values of a column as text: whole numbers alike, however they are stored."""
    if column.dtype.is_float():
        return [str(int(value)) if value.is_integer() else str(value) for value in column.to_list()]
    return [str(value) for value in column.to_list()]


def _frame(rfm: RFM, levels: Mapping[str, Sequence[str]], numeric: Sequence[str]) -> pd.DataFrame:
    """The columns that formulas name, categories with the levels of the fit."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, known in levels.items():
        values = _texts(rfm, name)
        new = sorted(set(values) - set(known))
        if new:
            count = sum(value not in known for value in values)
            raise InvalidRFM(
                f"{count:,} of {len(rfm):,} customers have a {name!r} that was not in the fit (first: "
                f"{', '.join(map(repr, new[:3]))}; known: {', '.join(map(repr, known))}): fit again with them."
            )
        columns[name] = pd.Categorical(values, categories=list(known))
    for name in numeric:
        column = _attribute(rfm, name)
        if not column.dtype.is_numeric():
            raise InvalidRFM(f"{name!r} was a number in the fit, and is {column.dtype} here: convert it.")
        columns[name] = column.cast(_float()).to_numpy()
    return pd.DataFrame(columns)


def _matrix(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The design matrix without its constant, which the process has already."""
    import pandas as pd
    from formulaic import Formula

    levels = [text for column in frame for text in getattr(frame[column].dtype, "categories", ())]
    alias = "v"
    while any(alias in text for text in levels):  # so that it can be told from them in the names of columns
        alias += "v"
    told, pieces, columns = list[str](), list[str](), {}
    for found in TOKEN.finditer(formula):
        name = _named(found)
        shown = f"C({name})" if found[1] else name
        if name and shown not in told:
            told.append(shown)
        pieces.append(f"{alias}{told.index(shown)}" if name else found[4])
        if name:
            columns[pieces[-1]] = frame[name]
    matrix: pd.DataFrame = Formula(" ".join(pieces)).get_model_matrix(
        pd.DataFrame(columns), na_action="raise", output="pandas"
    )
    return matrix.drop(columns="Intercept").rename(
        columns=lambda column: re.sub(rf"(^|:){alias}(\d+)", lambda at: at[1] + told[int(at[2])], column)
    )


def _covariates(process: Any, formulas: Formulas, matrices: Mapping[str, pd.DataFrame]) -> Covariates:
    """Coefficients, a name each: purchase.age, dropout.age, or age where they are equal."""
    coordinates = [coordinate.name for coordinate in process.parametrization.coordinates]
    names: list[str] = []
    center, scale, effects, columns = list[float](), list[float](), list[Effect](), list[str]()
    for role, matrix in matrices.items():
        moved, sign = process.moves["dropout_spread" if role == "dropout" and formulas.spread else role]
        for column in map(str, matrix.columns):
            name = column if column in formulas.equal else f"{role}.{column}"
            if name not in names:
                values = np.asarray(matrix[column], dtype=float)
                names.append(name)
                center.append(float(np.mean(values)))
                scale.append(float(np.std(values)))
            effects.append(Effect(coordinates.index(moved), len(columns), names.index(name), sign))
            columns.append(f"covariate {role}.{column}")
    unknown = [name for name in formulas.equal if sum(column.endswith(f".{name}") for column in columns) < 2]
    if unknown:
        raise InvalidOption(
            f"equal={', '.join(map(repr, unknown))}: no such coefficient occurs twice; there are "
            f"{', '.join(column.removeprefix('covariate ') for column in columns)}."
        )
    return Covariates(tuple(effects), tuple(names), tuple(center), tuple(scale), tuple(columns))


def _check_columns(matrices: Mapping[str, pd.DataFrame], covariates: Covariates) -> None:
    """Refuse columns that do not vary, or of which one follows from others: their coefficients mean nothing."""
    constant = [name for name, scale in zip(covariates.names, covariates.scale, strict=True) if not scale > 0]
    if constant:
        raise InvalidRFM(f"{', '.join(constant)}: the same for all customers, so it can explain nothing. Leave it out.")
    for role, matrix in matrices.items():
        if matrix.shape[1] == 0:
            raise InvalidOption(f"{role}: the formula holds no column.")
        values = matrix.to_numpy(dtype=float)
        strengths = np.linalg.svd((values - values.mean(axis=0)) / values.std(axis=0), compute_uv=False)
        if len(values) <= matrix.shape[1] or strengths[-1] < INDEPENDENT * strengths[0]:
            raise InvalidRFM(
                f"{role}: of the columns {', '.join(map(str, matrix.columns))} one follows from the others, so their "
                "coefficients cannot be told apart. Leave one out."
            )
