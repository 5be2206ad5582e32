"""Raise an error of this package for arguments of the wrong kind, such as a Series instead of a column name.

Public functions and classes are wrapped when they are imported from the package. A switch that is neither True nor
False is refused immediately, because any text would count as True. Other arguments are compared with their annotations
only if the call fails with an error of Python or of another library, so that a call that works costs nothing.
"""

from __future__ import annotations

import collections.abc
import contextlib
import inspect
import numbers
import os
import types
import typing
from collections.abc import Callable
from datetime import date
from functools import cache, wraps
from typing import Any, Literal, Union, get_args, get_origin

from clvmodels.errors import CLVError, InvalidOption

__all__ = ["check_arguments", "check_methods"]

LONGEST = 60  # most characters of a value in an error message


def check_arguments(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises InvalidOption if it fails because of arguments of the wrong kind."""

    @wraps(function)
    def checked(*arguments: Any, **options: Any) -> Any:
        if _switches(function):
            _refuse(function, arguments, options, only_switches=True)
        try:
            return function(*arguments, **options)
        except CLVError:
            raise
        except (TypeError, ValueError, AttributeError, KeyError, IndexError, NotImplementedError) as error:
            _refuse(function, arguments, options, only_switches=False, cause=error)
            raise

    return checked


def check_methods(kind: type) -> None:
    """Wrap the public methods and the constructor of a class that it defines itself or inherits from this package."""
    for base in kind.__mro__:
        if not base.__module__.startswith("clvmodels") or "_checked" in vars(base):
            continue
        for name, method in list(vars(base).items()):
            public = name == "__init__" or not name.startswith("_")
            if public and isinstance(method, types.FunctionType) and not inspect.isgeneratorfunction(method):
                setattr(base, name, check_arguments(method))
        setattr(base, "_checked", True)  # noqa: B010 - mypy knows no such attribute


@cache
def _annotations(function: Callable[..., Any]) -> tuple[inspect.Signature, dict[str, Any]]:
    """Return the signature of a function, and the annotations of its parameters that can be evaluated."""
    signature = inspect.signature(function)
    module = getattr(inspect.unwrap(function), "__globals__", {})
    kinds: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        annotation = parameter.annotation
        if annotation is inspect.Parameter.empty or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        # Some names are only imported for type checkers.
        with contextlib.suppress(NameError, AttributeError, TypeError, SyntaxError):
            kinds[name] = eval(annotation, dict(module)) if isinstance(annotation, str) else annotation  # noqa: S307
    return signature, kinds


@cache
def _switches(function: Callable[..., Any]) -> bool:
    """Return whether a function has a switch, which is True or False."""
    return any(kind is bool for kind in _annotations(function)[1].values())


def _refuse(
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    options: dict[str, Any],
    only_switches: bool,
    cause: Exception | None = None,
) -> None:
    """Raise InvalidOption if arguments are not of the kind of their annotations."""
    signature, kinds = _annotations(function)
    try:
        bound = signature.bind(*arguments, **options).arguments
    except TypeError:
        return  # the call itself reports missing and unknown arguments
    faults = []
    for name, value in bound.items():
        if name not in kinds or (only_switches and kinds[name] is not bool):
            continue
        if not _fits(value, kinds[name]) and value is not signature.parameters[name].default:
            expected, remedy = _describe(kinds[name]), _remedy(value, kinds[name])
            faults.append(f"{name}={_show(value)} must be {expected}, not {_kind_of(value)}.{remedy}")
    if faults:
        raise InvalidOption("\n".join(faults)) from cause


def _fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a kind; every value fits a kind that cannot be checked."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in (Any, typing.Self) or isinstance(kind, typing.TypeVar):
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if kind is None or kind is type(None):
        return value is None
    if origin is Literal:
        return isinstance(value, tuple({type(part) for part in parts}))
    if kind is bool:
        return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    if kind in (int, float, complex):
        wanted = numbers.Integral if kind is int else numbers.Real
        return isinstance(value, wanted) and not isinstance(value, bool)
    if origin is not None and isinstance(origin, type):
        as_list = isinstance(value, str) and issubclass(origin, collections.abc.Iterable)  # text is not a list
        return isinstance(value, origin) and not as_list
    if isinstance(kind, type):
        try:
            return isinstance(value, kind) or (kind.__name__ == "Path" and isinstance(value, (str, os.PathLike)))
        except TypeError:  # a protocol that cannot be checked
            return True
    return True


def _describe(kind: Any) -> str:
    """Return the description of a kind for a message, such as "a number"."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        several = list(dict.fromkeys(_describe(part) for part in parts if part is not type(None)))
        return " or ".join(several)
    if origin is Literal:
        return f"one of {', '.join(map(repr, parts))}"
    plain = {str: "text", bool: "True or False", float: "a number", int: "a whole number"}
    if kind in plain:
        return plain[kind]
    name = getattr(origin or kind, "__name__", str(kind))
    words = {"Path": "a path", "Sequence": "a list", "Mapping": "a dict", "Callable": "a function", "date": "a date"}
    if isinstance(kind, type) and issubclass(kind, date):
        return "a date"
    article = "an" if name[0] in "AEIO" or name == "RFM" else "a"
    return words.get(name, f"{article} {name}")


def _kind_of(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeioAEIO' or name == 'RFM' else 'a'} {name}"


def _show(value: Any) -> str:
    """Return the text of a short value; of a table or a model, only the type."""
    if value is None or isinstance(value, (str, int, float, bool, date)):
        text = repr(value)
        return text if len(text) <= LONGEST else text[:LONGEST] + "..."
    return f"<{type(value).__name__}>"


def _remedy(value: Any, kind: Any) -> str:
    """Return the remedy of a common mistake, which begins with a space; empty for other mistakes."""
    kinds = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    names = {getattr(each, "__name__", "") for each in kinds}
    if isinstance(value, str) and {int, float} & set(kinds):
        try:
            return f" Pass the number {float(value):g}."
        except ValueError:
            return " Pass a number without quotes."
    if hasattr(value, "name") and hasattr(value, "dtype") and str in kinds:
        return (
            f" Pass the name of a column, such as {str(value.name)!r}." if value.name else " Pass the name of a column."
        )
    if type(value).__name__ == "CustomerModel" and names & {"PurchaseModel", "SpendModel", "FittedProcess"}:
        part = "spend" if names == {"SpendModel"} else "purchases"
        return f" Pass its part, model.{part}."
    if type(value).__name__ == "TimeVaryingModel":
        return " A TimeVaryingModel forecasts with its own expected_purchases and lifetime_value."
    makers = {
        "RFM": "rfm_summary(log, ...)",
        "PurchaseModel": "BGNBD().fit(rfm)",
        "SpendModel": "GammaGamma().fit(rfm)",
        "CustomerModel": "CustomerModel(purchases, spend)",
        "Backtest": "backtest(log, ...) or validate(split, ...)",
        "Validation": "validate(split, ...)",
        "KnownHistory": "KnownHistory.from_log(log, ...)",
        "Holdout": "holdout_split(log, ...)",
        "CovariateHistory": "CovariateHistory.from_frame(table)",
    }
    made = [maker for name, maker in makers.items() if name in names]
    return f" Make one with {made[0]}." if made else ""
