"""An ERP of a whole trade: it takes orders and dispatches, and exports its catalogue, and what became of orders."""

import random
import time
from collections import deque
from datetime import UTC, datetime

from campaigns.greedy import GreedyErp

ORDERED = {"100": 9990, "200": 500}
"""What the orders are of, in cents: it never changes."""
SKUS = 300
CHANGED = 10
"""Prices and quantities that change from export to export."""
HEADS = {
    "products": "sku;product_id;product_name;brand;category;weight;height;width;length;ean;ref_id;images;active",
    "prices": "sku;price",
    "stock": "sku;quantity",
    "acks": "order_id;status;erp_order_id",
    "invoices": "order_id;invoice_number;issuance_date;invoice_value;sku;quantity;price",
    "tracking": "order_id;invoice_number;courier;tracking_number;tracking_url;dispatched_date",
}


class Erp(GreedyErp):
    """Takes orders and dispatches at once; every few seconds it exports what changed and what became of them.

    `prices` are the last ones that it wrote, in cents.
    """

    def __init__(self, outbox, pause, seed):
        super().__init__(outbox)
        self.inbox, self.pause, self.chance, self.due = outbox.parent / "inbox", pause, random.Random(seed), 0.0
        self.orders, self.accepted, self.dispatched, self.invoiced = {}, deque(), deque(), deque()
        self.is_selling, self.written, self.exports, self.skus = True, 0, 0, first_skus()
        self.prices = {sku: 1000 + number for number, sku in enumerate(self.skus)}
        self.stock = dict.fromkeys([*ORDERED, *self.skus], 1_000_000)

    def note(self, folder, document):
        if folder == "orders":
            super().note(folder, document)
            self.orders[document["orderId"]] = document
            self.accepted.append(document["orderId"])
        elif folder == "dispatches":
            self.dispatched.append(document["orderId"])

    def take(self):
        super().take()
        if time.monotonic() >= self.due and not self.stop.is_set():
            self.due = time.monotonic() + self.pause
            self.export()

    def export(self):
        """Write what changed in the catalogue while it still does, and what became of orders."""
        if self.is_selling:
            self._export_catalogue()
        self._write("tracking", [self._tracking(order_id) for order_id in _emptied(self.invoiced)])
        self._write("invoices", [self._invoice(order_id) for order_id in self._to_invoice()])
        self._write("acks", [f"{order_id};accepted;E-{order_id}" for order_id in _emptied(self.accepted)])

    def _export_catalogue(self):
        self._change()
        self._write("products", (self._product(sku) for sku in (*ORDERED, *self.skus)))
        self._write("prices", (f"{sku};{_money(cents)}" for sku, cents in {**ORDERED, **self.prices}.items()))
        self._write("stock", (f"{sku};{quantity}" for sku, quantity in self.stock.items()))

    def _to_invoice(self):
        """A dispatch may be seen a moment before its order: it waits."""
        found = _emptied(self.dispatched)
        self.dispatched.extend(order_id for order_id in found if order_id not in self.orders)
        return [order_id for order_id in found if order_id in self.orders]

    def _change(self):
        self.exports += 1
        if self.exports % 10 == 0:  # a new one, which no marketplace knows
            self.skus.append(f"C{len(self.skus):05}")
            self.prices[self.skus[-1]], self.stock[self.skus[-1]] = 1000, 5
        for at in range(CHANGED):  # each in its turn: one that is not told stays so for a while
            self.prices[self._in_turn(at)] = 1000 + self.chance.randint(0, 99)
            other = self._in_turn(at + len(self.skus) // 2)  # of the same one it would have the price asked for, too
            self.stock[other] = self.chance.randint(5, 500)

    def _in_turn(self, at):
        return self.skus[(self.exports * CHANGED + at) % len(self.skus)]

    def _product(self, sku):
        return f"{sku};{sku};Panela {sku};Acme;Casa/Cozinha;1,5;10;20;30;7890000000017;R{sku};https://img.example/{sku}.jpg;1"

    def _invoice(self, order_id):
        line, total = self.orders[order_id]["items"][0], self.orders[order_id]["totals"]["total"]
        self.invoiced.append(order_id)
        return f"{order_id};{_number(order_id)};{_today()};{_money(total)};{line['sku']};{line['quantity']};{_money(line['price'])}"

    def _tracking(self, order_id):
        return f"{order_id};{_number(order_id)};Correios;BR{order_id};https://rastro.example/{order_id};{_today()}"

    def _write(self, feed, rows):
        """Make one file, complete at once."""
        rows = list(rows)
        if not rows:
            return
        self.written += 1
        folder = self.inbox / feed
        folder.mkdir(parents=True, exist_ok=True)
        temporary = self.inbox / f".{self.written}"
        temporary.write_text("\n".join([HEADS[feed], *rows, ""]))
        temporary.rename(folder / f"{feed}-{self.written:07}.csv")


def first_skus():
    return [f"C{number:05}" for number in range(SKUS)]


def _emptied(queue):
    found = list(queue)
    queue.clear()
    return found


def _number(order_id):
    return f"NF-{order_id}"


def _today():
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _money(cents):
    return f"{cents // 100},{cents % 100:02}"
