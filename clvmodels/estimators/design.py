"""Turn attributes of customers into covariates (by formulas) and groups (by a column) of a model.

A formula names columns of the RFM (added with `rfm.with_columns(frame)`), such as "C(channel) + age". The library
formulaic makes the design matrix. To prevent a saved model from running code, a formula can contain only columns,
C(column) for categories, and the operators + : *, and formulaic sees placeholders instead of the names of columns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from clvmodels.errors import InvalidOption, InvalidRFM
from clvmodels.inference.covariates import Covariates, Effect, with_covariates
from clvmodels.inference.groups import GROUP, with_groups
from clvmodels.processes.contract import Array
from clvmodels.transactions.summary import RFM

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POOLED", "Design", "Formulas", "Grouping", "as_texts", "group_codes"]

TOKEN = re.compile(r"\s*(?:(C)\s*\(\s*(`[^`]+`|[^\W\d]\w*)\s*\)|(`[^`]+`|[^\W\d]\w*)|([+:*]))")
POOLED = "(others)"
MOST_LEVELS = 200  # most categories of a column
FAR_FROM_ZERO = 10.0  # standard deviations from 0 to the median, beyond which a column is measured from its median
SINGULAR_RATIO = 1e-9  # ratio of singular values of standardized columns below which they are collinear


@dataclass(frozen=True, slots=True)
class Formulas:
    """The formulas of a model's covariates.

    Attributes
    ----------
    by_role : dict of str to str
        Formulas by the role of what they shift: purchase, dropout, spend.
    equal : sequence of str
        Columns whose coefficient is the same in all formulas.
    spread : bool
        Whether dropout covariates shift the spread of dropout instead of its mean, as in CLVTools.
    """

    by_role: Mapping[str, str]
    equal: tuple[str, ...] = ()
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Design:
    """Formulas with the properties of their columns in the data fitted.

    Attributes
    ----------
    formulas : Formulas
    levels : dict of str to sequence of str
        Categories of the categorical columns; the first is the reference level.
    numeric : sequence of str
        Names of the numeric columns.
    covariates : Covariates
    origin : dict of str to float
        Medians of the numeric columns that are far from 0, such as a year. These columns are measured from the median,
        so that the parameters describe a typical customer; all others are measured from 0.
    """

    formulas: Formulas
    levels: Mapping[str, tuple[str, ...]]
    numeric: tuple[str, ...]
    covariates: Covariates
    origin: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_rfm(cls, process: Any, formulas: Formulas, rfm: RFM) -> Design:
        """Return the design of a fit to these customers."""
        variables = _variables(process, formulas)
        levels, numeric = {}, []
        for name, categorical in variables.items():
            column = _attribute(rfm, name)
            if categorical or not column.dtype.is_numeric():
                levels[name] = _levels(column, name)
            else:
                numeric.append(name)
        origin = _origins(rfm, numeric)
        frame = _frame(rfm, levels, numeric, origin)
        matrices = {role: _matrix(formula, frame) for role, formula in formulas.by_role.items()}
        covariates = _covariates(process, formulas, matrices)
        _check_columns(matrices, covariates)
        return cls(formulas, levels, tuple(numeric), covariates, origin)

    @classmethod
    def from_saved(
        cls,
        process: Any,
        formulas: Formulas,
        levels: Mapping[str, Sequence[str]],
        center: Sequence[float],
        scale: Sequence[float],
        origin: Mapping[str, float],
    ) -> Design:
        """Return the design of a saved fit from its categories, centers, scales and origins."""
        import pandas as pd

        variables = _variables(process, formulas)
        for name, categories in levels.items():
            if (
                name not in variables
                or not 0 < len(categories) <= MOST_LEVELS
                or len(set(categories)) < len(categories)
            ):
                raise InvalidOption(
                    f"The formulas name no column {name!r} with the categories {', '.join(categories)}."
                )
        numeric = tuple(name for name in variables if name not in levels)
        if not origin.keys() <= set(numeric):
            raise InvalidOption(f"The formulas name no numeric column {', '.join(sorted({*origin} - {*numeric}))!r}.")
        rows = max([2, *map(len, levels.values())])
        columns: dict[str, Any] = {name: np.arange(rows, dtype=float) for name in numeric}
        for name, categories in levels.items():
            values = [categories[i % len(categories)] for i in range(rows)]
            columns[name] = pd.Categorical(values, categories=list(categories))
        frame = pd.DataFrame(columns)
        matrices = {role: _matrix(formula, frame) for role, formula in formulas.by_role.items()}
        covariates = _covariates(process, formulas, matrices)
        names = covariates.names
        if not len(center) == len(scale) == len(names):
            raise InvalidOption(f"There are {len(center)} centers for {len(names)} covariates: {', '.join(names)}.")
        covariates = replace(covariates, center=tuple(center), scale=tuple(scale))
        tuples = {name: tuple(categories) for name, categories in levels.items()}
        return cls(formulas, tuples, numeric, covariates, dict(origin))

    def apply_to(self, process: Any) -> Any:
        """Return the process with these covariates."""
        return with_covariates(process, self.covariates)

    def columns(self, rfm: RFM) -> dict[str, Array]:
        """Return the covariates of customers, each (n,), by their names as statistics."""
        frame = _frame(rfm, self.levels, self.numeric, self.origin)
        matrices = [_matrix(formula, frame) for formula in self.formulas.by_role.values()]
        arrays = [np.asarray(matrix[name], dtype=float) for matrix in matrices for name in matrix.columns]
        return dict(zip(self.covariates.columns, arrays, strict=True))


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of customers with separate parameters.

    Attributes
    ----------
    by : str
        An attribute of the RFM.
    labels : sequence of str
        Names of the groups; the last is "(others)" if small groups were pooled.
    """

    by: str
    labels: tuple[str, ...]

    def apply_to(self, process: Any) -> Any:
        """Return the process with separate parameters for each group."""
        return with_groups(process, self.labels)

    def columns(self, rfm: RFM) -> dict[str, Array]:
        """Return the number of each customer's group (n,), by its name as a statistic."""
        return {GROUP: group_codes(rfm, self.by, self.labels).astype(float)}

    @classmethod
    def from_rfm(cls, rfm: RFM, by: str, smallest: int, used: npt.NDArray[np.bool_]) -> Grouping:
        """Return the groups with at least `smallest` customers in `used` (n,); smaller ones are pooled.

        If the pool has no customer in `used`, the smallest of the other groups joins it.
        """
        labels, codes = np.unique(_texts(rfm, by), return_inverse=True)
        counts = dict(zip(map(str, labels), np.bincount(codes[used], minlength=len(labels)), strict=True))
        pooled = [label for label, count in counts.items() if count < smallest or label == POOLED]
        large = [label for label in counts if label not in pooled]
        if pooled and large and not sum(counts[label] for label in pooled):
            large.remove(min(large, key=lambda label: counts[label]))
        return cls(by, (*large, POOLED) if pooled else tuple(large))


