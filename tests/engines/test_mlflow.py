"""The flavor of MLflow without MLflow: what it scores with, and what it says where MLflow is missing."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import clvmodels as clv
import clvmodels.mlflow
from clvmodels.errors import InvalidOption


@pytest.mark.slow
def test_a_loaded_model_scores_a_table(tmp_path):
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    model.save(tmp_path / "model.json")
    scorer = clvmodels.mlflow._load_pyfunc(str(tmp_path / "model.json"))
    table = rfm.to_frame()[["customer_id", "frequency", "recency", "T", "monetary_value"]]
    scored = scorer.predict(table, {"horizon": "26 weeks", "margin": 0.4})
    terms = {"horizon": "26 weeks", "annual_discount_rate": 0.1, "margin": 0.4}
    value = clv.lifetime_value(model.purchases, model.spend, rfm, **terms)
    assert np.array_equal(scored["lifetime_value"], value["lifetime_value"])
    assert np.array_equal(scored["expected_purchases"], model.predict(rfm, "26 weeks")["expected_purchases"])


def test_without_mlflow_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for call in (
        lambda: clvmodels.mlflow.save_model(clv.CustomerModel(clv.BGNBD()), tmp_path / "model"),
        lambda: clvmodels.mlflow.log_model(clv.CustomerModel(clv.BGNBD()), "customers"),
        lambda: clvmodels.mlflow.load_model("models:/customers/1"),
    ):
        with pytest.raises(InvalidOption, match="MLflow is not installed: pip install 'mlflow>=3'"):
            call()
