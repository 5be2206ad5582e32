"""Error messages on the command line: arguments are spelled as they are typed, as flags or as keys of a job file."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
from pathlib import Path

import pytest

import clvmodels
from clvmodels.cli import app, main
from clvmodels.cli.spelling import as_typed, flags, job_keys
from clvmodels.scoring import events

PACKAGE = Path(clvmodels.__file__).parent
VERBS = [command.name or command.callback.__name__ for command in app.registered_commands]
WITH_JOB = ["score", "--job", "job.toml"]
# `name=` or `name=value`, as messages name arguments; not part of a word, a path or a quotation
ARGUMENT = re.compile(r"(?<!['\"\w.-])([a-z_]\w*)=(?!=)")


@pytest.mark.parametrize(
    ("verb", "message", "typed"),
    [
        ("profile", 'Pass on_missing_id="drop" to leave them out.', "Pass --drop-missing-id to leave them out."),
        (
            "profile",
            "Pass date_format= with the right codes, such as date_format='%d/%m/%Y'; it also needs time_zone=.",
            "Pass --date-format with the right codes, such as --date-format '%d/%m/%Y'; it also needs --time-zone.",
        ),
        (
            "fit",
            "pass it with time_zone=, for example time_zone='Europe/London'.",
            "pass it with --time-zone, for example --time-zone 'Europe/London'.",
        ),
        ("backtest", "pass acquired_after='1997-01-31'", "pass --acquired-after '1997-01-31'"),
        ("report", "annual_discount_rate=-2.0 must be", "--annual-discount-rate -2.0 must be"),
        ("clean", "a column of exchange rates with rate=, or", "a column of exchange rates with --rate, or"),
        ("clean", "Column 'my_rate=5' of interest_rate=5", "Column 'my_rate=5' of interest_rate=5"),
        ("fit", "observation_end='2026-01-31' is", "--observation-end '2026-01-31' is"),
        ("validate", "include_first_transaction=True counts", "--include-first-transaction counts"),
        ("profile", "margin=3 must be", "margin=3 must be"),  # not an option of this verb
        ("score", "such as random_state=3", "such as predictions.random_state = 3"),  # only a job file can set it
        ("", "pass amount=", "pass amount="),
    ],
)
def test_arguments_are_spelled_as_flags(verb, message, typed):
    assert as_typed(message, [verb, "log.csv"]) == typed


@pytest.mark.parametrize(
    ("message", "typed"),
    [
        ('Pass on_missing_id="drop".', 'Pass cleaning.on_missing_id = "drop".'),
        ("such as date_format='%d/%m/%Y'", "such as cleaning.date_format = '%d/%m/%Y'"),
        ("it also needs time_zone=.", "it also needs clock.time_zone."),
        ("horizon='x' is", "predictions.horizons = 'x' is"),
        ("refund_prefix='' would", "cleaning.rules.refund_prefix = '' would"),
        ("include_first_transaction=True", "models.include_first_transaction = true"),
    ],
)
def test_arguments_are_spelled_as_keys_of_the_job_file_in_use(message, typed):
    assert as_typed(message, WITH_JOB) == typed
    assert as_typed(message, ["score", "--job=job.toml"]) == typed


@pytest.mark.slow
def test_the_verb_is_found_after_an_option_of_the_program():
    words = ["--language", "zh-Hans", "value", "log.csv"]
    assert as_typed("margin=3 is", words) == as_typed("margin=3 is", words[2:]) == "--margin 3 is"


def messages(source_trees):
    """All text in the package that names an argument, with values in braces replaced by one."""
    for path, module in source_trees.items():
        if path.startswith("cli/"):
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.Raise) and node.exc is not None:
                texts = (_text(each) for each in ast.walk(node.exc) if isinstance(each, ast.JoinedStr | ast.Constant))
                yield from (text for text in texts if ARGUMENT.search(text))
    for path in sorted((PACKAGE / "language").glob("*.ftl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                text = re.sub(r"\{[^}]*\}", "1", line.partition(" = ")[2] or line)
                yield from [text] if ARGUMENT.search(text) else []


def _text(node):
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(part.value if isinstance(part, ast.Constant) else "'1'" for part in node.values)


@pytest.mark.slow
def test_every_message_names_an_argument_as_the_surface_in_use_spells_it(source_trees):
    typed = {verb: set(flags(verb)) for verb in VERBS}
    checked = 0
    for message in messages(source_trees):
        for verb in VERBS:
            left = set(ARGUMENT.findall(as_typed(message, [verb])))
            assert left & typed[verb] == set(), (verb, message)
        assert set(ARGUMENT.findall(as_typed(message, WITH_JOB))) & set(job_keys()) == set(), message
        checked += 1
    assert checked > 50


@pytest.mark.slow
def test_every_verb_has_flags_of_its_own_options():
    assert flags("backtest")["date_format"] == "--date-format"
    assert flags("fit")["as_of"] == "--as-of"
    assert flags("models")["registry"] == "--registry"  # a group: the options of its verbs
    assert flags("no such verb") == {}


@pytest.mark.slow
def test_a_remedy_can_be_typed(tmp_path, monkeypatch, capsys):
    path = tmp_path / "log.csv"
    path.write_text("customer_id,date\n,31/12/1997\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clv", "profile", str(path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    message = capsys.readouterr().err
    assert stopped.value.code == 3
    assert "Pass --drop-missing-id to leave them out." in message
    assert "such as --date-format '%d/%m/%Y'" in message


@pytest.mark.slow
def test_a_refusal_is_not_printed_next_to_its_exception():
    # In a separate process: pytest gives every logger a handler.
    code = "from clvmodels.scoring.events import event; event('gate', 'refused', 30)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert any(isinstance(handler, logging.NullHandler) for handler in events.log.handlers)


LOG = "customer_id,date,amount\n1,1997-01-01,3\n1,1997-03-01,4\n2,1997-01-05,5\n"


def fails(monkeypatch, capsys, *words):
    """Run the command line in a folder with log.csv, and return its error in one line."""
    Path("log.csv").write_text(LOG, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clv", *words])
    monkeypatch.setattr(events.log, "handlers", list(events.log.handlers))  # a job sets up a log of its own
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code not in (0, 1)
    return " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("fit", "log.csv", "--model", "bgnb"),
            (
                "Error: --model 'bgnb' is not one of 'bgnbd', 'mbgnbd', 'pareto_nbd', 'ggompertz_nbd', 'nbd', 'bgbb', "
                "'bgcnbd', 'mbgcnbd'. Did you mean 'bgnbd'?"
            ),
        ),
        (
            ("fit", "log.csv", "--model", "bgbb"),
            "Error: --model 'bgbb' counts opportunities: set --merge-within to week",
        ),
        (
            ("fit", "log.csv", "--time-unit", "weeks"),
            "Error: --time-unit 'weeks' is not one of 'hour', 'day', 'week', ",
        ),
        (
            ("fit", "log.csv", "--merge-within", "month"),
            "Error: --merge-within 'month' makes each calendar month one opp",
        ),
        (("fit", "log.csv", "--time-zone", "Mars"), "Error: --time-zone 'Mars' is not a known time zone"),
        (
            ("fit", "log.csv", "--amount", "date"),
            "Error: 'date' is named twice, for --date and --amount: each needs a di",
        ),
        (("fit", "log.csv", "--customer-id", ""), "Error: --customer-id '': String should have at least 1 character"),
        (("fit", "log.csv", "--log", "xml"), "Error: --log 'xml' is not one of 'readable', 'json'."),
        (("fit", "--amount", "amount"), "Error: LOG is missing: name the transaction log, or a job file with --job."),
        (("score", "log.csv", "--margin", "3"), "Error: --margin 3.0 must be less than or equal to 1"),
        (("score", "log.csv", "--interval", "2"), "Error: --interval 2.0 must be less than 1"),
        (("score", "log.csv", "--horizon", "12"), "Error: --horizon '12' cannot be read: pass a length with its unit"),
        (
            ("score", "log.csv", "--output", "x.xls"),
            "Error: --output 'x.xls': the name must end with .parquet or .csv.",
        ),
        (
            ("score", "log.csv", "--output", "log.csv"),
            "Error: --output 'log.csv' would replace what LOG reads: name an",
        ),
        (
            ("score", "log.csv"),
            (
                "Error: There is no model 'model.json': fit one with `clv fit LOG --output model.json`, or name "
                "another with --model."
            ),
        ),
        (
            ("backtest", "log.csv", "--horizons", "9 weeks", "--cutoffs", "soon"),
            "Error: --cutoffs 'soon' is neither a number of cutoffs above 0 nor days such as 1997-06-30.",
        ),
        (("report",), "Error: Missing argument 'LOG': name the transaction log, or --site FOLDER."),
        (
            ("profile", "log.csv", "--columns", "guess"),
            "Error: --columns 'guess': the only value is 'auto'; name single columns with their flags.",
        ),
        (
            ("clean", "log.csv", "--output", "t.xls", "--ledger", "l.json", "--set-aside", "l.json"),
            "Error: --output 't.xls': a table is written as .parquet or .csv; --set-aside 'l.json': a table is written",
        ),
        (
            ("accounts", "log.csv", "--amount", "amount", "--merged-log", "m.csv", "--output", "a.csv"),
            "Error: --merged-log needs --accounts, the account of each customer.",
        ),
        (
            ("crosscheck", "log.csv", "m.json"),
            "Error: There is no model 'm.json': fit one with `clv fit LOG --output m",
        ),
        (
            ("fit", "log.csv", "--date", "day"),
            "Error: 'log.csv' has no column 'day'; it has 'customer_id', 'date', 'amount': name one of these with --d",
        ),
        (
            ("profile", "log.csv", "--customer-id", "customer"),
            (
                "Error: No column 'customer'; the columns are 'customer_id', 'date', 'amount': name one of these with "
                "--customer-id. Did you mean 'customer_id'?"
            ),
        ),
        (
            ("profile", "log.csv", "--amount", "customer_id"),
            "Error: Column 'customer_id' is named twice: --customer-id and --amount need a column each.",
        ),
        (
            ("clean", "log.csv", "--amount", "date"),
            "Error: Column 'date' is named twice: --date and --amount need a col",
        ),
        (("report", "log.csv", "--horizon", "26"), "Error: --horizon '26' cannot be read: pass a length with its unit"),
        (
            ("report", "log.csv", "--models", "bgnb"),
            "Error: --models 'bgnb': 'bgnb' is not a model. Name one or more of",
        ),
        (
            ("backtest", "log.csv", "--horizons", "26", "--no-boosted-trees"),
            "Error: --horizons '26' cannot be read: pass a length with its unit",
        ),
        (("backtest", "log.csv", "--horizons", ","), "Error: --horizons ',': name at least one, such as '26 weeks'."),
        (("profile", ""), "Error: Word 2 of the command is empty: expected a path."),
        (("score", "--log", ""), "Error: Word 3 of the command is empty: expected a path."),
        (("clean", "log.csv", "--export", "shopfy"), "Error: --export 'shopfy' is not one of 'shopify', "),
        (("clean", "log.csv", "--refunds", "nett"), "Error: --refunds 'nett' is not one of "),
        (
            ("validate", "log.csv", "--calibration-end", "1999-01-01"),
            (
                "Error: The holdout period is empty: it would end on 1997-03-01, and the calibration period ends on "
                "1999-01-01. Pass an earlier --calibration-end."
            ),
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_flag(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shown = fails(monkeypatch, capsys, *words)
    assert shown.startswith(message)
    assert "fault" not in shown
    assert "in Python" not in shown


@pytest.mark.slow
def test_faults_of_flags_and_of_the_job_file_are_listed_separately(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("job.toml").write_text('[source]\npath = "log.csv"\n[models]\npurchases = "mbg"\n', encoding="utf-8")
    message = fails(monkeypatch, capsys, "score", "--job", "job.toml", "--margin", "7")
    flag, _, of_file = message.partition(" job.toml has 1 fault: ")
    assert flag == "Error: --margin 7.0 must be less than or equal to 1"
    assert of_file.startswith("models.purchases: 'mbg' is not one of 'bgnbd', ")


@pytest.mark.slow
def test_a_job_without_a_model_says_to_fit_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = '[source]\npath = "log.csv"\n[registry]\nfile = "m.json"\n[[sinks]]\npath = "s.parquet"\n'
    Path("job.toml").write_text(text, encoding="utf-8")
    message = fails(monkeypatch, capsys, "score", "--job", "job.toml")
    assert message.endswith("registry.file: there is no model 'm.json' yet: run `clv fit --job` first.")


OF_VERBS = {  # what else verbs that read a log need
    "accounts": ("--amount", "amount"),
    "audit": ("--amount", "amount"),
    "actions": ("--amount", "amount"),
    "backtest": ("--horizons", "10 weeks"),
    "validate": ("--calibration-end", "1997-02-01"),
    "compare": ("--calibration-end", "1997-02-01"),
}


@pytest.fixture(scope="module")
def fitted_folder(tmp_path_factory):
    """A folder with a log of a few customers and a model of it."""
    folder = tmp_path_factory.mktemp("fitted")
    log = clvmodels.datasets.load_cdnow(sample=True)
    rfm = clvmodels.rfm_summary(log, amount="amount", time_unit="day")
    model = clvmodels.CustomerModel(clvmodels.BGNBD(), clvmodels.GammaGamma()).fit(rfm)
    for name in ("model.json", "other.json"):
        model.save(folder / name)
    return folder


WITHOUT_LOG = ("demo", "guide", "tiers", "scorecard", "init", "check", "columns", "backfill", "monitor", "prune")


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--customer-id", "--date", "--amount"])
@pytest.mark.parametrize("verb", sorted(set(VERBS) - set(WITHOUT_LOG)))
def test_a_missing_column_has_one_exit_code(verb, option, fitted_folder, monkeypatch, capsys):
    assert option in flags(verb).values()
    monkeypatch.chdir(fitted_folder)
    words = ("model.json",) if verb == "crosscheck" else ()
    words += OF_VERBS.get(verb, ())
    Path("log.csv").write_text(LOG, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["clv", verb, "log.csv", *words, option, "nope"])
    monkeypatch.setattr(events.log, "handlers", list(events.log.handlers))
    with pytest.raises(SystemExit) as stopped:
        main()
    assert (stopped.value.code, "no column 'nope'" in capsys.readouterr().err.lower()) == (2, True)


@pytest.mark.slow
def test_an_interruption_says_what_it_left_behind(tmp_path, monkeypatch, capsys):
    """Typer ends an interrupted command without a message."""

    def interrupted(*_, **__):
        interrupt = KeyboardInterrupt()
        interrupt.add_note("nothing was published; the file still has the old table: run again to finish.")
        raise interrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("polars.LazyFrame.collect", interrupted)
    message = fails(monkeypatch, capsys, "profile", "log.csv", "--customer-id", "customer_id", "--date", "date")
    assert (
        "Interrupted; no file was left half-written. Nothing was published; the file still has the old table" in message
    )
