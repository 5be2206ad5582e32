"""Convert models that lifetimes pickled to JSON, without running code in the pickle.

A pickle can run any code when it is loaded. This reader only calls trusted functions of numpy, pandas and pyarrow,
which rebuild arrays and tables, and keeps only the parameters and the data. Names of lifetimes and dill become empty
objects that run no code; every other name is refused.
"""

from __future__ import annotations

import pickle  # noqa: TID251  # read by the restricted reader below
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from clvmodels.compat import lifetimes
from clvmodels.errors import InvalidModelFile

__all__ = ["convert_pickle"]

TRUSTED = {
    "numpy": {"dtype", "ndarray"},
    "numpy.core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "pandas": {"Series", "DataFrame", "Index", "RangeIndex", "StringDtype"},
    "pandas.arrays": {"StringArray", "ArrowStringArray"},
    "pandas.core.frame": {"DataFrame"},
    "pandas.core.series": {"Series"},
    "pandas.core.indexes.base": {"_new_Index", "Index"},
    "pandas.core.indexes.range": {"RangeIndex"},
    "pandas.core.internals.managers": {"SingleBlockManager", "BlockManager"},
    "pandas._libs.internals": {"_unpickle_block"},
    "pyarrow.lib": {"_restore_array", "type_for_alias", "py_buffer"},
}
"""The functions and classes that the reader calls; they rebuild arrays and tables from numbers and texts."""

EMPTY = ("lifetimes.", "dill.", "autograd.")  # modules whose names become empty objects
EMPTY_NAMES = {("builtins", "getattr"), ("builtins", "setattr")}  # functions that dill applies to rebuilt objects
FITTERS = {name: getattr(lifetimes, name) for name in lifetimes.__all__ if name.endswith("Fitter")}


class _Inert:
    """Placeholder for an object of lifetimes or dill; it takes any arguments and does nothing."""

    def __new__(cls, *_: Any, **__: Any) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def __call__(self, *_: Any, **__: Any) -> _Inert:
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _rebuild_array(reconstruct: Any, arguments: Any, state: Any, *_: Any) -> Any:
    """Return an empty array, which is filled from its state later, as dill stores arrays."""
    array = reconstruct(*arguments)
    array.__setstate__(state)
    return array


def _rebuild_type(name: str) -> Any:
    """Return a type that a table needs, or a placeholder."""
    return {"slice": slice, "bytearray": bytearray, "ndarray": np.ndarray}.get(name, type(name, (_Inert,), {}))


_REBUILT = {"_create_array": _rebuild_array, "_load_type": _rebuild_type}


class _Reader(pickle.Unpickler):
    """An unpickler that only calls trusted names."""

    def find_class(self, module: str, name: str) -> Any:
        if name in TRUSTED.get(module, ()):
            return super().find_class(module, name)
        if module == "dill._dill" and name in _REBUILT:
            return _REBUILT[name]
        if f"{module}.".startswith(EMPTY) or (module, name) in EMPTY_NAMES:
            return type(name, (_Inert,), {})
        raise InvalidModelFile(
            f"The pickle names {module}.{name}, which no model saved by lifetimes 0.11.3 needs: it was not read."
        )


def convert_pickle(path: str | Path, new_path: str | Path) -> Any:
    """Convert a model that lifetimes saved to JSON, and return it; lifetimes need not be installed.

    The reader trusts numpy, pandas and pyarrow to rebuild arrays and tables from the file, and runs nothing else: code
    in the pickle, such as that of `generate_new_data`, is left out, and a pickle with other names is refused.

    Parameters
    ----------
    path : str or Path
        Written by `save_model` of lifetimes 0.11.
    new_path : str or Path
        The JSON file, which `load_model` reads.

    Returns
    -------
    fitter
        With the parameters of the pickle and its data, if it has any; fit it again for standard errors.

    Raises
    ------
    InvalidModelFile
        If the file is not a pickle of a fitter.
    """
    try:
        with Path(path).open("rb") as file:
            saved = _Reader(file).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
        if isinstance(fault, InvalidModelFile):
            raise
        raise InvalidModelFile(
            f"{path}: is not a pickle of a model of lifetimes, or of another version of pandas ({fault})."
        ) from fault
    name = type(saved).__name__
    state = getattr(saved, "state", None)
    if name not in FITTERS or not isinstance(state, dict) or "params_" not in state:
        raise InvalidModelFile(f"{path}: is a {name}, not a fitted model of lifetimes.")
    fitter = FITTERS[name](penalizer_coef=float(state.get("penalizer_coef", 0.0)))
    fitter.params_ = pd.Series({str(name): float(value) for name, value in dict(state["params_"]).items()})
    for attribute in ("_scale", "_negative_log_likelihood_"):
        if isinstance(state.get(attribute), float | np.floating):
            setattr(fitter, attribute, float(state[attribute]))
    if isinstance(state.get("data"), pd.DataFrame):
        fitter.data = state["data"]
    if hasattr(fitter, "_bind"):
        fitter._bind()
    fitter.save_model(new_path)
    return fitter
