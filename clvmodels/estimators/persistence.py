"""Save models as JSON: a schema with a version, validated field by field when read; a file cannot run code."""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clvmodels import files
from clvmodels.calendar import PeriodKind
from clvmodels.clock import Clock, MergePeriod, TimeUnit
from clvmodels.errors import CLVError, InvalidModelFile
from clvmodels.estimators.design import Design, Grouping
from clvmodels.estimators.purchases import PurchaseModel
from clvmodels.estimators.regular import RegularModel
from clvmodels.estimators.spend import SpendModel
from clvmodels.inference.edges import Edge
from clvmodels.inference.fitting import CONVERGED, CONVERTED, Fit, OtherMaximum, findings_at, findings_of
from clvmodels.inference.ridges import Ridge
from clvmodels.language import Finding, Severity
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.profiling.independence import Independence

__all__ = [
    "FORMAT",
    "MODEL_CLASSES",
    "PURCHASE_MODELS",
    "REGULAR_MODELS",
    "SCHEMA_VERSION",
    "SPEND_MODELS",
    "from_document",
    "process_name",
    "to_document",
]

FORMAT = "clvmodels.CustomerModel"
SCHEMA_VERSION = 1
# Discovered from the classes, so that new ones need no entry here; in the order of the catalog.
PURCHASE_MODELS: dict[str, type[PurchaseModel]] = {
    model.plain.name: model
    for name in PURCHASE_PROCESSES
    for model in PurchaseModel.__subclasses__()
    if model is not RegularModel and model.plain.name == name
}
REGULAR_MODELS: dict[str, type[RegularModel]] = {model.family: model for model in RegularModel.__subclasses__()}
# By the id that users name: of a process, or of a family whose k the fit chooses. A ChainMap is a view, so models that
# are registered later are found too; it lists its last map first.
MODEL_CLASSES: Mapping[str, Any] = ChainMap(REGULAR_MODELS, PURCHASE_MODELS)
SPEND_MODELS: dict[str, type[SpendModel]] = {model.plain.name: model for model in SpendModel.__subclasses__()}

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
PARAMETER_TOLERANCE = 1e-6  # parameters are written with all digits; this allows for differences between platforms


