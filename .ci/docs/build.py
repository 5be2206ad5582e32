"""Build the documentation site: guide, notebooks, gallery, and the reference of every public object.

Usage: ``build.py FOLDER [--sample]``. The sources are gathered into build/docs-source/, and a warning is an error.
``--sample`` draws the gallery from a tenth of CDNOW, which is faster.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import shutil
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path
from types import ModuleType

import clvmodels as clv
from clvmodels.estimators import population_tables

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SOURCE = ROOT / "build" / "docs-source"
GUIDE = Path(clv.__file__).resolve().parent / "guide"
HELPERS = {"PAGE_HEIGHT", "PAGE_WIDTH", "to_svg"}  # of clv.plots, for the pages

REFERENCE = {  # the groups of the reference, in the order of a user's work; every public name is in one
    "Data": ["Clock", "rfm_summary", "RFM", "holdout_split", "Holdout", "fit_counts", "FitCounts", "simulate_log"],
    "Calendar": [
        "Calendar",
        "CalendarPeriod",
        "estimate_calendar",
        "CalendarEstimate",
        "holiday_table",
        "compare_seasons",
        "SeasonComparison",
    ],
    "Rates that change in time": ["CovariateHistory", "TimeVaryingModel", "compare_leaving", "LeavingComparison"],
    "Files": ["open_file", "OpenedFile", "suggest_columns", "ColumnSuggestion", "read_export", "Export"],
    "Cleaning": ["clean", "CleaningRules", "Cleaned", "deflate"],
    "Profile and audit": ["profile", "Profile", "audit", "Audit", "FiscalCalendar"],
    "Purchase models": ["BGNBD", "MBGNBD", "ParetoNBD", "GGompertzNBD", "NBD", "BGCNBD", "MBGCNBD", "BGBB"],
    "Spend, value and saved models": [
        "GammaGamma",
        "lifetime_value",
        "CustomerModel",
        "load",
        "score_in_blocks",
        "score_in_engine",
        "publish_scores",
        "scoring_sql",
    ],
    "Money": [
        "Costs",
        "remaining_value",
        "value_at_acquisition",
        "lifetime_net_value",
        "MoneyTable",
        "unit_economics",
        "UnitEconomics",
        "value_concentration",
        "ValueConcentration",
        "flag_changes",
        "flag_changes_last_year",
        "ChangeFlags",
        "reserve_returns",
        "ReturnReserve",
        "trend_table",
        "TrendTable",
        "kpi_board",
        "KPIBoard",
        "channel_efficiency",
        "forecast_arrivals",
        "backtest_revenue",
        "RevenueBacktest",
        "elasticities",
        "Elasticities",
        "cohort_triangle",
        "revenue_forecast",
        "RevenueForecast",
        "AcquisitionPlan",
        "equity_bridge",
        "EquityBridge",
        "BaseValuation",
        "early_value",
        "budget_against_actual",
        "net_revenue",
        "plain_formulas",
        "retention_value",
    ],
    "Forecasters": ["BestForecaster", "KnownHistory", "Forecast", "Forecaster", "BoostedTrees", "Blend", "Rule"],
    "Validation": ["validate", "Validation", "backtest", "Backtest", "crosscheck", "Crosscheck"],
    "Comparison and search": [
        "compare",
        "Comparison",
        "likelihood_ratio_test",
        "HoldoutScore",
        "CalibrationHoldoutSplit",
    ],
    "Tiers": ["tiers", "Tiers", "value_draws", "ValueDraws"],
    "Customers to act on": [
        "action_lists",
        "ActionLists",
        "growth_list",
        "GrowthList",
        "cross_selling",
        "CrossSelling",
        "plan_actions",
        "default_playbook",
        "ActionPlan",
        "write_contacts",
        "write_decision_workbook",
    ],
    "Scorecard": ["scorecard", "Scorecard", "Indicator", "indicator_set", "ScorecardDefinition"],
    "Key accounts": ["key_accounts", "KeyAccounts", "merge_accounts"],
    "Segments": [
        "rfm_scores",
        "rfm_grid",
        "rfm_segments",
        "stages",
        "relationship_stages",
        "volume_segments",
        "status_segments",
        "data_segments",
        "DataSegments",
        "Segmentation",
        "segment_crosstab",
        "SegmentCrosstab",
        "validate_segments",
        "SegmentCheck",
        "design_experiment",
        "ExperimentDesign",
        "assign_experiment",
        "ExperimentAssignment",
        "read_experiment",
        "ExperimentReading",
    ],
    "Models of other packages": ["from_lifetimes", "from_pymc", "from_clvtools", "from_btyd"],
    "Report": ["report", "write_report", "Report", "write_value_workbook"],
    "Scheduled jobs": [
        "read_job",
        "fit_job",
        "score_job",
        "score_job_in_engine",
        "backfill_job",
        "check_job",
        "monitor_job",
        "prune_job",
        "Registry",
    ],
}


def gather(*, sample: bool) -> None:
    """Write everything that Sphinx reads into the source folder."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    gather_guide()
    gather_notebooks()
    gather_gallery(sample=sample)
    gather_reference()
    for name in ("CONTRIBUTING", "SECURITY", "CHANGELOG"):
        page = (ROOT / f"{name}.md").read_text(encoding="utf-8").replace("](clvmodels/guide/", "](guide/")
        write(f"{name}.md", page)
    write("index.md", front_page())


def gather_guide() -> None:
    """Copy the pages of the guide; links to files of the checkout that are not on the site lose their target."""
    for path in GUIDE.glob("*.md"):
        page = path.read_text(encoding="utf-8").replace("](../../notebooks/", "](../notebooks/")
        page = re.sub(r"\[([^\]]+)\]\(\.\./\.\./[^)]+\)", r"`\1`", page)
        if path.stem == "index":
            page += toctree(re.findall(r"\]\(([\w-]+)\.md\)", page), hidden=True)
        write(f"guide/{path.name}", page)


