"""`clv check`: whether tonight's run would work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clvmodels.cli.app import app, out, steps
from clvmodels.cli.job_options import AsOfOption, open_job
from clvmodels.cli.spelling import as_typed
from clvmodels.language.current import current_language
from clvmodels.language.error_texts import translate

AS_IN_JOBS = ("check", "--job")  # words of a command whose messages name settings by their keys


@app.command()
def check(
    job: Annotated[Path, typer.Option("--job", help="Job file (TOML).")] = Path("job.toml"),
    as_of: AsOfOption = None,
) -> None:
    """Check that a job's sources can be read, its gates pass and its sinks can be written to, and write nothing.

    The exit code is that of the run: 0 if it would publish, otherwise that of the first error.
    """
    from clvmodels.scoring.check import check_job

    record = open_job("check", job, {}, None, as_of)
    with steps() as step:
        done = check_job(record, as_of, progress=step)
    for line in done.text.split("\n"):
        text = as_typed(translate(line, current_language()), AS_IN_JOBS)
        out.print(text, highlight=False, markup=False, soft_wrap=True)
    if done.error is not None:
        raise typer.Exit(done.error.exit_code)
