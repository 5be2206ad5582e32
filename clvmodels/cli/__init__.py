"""The command line: one verb calls one function."""

from __future__ import annotations

import logging
import sys

from clvmodels.cli.app import app, err
from clvmodels.cli.arguments import as_flags
from clvmodels.cli.verbs import backtest as backtesting
from clvmodels.cli.verbs import check_models as checking
from clvmodels.cli.verbs import demo, logs
from clvmodels.cli.verbs import fit_and_score as scoring
from clvmodels.cli.verbs import model_versions as registry
from clvmodels.cli.verbs import monitor as monitoring
from clvmodels.errors import CLVError, StoreUnreachable

__all__ = ["app", "main"]

VERBS = (demo, logs, scoring, checking, backtesting, registry, monitoring)  # in the order of `clv --help`
INTERRUPTED = 130

# They register where they are imported, which is in the order of the alphabet.
PLACES = {verb.__name__: place for place, verb in enumerate(VERBS)}
app.registered_commands.sort(key=lambda command: PLACES[getattr(command.callback, "__module__", "")])


def main() -> None:
    """Run the command line; every failure is one readable message and a non-zero exit."""
    try:
        app()
    except CLVError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror or error}", StoreUnreachable.exit_code)
    except KeyboardInterrupt:
        _fail("Interrupted; nothing was half-written.", INTERRUPTED)


def _fail(message: str, code: int) -> None:
    log = logging.getLogger("clvmodels.job")
    if any(not isinstance(handler, logging.NullHandler) for handler in log.handlers):  # it is part of the job's log
        log.error(message, extra={"event": "failed", "facts": {"exit_code": code}})
        sys.exit(code)
    err.print("Error:", style="bold red", end=" ")
    err.print(as_flags(message), soft_wrap=True, markup=False, highlight=False)
    sys.exit(code)
