"""NF-e (nfeProc): an authorised Brazilian invoice as rows of the invoices feed.

Tags and codes are those of the NF-e's manual, layout 4.00; letters in CNPJ and key since nota técnica conjunta 2025.001.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element

from connector.domain.brazil import is_nfe_key, nfe_number
from connector.errors import FileRefused
from connector.formats.layout import Layout
from connector.formats.nfe_event import EVENT, read_event
from connector.formats.record import Block, Flaw
from connector.formats.xml_reading import NAMESPACE, read_xml, text_at

AUTHORISED = ("100", "150")
TYPES = {("1", "1"): "Output", ("4", "0"): "Input", ("4", "1"): "Input"}
"""finNFe and tpNF: 1 and 1 is a sale, 4 a return; complements, adjustments, credit and debit notes are no invoice of an order."""
COLUMNS = (
    *("order_id", "invoice_number", "issuance_date", "invoice_value", "sku", "quantity", "price"),
    *("type", "invoice_key", "courier"),
)


class NfeTable:
    """One NF-e as a table: a row an item, under the names of the invoices feed's columns; every row's line is 1.

    The event of an NF-e's cancellation is a flaw, other events are notes. Raises FileRefused for what is neither, is not authorised, is a
    test, or names no order.
    """

    names = COLUMNS
    decimal = "."

    def __init__(self, path: Path, layout: Layout) -> None:
        root = read_xml(path)
        self._flaws: list[Flaw] = []
        self._rows: list[tuple[str, ...]] = []
        self.notes = ["read as NF-e"]
        if root.tag == EVENT:
            event = read_event(path, root)
            self._flaws += [event.as_flaw()] if event.is_cancellation else []
            self.notes = [event.sentence]
        else:
            self._rows += _Nfe(path, root).rows(layout.order_pattern)

    def blocks(self) -> Iterator[Block]:
        yield Block([1] * len(self._rows), list(zip(*self._rows, strict=True)) or [()] * len(COLUMNS), self._flaws)


class _Nfe:
    def __init__(self, path: Path, root: Element) -> None:
        self._path, self._root = path, root
        self._check()

    def text(self, place: str, of: Element | None = None) -> str:
        return text_at(self._root if of is None else of, place)

    def all(self, place: str) -> list[Element]:
        return self._root.findall("/".join(NAMESPACE + tag for tag in place.split("/")))

    def refuse(self, why: str, remedy: str) -> NoReturn:
        raise FileRefused(f"{self._path.name}: {why}", remedy=remedy)

    def ide(self, tag: str) -> str:
        return self.text(f"NFe/infNFe/ide/{tag}")

    @property
    def key(self) -> str:
        return self.text("protNFe/infProt/chNFe")

    def _check(self) -> None:
        status = self.text("protNFe/infProt/cStat")
        if self._root.tag != f"{NAMESPACE}nfeProc":
            name = self._root.tag.rpartition("}")[2]
            shown = self._root.tag if name == "nfeProc" else name  # then it is the namespace that is another
            self.refuse(f"its root is {shown[:80]}, not nfeProc", "send the authorised NF-e with its protocol")
        if status not in AUTHORISED:
            self.refuse(f"the NF-e is not authorised: cStat is {status or 'missing'}", "send it once SEFAZ has authorised it (100 or 150)")
        if {self.ide("tpAmb"), self.text("protNFe/infProt/tpAmb")} - {"", "1"}:
            self.refuse("the NF-e was issued for tests (tpAmb is not 1)", "send those of the production environment alone")
        self._check_key()

    def _check_key(self) -> None:
        if not is_nfe_key(self.key):
            self.refuse(f"its access key {self.key!r} is no valid key", "send the file as SEFAZ returned it")
        own = self._root.find(f"{NAMESPACE}NFe/{NAMESPACE}infNFe")
        if own is None or own.get("Id", "") != f"NFe{self.key}" or nfe_number(self.key) != self.ide("nNF").lstrip("0"):
            self.refuse("the protocol's access key is not that of the invoice", "send the protocol together with its own invoice")

    def type(self) -> str:
        kind = TYPES.get((self.ide("finNFe"), self.ide("tpNF")))
        if kind is None:
            self.refuse(
                f"finNFe {self.ide('finNFe')} with tpNF {self.ide('tpNF')} is neither a sale nor a return",
                "report complements and adjustments by hand",
            )
        return kind

    def rows(self, pattern: str) -> Iterator[tuple[str, ...]]:
        head = (self.order(pattern), self.ide("nNF").lstrip("0"), self.ide("dhEmi"), self.text("NFe/infNFe/total/ICMSTot/vNF"))
        tail = (self.type(), self.key, self.text("NFe/infNFe/transp/transporta/xNome"))
        products = self.all("NFe/infNFe/det/prod")
        if not products:
            self.refuse("the NF-e has no items", "send the file as SEFAZ returned it")
        for product in products:
            price = self._cents(self.text("vUnCom", product))
            yield (*head, self.text("cProd", product), self._whole(self.text("qCom", product)), price, *tail)

    def order(self, pattern: str) -> str:
        """Find the order: compra/xPed, else the items' xPed, else the layout's pattern in infCpl."""
        of_items = {found for product in self.all("NFe/infNFe/det/prod") if (found := self.text("xPed", product))}
        note = re.search(pattern, self.text("NFe/infNFe/infAdic/infCpl")) if pattern else None
        order = self.text("NFe/infNFe/compra/xPed")
        if not order and len(of_items) > 1:
            self.refuse(f"its items name several orders ({', '.join(sorted(of_items))})", "one invoice for each order")
        if not (order or of_items or (note and note[1])):
            self.refuse(
                "it names no order", "fill compra/xPed or det/prod/xPed, or set the layout's order_pattern for the additional information"
            )
        return order or next(iter(of_items), "") or (note[1].strip() if note else "")

    def _cents(self, text: str) -> str:
        """Round a unit price, which may have ten decimals, to two."""
        return str(self._decimal("vUnCom", text).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))

    def _whole(self, text: str) -> str:
        quantity = self._decimal("qCom", text)
        if quantity != int(quantity):
            self.refuse(f"qCom {text} is no whole number", "an order's quantities are whole: invoice the unit that was sold")
        return str(int(quantity))

    def _decimal(self, tag: str, text: str) -> Decimal:
        if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,10})?", text):
            return Decimal(text)
        return self.refuse(f"{tag} {text!r} is no number", "send the file as SEFAZ returned it")
