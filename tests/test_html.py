"""Tables of notebooks."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels import html


def cells(page):
    return re.findall(r"<td[^>]*>(.*?)</td>", page)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2804, "2,804"),
        (np.int64(-12_345), "-12,345"),
        (12345.678, "12,346"),
        (np.float64(0.123456), "0.1235"),
        (float("nan"), "–"),
        (None, "–"),
        (float("inf"), "inf"),
        (True, "yes"),
        ("<b>", "&lt;b&gt;"),
    ],
)
def test_values_are_formatted_for_people(value, shown):
    assert cells(html.table({"x": [value]})) == [shown]


def test_numbers_are_right_aligned_and_texts_left_aligned():
    page = html.table({"n": [1, None], "text": ["1,200", "–"], "share": ["+12.5%", "3%"], "word": ["a", "1"]})
    assert re.findall(r"<th style=\"text-align:(\w+)", page) == ["right", "right", "right", "left"]


def test_units_formats_identifiers_and_the_last_line():
    page = html.table(
        {"id": [12347, None], "T": [1.0, 2.0], "money": [1.5, 2.0]},
        units={"T": "weeks"},
        forms={"money": ",.2f"},
        names={"id"},
        more="… 9 rows",
    )
    assert ">T (weeks)</th>" in page
    assert cells(page) == ["12347", "1", "1.50", "–", "2", "2.00", "… 9 rows"]


def test_empty_tables_and_lists():
    assert html.table({"x": []}).endswith("<tbody></tbody></table>")
    assert html.items([]) == ""


@pytest.fixture(scope="module")
def model():
    rfm = clv.rfm_summary(clv.datasets.load_cdnow(sample=True), amount="amount", time_unit="week")
    return clv.CustomerModel(clv.NBD(), clv.GammaGamma()).fit(rfm)


@pytest.mark.slow
def test_fitted_models_show_their_estimates(model):
    page = model.purchases._repr_html_()
    assert "<b>NBD: converged, 2,357 customers" in page
    assert ">standard_error</th>" in page
    assert page.count("<tr>") == 1 + 2
    assert "sk-" not in page  # the collapsed diagram of scikit-learn
    both = model._repr_html_()
    assert page in both
    assert model.spend._repr_html_() in both
    assert model._repr_mimebundle_() == {"text/plain": repr(model), "text/html": both}


def test_models_that_are_not_fitted_show_that():
    assert clv.NBD()._repr_html_() == "<div><b>NBD, not fitted</b></div>"
    assert "Gamma-Gamma, not fitted" in clv.CustomerModel(clv.NBD(), clv.GammaGamma())._repr_html_()


def test_certificates_show_themselves(model):
    fit = model.purchases.fit_._repr_html_()
    assert fit.startswith("<div><b>Fit</b>: converged, 2,357 customers")
    assert "alpha" in fit
    assert (
        "<b>Independence</b>: frequency and average order value have a correlation"
        in model.spend.independence_._repr_html_()
    )


def test_a_profile_has_separators_and_no_border():
    page = clv.profile(pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-02-01"]}))._repr_html_()
    assert "border=" not in page
    assert "1,000" in cells(page)
