"""Every message of scoring can be written, in each of its variants."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import clvmodels
from clvmodels.language import Finding

MESSAGES = Path(clvmodels.__file__).parent / "language" / "en.ftl"
REFERENCE = {"reference": "run", "reference_as_of": "2026-11-01"}
FORECAST = {
    "as_of": "2026-10-01",
    "end": "2026-11-01",
    "predicted": 1000.0,
    "actual": 900.0,
    "size": 0.1,
    "errors_size": 3.2,
    "direction": "fewer",
}
CASES = [
    (
        "gate-fit-status",
        {"process": "bgnbd", "status": "boundary", "definite": False, "passed": False, "allowed": ("converged",)},
        "The fit of bgnbd ended as boundary, and the likelihood is flat or rising there; allowed: converged",
    ),
    (
        "gate-fit-status",
        {"process": "bgnbd", "status": "converged", "definite": True, "passed": True, "allowed": ("converged",)},
        "The fit of bgnbd ended as converged",
    ),
    (
        "gate-parameters",
        {
            "process": "bgnbd",
            "parameter": "alpha",
            "new": 12.0,
            "before": 15.5,
            "standard_errors": 8.12,
            "limit_errors": 6.0,
            "limit_change": 0.25,
            "passed": False,
        },
        (
            "bgnbd: alpha is 12.00; the champion's is 15.50. This is 8.1 standard errors apart; a parameter must not "
            "move by more than both 6 standard errors (parameter_errors) and 25% (parameter_change)."
        ),
    ),
    (
        "gate-parameters-other-process",
        {"process": "nbd"},
        "nbd is not compared: the champion is a model of another kind.",
    ),
    (
        "gate-parameters-other-terms",
        {"process": "nbd"},
        "nbd is not compared: its covariates or groups differ from the champion's.",
    ),
    (
        "gate-parameters-other-clock",
        {"process": "nbd", "clock": "weeks", "champion_clock": "days"},
        "nbd is not compared: it measures time in weeks, the champion in days.",
    ),
    (
        "gate-tiers",
        {
            "move": "fallen",
            "customers": 3,
            "before": 2000,
            "share": 0.0015,
            "limit": 0.05,
            "bought_since": 0.0,
            "purchases_allowed": False,
            "reference_as_of": "2026-11-01",
        },
        ("3 of 2,000 customers with a tier as of 2026-11-01 fell to a lower one: 0.15% (tier_falls limit 5.00%)."),
    ),
    ("gate-reference", {"reference": "champion", "reference_as_of": "2026-11-01"}, "the champion's fit"),
    ("gate-rows-earlier-day", REFERENCE, "Not compared: the run as of 2026-11-01 has later data, up to 2026-11-01."),
    (
        "gate-refused",
        {"refused": 2, "customers": 1000, "share": 0.002, "limit": 0.01},
        "2 of 1,000 customers (0.20%) cannot be scored (refused limit 1.00%).",
    ),
    (
        "gate-rows-lost",
        {**REFERENCE, "remaining": 150, "before": 300, "share": 0.5, "direction": "fewer", "limit": 0.01},
        (
            "150 customers had bought by 2026-11-01, 50.00% fewer than in the run as of 2026-11-01: 300 "
            "(rows_lost limit 1.00% either way)."
        ),
    ),
    (
        "gate-rows-gained",
        {**REFERENCE, "customers": 330, "share": 0.1, "limit": 0.5},
        "330 customers, +10.00% compared with the run as of 2026-11-01 (rows_gained limit +50%).",
    ),
    ("gate-drift-allowance", {"purchases_allowed": False, "bought_since": 0.0}, ""),
    (
        "gate-drift",
        {
            **REFERENCE,
            "quantity": "recency",
            "psi": 0.012,
            "ks": 0.034,
            "psi_setting": 0.1,
            "ks_setting": None,
            "psi_checked": True,
            "ks_checked": False,
            "bought_since": 0.05,
            "purchases_allowed": True,
        },
        (
            "recency of the customers who had bought by 2026-11-01, compared with the run as of 2026-11-01: PSI 0.012 "
            "(psi limit 0.1 + 0.050 who bought since), KS 0.034."
        ),
    ),
    (
        "gate-total",
        {"column": "lifetime_value_90_days", "now": 546.905, "before": 1281.93, "change": -0.573, "limit": 0.2}
        | {"reference_as_of": "2026-11-01"},
        (
            "lifetime_value_90_days adds up to 546.905, −57.3% compared with 1,282 in the run as of 2026-11-01 "
            "(total_change limit 20% either way)."
        ),
    ),
    (
        "gate-activity",
        {"actual": 90.0, "expected": 250.0, "change": -0.64, "limit": 0.25, "limit_errors": 3.0, "standard_error": 20.0}
        | {"fit_as_of": "2026-10-01"},
        (
            "90 repeat purchases since the fit (2026-10-01), −64.0% compared with the 250 expected (activity limit "
            "25%, plus 3 standard errors of 20)."
        ),
    ),
    (
        "gate-activity-outlived",
        {"fit_as_of": "2020-10-01"},
        (
            "The forecast made at the fit (2020-10-01) does not reach this day, so purchases since then cannot be "
            "checked (activity): fit again."
        ),
    ),
    (
        "gate-order",
        {"as_of": "2026-10-01", "newest": "2026-11-01", "where": "manifest", "sink": ""},
        (
            "This run as of 2026-10-01 would replace the run as of 2026-11-01 that is published: an older day never "
            "replaces a newer one."
        ),
    ),
    (
        "gate-order",
        {"as_of": "2026-10-01", "newest": "2026-11-01", "where": "sink", "sink": "csv:scores.csv"},
        (
            "This run as of 2026-10-01 would replace the run as of 2026-11-01 in csv:scores.csv: an older day never "
            "replaces a newer one."
        ),
    ),
    (
        "gate-freshness",
        {"latest": "2026-10-29", "days": 3, "longest": 1, "limit": 1.0},
        (
            "The latest row is of 2026-10-29, 3 days before the end; the longest pause of the past year had 1 "
            "day (freshness limit 1 times as long)."
        ),
    ),
    (
        "gate-daily",
        {"quantity": "rows", "day": "2026-10-29", "value": 0.0, "expected": 1502.5, "lowest": 900.0, "highest": 2600.0}
        | {"limit": 1.25},
        (
            "0 rows on 2026-10-29: about 1,502 expected of this weekday, and 900 to 2,600 allowed (daily_rows limit: "
            "the range of the past year times 1.25)."
        ),
    ),
    (
        "gate-daily",
        {"quantity": "amounts", "day": "2026-10-29", "value": 3010.5, "expected": 30.0, "lowest": 20.0}
        | {"highest": 45.5, "limit": 1.25},
        (
            "A median amount of 3,010 on 2026-10-29: about 30 expected of this weekday, and 20 to 45.5 allowed "
            "(daily_amounts limit: the range of the past year times 1.25)."
        ),
    ),
    (
        "gate-bought-once",
        {"customers": 40, "repeats": 0, "limit": 10, "passed": False},
        (
            "40 customers made 0 repeat purchases (bought_once limit: at least one if there are 10 customers or more). "
            "Is the source a summary with one row per customer, or does every order have a new customer id? If the "
            'shop is too young for repeat purchases, set bought_once = "off".'
        ),
    ),
    (
        "gate-bought-once",
        {"customers": 40, "repeats": 1_200, "limit": 10, "passed": True},
        "40 customers made 1,200 repeat purchases (bought_once limit: at least one if there are 10 customers or more).",
    ),
    (
        "gate-repeated-rows",
        {"day": "2026-10-29", "rows": 3000, "share": 0.5, "usual": 0.012, "limit": 0.1},
        (
            "50.0% of the 3,000 rows on 2026-10-29 repeat another of the same customer, time and amount; at most 1.2% "
            "did before (repeated_rows limit 10% more)."
        ),
    ),
    (
        "gate-late-rows",
        {"late": 1200, "direction": "gone", "reference_as_of": "2026-10-29", "usual": 4000, "limit": 0.25},
        (
            "1,200 rows dated up to the last run (2026-10-29) were removed since it; the four weeks up to it had 4,000 "
            "(late_rows limit 25% of these)."
        ),
    ),
    ("refit-saw-future", {"runs": 1}, "1 past run was not compared: its model was fitted to later data."),
    ("refit-saw-future", {"runs": 2}, "2 past runs were not compared: their models were fitted to later data."),
    (
        "refit-forecast",
        FORECAST | {"direction": "same"},
        (
            "customers scored as of 2026-10-01 were expected to buy 1,000 times by 2026-11-01 and bought 900 times, as "
            "forecast (3.2 standard errors)."
        ),
    ),
    ("refit-unknown", {"least": 100.0}, "Too early to judge: no run has expected 100 purchases since."),
    ("refit-needed", FORECAST, r"Refit: .* 10.0% fewer \(3.2 standard errors\)."),
    (
        "refit-needed-since",
        FORECAST | {"since": "2026-09-01"},
        r"Refit: .* This has been so for every run since 2026-09-01.",
    ),
    ("refit-not-needed", FORECAST | {"direction": "more"}, "No need to refit: .* 10.0% more .*"),
    ("refit-watch-cohorts", FORECAST, "No need to refit for the total, but some cohorts drift: customers .*"),
    (
        "refit-watch-intervals",
        FORECAST | {"coverage": 0.712, "level": 0.9},
        "No need to refit for the total, but only 71.2% of customers bought within their 90% intervals: customers .*",
    ),
    (
        "refit-cohort",
        FORECAST | {"cohort": "2026 Q1", "change": -0.1},
        (
            "Customers who first bought in 2026 Q1 made 900 purchases by 2026-11-01, −10.0% compared with the "
            "1,000 forecast."
        ),
    ),
    (
        "refit-left-out",
        {"windows": 1},
        (
            "1 unfinished horizon was left out: its model is not in the registry, or needs more than frequency, "
            "recency and T."
        ),
    ),
    (
        "refit-left-out",
        {"windows": 3},
        (
            "3 unfinished horizons were left out: their models are not in the registry, or need more than frequency, "
            "recency and T."
        ),
    ),
    ("score-no-money", {}, "the source has no money, so only purchases are predicted"),
    (
        "score-other-forecaster",
        {"setting": "models.forecaster", "named": "best", "used": "process"},
        (
            'the job has models.forecaster = "best", but the model that scores was fitted with "process": fit the job '
            'again to score with "best", or set models.forecaster = "process"'
        ),
    ),
    (
        "score-read-recent",
        {"since": "2026-10-15", "rows": 2_812_345},
        "read 2,812,345 rows dated 2026-10-15 or later, and added them to the state of earlier runs",
    ),
    (
        "score-read-full",
        {"reason": "first", "days": 0, "day": ""},
        "read the whole log; the next run reads recent rows only",
    ),
    *(
        ("score-read-full", {"reason": reason, "days": 2, "day": "2026-03-01"}, f"read the whole log, {text}")
        for reason, text in (
            ("asked", "as asked"),
            ("damaged", "because the state of earlier runs is damaged"),
            (
                "settings",
                "because the state of earlier runs is of another source, other settings or another release",
            ),
            ("windows", "because the forecaster looks at more recent days than the state of earlier runs has"),
            (
                "older-day",
                "because the date is earlier than the days that the state of earlier runs can serve",
            ),
            (
                "older-rows",
                "because the number of rows changed on 2 days before the overlap \\(first: 2026-03-01\\)",
            ),
            ("no-rows", "because it has no row after the last day of the state of earlier runs"),
            ("faults", "because its recent rows need a check against all others"),
            ("model", "because the model needs all purchases"),
            ("backfill", "because a backfill uses no state"),
        )
    ),
]


@pytest.mark.parametrize(("code", "figures", "text"), CASES)
def test_a_message_reads_as_written(code, figures, text):
    written = Finding(code, figures).text
    assert written == text or re.fullmatch(text, written)


def test_every_message_has_a_case():
    sections = re.split(r"^## (.*)$", MESSAGES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    of_scoring = sections[sections.index("Scoring: gates, monitoring, registry") + 1]
    codes = re.findall(r"^((?:gate|refit|score)-[a-z0-9-]+) =", of_scoring, re.MULTILINE)
    assert set(codes) == {code for code, _, _ in CASES}
