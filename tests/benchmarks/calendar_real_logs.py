"""Public logs at three cutoffs each, without a calendar and with `calendar="auto"`: `calendar_real_logs.py FOLDER`.

FOLDER holds the public logs that are not part of the package. The table is written to calendar_real_logs.csv here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import clvmodels as clv

TABLE = Path(__file__).with_suffix(".csv")
SCORES = ["bias", "rmse", "gini", "coverage"]
WEEKLY = {"weekly_mape": "bgnbd", "seasonal_naive_mape": "seasonal_naive", "naive_mape": "naive"}


def logs(folder: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield the name of each log and its rows: customer_id and date."""
    cdnow = clv.datasets.load_cdnow(sample=True)
    yield "cdnow sample", cdnow.assign(date=pd.to_datetime(cdnow["date"]))
    yield "grocery", _read(folder / "btydplus_grocery_elog.csv.gz", 0, 1)
    yield "apparel", _read(folder / "clvtools_apparel_trans.csv.gz", 0, 1)
    retail = pd.read_csv(folder / "uci_online_retail_2010_2011.csv.gz", low_memory=False)
    bought = retail[retail["CustomerID"].notna() & (retail["Quantity"] > 0)]
    yield (
        "online retail",
        pd.DataFrame({"customer_id": bought["CustomerID"].astype(int), "date": pd.to_datetime(bought["InvoiceDate"])}),
    )
    baskets = pd.read_parquet(folder / "complete_journey_2017_transactions.parquet")
    yield (
        "complete journey",
        pd.DataFrame(
            {
                "customer_id": baskets["household_id"].astype(int),
                "date": pd.to_datetime(baskets["transaction_timestamp"]),
            }
        ),
    )


def _read(path: Path, customer: int, date: int) -> pd.DataFrame:
    table = pd.read_csv(path)
    return pd.DataFrame({"customer_id": table.iloc[:, customer], "date": pd.to_datetime(table.iloc[:, date])})


def rows_of(log_name: str, log: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the scores of BG/NBD at three cutoffs, without and with a calendar, and what was decided."""
    days = (log["date"].max() - log["date"].min()).days
    horizon = f"{days // 6} days"
    options: dict[str, Any] = {"time_unit": "week", "horizons": horizon, "boosted_trees": False, "draws": 100}
    for choice, calendar in (("none", None), ("auto", "auto")):
        test = clv.backtest(log, clv.BGNBD(), calendar=calendar, **options)  # type: ignore[arg-type]
        codes = [finding.code for finding in test.findings]
        decided = [code for code in codes if code.startswith("calendar") and code != "calendar-horizon"]
        table = test.scores[test.scores["forecaster"] == "bgnbd"].reset_index(drop=True)
        weekly = test.weekly_errors().pivot(index="cutoff", columns="forecaster", values="mape")
        for i, row in table.iterrows():
            scores = {score: round(float(row[score]), 4) for score in SCORES if score in table}
            scores |= {column: round(float(weekly.loc[row["cutoff"], name]), 4) for column, name in WEEKLY.items()}
            finding = decided[int(str(i))] if decided else ""
            yield {"log": log_name, "cutoff": row["cutoff"], "calendar": choice, **scores, "decided": finding}


if __name__ == "__main__":
    everything = [row for name, log in logs(Path(sys.argv[1])) for row in rows_of(name, log)]
    pd.DataFrame(everything).to_csv(TABLE, index=False)
    print(pd.DataFrame(everything).to_string())
