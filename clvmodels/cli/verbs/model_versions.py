"""`clv models`: the versions in a registry, and its champion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import app, out

if TYPE_CHECKING:
    from clvmodels.scoring.registry.registry import Move, Registry, Version

models = typer.Typer(help="List, show, promote and roll back versions of a model in a registry.", no_args_is_help=True)
app.add_typer(models, name="models")

Folder = Annotated[Path, typer.Option("--registry", help="The folder of the registry.")]
Name = Annotated[str, typer.Argument(help="A version, or the first characters of its name.")]
DEFAULT = Path("models")
HOLDOUT = ("quantity", "bias", "rmse", "gini")  # scores shown next to the forecaster


@models.command("list")
def list_versions(registry: Folder = DEFAULT) -> None:
    """List every version, with the champion marked."""
    from clvmodels.reporting import terminal

    opened = _open(registry)
    champion = opened.champion()
    versions = opened.versions()
    if not versions:
        out.print(f"No version in {registry} yet.", highlight=False)
        return
    rows = [_row(version, champion is not None and version.name == champion.name) for version in versions]
    terminal.show_rows(out, "Versions", rows)
    terminal.show_rows(out, "Moves of the champion", [_move_row(move) for move in opened.moves()])


@models.command()
def show(
    version: Annotated[str | None, typer.Argument(help="A version; default: the champion.")] = None,
    registry: Folder = DEFAULT,
) -> None:
    """Show a version: its fits with their parameters, its holdout scores and the results of the gates."""
    from clvmodels.errors import InvalidOption
    from clvmodels.reporting import terminal

    opened = _open(registry)
    shown = opened.champion() if version is None else opened.version(version)
    if shown is None:
        raise InvalidOption(f"{registry} has no champion yet: name a version, or promote one.")
    model = shown.load().process_model
    record = shown.record
    out.print(f"Version {shown.name}, made {shown.made or 'at an unknown time'}", style="bold", highlight=False)
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in model.parts])
    terminal.show_rows(out, "Holdout", [_holdout_row(row) for row in record.holdout or ()])
    terminal.show_rows(
        out,
        "Gates" + (" (forced)" if record.forced else ""),
        [{"gate": result.gate, "passed": result.passed, "finding": result.text} for result in record.gates],
    )
    out.print(f"Source {record.source}", highlight=False)
    out.print("Made with " + ", ".join(f"{name} {number}" for name, number in record.packages.items()), highlight=False)


@models.command()
def promote(version: Name, registry: Folder = DEFAULT) -> None:
    """Make a version the champion, even if gates refused it."""
    opened = _open(registry)
    promoted = opened.version(version)
    refused = [result.gate for result in promoted.record.gates if not result.passed]
    _print_move(opened.promote(promoted.name, forced=bool(refused), made=_now()))
    if refused:
        out.print(f"Gates had refused it ({', '.join(refused)}); the move is recorded as forced.", highlight=False)


@models.command()
def rollback(registry: Folder = DEFAULT) -> None:
    """Make the previous champion the champion again."""
    _print_move(_open(registry).rollback(made=_now()))


def _open(folder: Path) -> Registry:
    from clvmodels.errors import InvalidRegistry
    from clvmodels.scoring.registry.registry import Registry

    if not folder.is_dir():
        raise InvalidRegistry(f"There is no registry {str(folder)!r}: name its folder with --registry.")
    return Registry(folder)


def _row(version: Version, champion: bool) -> dict[str, Any]:
    record = version.record
    refused = any(not result.passed for result in record.gates)
    return {
        "version": version.name,
        "": "champion" if champion else "refused" if refused else "",
        "made": _minute(version.made),
        "as of": record.evidence.as_of if record.evidence else "",
        "models": " x ".join(str(certificate.get("model", "")) for certificate in record.certificates),
    }


def _holdout_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return the scores of one forecaster; versions of release 0.1.0 have its title in "forecast"."""
    scores = {name: row.get(name) for name in HOLDOUT}
    return scores | {"forecaster": row.get("forecaster", row.get("forecast"))}


def _move_row(move: Move) -> dict[str, Any]:
    forced = " (forced)" if move.forced else ""
    return {"move": move.number, "champion": move.version, "made": _minute(move.made), "by": f"{move.why}{forced}"}


def _minute(made: str | None) -> str:
    return "" if made is None else made[:16].replace("T", " ")


def _print_move(move: Move) -> None:
    out.print(f"Champion: {move.version} (move {move.number}, {move.why})", highlight=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