class Saved(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SavedPeriod(Saved):
    name: str
    first: str
    last: str
    speed: Finite
    kind: PeriodKind


class SavedDoubt(Saved):
    standard_error: list[Finite]
    purchases: list[Finite]
    other: list[Finite]


class SavedCalendar(Saved):
    season: list[Finite]
    weekdays: list[Finite]
    periods: list[SavedPeriod]
    doubt: SavedDoubt | None = None  # for an estimated calendar


class SavedClock(Saved):
    time_unit: TimeUnit
    merge_within: MergePeriod
    time_zone: str | None
    calendar: SavedCalendar | None = None  # missing in files of earlier releases


class SavedRidge(Saved):
    axis: list[Finite]
    places: Annotated[list[Finite], Field(min_length=2)]
    bends: list[list[Finite]]


class SavedEdge(Saved):
    coordinate: Annotated[int, Field(ge=0)]
    places: Annotated[list[Finite], Field(min_length=2)]
    offsets: list[list[Finite]]


class SavedMaximum(Saved):
    parameters: dict[str, Finite]
    difference: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    group: str | None = None


class SavedFinding(Saved):
    code: str
    severity: Severity
    figures: dict[str, str | float | list[str]]
    text: str


class SavedFit(Saved):
    parameters: dict[str, Finite]
    coordinates: list[Finite]
    log_likelihood: Finite
    gradient_norm: Finite
    hessian: list[list[Finite]]
    free: list[bool]
    covariance: list[list[Finite]]
    sandwich: list[list[Finite]]
    definite: bool
    status: Literal["converged", "boundary"]
    findings: list[SavedFinding] = []  # a model derives them from the coordinates, unless they are CONVERTED
    message: str = ""  # in files of release 0.1.0, in place of findings
    iterations: int
    customers: Annotated[int, Field(gt=0)]
    unique_rows: Annotated[int, Field(gt=0)]
    unit: Positive
    fingerprint: str
    chosen: Annotated[int, Field(ge=0)] = 0
    ridges: list[SavedRidge] = []  # missing in files of earlier releases
    edges: list[SavedEdge] = []  # also missing in files of earlier releases
    other_maxima: list[SavedMaximum] = []  # also missing in files of earlier releases


class SavedDesign(Saved):
    levels: dict[str, list[str]]
    center: list[Finite]
    scale: list[Positive]
    origin: dict[str, Finite] = {}  # missing in files of earlier releases


class SavedGrouping(Saved):
    by: str
    labels: Annotated[list[str], Field(min_length=1)]


class SavedProcess(Saved):
    process: str
    options: dict[str, str | float | int | list[str] | None] = {}
    design: SavedDesign | None = None
    grouping: SavedGrouping | None = None
    profile: list[tuple[Annotated[int, Field(gt=0)], Finite]] | None = None
    prior: dict[str, tuple[Finite, Positive]] | None
    observation_end: str | None
    data_fingerprint: str | None = None  # missing in files of earlier releases
    fit: SavedFit


class SavedIndependence(Saved):
    correlation: Finite | None
    p_value: Finite | None
    customers: int
    spend_ratio: Finite | None = None  # files of release 0.1.0 have a sentence instead
    words: str = ""


class SavedSpend(SavedProcess):
    set_aside: int
    independence: SavedIndependence


class SavedModel(Saved):
    format: Literal["clvmodels.CustomerModel"]
    schema_version: Literal[1]
    checksum: str
    clock: SavedClock
    purchases: SavedProcess
    spend: SavedSpend | None


def process_name(model: PurchaseModel | SpendModel) -> str:
    """Return the name of a model's process, such as "bgnbd"; "bgcnbd_k" if its k is still to be chosen."""
    if isinstance(model, RegularModel) and model.k is None:
        return f"{model.family}_k"
    name: str = model.plain.name
    return name


def to_document(purchases: PurchaseModel, spend: SpendModel | None) -> dict[str, Any]:
    """Return a fitted pair of models as plain values, with a checksum."""
    return files.with_checksum(
        {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "clock": purchases.clock_.to_dict(),
            "purchases": _model_document(purchases),
            "spend": None if spend is None else _model_document(spend) | _spend_fields(spend),
        }
    )


def from_document(document: dict[str, Any], path: Path) -> tuple[PurchaseModel, SpendModel | None]:
    """Return the fitted pair of models in a document read from a path, after complete checks."""
    try:
        saved = SavedModel.model_validate_json(json.dumps(document))
        clock = Clock.from_dict(saved.clock.model_dump())
        purchases = _restore(PURCHASE_MODELS, saved.purchases, clock)
        spend = None if saved.spend is None else _restore(SPEND_MODELS, saved.spend, clock)
    except ValidationError as error:
        raise InvalidModelFile(f"{path}: is damaged: {files.fields_at_fault(error)}.") from error
    except CLVError as error:
        raise InvalidModelFile(f"{path}: is damaged: {error}") from error
    files.refuse_damaged(path, document, InvalidModelFile, "Save the model again.")
    _check_parameters(path, purchases)
    if spend is not None and saved.spend is not None:
        _check_parameters(path, spend)
        spend.set_aside_ = saved.spend.set_aside
        spend.independence_ = _independence(saved.spend.independence)
    return purchases, spend


def _independence(saved: SavedIndependence) -> Independence:
    correlation, p_value, spend_ratio = (
        np.nan if value is None else value for value in (saved.correlation, saved.p_value, saved.spend_ratio)
    )
    return Independence(correlation, p_value, saved.customers, spend_ratio)


def _model_document(model: PurchaseModel | SpendModel) -> dict[str, Any]:
    fit = {field.name: getattr(model.fit_, field.name) for field in fields(Fit)}
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in fit.items()}
    plain["findings"] = [finding.to_dict() for finding in model.fit_.findings]
    plain["ridges"] = [_arrays_as_lists(ridge) for ridge in model.fit_.ridges]
    plain["other_maxima"] = [asdict(other) for other in model.fit_.other_maxima]
    plain["edges"] = [_arrays_as_lists(edge) for edge in model.fit_.edges]
    prior = None if model.prior is None else {name: list(map(float, pair)) for name, pair in model.prior.items()}
    design, grouping = model.design_, model.grouping_
    return {
        "process": model.process.name,
        "options": {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in model.get_params(deep=False).items()
            if name not in ("prior", "k")
        },
        "design": None
        if design is None
        else {
            "levels": {name: list(categories) for name, categories in design.levels.items()},
            "center": list(design.covariates.center),
            "scale": list(design.covariates.scale),
            **({"origin": dict(design.origin)} if design.origin else {}),
        },
        "grouping": None if grouping is None else {"by": grouping.by, "labels": list(grouping.labels)},
        **({"profile": model.profile} if isinstance(model, RegularModel) else {}),
        "prior": prior,
        "observation_end": model.observation_end_,
        "data_fingerprint": model.data_fingerprint_,
        "fit": plain,
    }


