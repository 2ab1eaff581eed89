"""Where the store is, as libpq's environment variables: a password among arguments would be seen by everybody on the machine."""
import os
import re
import urllib.parse

# PostgreSQL 15, 34.15, environment variables.
NAMES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER", "password": "PGPASSWORD",
    "passfile": "PGPASSFILE", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
    "connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS", "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS", "application_name": "PGAPPNAME",
}


class Unusable(Exception):
    """What is given names no store."""


def words(text):
    """A connection string of both kinds (34.1.1) as names and values."""
    if re.match(r"postgres(ql)?://", text):
        parts = urllib.parse.urlsplit(text)
        found = dict(urllib.parse.parse_qsl(parts.query))
        user, _, place = parts.netloc.rpartition("@")
        name, _, password = user.partition(":")
        hosts = [re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", one) for one in place.split(",")]
        if not all(hosts):
            raise Unusable("DATABASE_URL: the host cannot be read")
        given = {
            "host": ",".join(urllib.parse.unquote(one[1].strip("[]")) for one in hosts),
            "port": ",".join(one[2] or "" for one in hosts).strip(","),
            "user": urllib.parse.unquote(name), "password": urllib.parse.unquote(password),
            "dbname": urllib.parse.unquote(parts.path.lstrip("/")),
        }
        return {**{key: value for key, value in given.items() if value}, **found}
    found = {}
    for key, quoted, plain in re.findall(r"(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))", text):
        found[key] = re.sub(r"\\(.)", r"\1", quoted or plain)
    if not found:
        raise Unusable("DATABASE_URL: neither a URL nor name=value")
    return found


def private(directory):
    """The socket of a data directory's own server (src/include/utils/pidfile.h: lines 4 and 5)."""
    try:
        with open(os.path.join(directory, "postgres", "postmaster.pid")) as file:
            lines = file.read().splitlines()
    except OSError:
        raise Unusable(f"DATABASE_URL names no store, and no private Postgres runs in {directory}")
    return {"host": lines[4], "port": lines[3], "user": "gapless", "dbname": "gapless"}


def environment():
    url = os.environ.get("DATABASE_URL")
    found = words(url) if url else private(os.environ.get("GAPLESS_DATA_DIR") or ".gapless")
    unknown = sorted(set(found) - set(NAMES))
    if unknown:
        raise Unusable(f"DATABASE_URL: {', '.join(unknown)} cannot be handed to the Postgres tools")
    inherited = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "SIP_API_KEY")}
    return {**inherited, "PGAPPNAME": "gapless backup", **{NAMES[key]: value for key, value in found.items()}}
