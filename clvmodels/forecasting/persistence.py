"""Read a forecaster from its JSON file; a file cannot run code."""

from __future__ import annotations

import json
from pathlib import Path

from clvmodels import files
from clvmodels.errors import InvalidModelFile
from clvmodels.estimators import persistence
from clvmodels.forecasting.best import BestForecaster
from clvmodels.forecasting.blend import Blend
from clvmodels.forecasting.boosted_trees import BoostedTrees
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.protocol import FORMAT, SCHEMA_VERSION, Forecaster
from clvmodels.forecasting.rules import Rule
from clvmodels.forecasting.time_varying import model as time_varying

__all__ = ["load"]

FORECASTERS: dict[str, type[Forecaster]] = {
    each.__name__: each for each in (CustomerModel, Rule, BoostedTrees, Blend, BestForecaster)
}


def load(path: str | Path) -> Forecaster:
    """Read a forecaster that `save` wrote.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Forecaster
        Fitted. A file that `CustomerModel.save` wrote, in this release or an earlier one, gives a CustomerModel with
        its clock, certificates and covariance.

    Raises
    ------
    InvalidModelFile
        If the file is missing, damaged, of an unknown version, or not a forecaster. A TimeVaryingModel has a `load` of
        its own.

    Examples
    --------
    >>> import clvmodels as clv
    >>> log = clv.datasets.load_cdnow(sample=True)
    >>> rfm = clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30")
    >>> clv.CustomerModel(clv.NBD().fit(rfm)).save("model.json")
    >>> print(clv.load("model.json").purchases)
    NBD: converged, 2,357 customers, r 0.3848, alpha 12.07
    """
    path = Path(path)
    if _format(path) == time_varying.FORMAT:
        raise InvalidModelFile(
            f"{path}: is a TimeVaryingModel, which backtests, jobs and engines do not use, because their sources have "
            "no covariates that change over time. Read it with TimeVaryingModel.load(path), and forecast with its own "
            "expected_purchases and lifetime_value."
        )
    if _format(path) != FORMAT:
        document = files.read_document(path, "model", persistence.FORMAT, persistence.SCHEMA_VERSION, InvalidModelFile)
        return CustomerModel(*persistence.from_document(document, path))
    document = files.read_document(path, "forecaster", FORMAT, SCHEMA_VERSION, InvalidModelFile)
    files.refuse_damaged(path, document, InvalidModelFile, "Fit it again and save it.")
    return from_dict(document["forecaster"], path)


def from_dict(document: dict[str, object], path: Path) -> Forecaster:
    """Return the fitted forecaster of a document read from a path."""
    name = document.get("type")
    if name not in FORECASTERS:
        raise InvalidModelFile(f"{path}: the forecaster {name!r} is not one of {', '.join(FORECASTERS)}.")
    try:
        return FORECASTERS[str(name)].from_dict(document)
    except InvalidModelFile as error:
        raise InvalidModelFile(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise InvalidModelFile(
            f"{path}: is damaged: {type(error).__name__}: {error}. Fit it again and save it."
        ) from error


def _format(path: Path) -> object:
    """Return the format that a file states; None if it cannot be read, which `read_document` reports."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return document.get("format") if isinstance(document, dict) else None
