"""What lies around the connector: disk space, the marketplace's front door, its clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path

from connector.app import App
from connector.errors import MarketplaceUnreachable

SKEW_SECONDS = 30.0
KNOCK_SECONDS = 5.0
NETWORK_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs")


@dataclass(frozen=True, slots=True)
class Answer:
    """`skew_seconds` is how far the other clock is ahead of ours; None where it says nothing."""

    status: int
    milliseconds: int
    skew_seconds: float | None


def knock(base_url: str, method: str = "HEAD") -> Answer:
    """Ask for the address alone, without credentials: any answer will do, and nothing is changed. Raises MarketplaceUnreachable."""
    import requests

    from connector.vtex.failures import in_words

    started = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            reply = session.request(method, base_url, timeout=KNOCK_SECONDS, allow_redirects=False, stream=True)
    except requests.RequestException as error:
        raise MarketplaceUnreachable(
            f"{base_url} does not answer: {in_words(error)}", remedy="check base_url, DNS, the firewall's outgoing rules"
        ) from error
    return Answer(reply.status_code, round((time.monotonic() - started) * 1000), _skew(reply.headers.get("Date")))


def _skew(date: str | None) -> float | None:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds() if date else None
    except (ValueError, TypeError):
        return None


def folders(app: App) -> list[Path]:
    """Return the local folders that are written to and can be looked at, each file system once."""
    named = [app.root, app.root / "var", *(Path(app.settings.path(url[5:])) for url in _local_urls(app))]
    there = {device: path for path in reversed(named) if (device := _device(path)) is not None}
    return list(reversed(there.values()))


def _device(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:  # not there, closed to this user, or its server is gone: whoever uses it says so
        return None


def _local_urls(app: App) -> list[str]:
    return [url for url in (app.settings.erp.source, app.settings.erp.target) if url.startswith("file:")]


def file_system(folder: Path) -> str:
    """Return the type of the file system that a folder lies on; "" where Linux does not say."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    around = [(point, kind) for _, point, kind, *_ in mounts if folder.resolve().is_relative_to(point)]
    return max(reversed(around), key=lambda mount: len(mount[0]), default=("", ""))[1]  # of several at one point, the last lies on top


def rows_of_table(rows: Mapping[str, int], pattern: str) -> int:
    """Add up the freight rows of the files that an SLA's table names; folders count case, `*` stops at none."""
    return sum(count for file, count in rows.items() if fnmatchcase(file, pattern))
