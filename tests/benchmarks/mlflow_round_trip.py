"""Save, log, register and load models with MLflow itself: `make mlflow`, which installs it with pins of its own.

Prints what was checked; 3.17.2 gave the same predictions everywhere.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")  # the small distribution has no store in a database

import mlflow
import numpy as np

import clvmodels as clv
import clvmodels.mlflow

INPUT = ["customer_id", "frequency", "recency", "T", "monetary_value"]


def main() -> None:
    """Run the round trips; an assertion fails where one does not give the same predictions."""
    log = clv.datasets.load_cdnow(sample=True)
    rfm = clv.rfm_summary(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    model = clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm)
    table = rfm.to_frame()[INPUT]
    expected = model.predict(rfm, "26 weeks")
    terms = {"horizon": "26 weeks", "annual_discount_rate": 0.05, "margin": 0.4}
    value = clv.lifetime_value(model.purchases, model.spend, rfm, **terms)["lifetime_value"]
    with tempfile.TemporaryDirectory() as made:
        saved = Path(made) / "saved"
        clvmodels.mlflow.save_model(model, saved, metadata={"team": "crm"})
        names = {file.name for file in saved.iterdir()}
        assert names == {"MLmodel", "model.json", "requirements.txt", "python_env.yaml"}, names
        mlflow.set_tracking_uri(f"file:{made}/runs")
        mlflow.set_experiment(experiment_id=mlflow.create_experiment("clv", artifact_location=f"{made}/artifacts"))
        with mlflow.start_run():
            info = clvmodels.mlflow.log_model(model, "customers", registered_model_name="customers")
            mlflow.log_metric("customers", len(rfm))
        for uri in (str(saved), info.model_uri, "models:/customers/1"):
            again = clvmodels.mlflow.load_model(uri).predict(rfm, "26 weeks")
            assert np.array_equal(again["expected_purchases"], expected["expected_purchases"]), uri
            scored = mlflow.pyfunc.load_model(uri).predict(table, params=terms)
            assert np.array_equal(scored["expected_purchases"], expected["expected_purchases"]), uri
            assert np.array_equal(scored["lifetime_value"], value), uri
            assert "lifetime_value" in mlflow.pyfunc.load_model(uri).predict(table), uri
            print(f"{uri}: the same predictions")
    print(f"MLflow {mlflow.__version__}: all round trips gave the same predictions")


if __name__ == "__main__":
    main()
