"""Names of files as the ERP's side calls them, made safe to print, to store and to compare."""

from __future__ import annotations

import re
from uuid import uuid4

from connector.errors import UsageError

PARTIAL_FOLDER = ".partial"
FOLDER_ID = ".folder-id"

_LOOKS_ESCAPED = re.compile(r"%(?=[0-9A-Fa-f]{2})")


def readable(raw: bytes) -> str:
    """Write a name so that every two names stay different: what is not UTF-8 or cannot be printed becomes %XX."""
    text = _LOOKS_ESCAPED.sub("%25", raw.decode("utf-8", "surrogateescape"))
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))


def one_line(said: object, longest: int = 300) -> str:
    """Write what another machine says as one printable line: it ends in logs, in sentences, in the database."""
    return " ".join("".join(c if c.isprintable() else " " for c in str(said)[:longest]).split())


def parts(path: str | bytes) -> tuple[bytes, ...]:
    """Split a path below a store's root into its names; () for the root. Raises UsageError where it would lead out of it."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    found = tuple(raw.split(b"/")) if raw else ()
    if any(not is_name(part) for part in found):
        raise UsageError(f"{readable(raw)!r} is no path below the ERP's folder", remedy="name it without a leading slash and without ..")
    return found


def is_name(raw: bytes) -> bool:
    """Say whether a name can be one file's in one folder; a server may answer anything."""
    return raw not in (b"", b".", b"..") and b"/" not in raw and b"\0" not in raw


def unfinished_name(final: str, owner: str) -> str:
    """Name the unfinished file of one that will be published as `final`: at its end stands whose it is."""
    return f"{final_parts(final)[-1].decode('utf-8', 'replace')}.{uuid4().hex[:23]}.{owner}"


def is_unfinished_of(name: str, owner: str) -> bool:
    """Tell an owner's unfinished files from those of others, whose sign is another or, of earlier versions, none."""
    return re.fullmatch(rf".+\.[0-9a-f]{{23}}\.{owner}", name) is not None


def final_parts(path: str) -> tuple[bytes, ...]:
    """Split the path that a file will be published under. Raises UsageError for a hidden one: the ERP would never see it."""
    found = parts(path)
    if not found or any(part.startswith(b".") for part in found):
        raise UsageError(f"{path!r} is no name to publish a file under", remedy="use a name that does not start with a dot")
    return found
