"""What a database's driver complains of, as an error that a person can act on."""

from __future__ import annotations

from connector.errors import ConnectorError, DatabaseForbidden, DatabaseUnreachable, Deadlocked, SchemaBehind, TooLong
from connector.storage import repeated

PROGRAM_LIMITS = "54"
"""A class of SQLSTATE."""
OWN = "let the role own the database and its tables; or GRANT it ALL ON SCHEMA public, and on ALL TABLES and ALL SEQUENCES in it"
MIGRATE = "run: connector migrate; where that says the same, restore a backup"
FULL = ("disk is full", "No space left on device", "SQLITE_IOERR_SHMSIZE")


def place(url: str) -> str:
    """Return where a database is, without who logs in: a password may stand in the query, too."""
    return url.partition("?")[0].rpartition("@")[2]


def operational(error: BaseException | None, url: str) -> ConnectorError:
    """Say what an operation failed of: PostgreSQL's driver counts deadlocks and texts too long for an index among its troubles."""
    if repeated.is_deadlock(error):
        return Deadlocked("the database ended this for another transaction: each waited for the other", remedy="nothing: do it again")
    if not (getattr(error, "sqlstate", None) or "").startswith(PROGRAM_LIMITS):
        return unreachable(error, url)
    said = str(error).partition("\n")[0]
    return TooLong(f"the database cannot hold so long a text: {said}", remedy="shorten it; look whether a row's columns have slipped")


def lacking(error: BaseException | None, url: str) -> ConnectorError | None:
    """Say which right or table PostgreSQL misses; None where that is not what it complains of."""
    said = str(error).partition("\n")[0]
    match getattr(error, "sqlstate", None):
        case "42501":
            return DatabaseForbidden(f"the database {place(url)} refuses its role: {said}", remedy=OWN)
        case "42P01":
            return SchemaBehind(f"the database's schema is not this version's: {said}", remedy=MIGRATE)
    return None


def unreachable(error: BaseException | None, url: str) -> DatabaseUnreachable:
    where = place(url)
    said = " ".join(str(error).split())
    if "session is read-only" in said:
        return DatabaseUnreachable(
            f"the database {where} is a read replica: what it says may be old", remedy="set database.url to the primary"
        )
    is_full = any(words in f"{said} {getattr(error, 'sqlite_errorname', '')}" for words in FULL)
    remedy = "make room on its disk; all goes on by itself then" if is_full else "start it, or mend database.url in the settings"
    return DatabaseUnreachable(f"the database {where} cannot be used: {said}", remedy=remedy)
