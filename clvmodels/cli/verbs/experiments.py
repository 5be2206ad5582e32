"""`clv experiment`: the size of an experiment, its groups, and the effect of the actions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out
from clvmodels.cli.arguments import split_list
from clvmodels.cli.tables import save_table

experiment = typer.Typer(
    help="Design an experiment with a control group, assign customers, and read the result.", no_args_is_help=True
)
app.add_typer(experiment, name="experiment")

OutcomeOption = Annotated[str, typer.Option(help="Column of the outcome, such as spend or orders.")]
Adjust = Annotated[str | None, typer.Option(help="Columns that were known before, separated by commas.")]
ControlShare = Annotated[float, typer.Option(help="Share of the units in the control group.")]
Unit = Annotated[str | None, typer.Option(help="Column of the account or household that is treated as a whole.")]
Winsorize = Annotated[float | None, typer.Option(help="Quantile above which outcomes count as that quantile.")]
Confidence = Annotated[float, typer.Option(help="Confidence level of the intervals.")]


@experiment.command()
def design(
    past: Annotated[
        Path, typer.Argument(metavar="PAST", help="A past target list (CSV or Parquet) with its outcomes.")
    ],
    outcome: OutcomeOption,
    adjust: Adjust = None,
    effect: Annotated[float | None, typer.Option(help="The effect to detect, per unit.")] = None,
    control: ControlShare = 0.5,
    power: Annotated[float, typer.Option(help="Probability of detecting the effect if it exists.")] = 0.8,
    confidence: Confidence = 0.95,
    unit: Unit = None,
    winsorize: Winsorize = None,
) -> None:
    """Compute how many units an experiment needs, and how small an effect it can detect."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    made = clv.design_experiment(
        past,
        outcome=outcome,
        adjust=split_list(adjust or ""),
        effect=effect,
        control=control,
        power=power,
        confidence=confidence,
        unit=unit,
        winsorize=winsorize,
    )
    terminal.show_facts(out, [finding.text for finding in made.findings])
    terminal.show_decisions(out, "Size", made.table)


@experiment.command()
def assign(
    targets: Annotated[Path, typer.Argument(metavar="TARGETS", help="The customers (CSV or Parquet), one per row.")],
    name: Annotated[str, typer.Option(help="Name of the experiment; another name draws other groups.")],
    control: ControlShare = 0.5,
    strata: Annotated[
        str | None, typer.Option(help="Columns to stratify by: within each value, the control group has its share.")
    ] = None,
    unit: Unit = None,
    keep: Annotated[str | None, typer.Option(help="Columns to keep as they are now, to adjust for them later.")] = None,
    earlier: Annotated[
        Path | None, typer.Option(help="An earlier assignment, to which later customers are added.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Where the groups go (.csv or .parquet).")] = Path("experiment.csv"),
) -> None:
    """Divide customers into a treated group and a control group, at random and reproducibly."""
    import clvmodels as clv
    from clvmodels.reporting import terminal

    made = clv.assign_experiment(
        targets,
        name=name,
        control=control,
        strata=split_list(strata or ""),
        unit=unit,
        keep=split_list(keep or ""),
        earlier=earlier,
    )
    save_table(made.frame(), output)
    terminal.show_facts(out, [finding.text for finding in made.findings])
    out.print(f"Groups written to {output}", highlight=False)


@experiment.command()
def read(
    assigned: Annotated[Path, typer.Argument(metavar="ASSIGNED", help="The groups, from `clv experiment assign`.")],
    outcomes: Annotated[Path, typer.Argument(metavar="OUTCOMES", help="Outcomes of the customers, one row each.")],
    outcome: OutcomeOption,
    adjust: Adjust = None,
    by: Annotated[
        str | None, typer.Option(help="Column, such as a tier; the effect is shown for each of its values.")
    ] = None,
    winsorize: Winsorize = None,
    confidence: Confidence = 0.95,
    looks: Annotated[
        str | None, typer.Option(help="Planned looks at the data so far, as shares of the whole time, such as 0.5,1.")
    ] = None,
    spending: Annotated[
        str, typer.Option(help="How looks share the error rate: obrien_fleming, pocock or confidence_sequence.")
    ] = "obrien_fleming",
    output: Annotated[Path, typer.Option(help="Where the effects go (.csv or .parquet).")] = Path("effects.csv"),
) -> None:
    """Compare the groups: the effect per unit, with an interval."""
    import clvmodels as clv
    from clvmodels.errors import InvalidOption
    from clvmodels.reporting import terminal

    try:
        shares = None if looks is None else [float(share) for share in split_list(looks)]
    except ValueError:
        raise InvalidOption(f"--looks {looks!r} must be numbers separated by commas, such as 0.5,1.") from None
    made = clv.read_experiment(
        assigned,
        outcomes,
        outcome=outcome,
        adjust=split_list(adjust or ""),
        by=by,
        winsorize=winsorize,
        confidence=confidence,
        looks=shares,
        spending=spending,  # type: ignore[arg-type]
    )
    save_table(made.table, output)
    terminal.show_facts(out, [finding.text for finding in made.findings])
    terminal.show_decisions(out, "Effects", made.table)
    out.print(f"Effects written to {output}", highlight=False)
