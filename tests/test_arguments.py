"""Arguments of the wrong kind get an error of this package from every public function and method."""

from __future__ import annotations

import inspect
import types
from typing import Any, Literal, Union, get_args, get_origin

import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import arguments
from clvmodels.arguments import check_arguments
from clvmodels.errors import CLVError, InvalidOption

SERIES = pd.Series([1.0, 2.0], name="paid")
WRONG = {str: (SERIES, 3.5, ["a"]), float: ("0.35", SERIES, None), int: ("3", SERIES), bool: ("no", SERIES)}


def public_calls():
    """Yield the name of every public function and method, its parameters that can be checked, and the function."""
    for name in clv.__all__:
        thing = getattr(clv, name)
        if isinstance(thing, types.FunctionType):
            yield name, thing
        elif isinstance(thing, type):
            for method in vars(thing):
                function = inspect.getattr_static(thing, method)
                if isinstance(function, types.FunctionType) and not method.startswith("_"):
                    yield f"{name}.{method}", function


CALLS = dict(public_calls())


def wrong_values(kind):
    """Return values that are not of a kind."""
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    if any(part is Any or (get_origin(part) is not None and get_origin(part) is not Literal) for part in parts):
        return ()
    values = next((WRONG[part] for part in parts if part in WRONG), (SERIES, "text", object()))
    return tuple(value for value in values if not arguments._fits(value, kind))


def stand_in(kind):
    """Return a value of a kind that may not be usable."""
    parts = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    for part in parts:
        if part in (str, bool, float, int):
            return part()
        if isinstance(part, type) and get_origin(part) is None:
            try:
                return object.__new__(part)
            except TypeError:
                continue
    return None


@pytest.mark.parametrize("name", CALLS)
def test_arguments_of_the_wrong_kind_get_an_error_of_the_package(name):
    function = CALLS[name]
    signature, kinds = arguments._annotations(inspect.unwrap(function))
    needed = {
        parameter: stand_in(kinds.get(parameter))
        for parameter, each in signature.parameters.items()
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }
    for parameter, kind in kinds.items():
        for value in wrong_values(kind):
            with pytest.raises(CLVError):
                function(**(needed | {parameter: value}))


@pytest.fixture(scope="module")
def fitted():
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    return log, rfm, clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)


def message(function, *values, **options):
    with pytest.raises(CLVError) as error:
        function(*values, **options)
    return str(error.value)


@pytest.mark.slow
def test_usual_mistakes_have_a_remedy(fitted):
    log, rfm, model = fitted
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35}
    assert message(clv.rfm_summary, log, amount=log["amount"]) == (
        "amount=<Series> must be text, not a Series. Pass the name of a column, such as 'amount'."
    )
    assert "Make an RFM with rfm_summary(log, ...)" in message(clv.lifetime_value, model, rfm=log, **terms)
    assert "margin='0.35'" in message(clv.lifetime_value, model, rfm, **(terms | {"margin": "0.35"}))
    assert "Make one with backtest(log, ...)" in message(clv.write_report, model, "page.html")
    assert "must be True or False, not text" in message(clv.rfm_summary, log, include_first_transaction="no")
    assert "Pass its part, model.purchases." in message(clv.likelihood_ratio_test, model, model)
    assert "purchases= is a int" in message(clv.CustomerModel(3).fit, rfm)


def test_a_customer_model_consists_of_its_two_models(fitted):
    _, rfm, model = fitted
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35}
    both = clv.lifetime_value(model.purchases, model.spend, rfm, **terms)
    pd.testing.assert_frame_equal(clv.lifetime_value(model, rfm, **terms), both)
    table = model.predict(rfm, "12 months")
    assert table["expected_purchases"].tolist() == both["expected_purchases"].tolist()
    assert list(clv.CustomerModel(model.purchases).predict(rfm, 1)) == [
        "customer_id",
        "probability_alive",
        "expected_purchases",
    ]
    assert "no spend model" in message(clv.lifetime_value, clv.CustomerModel(model.purchases), rfm, **terms)


def test_an_error_from_inside_is_kept_if_all_arguments_are_of_the_right_kind():
    def fails(number: float) -> float:
        raise ValueError("from inside")

    with pytest.raises(ValueError, match="from inside"):
        check_arguments(fails)(1.0)
    with pytest.raises(InvalidOption, match=r"number='1' must be a number, not text. Pass the number 1"):
        check_arguments(fails)("1")


@pytest.mark.parametrize("name", ["lifetime_value", "lifetime_value_lower", "customers", "total_interval", "total"])
def test_an_attribute_named_like_a_column_of_the_result_cannot_group(fitted, name):
    _, rfm, model = fitted
    attributes = pd.DataFrame({"customer_id": rfm.customer_id.to_list(), name: "a"})
    terms = {"horizon": "12 months", "annual_discount_rate": 0.1, "margin": 0.35}
    assert "rename" in message(clv.lifetime_value, model, rfm.with_columns(attributes), by=name, **terms)
