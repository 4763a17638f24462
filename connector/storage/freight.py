"""Freight rates, read whole and kept in memory until the watermark says that they changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from fnmatch import fnmatchcase
from threading import Lock

from sqlalchemy import Connection, Table, func, literal_column, select

from connector.domain.freight import Rate, RateTable
from connector.domain.ways import Sla
from connector.settings import ShippingSettings
from connector.storage import driver
from connector.storage.tables import freight, watermarks

VERSION = "snapshot-version:freight"
"""The watermark that every import of freight moves (storage/snapshots.py)."""
VERSION_STATEMENT = str(select(watermarks.c.value).where(watermarks.c.name == literal_column(f"'{VERSION}'")))


def version(tx: Connection) -> str:
    found = driver.rows(tx, VERSION_STATEMENT)
    return str(found[0][0]) if found else ""


def files(tx: Connection) -> list[str]:
    """Name the files whose rates are known, by their paths below the source."""
    return list(tx.execute(select(freight.c.file).distinct().order_by(freight.c.file)).scalars())


def matching(table: str, names: Collection[str]) -> list[str]:
    """Return those of the names that a service level's `table` matches."""
    return [name for name in names if fnmatchcase(name, table)]


def below(tx: Connection, rates: Table, code: str) -> int:
    """Count the rows that name no country and end below a code of digits; 0 (no range) and nines alone (any code) aside."""
    end = func.ltrim(rates.c.zip_end, "0")
    digits = func.length(code.lstrip("0"))
    query = select(func.count()).select_from(rates).where(rates.c.country == "", func.length(end) < digits, func.rtrim(end, "9") != "")
    return int(tx.execute(query).scalar_one())


def rates(tx: Connection, names: Collection[str]) -> Iterator[Rate]:
    """Read all rates of the given files, file by file, in the order of their lines."""
    for name in sorted(names):
        for row in tx.execute(select(freight).where(freight.c.file == name).order_by(freight.c.line)):
            yield Rate(
                file=row.file,
                line=row.line,
                zip_start=row.zip_start,
                zip_end=row.zip_end,
                polygon=row.polygon,
                weight_start_g=row.weight_start_g,
                weight_end_g=row.weight_end_g,
                cost_cents=row.cost_cents,
                percent=Decimal(row.price_percent),
                extra_per_gram=Decimal(row.price_by_extra_weight_cents),
                max_volume_cm3=row.max_volume_cm3,
                time_cost_seconds=row.time_cost_seconds,
                country=row.country,
                minimum_insurance_cents=row.minimum_insurance_cents,
            )


def slas(tx: Connection, shipping: ShippingSettings) -> tuple[Sla, ...]:
    """Build every service level with the rates of the files that its `table` matches; several files add up."""
    known = files(tx)
    return tuple(
        Sla(
            id=sla.id,
            name=sla.name or sla.id,
            estimate_unit=sla.estimate_unit,
            table=RateTable(rates(tx, matching(sla.table, known)), shipping.country),
        )
        for sla in shipping.slas
    )


class RateMemory:
    """The service levels as one process holds them; safe to use from all its threads."""

    def __init__(self, shipping: ShippingSettings) -> None:
        self._shipping = shipping
        self._lock = Lock()
        self._held: tuple[str, tuple[Sla, ...]] | None = None

    def held(self, version: str) -> tuple[Sla, ...] | None:
        """Return the service levels where those held are of that version of the rates; None where they must be read."""
        held = self._held
        return held[1] if held is not None and held[0] == version else None

    def current(self, tx: Connection) -> tuple[Sla, ...]:
        """Return the service levels as of the transaction given; they are read again where the watermark moved.

        One thread reads them; the others go on with those held before (a large table takes a second, and an answer has 2.5), and wait
        only where there are none yet. The version is read before the rates: one that moves in between only means reading once more.
        """
        wanted, held = version(tx), self._held
        if held is not None and held[0] == wanted:
            return held[1]
        if not self._lock.acquire(blocking=held is None):
            assert held is not None
            return held[1]
        try:
            if self._held is None or self._held[0] != wanted:
                self._held = wanted, slas(tx, self._shipping)
            return self._held[1]
        finally:
            self._lock.release()
