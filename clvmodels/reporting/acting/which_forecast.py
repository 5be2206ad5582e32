"""Which forecast to use for what, in the words of the first screen: each with what it is and what it expects."""

from __future__ import annotations

from clvmodels.language import Finding, message
from clvmodels.processes.catalog import PURCHASE_PROCESSES
from clvmodels.reporting.acting.amounts import AmountFormat
from clvmodels.reporting.acting.budget_forecast import BudgetForecast, recommended_for
from clvmodels.reporting.selection import Selection

__all__ = ["budget_finding", "explain", "which_forecast"]

EXPLAINED = (  # ids of forecasters without a process, each with a message that says what it does
    *("zero", "own_rate", "past_spend", "population_mean", "last_period", "hiatus", "seasonal_naive"),
    *("boosted_trees", "blend", "blend_process_total", "blend_learned_total", "best"),
)


def which_forecast(view: Selection, money: AmountFormat, budget: BudgetForecast | None) -> str:
    """Return which forecast to use for budgets and for ranking customers; each is explained where it comes up first."""
    quantity = _quantity(view)
    total, ranking = (recommended_for(view, metric, quantity) or view.reference for metric in ("bias", "gini"))
    said: dict[str, str] = {}

    def named(name: str) -> str:
        gloss = "" if name in said else explain(view, name)
        is_alike = bool(gloss) and gloss in said.values()
        said[name] = gloss or said.get(name, "")
        gloss = message("forecast-gloss-alike") if is_alike else gloss
        return message("forecast-named", {"title": _title(view, name), "gloss": gloss, "has_gloss": bool(gloss)})

    if total == view.reference:
        first = message("now-forecast-page", {"page": named(total), "both": ranking == total})
    else:
        amounts = AmountFormat("") if quantity == "purchases" else money
        first = message(
            "now-forecast-budget",
            {
                "total": named(total),
                "horizon": view.horizon,
                "has_amount": budget is not None and budget.forecaster == total,
                "quantity": quantity,
                "amount": "" if budget is None else amounts.round(budget.expected),
                "of_page": "" if budget is None else amounts.round(budget.of_page),
            },
        )
    sentences = [first]
    if ranking not in (total, view.reference):
        sentences.append(message("now-forecast-ranking", {"ranking": named(ranking)}))
    if total != view.reference:
        figures = {"page": named(view.reference), "same": ranking == total, "by_it": ranking == view.reference}
        sentences.append(message("now-forecast-others", figures))
    return message("between-sentences").join(sentences)


def budget_finding(view: Selection, budget: BudgetForecast) -> Finding:
    """Return what the forecaster for budgets expects, and how far its totals were off, next to the page's model."""
    return budget.finding(_title(view, budget.forecaster), _title(view, view.reference))


def explain(view: Selection, name: str) -> str:
    """Return in a few plain words what a forecaster does; nothing for one that the package does not know."""
    if name in EXPLAINED:
        return message("forecast-gloss", {"name": "nobody" if name == "zero" else name})  # "zero" is a plural category
    process = PURCHASE_PROCESSES.get(name)
    if process is None:
        return ""
    leaves, spends = "dropout" in process.moves, _quantity(view) == "money"
    return message("forecast-gloss-process", {"leaves": leaves, "spends": spends})


def _quantity(view: Selection) -> str:
    return "money" if "money" in view.quantities else "purchases"


def _title(view: Selection, name: str) -> str:
    """Return the title of a forecaster; that of a process with its spend model, where money is forecast."""
    rows = view.result.forecasters
    rows = rows[(rows["kind"] == "process") & (rows["process"] == name) & rows["spend"].notna()]
    return str(rows["title"].iloc[0]) if len(rows) and _quantity(view) == "money" else view.titles.get(name, name)
