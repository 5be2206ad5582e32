"""What lifetimes 0.11.3 has and computes, printed as JSON. It changes pandas' options, so it has a process of its own.

`python lifetimes_worker.py signatures` prints its public names; `values` its results for 200 random parameter sets and
its fits to CDNOW; `faults` the sizes of two of its faults there.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
import types
import warnings

import numpy as np
import pandas as pd

MODULES = (
    "",
    "fitters",
    "fitters.beta_geo_beta_binom_fitter",
    "fitters.beta_geo_fitter",
    "fitters.gamma_gamma_fitter",
    "fitters.modified_beta_geo_fitter",
    "fitters.pareto_nbd_fitter",
    "datasets",
    "generate_data",
    "plotting",
    "utils",
    "version",
)
SETS, CUSTOMERS = 200, 12
PARAMETERS = {
    "BetaGeoFitter": ("r", "alpha", "a", "b"),
    "ModifiedBetaGeoFitter": ("r", "alpha", "a", "b"),
    "ParetoNBDFitter": ("r", "alpha", "s", "beta"),
    "BetaGeoBetaBinomFitter": ("alpha", "beta", "gamma", "delta"),
    "GammaGammaFitter": ("p", "q", "v"),
}
PENALTIES = (0.0, 0.01)


def signature(function):
    """Return the arguments of a function as text: name, kind and default."""
    arguments = inspect.signature(function).parameters.values()
    return [[argument.name, argument.kind.name, repr(argument.default)] for argument in arguments]


def public_names(package, defined_there):
    """Return the signatures of all public functions, classes and methods of a package, by module.

    With `defined_there`, only of what each module defines; the package itself has what it imports from its modules.
    """
    names = {}
    for module_name in MODULES:
        module = importlib.import_module(package + ("." + module_name if module_name else ""))
        own = names[module_name] = {}
        for name, thing in vars(module).items():
            home = str(getattr(thing, "__module__", ""))
            if name.startswith("_") or not home.startswith(package):
                continue
            if defined_there and module_name and home != module.__name__:
                continue
            if inspect.isfunction(thing):
                own[name] = signature(thing)
            elif inspect.isclass(thing):
                own[name] = "class"
                methods = inspect.getmembers(thing, inspect.isfunction)
                own |= {
                    f"{name}.{key}": signature(method)
                    for key, method in methods
                    if str(method.__module__).startswith(package) and (key == "__init__" or not key.startswith("_"))
                }
    return names


def random_sets(name, generator):
    """Return parameters and histories, drawn over the range of fits to real logs."""
    low, high = {
        "BetaGeoBetaBinomFitter": ((0.1, 0.1, 0.1, 0.2), (5, 5, 5, 10)),
        "GammaGammaFitter": ((0.5, 1.01, 1.0), (10, 10, 50)),
        "ParetoNBDFitter": ((0.1, 0.5, 0.1, 0.5), (5, 50, 5, 50)),
    }.get(name, ((0.1, 0.5, 0.1, 0.2), (5, 50, 5, 10)))
    theta = np.exp(generator.uniform(np.log(low), np.log(high)))
    if name == "BetaGeoBetaBinomFitter":
        n = generator.integers(1, 12, CUSTOMERS)
        x = generator.binomial(n, 0.4)
        return theta, [x, np.where(x > 0, np.minimum(n, x + generator.integers(0, 5, CUSTOMERS)), 0), n]
    x = generator.poisson(generator.gamma(0.8, 5, CUSTOMERS)).astype(float)
    if name == "GammaGammaFitter":
        return theta, [x, generator.gamma(2, 20, CUSTOMERS)]
    T = generator.uniform(1, 100, CUSTOMERS)
    return theta, [x, np.where(x > 0, T * generator.uniform(0.02, 1, CUSTOMERS), 0.0), T]


def quantities(kind, theta, columns, weights):
    """Return what a fitter of either package computes at fixed parameters, by name."""
    fitter, name = kind(), kind.__name__
    fitter.params_ = pd.Series(theta, index=PARAMETERS[name])
    space = (lambda values: values) if name == "ParetoNBDFitter" else np.log
    if name == "GammaGammaFitter":
        likelihood = fitter._negative_log_likelihood(space(theta), columns[0] + 1, columns[1], weights, 0.01)
        return {"spend": fitter.conditional_expected_average_profit(*columns), "likelihood": likelihood}
    values = {"likelihood": fitter._negative_log_likelihood(space(theta), *columns, weights, 0.01)}
    values["purchases"] = fitter.conditional_expected_number_of_purchases_up_to_time(7, *columns)
    if name == "BetaGeoBetaBinomFitter":
        fitter.data = pd.DataFrame({"frequency": columns[0], "weights": 1})
        frequencies = fitter.expected_number_of_transactions_in_first_n_periods(11)["model"].to_numpy()
        return values | {"alive": fitter.conditional_probability_alive(2, *columns), "frequencies": frequencies}
    values["alive"] = fitter.conditional_probability_alive(*columns)
    values["matrix"] = fitter.conditional_probability_alive_matrix(3, 4)
    values["mean"] = fitter.expected_number_of_purchases_up_to_time(columns[-1])
    if name == "ParetoNBDFitter":
        values["pmf"] = [fitter.conditional_probability_of_n_purchases_up_to_time(n, 7.0, *columns) for n in range(3)]
    else:
        values["pmf"] = [fitter.probability_of_n_purchases_up_to_time(7.0, n) for n in range(5)]
    return values


def all_quantities(package):
    """Return the quantities of every fitter at every set of parameters, concatenated, by fitter and name."""
    answers = {}
    for name in PARAMETERS:
        generator = np.random.default_rng(25)
        kind, parts = getattr(package, name), {}
        for _ in range(SETS):
            theta, columns = random_sets(name, generator)
            with np.errstate(all="ignore"):
                for key, value in quantities(kind, theta, columns, np.ones(CUSTOMERS)).items():
                    parts.setdefault(key, []).append(np.ravel(np.asarray(value, dtype=float)))
        answers |= {f"{name} {key}": np.concatenate(part).tolist() for key, part in parts.items()}
    return answers


def fit_arguments(name, customers, donations):
    """Return what a fitter is fitted to."""
    if name == "GammaGammaFitter":
        returning = customers[customers["frequency"] > 0]
        return [returning["frequency"], returning["monetary_value"]]
    if name == "BetaGeoBetaBinomFitter":
        return [donations[column] for column in ("frequency", "recency", "periods", "weights")]
    return [customers[column] for column in ("frequency", "recency", "T")]


def all_fits(package, datasets):
    """Return parameters, objective and standard errors of every fitter, by name and penalty."""
    customers, donations = datasets.load_cdnow_summary_data_with_monetary_value(), datasets.load_donations()
    fits = {}
    for name, keys in PARAMETERS.items():
        start = {"initial_params": np.ones(4)} if name == "ParetoNBDFitter" else {}  # theirs is random
        for penalty in PENALTIES:
            fitter = getattr(package, name)(penalizer_coef=penalty)
            fitter.fit(*fit_arguments(name, customers, donations), **start)
            errors = list(fitter.standard_errors_) if hasattr(fitter, "standard_errors_") else None
            parameters = [float(fitter.params_[key]) for key in keys]
            fits[f"{name} {penalty}"] = [parameters, float(fitter._negative_log_likelihood_), errors]
    return fits


def sizes_of_faults(package, datasets):
    """Return the covariance of BG/NBD on CDNOW, and for how many customers a penalty leaves predictions missing."""
    customers = datasets.load_cdnow_summary()
    columns = [customers[column] for column in ("frequency", "recency", "T")]
    penalized = package.BetaGeoFitter(penalizer_coef=0.01).fit(*columns).predict(26, *columns)
    covariance = package.BetaGeoFitter().fit(*columns).variance_matrix_
    return {"covariance": covariance.to_numpy().tolist(), "missing": int(np.isnan(penalized).sum())}


def import_lifetimes():
    """Import lifetimes with what its data sets need of an old setuptools."""
    from pathlib import Path

    stand_in = types.ModuleType("pkg_resources")
    stand_in.resource_filename = lambda package, name: str(
        Path(importlib.import_module(package).__file__).parent / name
    )
    sys.modules["pkg_resources"] = stand_in
    warnings.simplefilter("ignore")
    return importlib.import_module("lifetimes")


if __name__ == "__main__":
    lifetimes = import_lifetimes()
    if sys.argv[1] == "signatures":
        answer = public_names("lifetimes", defined_there=True)
    elif sys.argv[1] == "faults":
        with np.errstate(all="ignore"):
            answer = sizes_of_faults(lifetimes, importlib.import_module("lifetimes.datasets"))
    else:
        datasets = importlib.import_module("lifetimes.datasets")
        answer = {"values": all_quantities(lifetimes), "fits": all_fits(lifetimes, datasets)}
    json.dump(answer, sys.stdout)
