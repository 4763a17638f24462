"""What was ordered, invoiced and returned of an order: what is left to sell and to come back, in pieces and in cents (facts 7.2, 7.6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from connector.domain.documents import Invoice
from connector.domain.orders import OrderItem, line_cents, totals


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was ordered, and the invoices taken of it so far; those that were given up, or that this one replaces, left out.

    `beyond_lines` is what the marketplace pays more than the lines come to, in cents; negative for less.
    """

    items: tuple[OrderItem, ...]
    invoices: tuple[Invoice, ...] = ()
    beyond_lines: int = 0

    @property
    def lines_cents(self) -> int:
        return totals(self.items).total

    @property
    def total_cents(self) -> int:
        """What VTEX counts invoices up to: what the marketplace pays (facts 7.2)."""
        return self.lines_cents + self.beyond_lines

    @property
    def tolerance_cents(self) -> int:
        """One cent a line: what ERPs differ by when they round each line by itself."""
        return len(self.items)

    @property
    def sold_cents(self) -> int:
        return sum(invoice.value_cents for invoice in self._of("Output"))

    @property
    def returned_cents(self) -> int:
        return sum(invoice.value_cents for invoice in self._of("Input"))

    @property
    def ordered(self) -> Counter[str]:
        quantities: Counter[str] = Counter()
        for item in self.items:
            quantities[item.sku] += item.quantity
        return quantities

    @property
    def to_sell(self) -> Counter[str]:
        """What is not invoiced yet, by SKU."""
        return self.ordered - self.sold

    @property
    def to_return(self) -> Counter[str]:
        """What was invoiced and did not come back, by SKU; a return of the rest names pieces that came back before.

        A return may have been taken before the sale that counts: one that the marketplace refused comes again.
        """
        left = Counter[str]()
        for invoice in self.invoices:
            pieces = quantities(iter((invoice,)))
            if invoice.type == "Output":
                left.update(pieces)
            else:
                left.subtract(pieces if brings_pieces(invoice) else pieces & left)
        return +left

    @property
    def rest_to_return(self) -> int:
        """What is still to come back where all pieces did, in cents: freight, as a rule."""
        return 0 if self.to_return else self.sold_cents - self.returned_cents

    @property
    def sold(self) -> Counter[str]:
        return quantities(self._of("Output"))

    def price_cents(self, sku: str) -> int:
        """Return what one piece costs: the mean of the order's lines, to the cent."""
        lines = [item for item in self.items if item.sku == sku]
        amount, quantity = sum(line_cents(item) for item in lines), sum(item.quantity for item in lines)
        return int((Decimal(amount) / quantity).quantize(Decimal(1), rounding=ROUND_HALF_UP)) if quantity else 0

    def _of(self, kind: str) -> Iterator[Invoice]:
        return (invoice for invoice in self.invoices if invoice.type == kind)


def brings_pieces(invoice: Invoice) -> bool:
    """Tell whether an invoice is of the pieces that it names: a return of the rest names what came back before, at nothing."""
    return invoice.type == "Output" or any(item.price_cents for item in invoice.items)


def quantities(invoices: Iterator[Invoice]) -> Counter[str]:
    """Count the pieces that invoices name, by SKU."""
    quantities: Counter[str] = Counter()
    for invoice in invoices:
        for item in invoice.items:
            quantities[item.sku] += item.quantity
    return quantities
