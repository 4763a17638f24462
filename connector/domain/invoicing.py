"""Whether an invoice fits its order: SKUs, quantities and values, held against what was ordered and invoiced before (facts 7.2, 7.6)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from connector.domain.brazil import is_nfe_key
from connector.domain.documents import GivenInvoice, GivenLine, Invoice, InvoiceItem, Objection
from connector.domain.ledger import Ledger, brings_pieces, quantities
from connector.domain.money import units
from connector.domain.orders import totals

_KEY_LENGTH = 44
NUMBER = re.compile(r"[A-Za-z0-9._-]{1,60}")
"""VTEX can never track a number that holds a blank, # or / (KI 953285, 1302085)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """An invoice that fits, as it will be reported; `note` says in a sentence what a person should know of it."""

    invoice: Invoice
    note: str = ""


def judge(given: GivenInvoice, ledger: Ledger) -> Fit | Objection:
    """Hold an invoice against its order: it fits, perhaps with a value mended by a few cents, or there is an objection."""
    is_sale = given.type == "Output"
    left = ledger.to_sell if is_sale else ledger.to_return
    named = [line for line in given.lines if line.sku]
    objection = next(_objections(given, named, ledger, left), None)
    if objection:
        return objection
    items = _items(named, ledger) if named else _all_items(left, ledger) or _rest_items(ledger)
    taken: Counter[str] = Counter()
    for item in items:
        taken[item.sku] += item.quantity
    open_cents = ledger.total_cents - ledger.sold_cents if is_sale else ledger.sold_cents - ledger.returned_cents
    return _valued(given, items, Open(open_cents, ledger, left - taken, bool(named), is_sale))


def _objections(given: GivenInvoice, named: list[GivenLine], ledger: Ledger, left: Counter[str]) -> Iterator[Objection]:
    for objection in _form_objections(given, ledger):
        if objection:
            yield objection
    if named:
        yield from _line_objections(named, ledger, left, is_sale=given.type == "Output")
    elif not left and (given.type == "Output" or not ledger.rest_to_return):
        yield _nothing_left(given)


def _form_objections(given: GivenInvoice, ledger: Ledger) -> tuple[Objection | None, ...]:
    form = (number_objection(given.number), _value_objection(given), _key_objection(given))
    return (*form, _return_too_early(given, ledger), _mixed(given))


def return_of_all(ledger: Ledger, number: str, issued_at: datetime) -> GivenInvoice:
    """Write the return that goes before a cancellation: everything that was invoiced and did not come back."""
    return GivenInvoice(number, "Input", issued_at, ledger.sold_cents - ledger.returned_cents, (GivenLine("", None, None),))


def misfit(invoice: Invoice, ledger: Ledger) -> str:
    """Say why an invoice that was taken before fits its order no more, others having been taken since; "" where it does."""
    is_sale = invoice.type == "Output"
    left = ledger.to_sell if is_sale else ledger.to_return
    sold = ledger.sold_cents
    cents = max(ledger.total_cents, ledger.lines_cents) - sold if is_sale else sold - ledger.returned_cents
    if invoice.value_cents <= cents and (quantities(iter((invoice,))) <= left or not brings_pieces(invoice)):
        return ""
    still = f"{units(cents)} in {left.total()} pieces are still {'to be invoiced' if is_sale else 'to come back'}"
    remedy = "lay it aside (connector dead-letters discard), or let the ERP send another"
    return f"{units(invoice.value_cents)} do not fit any more, {still}: {remedy}"


# ── the form ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def number_objection(number: str) -> Objection | None:
    """Object to a number that cannot be part of VTEX's addresses."""
    if NUMBER.fullmatch(number) and number not in (".", ".."):
        return None
    reason = "an invoice number is up to 60 letters, digits, points and hyphens: VTEX cannot track others; change it in the ERP"
    return Objection("invoice_number", number, reason)


def _value_objection(given: GivenInvoice) -> Objection | None:
    if given.value_cents > 0:
        return None
    return Objection("invoice_value", units(given.value_cents), "VTEX takes no invoice without a value greater than 0")


