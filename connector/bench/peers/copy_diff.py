"""PostgreSQL: COPY everything into temporary tables and compare by SQL, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from connector.bench.exports import COLUMNS, ENCODING
from connector.bench.peers.told import FEEDS, Peer, answer

BLOCK = 1 << 18


def refresh(state: Path, files: Path) -> None:
    with _opened(state) as db:
        db.execute("CREATE TABLE IF NOT EXISTS outbox (feed text, sku text)")
        for feed in FEEDS:
            _refresh(db, feed, files / f"{feed}.csv")


def told(state: Path, feed: str) -> Iterable[str]:
    with _opened(state) as db:
        return [row[0] for row in db.execute("SELECT sku FROM outbox WHERE feed = %s", (feed,))]


def forget(state: Path) -> None:
    with _opened(state) as db:
        db.execute("DELETE FROM outbox")


def _opened(state: Path) -> Any:
    """Connect to the database whose address the state file holds."""
    import psycopg

    return psycopg.connect(state.read_text(encoding="utf-8"))


def _refresh(db: Any, feed: str, path: Path) -> None:
    """Compare as text: the decimal comma is the ERP's, and a changed number is a changed text."""
    names = COLUMNS[feed]
    declared = ", ".join(f"{name} text" for name in names)
    db.execute(f"CREATE TABLE IF NOT EXISTS {feed} ({declared}, PRIMARY KEY (sku))")
    db.execute(f"CREATE TEMP TABLE new ({declared}) ON COMMIT DROP")
    with (
        path.open("rb") as file,
        db.cursor().copy(f"COPY new FROM STDIN (FORMAT csv, DELIMITER ';', HEADER, ENCODING '{ENCODING.replace('cp', 'win')}')") as copy,
    ):
        while block := file.read(BLOCK):
            copy.write(block)
    db.execute("ANALYZE new")
    differ = f"({', '.join(f'n.{name}' for name in names[1:])}) IS DISTINCT FROM ({', '.join(f'o.{name}' for name in names[1:])})"
    db.execute(
        f"CREATE TEMP TABLE changed ON COMMIT DROP AS SELECT coalesce(n.sku, o.sku) AS key, n.* FROM new n"
        f" FULL JOIN {feed} o ON n.sku = o.sku WHERE n.sku IS NULL OR o.sku IS NULL OR {differ}"
    )
    db.execute(f"INSERT INTO outbox SELECT '{feed}', key FROM changed")
    db.execute(f"DELETE FROM {feed} WHERE sku IN (SELECT key FROM changed WHERE sku IS NULL)")
    values = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    db.execute(f"INSERT INTO {feed} SELECT {', '.join(names)} FROM changed WHERE sku IS NOT NULL ON CONFLICT (sku) DO UPDATE SET {values}")
    db.execute("DROP TABLE new, changed")


if __name__ == "__main__":
    answer(Peer(refresh, told, forget))
