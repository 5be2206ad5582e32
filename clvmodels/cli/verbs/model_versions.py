"""`clv models`: the versions in a registry, and which of them is the champion."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clvmodels.cli.app import app, out

if TYPE_CHECKING:
    from clvmodels.scoring.registry.registry import Move, Registry, Version

models = typer.Typer(help="Versions of a model in a registry: list, show, promote, roll back.", no_args_is_help=True)
app.add_typer(models, name="models")

Folder = Annotated[Path, typer.Option("--registry", help="The folder of the registry.")]
Name = Annotated[str, typer.Argument(help="A version, or the first digits of its name.")]
DEFAULT = Path("models")
HOLDOUT = ("quantity", "bias", "rmse", "gini", "forecast")  # of its scores, those that are shown


@models.command("list")
def list_versions(registry: Folder = DEFAULT) -> None:
    """List every version, the champion marked."""
    from clvmodels.reporting import terminal

    known = _opened(registry)
    champion = known.champion()
    versions = known.versions()
    if not versions:
        out.print(f"No version in {registry} yet.", highlight=False)
        return
    rows = [_row(version, champion is not None and version.name == champion.name) for version in versions]
    terminal.show_rows(out, "Versions", rows)
    terminal.show_rows(out, "Moves of the champion", [_moved(move) for move in known.moves()])


@models.command()
def show(
    version: Annotated[str | None, typer.Argument(help="A version; default: the champion.")] = None,
    registry: Folder = DEFAULT,
) -> None:
    """Show what is known of a version: its fits, their parameters, what the gates found."""
    from clvmodels.errors import InvalidOption
    from clvmodels.reporting import terminal

    known = _opened(registry)
    found = known.champion() if version is None else known.version(version)
    if found is None:
        raise InvalidOption(f"{registry} has no champion yet: name a version, or promote one.")
    model = found.load()
    record = found.record
    out.print(f"Version {found.name}, made {found.made or 'at a time not told'}", style="bold", highlight=False)
    terminal.show_fits(out, [(part.certificate(), part.summary()) for part in model.parts])
    terminal.show_rows(out, "Holdout", [{name: row.get(name) for name in HOLDOUT} for row in record.holdout or ()])
    terminal.show_rows(
        out,
        "Gates" + (" (forced)" if record.forced else ""),
        [{"gate": told.gate, "passed": told.passed, "found": told.sentence} for told in record.gates],
    )
    out.print(f"Source {record.source}", highlight=False)
    out.print("Made with " + ", ".join(f"{name} {number}" for name, number in record.packages.items()), highlight=False)


@models.command()
def promote(version: Name, registry: Folder = DEFAULT) -> None:
    """Make a version the champion, whatever gates said of it."""
    known = _opened(registry)
    found = known.version(version)
    refused = [outcome.gate for outcome in found.record.gates if not outcome.passed]
    _tell(known.promote(found.name, forced=bool(refused), made=_now()))
    if refused:
        out.print(f"Gates had refused it ({', '.join(refused)}); the move says that it was forced.", highlight=False)


@models.command()
def rollback(registry: Folder = DEFAULT) -> None:
    """Make the champion before this one the champion again."""
    _tell(_opened(registry).rollback(made=_now()))


def _opened(folder: Path) -> Registry:
    from clvmodels.errors import InvalidRegistry
    from clvmodels.scoring.registry.registry import Registry

    if not folder.is_dir():
        raise InvalidRegistry(f"There is no registry {str(folder)!r}: name its folder with --registry.")
    return Registry(folder)


def _row(version: Version, champion: bool) -> dict[str, Any]:
    record = version.record
    refused = any(not outcome.passed for outcome in record.gates)
    return {
        "version": version.name,
        "": "champion" if champion else "refused" if refused else "",
        "made": _minute(version.made),
        "as of": record.evidence.as_of if record.evidence else "",
        "models": " x ".join(str(told.get("model", "")) for told in record.certificates),
    }


def _moved(move: Move) -> dict[str, Any]:
    forced = " (forced)" if move.forced else ""
    return {"move": move.number, "champion": move.version, "made": _minute(move.made), "by": f"{move.why}{forced}"}


def _minute(made: str | None) -> str:
    return "" if made is None else made[:16].replace("T", " ")


def _tell(move: Move) -> None:
    out.print(f"Champion: {move.version} (move {move.number}, {move.why})", highlight=False)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
