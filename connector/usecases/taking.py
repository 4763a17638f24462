"""What one document is taken with: the transaction of its file, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from connector.app import App


@dataclass(frozen=True, slots=True)
class Taking:
    """`modified_at` is the file's own time, `now` the transaction's; both aware UTC."""

    tx: Connection
    app: App
    file_id: int
    modified_at: datetime
    now: datetime