def _key_objection(given: GivenInvoice) -> Objection | None:
    """Object to what has an NF-e key's length and is none; other countries' keys are of other lengths."""
    if len(given.key) != _KEY_LENGTH or is_nfe_key(given.key):
        return None
    reason = "an NF-e's access key has 44 digits (letters in its CNPJ alone) and a check digit; this one is mistyped: correct it in the ERP"
    return Objection("invoice_key", given.key, reason)


def _return_too_early(given: GivenInvoice, ledger: Ledger) -> Objection | None:
    if given.type == "Output" or ledger.sold_cents > 0:
        return None
    return Objection("type", "Input", "a return (Input) comes after the sale (Output), and none of this order was taken; send that first")


# ── the items ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _nothing_left(given: GivenInvoice) -> Objection:
    verb = "invoiced" if given.type == "Output" else "returned"
    return Objection("sku", "", f"the row names no item, and nothing of the order is left to be {verb}")


def _mixed(given: GivenInvoice) -> Objection | None:
    if len(given.lines) == 1 or all(line.sku for line in given.lines):
        return None
    return Objection("sku", "", "a row without sku stands for all that is open, and has to be its invoice's only row")


def _line_objections(named: list[GivenLine], ledger: Ledger, left: Counter[str], *, is_sale: bool) -> Iterator[Objection]:
    """Say what VTEX would lose its way with: SKUs that are not of the order, more pieces than there are (KI 547053)."""
    wanted: Counter[str] = Counter()
    for line in named:
        if line.sku not in ledger.ordered:
            yield Objection("sku", line.sku, f"SKU {line.sku} is not in the order, which has {', '.join(sorted(ledger.ordered))}")
        if not line.quantity or line.quantity < 0:
            yield Objection("quantity", str(line.quantity or ""), f"SKU {line.sku} needs a quantity of at least 1")
        wanted[line.sku] += line.quantity or 0
    for sku, quantity in wanted.items():
        if quantity > left[sku]:
            yield Objection("quantity", str(quantity), _too_many(sku, quantity, ledger, left[sku], is_sale=is_sale))


def _too_many(sku: str, quantity: int, ledger: Ledger, left: int, *, is_sale: bool) -> str:
    if is_sale:
        return f"{quantity} of SKU {sku} are invoiced; {ledger.ordered[sku]} were ordered, and {left} of them are not invoiced yet"
    rest = ledger.rest_to_return
    by_itself = f"; name no item for the {units(rest)} that are still to come back" if rest else ""
    return f"{quantity} of SKU {sku} come back; of what was invoiced, {left} can{by_itself}"


def _items(named: list[GivenLine], ledger: Ledger) -> tuple[InvoiceItem, ...]:
    return tuple(
        InvoiceItem(line.sku, line.quantity or 0, ledger.price_cents(line.sku) if line.price_cents is None else line.price_cents)
        for line in named
    )


def _all_items(left: Counter[str], ledger: Ledger) -> tuple[InvoiceItem, ...]:
    return tuple(InvoiceItem(sku, quantity, ledger.price_cents(sku)) for sku, quantity in sorted(left.items()))


def _rest_items(ledger: Ledger) -> tuple[InvoiceItem, ...]:
    """Name again what came back, at nothing: a return of the rest brings no piece, and VTEX wants items (facts 7.2)."""
    return tuple(InvoiceItem(sku, quantity, 0) for sku, quantity in sorted(ledger.sold.items()))


# ── the value ───────────────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True)
class Open:
    """What an invoice's value is held against: the cents still open, and the pieces that this one leaves."""

    cents: int
    ledger: Ledger
    left: Counter[str]
    all_named: bool
    is_sale: bool

    @property
    def takes_all(self) -> bool:
        return not self.left

    @property
    def beyond(self) -> int:
        """What the marketplace pays of a sale beyond its lines, in cents."""
        return self.ledger.beyond_lines if self.is_sale else 0

    @property
    def lines_cents(self) -> int:
        """What is open of what the lines come to, in cents."""
        return self.cents - self.beyond

    @property
    def due_cents(self) -> int:
        """What the last invoice should be of: what the lines come to, once as much was invoiced as the marketplace pays."""
        return self.cents if self.cents > 0 else self.lines_cents

    @property
    def most_cents(self) -> int:
        """The most that an invoice may be of: a part may go by the lines where the marketplace pays less."""
        return self.due_cents if self.takes_all else max(self.cents, self.lines_cents)