def _arrays_as_lists(record: Ridge | Edge) -> dict[str, Any]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def _spend_fields(spend: SpendModel) -> dict[str, Any]:
    figures = asdict(spend.independence_)
    independence = {
        name: None if isinstance(value, float) and np.isnan(value) else value for name, value in figures.items()
    }
    return {"set_aside": spend.set_aside_, "independence": independence}


def _unfitted(models: dict[str, Any], saved: SavedProcess) -> Any:
    family, _, k = saved.process.rpartition("_")
    if models is PURCHASE_MODELS and family in REGULAR_MODELS and k.isdecimal():
        return REGULAR_MODELS[family].with_profile(int(k), saved.profile, **_options(REGULAR_MODELS[family], saved))
    if saved.process not in models:
        names = [*models, *(f"{family}_k" for family in REGULAR_MODELS if models is PURCHASE_MODELS)]
        raise InvalidModelFile(f"the process {saved.process!r} is not one of {', '.join(names)}.")
    return models[saved.process](**_options(models[saved.process], saved))


def _options(model: Any, saved: SavedProcess) -> dict[str, Any]:
    """Return the constructor options of a saved model; every name must be one of the model's options."""
    unknown = sorted(set(saved.options) - set(model().get_params(deep=False)) | {"prior", "k"} & set(saved.options))
    if unknown:
        raise InvalidModelFile(f"{saved.process} has no option {', '.join(map(repr, unknown))}.")
    return {**saved.options, "prior": saved.prior}


def _restore_process(model: Any, saved: SavedProcess) -> None:
    """Restore the covariates and groups of the saved fit."""
    model._check_options()
    formulas = model._formulas
    if (formulas is None) != (saved.design is None) or (model.by is None) != (saved.grouping is None):
        raise InvalidModelFile(f"{saved.process}: its covariates or groups do not match its options.")
    design = grouping = None
    if formulas is not None and saved.design is not None:
        part = saved.design
        design = Design.from_saved(model.plain, formulas, part.levels, part.center, part.scale, part.origin)
    if saved.grouping is not None:
        grouping = Grouping(saved.grouping.by, tuple(saved.grouping.labels))
        if grouping.by != model.by or len(set(grouping.labels)) < len(grouping.labels):
            raise InvalidModelFile(f"{saved.process}: its groups are not distinct values of {model.by!r}.")
    model._set_process(design, grouping)


