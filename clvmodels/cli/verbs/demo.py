"""`clv demo`: every step from a log to a report, on the bundled log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.tables import save_table

DEMO_CUTOFF, DEMO_END = "1997-09-30", "1998-06-30"
DEMO_HORIZON, DEMO_RATE, DEMO_MARGIN = "12 months", 0.10, 1.0


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("clv-demo"),
) -> None:
    """Run every step on the bundled CDNOW log: fit, score, value, validate, report."""
    import clvmodels as clv
    from clvmodels.reporting import terminal
    from clvmodels.reporting.report_of_log import value_table
    from clvmodels.valuation.value_terms import ValueTerms

    path = clv.datasets.dataset_path("cdnow.csv")
    columns: dict[str, Any] = {
        "customer_id": "customer_id",
        "date": "date",
        "amount": "amount",
        "time_unit": "week",
    }
    with steps() as step:
        step("Splitting the CDNOW log into 39 weeks for calibration and 39 weeks of holdout")
        split = clv.holdout_split(path, **columns, calibration_end=DEMO_CUTOFF, holdout_end=DEMO_END)
        rfm = split.calibration
        step("Fitting MBG/NBD and Gamma-Gamma")
        model = clv.CustomerModel(clv.MBGNBD(), clv.GammaGamma()).fit(rfm)
        step("Valuing every customer over 12 months")
        terms = ValueTerms(horizon=DEMO_HORIZON, annual_rate=DEMO_RATE, margin=DEMO_MARGIN)
        table = value_table(model, rfm, terms)
        step("Validating on the 39 weeks of holdout")
        check = clv.validate(split, [clv.MBGNBD()], clv.GammaGamma())
        step("Writing the report")
        save_table(table, folder / "predictions.parquet")
        model.save(folder / "model.json")
        check.to_json(folder / "validation.json")
        clv.write_report(check, folder / "report.html", value=table, value_terms=terms, name="CDNOW")
    terminal.show_facts(out, [finding.text for finding in rfm.findings])
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in model.parts])
    terminal.show_value(out, table, terms)
    terminal.show_scores(out, check)
    out.print(f"\nOpen {folder / 'report.html'} in a browser. Also written:", highlight=False)
    for name in ("predictions.parquet", "model.json", "validation.json", "report.json"):
        out.print(f"  {folder / name}", highlight=False)