def _valued(given: GivenInvoice, items: tuple[InvoiceItem, ...], open_: Open) -> Fit | Objection:
    """Hold the value against what is open: the last invoice takes the remaining cents, for VTEX counts to the cent (facts 7.2)."""
    missing = open_.cents - given.value_cents
    if open_.takes_all and open_.cents > 0 and abs(missing) <= open_.ledger.tolerance_cents:
        return Fit(_invoice(given, items, open_.cents), _mended(given, open_) if missing else _unpaid(open_))
    if open_.beyond and open_.takes_all and open_.lines_cents > 0 and abs(missing - open_.beyond) <= open_.ledger.tolerance_cents:
        return Fit(_invoice(given, items, open_.lines_cents), _as_the_lines(given, open_))
    if given.value_cents > open_.most_cents or not open_.all_named:
        return Objection("invoice_value", units(given.value_cents), _unequal(given, open_))
    return Fit(_invoice(given, items, given.value_cents), _doubt(open_, missing) if open_.is_sale else _unpaid(open_))


def _invoice(given: GivenInvoice, items: tuple[InvoiceItem, ...], value_cents: int) -> Invoice:
    travel = (given.courier, given.tracking_number, given.tracking_url, given.url)
    return Invoice(given.number, given.type, given.issued_at, value_cents, items, given.key, *travel)


def _unpaid(open_: Open) -> str:
    """Say of a return what VTEX does not: it refunds only what was invoiced in full (facts 7.6)."""
    is_open = open_.ledger.total_cents > open_.ledger.sold_cents
    return "VTEX refunds a return only once the whole order was invoiced" if not open_.is_sale and is_open else ""


def _mended(given: GivenInvoice, open_: Open) -> str:
    whole = "the order's total" if open_.is_sale else "what was invoiced"
    return f"reported as {units(open_.cents)} instead of {units(given.value_cents)}, so that the invoices add up to {whole} to the cent"


def _unequal(given: GivenInvoice, open_: Open) -> str:
    what = "to be invoiced" if open_.is_sale else "to come back"
    paid = _paid(open_.ledger) if open_.is_sale else ""
    by_name = "; name sku and quantity" if open_.is_sale or open_.ledger.to_return else ""
    if not open_.all_named:
        return f"the row names no item, so it is for all that is open, and {units(open_.due_cents)} are {what}{paid}{by_name}"
    return f"{units(given.value_cents)} is more than is still {what}: {units(open_.due_cents)}{paid}"


def _paid(ledger: Ledger) -> str:
    if not ledger.beyond_lines:
        return ""
    return f" (the marketplace pays {units(ledger.total_cents)}, the lines come to {units(ledger.lines_cents)})"


def _doubt(open_: Open, missing: int) -> str:
    """Say of a sale what its value leaves wrong: too little in all, or too little for the pieces that are not invoiced yet."""
    if open_.takes_all:
        return _incomplete(missing + open_.due_cents - open_.cents)
    ledger = open_.ledger
    goods = sum(ledger.price_cents(sku) * quantity for sku, quantity in open_.left.items())
    if missing + ledger.tolerance_cents >= goods + totals(ledger.items).discounts + min(ledger.beyond_lines, 0):
        return ""
    pieces = ", ".join(f"{quantity} of SKU {sku}" for sku, quantity in sorted(open_.left.items()))
    return f"{units(missing)} are left for {pieces}, which came to {units(goods)} when ordered: is the invoice's value right?"


def _as_the_lines(given: GivenInvoice, open_: Open) -> str:
    """Say what a person should know of an invoice of all that was sold at its prices: whether VTEX counts up to that is not documented."""
    is_mended = given.value_cents != open_.lines_cents
    instead = f"reported as {units(open_.lines_cents)} instead of {units(given.value_cents)}: " if is_mended else ""
    return f"{instead}it is what the lines come to, which VTEX may not count as the whole order{_paid(open_.ledger)}"


def _incomplete(missing: int) -> str:
    return f"everything is invoiced now, but {units(missing)} less than the order's total: VTEX will not count it as invoiced"
