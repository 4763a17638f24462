"""What can go wrong, grouped by what the caller does about it.

ConnectorError                 code · message · remedy
├── Misuse                     the call or the settings are wrong                   exit 2
│   ├── SettingsError          names file, key, what was found, what is allowed
│   └── UsageError
├── Unreachable                something needed cannot be reached; try again        exit 3, 503 with Retry-After
│   ├── DatabaseUnreachable
│   │   └── Deadlocked         ended for another transaction; done again (storage/repeated.py)
│   ├── DatabaseForbidden      its role lacks a right
│   ├── DatabaseDamaged        never written to again; restore it
│   ├── DiskShort              too little room is left to write safely
│   ├── ErpUnreachable
│   │   └── ErpPlaceUnusable   one file or folder of the ERP's; the others are used  exit 1
│   ├── MarketplaceUnreachable
│   ├── HostKeyChanged         never retried, never ignored
│   └── SchemaBehind           run the migration
├── Refused                    what was sent cannot be accepted; repeating is vain   exit 1
│   ├── FileRefused            the file goes to rejected/
│   ├── TooLong                a text that the database's indexes cannot hold        400
│   ├── FileChanged            it changed while it was read; the next pass looks again
│   ├── TargetOccupied         a file of that name lies in the target; nothing is overwritten
│   ├── RequestInvalid         names the field                                      400
│   ├── TooLarge                                                                    413
│   ├── NotAuthorized                                                               401, 403
│   └── OrderRefused           names SKU and cause, carries VTEX's own code          422
├── NotFound                                                                        exit 1, 404
├── Conflict                   the state or the content does not allow it           exit 1, 409
└── Busy                       another process holds the job; names it              exit 1

Expected outcomes are values (`Rejection`, `Hold`, `Outcome`); these are for what stops the present piece of work.
"""

from __future__ import annotations

from collections.abc import Iterable


class ConnectorError(Exception):
    """Something a person can act on: what happened, and the remedy. `logged` says it without what others wrote, where that is in it."""

    code = "error"
    exit_status = 1

    def __init__(self, message: str, *, remedy: str = "", code: str | None = None, logged: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.logged = logged
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class Misuse(ConnectorError):
    code = "misuse"
    exit_status = 2


class UsageError(Misuse):
    code = "usage"


class SettingsError(Misuse):
    """A key of the settings file that cannot be used."""

    code = "settings"

    def __init__(self, path: str, key: str, *, found: object, allowed: str, remedy: str = "", logged: str = "") -> None:
        super().__init__(f"{path}: {key}: found {found!r}, allowed: {allowed}", remedy=remedy, logged=logged)
        self.path, self.key, self.found, self.allowed = path, key, found, allowed


class Unreachable(ConnectorError):
    code = "unreachable"
    exit_status = 3
    retry_after_seconds = 2


class DatabaseUnreachable(Unreachable):
    code = "database-unreachable"


class Deadlocked(DatabaseUnreachable):
    """Two transactions waited for each other, and the database ended this one: nothing of it was done, and it may be done again."""


class DatabaseForbidden(Unreachable):
    """The database refuses its role what is needed: a person must grant it, and waiting does not."""

    code = "database-forbidden"


class TurnLost(Unreachable):
    """The turn went to another process while this one was frozen or cut off: what it was about to write was refused."""

    code = "turn-lost"


class DatabaseDamaged(Unreachable):
    code = "database-damaged"


class DiskShort(Unreachable):
    code = "disk-short"
    retry_after_seconds = 30


class FileUnreadable(Unreachable):
    code = "file-unreadable"


class ErpUnreachable(Unreachable):
    code = "erp-unreachable"


class ErpPlaceUnusable(ErpUnreachable):
    """One file or folder of the ERP's cannot be used, while the others can."""

    code = "erp-place-unusable"
    exit_status = 1


class MarketplaceUnreachable(Unreachable):
    code = "marketplace-unreachable"


class HostKeyChanged(Unreachable):
    code = "host-key-changed"


class SchemaBehind(Unreachable):
    code = "schema-behind"


class Refused(ConnectorError):
    code = "refused"


class FileRefused(Refused):
    code = "file-refused"


class TooLong(Refused):
    """A text that the database's indexes cannot hold: the fault of what was written, not of the database."""

    code = "too-long"


class FileChanged(Refused):
    code = "file-changed"


class TargetOccupied(Refused):
    code = "target-occupied"


class RequestInvalid(Refused):
    code = "request-invalid"


class TooLarge(Refused):
    code = "too-large"


class NotAuthorized(Refused):
    """Credentials are missing (401) or do not let the caller in (403)."""

    code = "not-authorized"

    def __init__(self, message: str, *, known: bool = False) -> None:
        super().__init__(message)
        self.known = known


class OrderRefused(Refused):
    """An order that cannot be accepted; `code` is VTEX's own (ORD021, FMT002, FMT006, FMT010, ORD008)."""

    code = "ORD008"


class NotFound(ConnectorError):
    code = "not-found"


class Conflict(ConnectorError):
    """The state does not allow it, or the same id came with other content (FMT009)."""

    code = "ORD008"


class Busy(ConnectorError):
    code = "busy"


def guessed(word: str, known: Iterable[str], remedy: str) -> str:
    """Put the known word that is nearest to a mistyped one before the remedy, where one is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}? {remedy}" if near else remedy
