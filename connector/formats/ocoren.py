"""PROCEDA OCOREN 3.1: a carrier's events as rows of the tracking feed.

Fixed records of 120 columns: 000 interchange, 340 document, 341 carrier, 342 event of an invoice, 343 redispatch. The carrier knows
the invoice and not the order, so a row names its order by the invoice ("invoice:12345").
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

from connector.domain.documents import BY_INVOICE
from connector.formats.encoding import damage, recognise
from connector.formats.record import Block, Flaw

COLUMNS = ("order_id", "invoice_number", "courier", "event_date", "description", "delivered")
RECORDS = (b"000", b"340", b"341", b"342", b"343")
SHORTEST = 42
"""An event's record up to its time; trailing blanks are often cut off."""
LONGEST = 1000
"""A line without an end is cut into pieces, which are no records."""
EVENTS = {
    "00": "Processo de transporte já iniciado",
    "01": "Entrega realizada normalmente",
    "02": "Entrega fora da data programada",
    "06": "Endereço do cliente destino não localizado",
    "19": "Reentrega solicitada pelo cliente",
    "21": "Estabelecimento fechado",
    "24": "Mercadoria reentregue ao cliente destino",
    "25": "Mercadoria devolvida ao cliente de origem",
    "29": "Cliente retira mercadoria na transportadora",
    "31": "Entrega com indenização efetuada",
    "91": "Entrega programada",
    "98": "Chegada na cidade ou filial de destino",
    "99": "Outros tipos de ocorrência",
}
DELIVERED = ("01", "02", "24")
"""Handed over; 31, delivered with an indemnity, is the seller's to confirm."""


def is_ocoren(path: Path) -> bool:
    """Tell an OCOREN by its first two records."""
    with path.open("rb") as file:
        first, second = file.readline(500).removeprefix(BOM_UTF8), file.readline(500)
    return first.startswith(b"000") and second.startswith((b"340", b"341", b"342"))


class OcorenTable:
    """One file as a table: a row an event. Raises FileRefused for what is no text."""

    names = COLUMNS
    decimal = ""

    def __init__(self, path: Path) -> None:
        self._path, self._text = path, recognise(path)
        self.notes = [f"read as PROCEDA OCOREN, {self._text.encoding}"]

    def blocks(self) -> Iterator[Block]:
        rows: list[tuple[int, tuple[str, ...]]] = []
        flaws: list[Flaw] = []
        carrier = ""
        for number, line in self._lines():
            record = line[:3]
            if record == b"341":
                carrier = self._decoded(line)[17:57].strip()
            elif record == b"342":
                found = self._event(number, line, carrier)
                if isinstance(found, Flaw):
                    flaws.append(found)
                else:
                    rows.append((number, found))
            elif line.strip() and record not in RECORDS:
                flaws.append(_flaw(number, self._decoded(line)[:80], "no record of an OCOREN begins like this"))
        yield Block([number for number, _ in rows], list(zip(*(row for _, row in rows), strict=True)) or [()] * len(COLUMNS), flaws)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        number = 1
        with self._path.open("rb") as file:
            file.seek(self._text.start)
            while line := file.readline(LONGEST):
                yield number, line.rstrip(b"\r\n")
                number += line.endswith(b"\n")

    def _decoded(self, line: bytes) -> str:
        return line.decode(self._text.encoding, errors="replace")

    def _event(self, number: int, line: bytes, carrier: str) -> tuple[str, ...] | Flaw:
        text, wrong = self._decoded(line), damage(line, self._text.encoding)
        if wrong or len(text) < SHORTEST:
            return _flaw(number, text[:80], wrong or f"an event's record has at least {SHORTEST} columns, this one {len(text)}")
        invoice, code = text[20:28], text[28:30]
        if not (invoice.isascii() and invoice.isdigit() and int(invoice)):
            return _flaw(number, invoice, "columns 21 to 28 hold no invoice number")
        shown = invoice.lstrip("0")
        return BY_INVOICE + shown, shown, carrier, _instant(text), _described(code, text), _is_delivered(code)


def _flaw(line: int, value: str, reason: str) -> Flaw:
    """Refuse a record by itself: each is an event of its own, so its neighbours are not in doubt."""
    return Flaw(line, value, reason, (f"{BY_INVOICE}?", f"line {line}"))


def _instant(text: str) -> str:
    """Write DDMMAAAA and HHMM as ISO 8601; whether there is such a day the feed's column says."""
    day, hour = text[30:38], text[38:42].strip() or "0000"
    return f"{day[4:8]}-{day[2:4]}-{day[0:2]}T{hour[:2]}:{hour[2:4]}"


def _described(code: str, text: str) -> str:
    said = text[44:114].strip()
    name = EVENTS.get(code, f"Ocorrência {code}")
    return f"{name}: {said}" if said else name


def _is_delivered(code: str) -> str:
    return "1" if code in DELIVERED else "0"