def group_codes(rfm: RFM, by: str, labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the number of each customer's group (n,); customers of pooled groups belong to "(others)"."""
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
    """Return the columns that the formulas name, and whether each is categorical."""
    variables: dict[str, bool] = {}
    if formulas.spread and "dropout_spread" not in process.moves:
        raise InvalidOption(
            f"dropout_moves='spread': {process.title} has no dropout probability whose spread could shift."
        )
    for role, formula in formulas.by_role.items():
        if role not in process.moves:
            raise InvalidOption(
                f"{role}={formula!r}: {process.title} has no {role} process; it has "
                f"{', '.join(name for name in process.moves if name != 'dropout_spread')}."
            )
        end, operand = 0, True
        for token in TOKEN.finditer(formula):
            if token.start() != end or (token[4] is None) != operand:
                break
            end, operand = token.end(), not operand
            name = _column_of(token)
            if name:
                variables[name] = variables.get(name, False) or token[1] is not None
        if formula[end:].strip() or operand:
            raise InvalidOption(
                f"{role}={formula!r} cannot be read near {formula[end : end + 12]!r}: name columns (`in backticks` if "
                "a name has blanks), C(column) for categories, with + : * between them. Compute anything else as a "
                "column of the RFM first."
            )
    return variables


def _column_of(token: re.Match[str]) -> str:
    """Return the column that a token of a formula names; "" for an operator."""
    return (token[2] or token[3] or "").strip("`")


def _levels(column: Any, name: str) -> tuple[str, ...]:
    """Return the sorted categories of a column."""
    if column.dtype.is_temporal():
        raise InvalidRFM(f"{name!r} is {column.dtype}, neither number nor category: convert it to days or periods.")
    levels = tuple(sorted(set(as_texts(column))))
    if len(levels) > MOST_LEVELS:
        raise InvalidRFM(
            f"{name!r} has {len(levels):,} categories, too many for a coefficient each: replace rare ones with "
            f"'other', so that at most {MOST_LEVELS} remain."
        )
    return levels


def _attribute(rfm: RFM, name: str) -> Any:
    """Return a column of the RFM without missing values."""
    columns = rfm.attributes
    if name not in columns:
        names = ", ".join(map(repr, columns)) or "none"
        raise InvalidRFM(f"The RFM has no column {name!r} (it has {names}): use rfm.with_columns(frame).")
    column = columns[name]
    missing = column.is_null().to_numpy()
    if column.dtype.is_numeric():
        missing = missing | ~np.isfinite(column.cast(_float()).to_numpy())
    if missing.any():
        first = ", ".join(map(str, rfm.customer_id.filter(missing.tolist()).head(3).to_list()))
        raise InvalidRFM(
            f"{int(missing.sum()):,} of {len(rfm):,} customers have no {name!r} (first: {first}): fill it in, or leave "
            "out these customers."
        )
    return column


def _float() -> Any:
    import narwhals as nw

    return nw.Float64


def _texts(rfm: RFM, name: str) -> list[str]:
    return as_texts(_attribute(rfm, name))


def as_texts(column: Any) -> list[str]:
    """Return the values of a column as text; whole numbers have the same text as int and as float."""
    if column.dtype.is_float():
        return [str(int(value)) if value.is_integer() else str(value) for value in column.to_list()]
    return [str(value) for value in column.to_list()]


def _origins(rfm: RFM, numeric: Sequence[str]) -> dict[str, float]:
    """Return the medians of the columns that are far from 0; the lower median is always a value of the column."""
    origins: dict[str, float] = {}
    for name in numeric:
        values = _attribute(rfm, name).cast(_float()).to_numpy()
        median = float(np.quantile(values, 0.5, method="lower"))
        if abs(median) > FAR_FROM_ZERO * float(np.std(values - median)):
            origins[name] = median
    return origins


def _frame(
    rfm: RFM, levels: Mapping[str, Sequence[str]], numeric: Sequence[str], origin: Mapping[str, float]
) -> pd.DataFrame:
    """Return the columns that the formulas name; categories have the levels of the fit, numbers its origins."""
    import pandas as pd

    columns: dict[str, Any] = {}
    for name, categories in levels.items():
        values = _texts(rfm, name)
        new = sorted(set(values) - set(categories))
        if new:
            count = sum(value not in categories for value in values)
            raise InvalidRFM(
                f"{count:,} of {len(rfm):,} customers have a {name!r} that was not in the fit (first: "
                f"{', '.join(map(repr, new[:3]))}; known: {', '.join(map(repr, categories))}): fit again with them."
            )
        columns[name] = pd.Categorical(values, categories=list(categories))
    for name in numeric:
        column = _attribute(rfm, name)
        if not column.dtype.is_numeric():
            raise InvalidRFM(f"{name!r} was numeric in the fit, but is {column.dtype} here: convert it.")
        columns[name] = column.cast(_float()).to_numpy() - origin.get(name, 0.0)
    return pd.DataFrame(columns)


def _matrix(formula: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the design matrix without a constant, which the process already has."""
    import pandas as pd
    from formulaic import Formula

    levels = [text for column in frame for text in getattr(frame[column].dtype, "categories", ())]
    placeholder = "v"
    while any(placeholder in text for text in levels):  # a separator that no level contains
        placeholder += "v"
    terms, pieces, columns = list[str](), list[str](), {}
    for token in TOKEN.finditer(formula):
        name = _column_of(token)
        term = f"C({name})" if token[1] else name
        if name and term not in terms:
            terms.append(term)
        pieces.append(f"{placeholder}{terms.index(term)}" if name else token[4])
        if name:
            columns[pieces[-1]] = frame[name]
    matrix: pd.DataFrame = Formula(" ".join(pieces)).get_model_matrix(
        pd.DataFrame(columns), na_action="raise", output="pandas"
    )
    return matrix.drop(columns="Intercept").rename(
        columns=lambda column: re.sub(rf"(^|:){placeholder}(\d+)", lambda at: at[1] + terms[int(at[2])], column)
    )


def _covariates(process: Any, formulas: Formulas, matrices: Mapping[str, pd.DataFrame]) -> Covariates:
    """Return the covariates; coefficients are named purchase.age, dropout.age, or age if they are equal."""
    coordinates = [coordinate.name for coordinate in process.parametrization.coordinates]
    names: list[str] = []
    center, scale, effects, columns, places = list[float](), list[float](), list[Effect](), list[str](), list[str]()
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
            places.append(column)
            columns.append(f"{role}.{column}")
    unknown = [name for name in formulas.equal if places.count(name) < 2]
    if unknown:
        raise InvalidOption(
            f"equal={', '.join(map(repr, unknown))}: no such column is in both formulas; there are "
            f"{', '.join(columns)}."
        )
    statistics = tuple(f"covariate {column}" for column in columns)
    return Covariates(tuple(effects), tuple(names), tuple(center), tuple(scale), statistics)


def _check_columns(matrices: Mapping[str, pd.DataFrame], covariates: Covariates) -> None:
    """Raise an error for columns that are constant or collinear, whose coefficients would be meaningless."""
    constant = [name for name, scale in zip(covariates.names, covariates.scale, strict=True) if not scale > 0]
    if constant:
        raise InvalidRFM(f"{', '.join(constant)}: constant for all customers, so it explains nothing. Leave it out.")
    for role, matrix in matrices.items():
        if matrix.shape[1] == 0:
            raise InvalidOption(f"{role}: the formula has no column.")
        values = matrix.to_numpy(dtype=float)
        strengths = np.linalg.svd((values - values.mean(axis=0)) / values.std(axis=0), compute_uv=False)
        if len(values) <= matrix.shape[1] or strengths[-1] < SINGULAR_RATIO * strengths[0]:
            raise InvalidRFM(
                f"{role}: the columns {', '.join(map(str, matrix.columns))} are collinear, so their coefficients are "
                "not identified. Leave one out."
            )
