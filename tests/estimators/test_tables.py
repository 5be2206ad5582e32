"""Tables of a fitted model agree with its predictions and contain only possible histories."""

from __future__ import annotations

import numpy as np
import pytest

import clvmodels as clv
from clvmodels.errors import InvalidOption
from clvmodels.estimators.population_tables import (
    frequency_recency_table,
    heterogeneity_table,
    history_table,
    new_customers_table,
)

MODELS = (clv.BGNBD, clv.MBGNBD, clv.ParetoNBD, clv.GGompertzNBD, clv.NBD, clv.BGCNBD)
SLOW = (clv.GGompertzNBD,)  # its fit takes seconds
every_model = pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, id=kind.__name__, marks=[pytest.mark.slow] if kind in SLOW else []) for kind in MODELS],
)


@pytest.fixture(scope="module")
def rfm():
    log = clv.datasets.load_cdnow(sample=True)
    return clv.rfm_summary(log, time_unit="week", observation_end="1997-09-30", intertimes=True)


@pytest.fixture(scope="module")
def fitted(rfm):
    """Return the models by class, each fitted when a test first needs it."""

    class Fits(dict):
        def __missing__(self, kind):
            self[kind] = kind().fit(rfm)
            return self[kind]

    return Fits()


@pytest.mark.slow
@every_model
def test_frequency_and_recency(kind, fitted, rfm):
    table = frequency_recency_table(fitted[kind], rfm, "39 weeks", recencies=12)
    assert table["probability_alive"].between(0, 1).all()
    assert np.isfinite(table["expected_purchases"]).all()
    assert len(table) == table["frequency"].nunique() * table["recency"].nunique()
    # All else equal, customers who bought later are more likely to be alive, and buy more.
    for _, rows in table[table["frequency"] > 0].groupby("frequency"):
        assert rows["probability_alive"].is_monotonic_increasing
        assert rows["expected_purchases"].is_monotonic_increasing


@pytest.mark.slow
def test_cells_equal_predictions_for_such_customers(fitted, rfm):
    model = fitted[clv.BGNBD]
    table = frequency_recency_table(model, rfm, "39 weeks")
    rows = table[table["frequency"] == 2].iloc[-5:]
    p = model.process.Parameters(**model.parameters_)
    x, t_x, T = (rows[name].to_numpy(dtype=float) for name in ("frequency", "recency", "T"))
    result = model.process.expected_purchases(p, 39.0, x, t_x, T)
    np.testing.assert_allclose(rows["expected_purchases"], result, rtol=1e-12)  # the same formula


@pytest.mark.slow
@every_model
def test_history_of_a_customer(kind, fitted):
    table = history_table(fitted[kind], ["1997-05-02", "1997-01-01", "1997-02-10"], "1997-09-30", interval=0.9)
    assert list(table.loc[table["purchase"], "date"]) == ["1997-01-01", "1997-02-10", "1997-05-02"]
    assert table["date"].iloc[-1] == "1997-09-30"
    assert (table["lower"] <= table["probability_alive"] + 1e-12).all()  # rounding
    assert (table["probability_alive"] <= table["upper"] + 1e-12).all()
    silent = table[table["date"] > "1997-05-02"]["probability_alive"]
    assert silent.is_monotonic_decreasing


@pytest.mark.slow
def test_a_history_ends_at_the_prediction_of_the_rfm(fitted, rfm):
    """The last day of the table equals the prediction for the customer's row of the RFM."""
    log = clv.datasets.load_cdnow(sample=True)
    model = fitted[clv.BGCNBD]
    row = int(np.argmax(rfm.frequency))
    customer = rfm.customer_id[row]
    table = history_table(model, log.loc[log["customer_id"] == customer, "date"].tolist(), "1997-09-30")
    result = model.probability_alive(rfm)["probability_alive"].to_numpy()[row]
    assert table["probability_alive"].iloc[-1] == pytest.approx(result, rel=1e-9)  # logarithms summed in another order


@pytest.mark.slow
@every_model
def test_heterogeneity(kind, fitted):
    model = fitted[kind]
    table = heterogeneity_table(model)
    quoted = model.process.quantities(model.process.Parameters(**model.parameters_))
    for quantity, rows in table.groupby("quantity"):
        assert rows["share"].sum() == pytest.approx(1, abs=1e-12)  # rounding
        assert (rows["left"].to_numpy()[1:] == rows["right"].to_numpy()[:-1]).all()
        if f"mean {quantity}" in quoted and kind is not clv.GGompertzNBD:
            assert rows["mean"].iloc[0] == pytest.approx(quoted[f"mean {quantity}"], rel=1e-12)
    assert "purchase rate" in set(table["quantity"])


@pytest.mark.slow
@every_model
def test_new_customers(kind, fitted):
    model = fitted[kind]
    table = new_customers_table(model, "1 year", draws=50)
    assert table["expected"].iloc[0] == 0
    assert table["expected"].is_monotonic_increasing
    assert (table["lower"] <= table["expected"] + 1e-12).all()
    assert (table["expected"] <= table["upper"] + 1e-12).all()
    assert table["expected"].iloc[-1] == pytest.approx(model.mean_purchases("1 year"), rel=1e-12)


@pytest.mark.slow
def test_opportunities():
    months = clv.rfm_summary(
        clv.datasets.load_cdnow(sample=True), time_unit="month", merge_within="month", observation_end="1997-09-30"
    )
    model = clv.BGBB().fit(months)
    table = frequency_recency_table(model, months, "1 year")
    assert table["probability_alive"].between(0, 1).all()
    assert set(heterogeneity_table(model)["quantity"]) == {"purchase probability", "dropout probability"}
    assert len(new_customers_table(model, "1 year")) == 13
    history = history_table(model, ["1997-01-05", "1997-03-01", "1997-03-20"], "1997-09-30")
    assert list(history["purchase"]) == [True, False, True, *[False] * 6]


@pytest.mark.slow
def test_models_with_groups_are_refused(fitted, rfm):
    model = clv.BGNBD(by="region").fit(rfm.with_columns(regions(rfm)))
    for table in (
        lambda: frequency_recency_table(model, rfm, 39),
        lambda: heterogeneity_table(model),
        lambda: new_customers_table(model, 39),
        lambda: history_table(model, ["1997-01-01"], "1997-09-30"),
    ):
        with pytest.raises(InvalidOption, match=r"groups|each group"):
            table()
    with pytest.raises(InvalidOption, match=r"no purchase up to the end, 1997-09-30"):
        history_table(fitted[clv.BGNBD], ["1998-01-01"], "1997-09-30")


def regions(rfm):
    frame = rfm.to_frame()[["customer_id"]].copy()
    return frame.assign(region=np.where(np.arange(len(rfm)) % 2, "north", "south"))
