"""The quickstart of lifetimes: the same calls in the same order, and the numbers that it prints.

Its README has no code. The numbers are those of docs/Quickstart.md of lifetimes 0.11.3; its text is not repeated here.
"""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt

from clvmodels.compat.lifetimes import BetaGeoFitter, GammaGammaFitter, LifetimesDifference
from clvmodels.compat.lifetimes.datasets import (
    load_cdnow_summary,
    load_cdnow_summary_data_with_monetary_value,
    load_transaction_data,
)
from clvmodels.compat.lifetimes.plotting import (
    plot_calibration_purchases_vs_holdout_purchases,
    plot_frequency_recency_matrix,
    plot_history_alive,
    plot_period_transactions,
    plot_probability_alive_matrix,
)
from clvmodels.compat.lifetimes.utils import calibration_and_holdout_data, summary_data_from_transaction_data


@pytest.mark.slow
def test_purchases_and_plots_are_those_of_the_quickstart():
    plt.switch_backend("agg")
    data = load_cdnow_summary(index_col=[0])
    assert data.loc[1].tolist() == [2, 30.43, 38.86]
    bgf = BetaGeoFitter(penalizer_coef=0.0)
    bgf.fit(data["frequency"], data["recency"], data["T"])
    assert str(bgf) == "<lifetimes.BetaGeoFitter: fitted with 2357 subjects, a: 0.79, alpha: 4.41, b: 2.43, r: 0.24>"
    printed = [[0.242593, 0.012557, 0.217981, 0.267205], [4.413532, 0.378221, 3.672218, 5.154846]]
    printed += [[0.792886, 0.185719, 0.428877, 1.156895], [2.425752, 0.705345, 1.043276, 3.808229]]
    np.testing.assert_allclose(bgf.summary, printed, rtol=1e-3)  # its search stops at 1e-4 of the maximum
    for draw in (plot_frequency_recency_matrix, plot_probability_alive_matrix, plot_period_transactions):
        draw(bgf)
        plt.close("all")
    expected = bgf.conditional_expected_number_of_purchases_up_to_time(1, data["frequency"], data["recency"], data["T"])
    data["predicted_purchases"] = expected
    best = data.sort_values(by="predicted_purchases").tail(5)["predicted_purchases"]
    assert best.index.tolist() == [509, 841, 1981, 157, 1516]
    assert best.tolist() == pytest.approx([0.424877, 0.474738, 0.486526, 0.662396, 0.710623], abs=2e-5)

    transactions = load_transaction_data()
    summary = summary_data_from_transaction_data(transactions, "id", "date", observation_period_end="2014-12-31")
    assert summary.loc[[0, 2, 4]].to_numpy().tolist() == [[0, 0, 298], [6, 142, 292], [2, 9, 183]]
    bgf.fit(summary["frequency"], summary["recency"], summary["T"])
    assert str(bgf).endswith("fitted with 5000 subjects, a: 1.85, alpha: 1.86, b: 3.18, r: 0.16>")
    holdout = calibration_and_holdout_data(
        transactions, "id", "date", calibration_period_end="2014-09-01", observation_period_end="2014-12-31"
    )
    assert holdout.loc[2].tolist() == [6, 142, 171, 0, 121]
    bgf.fit(holdout["frequency_cal"], holdout["recency_cal"], holdout["T_cal"])
    plot_calibration_purchases_vs_holdout_purchases(bgf, holdout)
    plt.close("all")
    customer = summary.iloc[20]
    assert bgf.predict(10, customer["frequency"], customer["recency"], customer["T"]) == pytest.approx(0.0577, abs=1e-3)
    plot_history_alive(bgf, 200, transactions.loc[transactions["id"] == 35], "date")
    plt.close("all")


@pytest.mark.slow
def test_values_are_those_of_the_quickstart_but_for_its_unit():
    customers = load_cdnow_summary_data_with_monetary_value()
    returning = customers[customers["frequency"] > 0]
    assert returning.iloc[0].tolist() == [2, 30.43, 38.86, 22.35]
    assert returning["monetary_value"].corr(returning["frequency"]) == pytest.approx(0.113884, abs=1e-6)
    ggf = GammaGammaFitter(penalizer_coef=0)
    ggf.fit(returning["frequency"], returning["monetary_value"])
    assert str(ggf) == "<lifetimes.GammaGammaFitter: fitted with 946 subjects, p: 6.25, q: 3.74, v: 15.45>"
    spend = ggf.conditional_expected_average_profit(customers["frequency"], customers["monetary_value"])
    assert spend.head(3).tolist() == pytest.approx([24.658619, 18.911489, 35.170981], abs=1e-3)
    assert spend.mean() == pytest.approx(35.2529588256, abs=1e-3)
    bgf = BetaGeoFitter(penalizer_coef=0.0)
    bgf.fit(customers["frequency"], customers["recency"], customers["T"])
    columns = [customers[name] for name in ("frequency", "recency", "T", "monetary_value")]
    # It prints 140.096211, 18.943467 and 38.180574 for weeks that were taken for days.
    with pytest.warns(LifetimesDifference, match=r"lifetimes counts 6\.9 times the months"):
        value = ggf.customer_lifetime_value(bgf, *columns, time=12, discount_rate=0.01)
    assert value.head(3).tolist() == pytest.approx([36.28, 4.64, 8.34], abs=0.01)
