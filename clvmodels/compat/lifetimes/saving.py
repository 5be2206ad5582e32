"""Saved fitters: JSON with a checksum, which runs no code when it is read."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

import pandas as pd

from clvmodels.errors import InvalidModelFile
from clvmodels.files import plain, read_document, refuse_damaged, write_checked

__all__ = ["read_fitter", "write_fitter"]

FORMAT, VERSION = "clvmodels.compat.lifetimes", 1
PLAIN = ("penalizer_coef", "_scale", "_negative_log_likelihood_", "_time_unit")  # attributes with plain values
SERIES, TABLES = ("params_", "standard_errors_"), ("confidence_intervals_", "_covariance", "data")
REPLACED = ("data", "generate_new_data")  # attributes that `values_to_save` replaces, in its order
PICKLE = b"\x80"  # how a pickle starts, which is not JSON in any encoding


def write_fitter(fitter: Any, path: Path, with_data: bool, generates: bool, replacements: list[Any]) -> None:
    """Write a fitter's parameters, errors and, unless left out, data.

    Parameters
    ----------
    fitter : BaseFitter
    path : Path
    with_data, generates : bool
        Whether the loaded fitter has the data, and can generate new ones.
    replacements : list
        Plain values to save instead of the data, and instead of `generate_new_data`, if these are left out; default:
        None.
    """
    values = dict(zip_longest(REPLACED, replacements[:2]))
    left_out = {name for name, wanted in zip(REPLACED, (with_data, generates), strict=True) if not wanted}
    attributes = vars(fitter)
    tables = {
        name: _split(pd.Series(attributes[name]).to_frame() if name in SERIES else attributes[name])
        for name in (*SERIES, *TABLES)
        if name in attributes and name not in left_out
    }
    document = {
        "format": FORMAT,
        "schema_version": VERSION,
        "fitter": type(fitter).__name__,
        "attributes": {name: plain(attributes[name]) for name in PLAIN if name in attributes},
        "tables": tables,
        "replaced": {name: values[name] for name in REPLACED if name in left_out},
    }
    write_checked(path, document)


def read_fitter(fitter: Any, path: Path) -> None:
    """Set the attributes of a fitter from the file of one of the same class.

    Raises
    ------
    InvalidModelFile
        If the file is damaged, of another class of fitters, or a pickle.
    """
    with path.open("rb") as file:
        if file.read(1) == PICKLE:
            raise InvalidModelFile(
                f"{path}: is a pickle, which can run code when it is loaded. Convert a model that lifetimes saved "
                "with clvmodels.compat.pickles.convert_pickle(path, new_path), then load the new file."
            )
    document = read_document(path, "saved fitter", FORMAT, VERSION, InvalidModelFile)
    refuse_damaged(path, document, InvalidModelFile, "Save the model again.")
    name = type(fitter).__name__
    if document["fitter"] != name:
        raise InvalidModelFile(f"{path}: is a {document['fitter']}, not a {name}: load it with {document['fitter']}().")
    for attribute, value in document["attributes"].items():
        setattr(fitter, attribute, value)
    for attribute, value in document["tables"].items():
        table = _join(value)
        setattr(fitter, attribute, table.iloc[:, 0].rename(None) if attribute in SERIES else table)
    if document["tables"] and hasattr(fitter, "_bind"):
        fitter._bind()
    for attribute, value in document["replaced"].items():
        setattr(fitter, attribute, value)


def _split(table: pd.DataFrame) -> dict[str, Any]:
    """Return a table as plain values."""
    columns = {str(name): plain(table[name].tolist()) for name in table}
    return {"columns": columns, "index": plain(table.index.tolist()), "name": table.index.name}


def _join(value: dict[str, Any]) -> pd.DataFrame:
    index = pd.Index(value["index"], name=value["name"])
    return pd.DataFrame({name: pd.Series(column, index=index) for name, column in value["columns"].items()})
