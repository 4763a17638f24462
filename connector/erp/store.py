"""The port to the ERP's files: what every place for them can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A regular file as a listing shows it. `name` is its path below the store's root, "/"-separated, safe to print and to store;
    `raw_name` the bytes the store calls it by (names that are not UTF-8 are written with percent signs in `name`).

    `marker` is the done marker beside it, where `candidates` was told to look for one; two looks at one file are equal whatever it is.
    """

    name: str
    raw_name: bytes
    size: int
    modified_at: datetime
    marker: SourceFile | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Partial:
    """A finished but unpublished file in the target's `.partial/`. Its presence is the commit record: there, it was not published.

    `folder_id` names the very folder it was made in (the id file in it): absence proves publication only there.
    """

    name: str
    folder_id: str
    final: str

    def as_dict(self) -> dict[str, str]:
        return {"name": self.name, "folder_id": self.folder_id, "final": self.final}


class Presence(Enum):
    THERE = "there"  # not published yet
    GONE = "gone"  # it was published, whether or not the ERP has taken the final file meanwhile
    UNKNOWN = "unknown"  # there is another folder than the mark was made in: proves nothing


class FileStore(Protocol):
    """Nine verbs; local folders and SFTP behave alike. All raise ErpUnreachable (or HostKeyChanged) when the place cannot be used."""

    url: str

    def listing(self, folder: str) -> list[SourceFile]:
        """Return the folder's regular files, hidden and temporary ones too; [] where the folder is missing. Not its subfolders."""

    def stat(self, file: SourceFile) -> SourceFile | None:
        """Look at one file again; None where it is gone."""

    def fetch(self, file: SourceFile, to: Path) -> str:
        """Copy the file's bytes to a new local file (mode 0600) and return their SHA-256 in hex.

        Raises FileChanged where size or time differ before, during and after: never a mix of two versions.
        """

    def remove(self, file: SourceFile) -> bool:
        """Take the file away, if it is still the one that was listed (size and time); False where it changed or is gone."""

    def write_partial(self, final: str, content: bytes, owner: str = "") -> Partial:
        """Write `content` to a new file in `.partial/`, made durable, its size checked; `final` is the path it will be published under.

        `owner` is the project's id: its name tells whose it is (`names.is_unfinished_of`).
        """

    def presence(self, partial: Partial) -> Presence:
        """Say whether the partial file is still there. Raises ErpUnreachable where the store's own folder is not."""

    def publish(self, partial: Partial) -> None:
        """Rename the partial file to its final path in one step, overwriting nothing, and make that durable.

        Raises TargetOccupied where a file of that name lies there: the partial file stays.
        """

    def discard(self, partial: Partial) -> None:
        """Remove a partial file that will not be published; nothing where it is gone."""

    def put(self, name: str, content: bytes) -> None:
        """Write a file for people (an errors file) in one step; one of that name is replaced."""

    def describe(self) -> list[str]:
        """Say in sentences what the place offers, for `connector check`. Raises what `listing` would."""

    def close(self) -> None:
        """Give up connections; what is under way in another thread ends with ErpUnreachable."""
