"""Read posterior draws of pymc-marketing and ArviZ, from memory or from a netCDF file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from clvmodels.errors import InvalidOption
from clvmodels.processes.contract import Array

__all__ = ["read_posterior"]

MODEL_TYPE = "model_type"  # the attribute in which pymc-marketing stores the name of the model


def read_posterior(idata: Any) -> tuple[dict[str, Array], str | None]:
    """Return the draws of each variable, and the stored model type, if there is one.

    Parameters
    ----------
    idata : path, InferenceData, DataTree, Dataset, or mapping of str to array
    """
    if isinstance(idata, str | Path):
        return _read_file(Path(idata))
    if isinstance(idata, Mapping) and "posterior" not in idata:
        return _arrays(idata), _text(getattr(idata, "attrs", {}).get(MODEL_TYPE))
    group = getattr(idata, "posterior", None)
    group = idata["posterior"] if group is None and isinstance(idata, Mapping) else group
    if group is None:
        group = idata if hasattr(idata, "data_vars") else None
    if group is None:
        raise InvalidOption(
            f"A {type(idata).__name__} has no posterior: pass the path of a netCDF file, model.idata, or its draws by "
            "name."
        )
    variables = getattr(group, "data_vars", group)
    return _arrays(variables), _text(getattr(idata, "attrs", {}).get(MODEL_TYPE))


def _read_file(path: Path) -> tuple[dict[str, Array], str | None]:
    """Read the group "posterior" of a netCDF 4 file, which is an HDF5 file."""
    try:
        import h5py
    except ImportError:
        raise InvalidOption(
            "Reading netCDF files needs h5py: install the extra with pip install 'clvmodels[posterior]'."
        ) from None
    try:
        with h5py.File(path, "r") as file:
            if "posterior" not in file:
                raise InvalidOption(f"{path}: has no group 'posterior'.")
            group = file["posterior"]
            draws = {
                name: np.asarray(group[name], dtype=float)
                for name in group
                if name not in ("chain", "draw") and group[name].dtype.kind in "fi"
            }
            return draws, _text(file.attrs.get(MODEL_TYPE))
    except OSError as fault:
        raise InvalidOption(f"{path}: cannot be read as a netCDF 4 file ({fault}).") from fault


def _arrays(variables: Mapping[Any, Any]) -> dict[str, Array]:
    return {str(name): np.asarray(getattr(variables[name], "values", variables[name])) for name in variables}


def _text(value: Any) -> str | None:
    return value.decode() if isinstance(value, bytes) else None if value is None else str(value)
