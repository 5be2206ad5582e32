"""URIs of PostgreSQL databases: check them, and hide their passwords in messages."""

from __future__ import annotations

import re
from urllib.parse import unquote

from clvmodels.errors import InvalidJob

__all__ = ["check_uri", "hidden"]

SCHEME = re.compile(r"postgres(?:ql)?://")
HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]@]*)(?::\d*)?")  # a name or an address, with an optional port
CODED = re.compile(r"%(?![0-9A-Fa-f]{2})|%00|\s")
SETTING = re.compile(r"\s*\w+\s*=\s*(?:'(?:[^'\\]|\\.)*'|(?:[^\s'\\]|\\.)*)(?=\s|$)")
PASSWORD = re.compile(r"password\s*=\s*('(?:[^'\\]|\\.)*'|[^&\s]+)")
BETWEEN = re.compile(r"[:@/?#&=%\s']")
SHORTEST_HIDDEN = 3  # letters of the shortest piece that is also hidden inside other words


def check_uri(name: str, uri: str) -> None:
    """Raise an error for a URI that libpq would split wrongly, since its messages would show parts of the password.

    An `@`, `/` or `%` in a password has to be percent-encoded, or the rest is read as host, port or database:
    https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS.
    """
    scheme = SCHEME.match(uri)
    if scheme is None:
        if re.fullmatch(f"(?:{SETTING.pattern})+\\s*", uri) is None:
            raise InvalidJob(
                f"{name}: the environment variable is not a URI such as postgresql://user@host:5432/database."
            )
        return
    authority, slash, rest = uri[scheme.end() :].partition("/")
    user, _, hosts = authority.rpartition("@")
    place, _, query = f"{hosts}{slash}{rest}".partition("?")  # a password may contain a question mark
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
            f"{name}: the URI in the environment variable cannot be split into user, password, host, port and "
            "database: percent-encode the password (@ as %40, / as %2F, % as %25)."
        )


def hidden(text: str, uri: str) -> str:
    """Return a driver's message without the URI, its user, its password, and pieces of these."""
    parts = [SCHEME.sub("", uri, count=1).rpartition("@")[0], *PASSWORD.findall(uri)]
    parts += [unquote(part) for part in parts]
    secrets = {uri, *parts}
    for part in parts:
        secrets |= {part.strip("'"), *part.split(":", 1), *BETWEEN.split(part)}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        # Words of one or two letters are hidden as whole words only.
        text = re.sub(
            re.escape(secret) if len(secret) >= SHORTEST_HIDDEN else rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text
        )
    return text
