"""Arguments of the right kind that cannot be used: each error names the value or the column, and the remedy."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

import clvmodels as clv
from clvmodels.errors import CLVError

PARAMETERS = {"r": 0.8, "alpha": 9.0, "a": 1.0, "b": 6.0}
COSTS = {"horizon": "92 days", "annual_discount_rate": 0.1, "margin": 0.35, "draws": 50}


@cache
def log():
    every = clv.datasets.load_cdnow(sample=True)
    return every[every["customer_id"] < 3_000]  # some 300 customers, for speed


@cache
def rfm(**options):
    return clv.rfm_summary(log(), amount="amount", time_unit="week", observation_end="1997-09-30", **options)


@cache
def history():
    return clv.KnownHistory.from_log(log(), amount="amount", time_unit="week", observation_end="1997-09-30")


@cache
def model():
    return clv.CustomerModel(clv.BGNBD(), clv.GammaGamma()).fit(rfm())


@cache
def counts():
    return clv.fit_counts(log(), time_unit="week", observation_end="1997-09-30")


def with_channel(missing=False):
    ids = rfm().customer_id.to_list()
    channels = ["web"] * (len(ids) - 1) + [None if missing else "shop"]
    return rfm().with_columns(pd.DataFrame({"customer_id": ids, "channel": channels}))


def forecast_revenue(models, table, **options):
    plan = clv.AcquisitionPlan(customers={"1997-10": 10})
    return clv.revenue_forecast(*models, table, plan=plan, **COSTS, **options)


def summaries():
    return clv.KnownHistory.from_summaries(rfm())


def calendar(day):
    return clv.Calendar(periods=[clv.CalendarPeriod("move", day, day, 0, "closed")])


REFUSED = {
    "a calendar's days in the wrong order": (
        lambda: clv.Calendar().scaled("2025-02-01", "2025-01-01"),
        "last='2025-01-01' is before first='2025-02-01'",
    ),
    "a simulated log that ends before it starts": (
        lambda: clv.simulate_log(5, PARAMETERS, start="2024-01-01", end="2023-01-01"),
        "must be in this order",
    ),
    "parameters of another process": (
        lambda: clv.simulate_log(5, {"r": 1.0}),
        "bgnbd has the parameters r, alpha, a, b, not r",
    ),
    "a prior without spread": (
        lambda: clv.BGNBD(prior={"log r": (0.0, 0.0)}).fit(rfm()),
        "prior on 'log r': (0.0, 0.0) is not (mean, standard deviation > 0)",
    ),
    "an unknown kind of standard errors": (
        lambda: model().purchases.summary(errors="robust"),
        "errors='robust' is not one of 'hessian', 'sandwich'",
    ),
    "too few draws for an interval": (
        lambda: model().purchases.expected_purchases(rfm(), "9 weeks", interval=0.9, draws=3),
        "draws=3 is too few for an interval",
    ),
    "groups of customers without a group": (
        lambda: model().purchases.expected_purchases(with_channel(missing=True), "9 weeks", by="channel"),
        "1 customers have no 'channel'",
    ),
    "goodness of fit without customers": (
        lambda: model().purchases.goodness_of_fit(rfm()[:0]),
        "The RFM has no customers to compare with the model",
    ),
    "counts for a model of regular timing": (
        lambda: clv.BGCNBD(k=2).fit(counts()),
        "Counts of histories have no intertimes",
    ),
    "counts without amounts for a model of spend": (
        lambda: clv.GammaGamma().fit(counts()),
        "These counts have no money: pass amount= to fit_counts",
    ),
    "counts of nobody": (
        lambda: clv.fit_counts(log(), observation_end="1997-09-30", sample=1e-9),
        "The counts have no customers: pass a larger sample=",
    ),
    "a table of states without a horizon": (
        lambda: model().states(counts(), []),
        "horizons= names no horizon",
    ),
    "an unknown type of ids in SQL": (
        lambda: clv.scoring_sql(model(), "9 weeks", observation_end="1997-09-30", dialect="duckdb", id_type="uuid"),
        "id_type='uuid', date_type='date': ids are 'integer' or 'text'",
    ),
    "blocks of a log that is not in an engine": (
        lambda: clv.score_in_blocks(log(), model(), "9 weeks", observation_end="1997-09-30"),
        "score_in_blocks needs a log in an engine",
    ),
    "blocks for a model of regular timing": (
        lambda: clv.score_in_blocks(log(), clv.CustomerModel(clv.BGCNBD(k=2)).fit(rfm(intertimes=True)), "9 weeks"),
        "A model of regular timing needs every purchase",
    ),
    "an unknown total of a blend": (
        lambda: clv.Blend(clv.BGNBD(), total="mean").id,
        "total='mean' is not one of own, process, learned",
    ),
    "a plan for models with groups": (
        lambda: forecast_revenue((clv.BGNBD(by="channel").fit(with_channel()), model().spend), with_channel()),
        "A plan needs models without covariates and groups",
    ),
    "a plan with costs of active customers": (
        lambda: forecast_revenue(
            (clv.MBGNBD().fit(rfm()), model().spend), rfm(), costs=clv.Costs(per_period=1.0, charged_while="alive")
        ),
        "With a plan, costs per period are charged to customers who are served",
    ),
    "the log of a history that has only summaries": (
        lambda: summaries().purchase_log,
        "make the history with KnownHistory.from_log(log, ...)",
    ),
    "a closed day with purchases": (
        lambda: history().with_calendar(calendar("1997-02-03")),
        "purchases are on days on which the calendar allows none",
    ),
    "a second calendar": (
        lambda: clv.BestForecaster(calendar=calendar("1999-02-03")).fit(
            history().with_calendar(calendar("1999-02-04")), "13 weeks"
        ),
        "The history has a calendar of its own",
    ),
    "times of leaving without a calendar": (
        lambda: clv.compare_leaving(history(), "9 weeks"),
        "The history has no calendar: there is only one clock to leave by",
    ),
    "parameters of another package in another unit": (
        lambda: clv.from_btyd([1.0, 1.0, 1.0], clv.RFM.from_frame(rfm().to_frame(), time_unit="week"), model="spend"),
        "This RFM has no end of observation",
    ),
    "a posterior of an unknown model": (
        lambda: clv.from_pymc({"r": np.ones(2)}, rfm(), time_unit="week", model="no_such"),
        "model='no_such' is not one of",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_arguments_that_cannot_be_used_are_refused_with_a_remedy(case):
    call, message = REFUSED[case]
    with pytest.raises(CLVError, match=re.escape(message)):
        call()
