"""Save models in MLflow, with a flavor that contains only the JSON of `CustomerModel.save`, and no pickle.

MLflow 3 is imported when a function is called, and is not a dependency of this package: `pip install mlflow`.
"""

from __future__ import annotations

import importlib.metadata
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clvmodels import files
from clvmodels.errors import InvalidOption
from clvmodels.forecasting.customer_model import CustomerModel
from clvmodels.forecasting.persistence import load
from clvmodels.forecasting.protocol import Forecaster
from clvmodels.transactions.rfm import RFM
from clvmodels.valuation.lifetime_value import lifetime_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FLAVOR", "ScoringModel", "load_model", "log_model", "save_model"]

FLAVOR, FILE = "clvmodels", "model.json"
DEFAULTS: dict[str, Any] = {
    "horizon": "12 months",
    "annual_discount_rate": 0.1,
    "margin": 1.0,
    "observation_end": "",
}


def save_model(
    model: Forecaster,
    path: str | Path,
    mlflow_model: Any = None,
    pip_requirements: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> None:
    """Write a fitted model as a folder that MLflow reads.

    Parameters
    ----------
    model : Forecaster
        Such as a `CustomerModel`.
    path : str or Path
        A folder that does not exist yet.
    mlflow_model : mlflow.models.Model, optional
        The model to which `log_model` adds the flavor.
    pip_requirements : list of str, optional
        Default: this release of clvmodels.
    metadata : dict, optional
        More facts for the MLmodel file.

    Raises
    ------
    InvalidOption
        If MLflow is not installed, or the folder exists.
    """
    mlflow, folder = _mlflow(), Path(path)
    if folder.exists():
        raise InvalidOption(f"{folder} exists already: name a folder that does not.")
    folder.mkdir(parents=True)
    model.save(folder / FILE)
    described = mlflow.models.Model() if mlflow_model is None else mlflow_model
    if metadata is not None:
        described.metadata = metadata
    if isinstance(model, CustomerModel):
        described.signature = _signature()
        import_module("mlflow.pyfunc").add_to_model(
            described, loader_module=__name__, data=FILE, python_env="python_env.yaml"
        )
    described.add_flavor(FLAVOR, data=FILE, clvmodels_version=_release(), code=None)
    described.save(str(folder / "MLmodel"))
    requirements = [f"clvmodels=={_release()}"] if pip_requirements is None else pip_requirements
    with files.replacing(folder / "requirements.txt") as temporary:
        temporary.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
    environment = import_module("mlflow.utils.environment")._PythonEnv.current()
    environment.dependencies = ["-r requirements.txt"]
    environment.to_yaml(str(folder / "python_env.yaml"))


def log_model(model: Forecaster, name: str, **options: Any) -> Any:
    """Log a fitted model to the current run of MLflow.

    Parameters
    ----------
    model : Forecaster
    name : str
        Of the model in the run.
    **options
        Of `mlflow.models.Model.log`, such as registered_model_name, and of `save_model`.

    Returns
    -------
    mlflow.models.model.ModelInfo

    Raises
    ------
    InvalidOption
        If MLflow is not installed.
    """
    return _mlflow().models.Model.log(None, sys.modules[__name__], name=name, model=model, **options)


def load_model(model_uri: str, dst_path: str | None = None) -> Forecaster:
    """Read a model that `save_model` or `log_model` wrote.

    Parameters
    ----------
    model_uri : str
        Such as "models:/customers/3", "runs:/RUN_ID/NAME", or a folder.
    dst_path : str, optional
        A folder to download to; default: a temporary one.

    Returns
    -------
    Forecaster
        Fitted, as `clvmodels.load` returns it.

    Raises
    ------
    InvalidOption
        If MLflow is not installed.
    InvalidModelFile
        If the model is damaged.
    """
    _mlflow()
    artifacts = import_module("mlflow.artifacts")
    return load(Path(artifacts.download_artifacts(artifact_uri=model_uri, dst_path=dst_path)) / FILE)


class ScoringModel:
    """A model as `mlflow.pyfunc.load_model` returns it: it scores tables of customers.

    Parameters
    ----------
    model : CustomerModel
        Fitted.
    """

    def __init__(self, model: CustomerModel) -> None:
        self.model = model

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """Return the predictions of `CustomerModel.predict` and, with a spend model, lifetime values.

        Parameters
        ----------
        model_input : pandas.DataFrame
            One row per customer: customer_id, frequency, recency, T in the unit of the model's clock and, with a spend
            model, monetary_value; and the columns that its covariates and groups need.
        params : dict, optional
            horizon (default "12 months"), annual_discount_rate (0.1), margin (1), and observation_end, the day on which
            T ends, which models with a calendar need.

        Returns
        -------
        pandas.DataFrame
        """
        values = DEFAULTS | (params or {})
        clock = self.model.purchases.clock_
        rfm = RFM.from_frame(
            model_input,
            time_unit=clock.time_unit,
            merge_within=clock.merge_within,
            time_zone=clock.time_zone,
            observation_end=values["observation_end"] or None,
        ).with_calendar(clock.calendar)
        table: Any = self.model.predict(rfm, values["horizon"])
        if self.model.spend is not None:
            terms = {name: values[name] for name in ("horizon", "annual_discount_rate", "margin")}
            value: Any = lifetime_value(self.model.purchases, self.model.spend, rfm, **terms)
            table["lifetime_value"] = value["lifetime_value"].to_numpy()
        return table


def _load_pyfunc(path: str) -> ScoringModel:
    """Return the model that `mlflow.pyfunc.load_model` wraps, from the path of the JSON."""
    model = load(path)
    if not isinstance(model, CustomerModel):
        raise InvalidOption(f"{type(model).__name__} learns from a log: load it with clvmodels.mlflow.load_model.")
    return ScoringModel(model)


def _signature() -> Any:
    """Return the parameters of a prediction with their defaults; this package checks the columns."""
    types, models = import_module("mlflow.types"), import_module("mlflow.models")
    params = [
        types.ParamSpec(name, types.DataType.string if isinstance(value, str) else types.DataType.double, value)
        for name, value in DEFAULTS.items()
    ]
    return models.ModelSignature(params=types.ParamSchema(params))


def _mlflow() -> Any:
    """Import MLflow; raise an error with the install command if it is missing."""
    try:
        return import_module("mlflow")
    except ImportError:
        raise InvalidOption("MLflow is not installed: pip install 'mlflow>=3'.") from None


def _release() -> str:
    return importlib.metadata.version("clvmodels")
