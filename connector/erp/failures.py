"""What both stores say when a piece of work stops, in the same words."""

from __future__ import annotations

from typing import NoReturn

from connector.erp.store import Partial, SourceFile
from connector.errors import ErpUnreachable, FileChanged, TargetOccupied


def changed(file: SourceFile) -> FileChanged:
    return FileChanged(f"{file.name} changed while it was read", remedy="nothing to do: the next pass looks at it again")


def occupied(url: str, partial: Partial) -> TargetOccupied:
    return TargetOccupied(
        f"a file named {partial.final} lies in {url} already; nothing was overwritten",
        remedy="find out who put it there and move it away, then: connector dead-letters replay; the file waits in .partial/ until then",
    )


def other_folder(url: str, partial: Partial) -> ErpUnreachable:
    return ErpUnreachable(
        f"{url} is not the folder that {partial.final} was written in: neither its unfinished file nor its .partial/ is there",
        remedy="mount or restore that folder; whether the ERP has got the file cannot be known before",
    )


def missing_root(place: str) -> ErpUnreachable:
    """Say so instead of listing nothing: an unmounted share must not look like an empty one."""
    return ErpUnreachable(f"the folder {place} is not there", remedy="create or mount it; the next pass tries again")


def damaged_id(path: str) -> NoReturn:
    raise ErpUnreachable(
        f"{path} is no folder's id",
        remedy="remove it; what was being published then is given up until a person has looked: connector dead-letters list",
    )
