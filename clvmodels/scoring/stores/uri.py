"""The URI of a PostgreSQL database: what is wrong with it and what must not be told, so that no password is shown."""

from __future__ import annotations

import re
from urllib.parse import unquote

from clvmodels.errors import InvalidJob

__all__ = ["check_uri", "hidden"]

SCHEME = re.compile(r"postgres(?:ql)?://")
HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]@]*)(?::\d*)?")  # a name or an address, with its port
CODED = re.compile(r"%(?![0-9A-Fa-f]{2})|%00|\s")
SETTING = re.compile(r"\s*\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)")
PASSWORD = re.compile(r"password\s*=\s*('(?:[^'\\]|\\.)*'|[^&\s]+)")
BETWEEN = re.compile(r"[:@/?#&=%\s']")
LONG = 3  # letters of a piece that is no word by chance


def check_uri(name: str, uri: str) -> None:
    """Refuse what libpq would not take for the URI that was meant: its own messages repeat parts of the password.

    An `@`, `/` or `%` in a password has to be percent-encoded, or what follows is read as host, port or database:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS.
    """
    scheme = SCHEME.match(uri)
    if scheme is None:
        if re.fullmatch(f"(?:{SETTING.pattern})+\\s*", uri) is None:
            raise InvalidJob(
                f"{name}: the environment variable holds no URI such as postgresql://user@host:5432/database."
            )
        return
    authority, slash, rest = uri[scheme.end() :].partition("/")
    user, _, hosts = authority.rpartition("@")
    place, _, query = f"{hosts}{slash}{rest}".partition("?")  # a password may hold a question mark
    hosts, _, database = place.partition("/")
    sound = (
        "@" not in user
        and "@" not in database
        and all(HOST.fullmatch(host) for host in hosts.split(","))
        and all("=" in setting for setting in query.split("&") if setting)
        and not CODED.search(uri)
    )
    if not sound:
        raise InvalidJob(
            f"{name}: the URI in the environment variable does not fall into user, password, host, port and "
            "database: percent-encode the password (@ as %40, / as %2F, % as %25)."
        )


def hidden(text: str, uri: str) -> str:
    """A driver's message without the URI, its user, its password, and pieces of them."""
    told = [SCHEME.sub("", uri, count=1).rpartition("@")[0], *PASSWORD.findall(uri)]
    told += [unquote(part) for part in told]
    secrets = {uri, *told}
    for part in told:
        secrets |= {part.strip("'"), *part.split(":", 1), *BETWEEN.split(part)}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        # A word of a letter or two is hidden as such, not inside of every other word.
        text = re.sub(re.escape(secret) if len(secret) >= LONG else rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text