def gather_notebooks() -> None:
    """Copy the notebooks with their stored outputs, and the pictures of the pages."""
    folder = SOURCE / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".*"))
    names = sorted(path.stem for path in folder.glob("*.ipynb"))
    text = "# Notebooks\n\nEach notebook answers a question with bundled data, and takes about ten minutes to read.\n"
    write("notebooks/index.md", text + toctree(names))


def gather_gallery(*, sample: bool) -> None:
    """Draw every plot, and write the page that shows them."""
    draw = load_module(ROOT / "tests" / "gallery" / "draw.py")
    pictures = draw.pictures(sample=sample)
    draw.save(pictures, SOURCE / "gallery")
    lines = ["# Gallery", "", "Every plot is a function in `clv.plots` that draws one table. All are drawn from CDNOW."]
    lines += ["", "::::{grid} 1 2 2 3", ":gutter: 3"]
    for name, (plot, _, _) in pictures.items():
        title = name.replace("_", " ").capitalize()
        lines += ["", f":::{{grid-item-card}} {title}", f":img-bottom: {name}.png"]
        lines += [f":link: clvmodels.plots.{plot}", ":link-type: any", "", f"`clv.plots.{plot}`", ":::"]
    lines.append("::::")
    write("gallery/index.md", "\n".join(lines) + "\n")


def gather_reference() -> None:
    """Write the lists from which autosummary makes a page for every public object."""
    modules = {
        "Plots": ("clvmodels.plots", [name for name in clv.plots.__all__ if name not in HELPERS]),
        "Tables of fitted models": ("clvmodels.estimators.population_tables", population_tables.__all__),
        "Bundled data": ("clvmodels.datasets", clv.datasets.__all__),
        "Errors": ("clvmodels.errors", clv.errors.__all__),
    }
    public = {name for name in clv.__all__ if not isinstance(getattr(clv, name), str | ModuleType)}
    grouped = [name for names in REFERENCE.values() for name in names]
    if missing := public.symmetric_difference(grouped):
        raise SystemExit(f"REFERENCE in {Path(__file__).name} and clvmodels.__all__ differ in {sorted(missing)}.")
    lines = ["# Reference", "", "Every public object, in the order in which you need them."]
    for title, names in REFERENCE.items():
        lines += autosummary(title, "clvmodels", names)
    for title, (module, names) in modules.items():
        lines += autosummary(title, module, names)
    write("reference/index.md", "\n".join(lines) + "\n")


def autosummary(title: str, module: str, names: list[str]) -> list[str]:
    """Return a section with a table of objects, each of which gets a page."""
    return [
        "",
        f"## {title}",
        "",
        "```{eval-rst}",
        f".. currentmodule:: {module}",
        "",
        ".. autosummary::",
        "   :toctree: objects",
        "",
        *(f"   {name}" for name in names),
        "```",
    ]


def front_page() -> str:
    """Return the README without what only a checkout needs, with links within the site."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for before, after in (("](clvmodels/guide/", "](guide/"), ("[LICENSE](LICENSE)", "the file LICENSE")):
        page = page.replace(before, after)
    page = page.replace("[data/README.md](data/README.md)", "`data/README.md`")
    for language in ("zh-Hans", "zh-Hant"):
        page = page.replace(f"](README.{language}.md)", f"](guide/first-hour-{language.lower()}.md)")
    pages = ["guide/index", "notebooks/index", "gallery/index", "reference/index", "CHANGELOG"]
    return page + toctree([*pages, "CONTRIBUTING", "SECURITY"], hidden=True)


def language_model_index() -> str:
    """Return llms.txt: what the package is and where each page is, for assistants (llmstxt.org)."""
    lines = ["# clvmodels", "", f"> {metadata('clvmodels')['Summary']}.", ""]
    lines += [
        "Start with the first page. Every page is Markdown, and its code is run by the tests.",
        "",
        "## Guide",
        "",
    ]
    names = ["SKILL", *re.findall(r"\]\(([\w-]+)\.md\)", (GUIDE / "index.md").read_text(encoding="utf-8"))]
    for name in dict.fromkeys(names):
        title = re.search(r"^# (.+)$", (GUIDE / f"{name}.md").read_text(encoding="utf-8"), re.MULTILINE)
        assert title is not None
        lines.append(f"- [{title[1]}](guide/{name}.md)")
    lines += ["", "## Reference", "", "- [Every public object](reference/index.html)"]
    lines += ["- [Changes](CHANGELOG.html)", ""]
    return "\n".join(lines)


def toctree(names: list[str], *, hidden: bool = False) -> str:
    """Return a table of contents of other pages."""
    lines = ["", "```{toctree}", *([":hidden:"] if hidden else []), ":maxdepth: 1", "", *names, "```"]
    return "\n".join(lines) + "\n"


def write(name: str, text: str) -> None:
    """Write a page of the sources."""
    path = SOURCE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def load_module(path: Path) -> ModuleType:
    """Import a file that is not part of the package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """Gather the sources and build the site."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", action="store_true", help="draw the gallery from a tenth of CDNOW")
    options = parser.parse_args()
    gather(sample=options.sample)
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-c", str(HERE)]
    built = subprocess.run([*sphinx, str(SOURCE), str(options.folder)], check=False)
    if not built.returncode:
        for page in (SOURCE / "guide").glob("*.md"):
            shutil.copy(page, options.folder / "guide")
        (options.folder / "llms.txt").write_text(language_model_index(), encoding="utf-8")
        print(f"Open {options.folder / 'index.html'}")
    return built.returncode


if __name__ == "__main__":
    sys.exit(main())
