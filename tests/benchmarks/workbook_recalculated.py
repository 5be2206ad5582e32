"""Whether LibreOffice, after one input of the value workbook is changed, has the totals of the library.

The margin on the sheet "Inputs" is changed from .35 to .5 in the file, without the stored results; LibreOffice opens
the file, recalculates it and saves it, and its totals are compared with those that the library gives at .5. Writes
workbook_recalculated.json next to this file:

    python tests/benchmarks/workbook_recalculated.py SOFFICE
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import polars as pl

import clvmodels as clv
from clvmodels.reporting.value_workbook import write_value_workbook

RESULT = Path(__file__).with_suffix(".json")
OLD, NEW = 0.35, 0.5
COSTS = clv.Costs(per_order=4.0, per_period=0.3, acquisition=15.0)


def tables(margin: float) -> tuple[Any, Any, Any]:
    """Return values, cash flow and unit economics of the CDNOW sample."""
    log = clv.datasets.load_cdnow(sample=True)
    history = clv.KnownHistory.from_log(log, amount="amount", time_unit="week", observation_end="1997-09-30")
    models = clv.MBGNBD().fit(history.rfm), clv.GammaGamma().fit(history.rfm)
    terms: dict[str, Any] = {"horizon": "6 months", "annual_discount_rate": 0.10, "margin": margin, "costs": COSTS}
    value = clv.remaining_value(*models, history.rfm, **terms)
    flow = clv.remaining_value(*models, history.rfm, by_period="month", **terms)
    return value, flow, clv.unit_economics(*models, history, interval=None, **terms)


def change_margin(source: Path, target: Path) -> None:
    """Copy a workbook with another margin, and without the stored results of its formulas."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/"):
                text = content.decode()
                text = re.sub(r"(<f>[^<]*</f>)<v>[^<]*</v>", r"\1", text)
                content = text.replace(f"<v>{OLD}</v>", f"<v>{NEW}</v>", 1 if "sheet2.xml" in name else 0).encode()
            new.writestr(name, content)


def main(soffice: str) -> None:
    """Write, change, recalculate, read and compare."""
    value, flow, economics = tables(OLD)
    expected_value, expected_flow, _ = tables(NEW)
    with tempfile.TemporaryDirectory() as folder:
        book, changed, out = Path(folder) / "value.xlsx", Path(folder) / "changed.xlsx", Path(folder) / "out"
        write_value_workbook(book, value, flow, tables={"Unit economics": economics})
        change_margin(book, changed)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        options = ["--headless", "--convert-to", "xlsx", "--outdir", str(out), str(changed)]
        subprocess.run([soffice, profile, *options], check=True, timeout=600)
        totals = pl.read_excel(out / "changed.xlsx", sheet_name="Summary").rows()
        ratios = pl.read_excel(out / "changed.xlsx", sheet_name="Unit economics").row(0, named=True)
    summary = {str(name): float(total) for name, total in totals}
    negative = expected_value.columns["remaining_value"][expected_value.columns["remaining_value"] < 0]
    rows = {
        "customers": (summary["customers"], len(value.columns["remaining_value"])),
        "remaining_value": (summary["remaining_value"], expected_value.total),
        "negative values": (summary["negative values"], len(negative)),
        "sum of negative values": (summary["sum of negative values"], float(negative.sum())),
        "net cash flow": (
            summary["net cash flow, not discounted"],
            float(expected_flow.columns["net_cash_flow"].sum()),
        ),
        "cac": (ratios["cac"], float(economics.frame()["cac"].iloc[0])),
        "clv_to_cac": (ratios["clv_to_cac"], float(economics.frame()["clv_to_cac"].iloc[0])),
    }
    result = {
        "margin": {"written": OLD, "changed_to": NEW},
        "totals": {
            name: {
                "libreoffice": float(got),
                "library": float(wanted),
                "equal": abs(got - wanted) <= 1e-6 * abs(wanted),
            }
            for name, (got, wanted) in rows.items()
        },
    }
    RESULT.write_text(json.dumps(result, indent=1, default=bool) + "\n", encoding="utf-8")
    sys.stdout.write(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1])
