"""Measure P(tier) of what is expected at customers' own rates, on simulated customers whose rates are known.

`own_rates.py [BASES] [CUSTOMERS]`: customers of MBG/NBD and Gamma-Gamma are simulated, both models are fitted to what
they bought, and the probability that a customer's expected value ranks in each tier is compared with the tier of the
value expected at the rates, activity and mean spend that the customer has. Written to own_rates.json in this folder, by
bin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import clvmodels as clv
from clvmodels.decisions.tiering.boundaries import define_tiers, lowest_values, tier_of
from clvmodels.processes import gamma_gamma, mbgnbd
from clvmodels.processes.special import discounted_length

RESULTS = Path(__file__).with_suffix(".json")
PURCHASES, SPEND = mbgnbd.Parameters(0.8, 8.0, 0.8, 4.0), gamma_gamma.Parameters(6.0, 4.0, 15.0)
WEEKS, HORIZON, DRAWS, BINS, FEWEST = 52.0, 52, 200, 10, 50


def simulated(customers: int, seed: int) -> tuple[clv.RFM, np.ndarray]:
    """Return the RFM of simulated customers, and the value expected of each at the true rates."""
    g = np.random.default_rng(seed)
    history = mbgnbd.PROCESS.simulate(PURCHASES, np.full(customers, WEEKS), g)
    nu = g.gamma(SPEND.q, size=customers) / SPEND.v
    count = history.x
    mean = np.where(count > 0, g.gamma(np.maximum(SPEND.p * count, 1e-9)) / nu / np.maximum(count, 1), np.nan)
    rows = {"frequency": count.astype(int), "recency": history.t_x, "T": WEEKS, "monetary_value": mean}
    rfm = clv.RFM.from_frame(pd.DataFrame(rows).assign(customer_id=range(customers)), time_unit="week")
    rate, dropout = history.levels["purchase_rate"], history.levels["dropout_probability"]
    return rfm, history.active * rate * discounted_length(rate * dropout, HORIZON) * SPEND.p / nu


def main(bases: int, customers: int) -> None:
    """Measure, and write the table by bin."""
    definition, parts = define_tiers("quantile", None, None), []
    terms = {"horizon": f"{HORIZON} weeks", "annual_discount_rate": 0.0, "margin": 1.0}
    for seed in range(bases):
        rfm, truth = simulated(customers, seed)
        models = clv.MBGNBD().fit(rfm), clv.GammaGamma().fit(rfm)
        drawn = clv.value_draws(*models, rfm, **terms, draws=DRAWS, of="own_rate")
        frame = clv.tiers(clv.lifetime_value(*models, rfm, **terms), own_rate_draws=drawn).columns
        tier = tier_of(truth, lowest_values(truth, definition))
        for number, name in enumerate(definition.names):
            parts.append(pd.DataFrame({"p": frame[f"own_rate_probability_{name}"], "hit": tier == number}))
    table = pd.concat(parts)
    table["bin"] = np.minimum((table["p"] * BINS).astype(int), BINS - 1)
    rows = []
    for number, part in table.groupby("bin"):
        if len(part) >= FEWEST:
            realized = float(part["hit"].mean())
            error = float(np.sqrt(realized * (1 - realized) / len(part)))
            rows.append({"bin": number / BINS, "cases": len(part), "expected": float(part["p"].mean())})
            rows[-1] |= {"realized": realized, "standard_error": error}
    RESULTS.write_text(json.dumps({"bases": bases, "customers": customers, "bins": rows}, indent=1) + "\n", "utf-8")
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main(*map(int, (sys.argv[1:] + ["5", "4000"][len(sys.argv) - 1 :])))