def _restore(models: dict[str, Any], saved: SavedProcess, clock: Clock) -> Any:
    model = _unfitted(models, saved)
    _restore_process(model, saved)
    form = model.process.parametrization
    names = form.names
    negative = [
        name
        for (name, value), real in zip(saved.fit.parameters.items(), form.real, strict=False)
        if not real and not value > 0
    ]
    if negative:
        raise InvalidModelFile(f"{saved.process}: fit.parameters.{negative[0]} must be greater than 0.")
    if tuple(saved.fit.parameters) != names:
        raise InvalidModelFile(
            f"{saved.process} has the parameters {', '.join(names)}, not {', '.join(saved.fit.parameters)}."
        )
    plain = saved.fit.model_dump()
    k = len(names)
    for name, shape in {
        "coordinates": (k,),
        "free": (k,),
        "hessian": (k, k),
        "covariance": (k, k),
        "sandwich": (k, k),
    }.items():
        lengths = {len(row) for row in plain[name]} if len(shape) == 2 else {k}
        if len(plain[name]) != k or lengths != {k}:
            raise InvalidModelFile(f"{saved.process}: {name} does not have the shape {shape}.")
        plain[name] = np.array(plain[name])
    del plain["message"]
    plain["other_maxima"] = tuple(OtherMaximum(**other) for other in plain["other_maxima"])
    converted = [each for each in saved.fit.findings if each.code in CONVERTED]
    apart = [Finding(each.code, each.figures, each.severity) for each in converted]
    limits = findings_at(form, plain["coordinates"], np.ones_like(plain["free"]) if apart else plain["free"])
    plain["findings"] = (
        *(limits if limits != CONVERGED or not apart else ()),
        *apart,
        *findings_of(plain["other_maxima"]),
    )
    plain["ridges"] = tuple(_ridge(saved.process, ridge, k) for ridge in saved.fit.ridges)
    plain["edges"] = tuple(_edge(saved.process, edge, k) for edge in saved.fit.edges)
    return model._restore(Fit(**plain), clock, saved.observation_end, saved.data_fingerprint)


def _check_parameters(path: Path, model: PurchaseModel | SpendModel) -> None:
    """Refuse a fit whose parameters do not follow from its coordinates and its design."""
    fit = model.fit_
    with np.errstate(all="ignore"):  # the design of a changed file may be extreme
        parameters = model.process.parametrization.parameters_at(fit.coordinates, fit.unit)
    if not np.allclose(parameters, list(fit.parameters.values()), rtol=PARAMETER_TOLERANCE, atol=PARAMETER_TOLERANCE):
        raise InvalidModelFile(
            f"{path}: is damaged: {model.process.name}: fit.parameters do not follow from fit.coordinates and the "
            "design; the file was changed after it was written. Fit the model again and save it."
        )


def _ridge(process: str, saved: SavedRidge, k: int) -> Ridge:
    lengths = {len(saved.axis), *map(len, saved.bends)}
    if lengths != {k} or len(saved.bends) != len(saved.places) or not np.all(np.diff(saved.places) > 0):
        raise InvalidModelFile(
            f"{process}: ridges do not have the shapes ({k},), (j,) and (j, {k}) with ascending places."
        )
    return Ridge(np.array(saved.axis), np.array(saved.places), np.array(saved.bends))


def _edge(process: str, saved: SavedEdge, k: int) -> Edge:
    ascending = 0.0 in saved.places and np.all(np.diff(saved.places) > 0)
    if {*map(len, saved.offsets)} != {k} or len(saved.offsets) != len(saved.places) or not ascending:
        raise InvalidModelFile(
            f"{process}: edges do not have the shapes (j,) and (j, {k}) with ascending places, one of them 0."
        )
    if saved.coordinate >= k:
        raise InvalidModelFile(f"{process}: an edge has the coordinate {saved.coordinate}, but there are {k}.")
    return Edge(saved.coordinate, np.array(saved.places), np.array(saved.offsets))
