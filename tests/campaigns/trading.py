"""A whole trade: an ERP that exports, acknowledges, invoices and tracks; buyers who pay; a marketplace that asks and keeps what it is told.

All jobs have work, many times as often as they are shipped, so that an hour holds the passes of half a day.
"""

import json
import random
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime

import requests
from web_world import free_port, order

from campaigns.greedy import GreedyErp
from campaigns.kills import SETTINGS as ORDERS_ALONE
from campaigns.shoppers import PATIENCE_SECONDS, Shopper
from connector.sandbox.marketplace import Sandbox
from connector.sandbox.suggestions import Approval

SCHEDULE = """[schedule]
refresh_snapshot = "every 5s"
notify_marketplaces = "every 2s"
report_documents = "every 4s"
tell_alarms = "every 4s"
housekeeping = "every 10m"
export_orders = "every 2s"
[backup]
every = "10m"
keep = "1d"
[api]"""
SETTINGS = ORDERS_ALONE[: ORDERS_ALONE.index("[schedule]")] + SCHEDULE + ORDERS_ALONE.partition("[api]")[2]
ORDERED = {"100": 9990, "200": 500}
"""What the orders are of, in cents: it never changes."""
FREIGHT_CENTS = 1090
SKUS = 300
CHANGED = 10
"""Prices and quantities that change from export to export."""
STILL_SECONDS = 60
OF_FROZEN_WORKERS = {"answer-time", "answer-status", "answer-json"}
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
        self.is_selling, self.written, self.exports, self.skus = True, 0, 0, [f"C{number:05}" for number in range(SKUS)]
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
            self.stock[self._in_turn(at + len(self.skus) // 2)] = self.chance.randint(
                5, 500
            )  # told for itself, it would tell the price, too

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


class Buyer(Shopper):
    """Pays for what was ordered: the marketplace then authorizes dispatch, again and again until it is taken. `paid` are such orders."""

    def __init__(self, *given):
        super().__init__(*given)
        self.paid = []

    def _place(self, number):
        super()._place(number)
        order_id = json.loads(self.answers[number])[0]["orderId"]
        while not self._authorized(order_id, number):
            time.sleep(0.02)
        self.paid.append(number)

    def _authorized(self, order_id, number):
        url = f"{self.addresses[0]}/pvt/orders/{order_id}/fulfill?an=acme-market"
        try:
            return self.session.post(url, json={"marketplaceOrderId": number}, timeout=PATIENCE_SECONDS).status_code == 200
        except requests.RequestException:
            return False


@dataclass
class Trade:
    """Who trades with a seller: what `kills.World` is to be built with, and what must have become of it all in the end."""

    seed: int
    export_pause: float = 1.0
    order_pause: float = 0.2
    """Seconds, of the ERP and of each client."""

    def __post_init__(self):
        self.settings, self.port, self.shopper = SETTINGS, free_port(), Buyer
        endpoint = f"http://127.0.0.1:{self.port}"
        known = [*ORDERED, *(f"C{number:05}" for number in range(SKUS))]
        how = {"account": "acme-market", "app_key": "k", "app_token": "t", "approval": Approval("auto")}
        self.marketplace = Sandbox(known=known, endpoint=endpoint, **how)
        self.addresses = (
            f'base_url = "{self.marketplace.url}"\nsuggestions_url = "{self.marketplace.suggestions_url}"\nrequests_per_minute = 60000'
        )

    def __str__(self):
        known, ours = self.marketplace, self.our_erp
        invoices = sum(len(found) for found in known.invoices.values())
        taken = sum(suggestion.status == "accepted" for suggestion in known.suggestions.values())
        said = f"{ours.exports} exports of the catalogue, {taken} suggestions taken, {invoices} invoices tracked"
        return f", {said}, {known.ledger.total} calls between marketplace and seller"

    def erp(self, outbox):
        self.our_erp = Erp(outbox, self.export_pause, self.seed)
        return self.our_erp

    def document(self, number):
        sku = sorted(ORDERED)[int(number.rpartition("-")[2]) % len(ORDERED)]
        return order(number, sku=sku, price=ORDERED[sku]) | {"marketplaceServicesEndpoint": self.marketplace.services_endpoint}

    def settle(self, world):
        """Wait until the marketplace knows all, or nothing has come for a while; returns what it does not know, in sentences."""
        self.our_erp.is_selling = False
        moved_at, seen = time.monotonic(), None
        while (left := list(self._left(world))) and time.monotonic() - moved_at < STILL_SECONDS:
            now = len(self.marketplace.calls), sum(1 for _ in self.our_erp.inbox.rglob("*.csv"))  # taken first, told then
            if now != seen:
                moved_at, seen = time.monotonic(), now
            time.sleep(0.5)
        self.marketplace.close()
        return [*left, *self._broken(world)]

    def _left(self, world):
        numbers = [number for client in world.clients for number in client.paid]
        told = {number: list(order.invoices.values()) for number, order in list(self.marketplace.orders.items())}
        yield from _some("paid and not invoiced at the marketplace", [number for number in numbers if not told.get(number)])
        tracked = {number for number, invoices in told.items() if all(one.get("trackingNumber") for one in invoices)}
        yield from _some("invoiced and not tracked", [number for number in numbers if told.get(number) and number not in tracked])
        yield from _some("prices that the marketplace does not know", list(self._unknown(self.our_erp.prices)))

    def _unknown(self, prices):
        """Name the SKUs; one whose question was not answered is asked about again, as a marketplace does."""
        for sku, cents in prices.items():
            listed = self.marketplace.listed.get(sku)
            if listed is None or listed.price_cents != cents:
                yield sku
            if listed is not None and listed.price_cents is None:
                self.marketplace.look(sku)

    def _told_otherwise(self):
        """Name the calls; one whose answer was lost is repeated to the letter."""
        said = defaultdict(set)
        for call in self.marketplace.seen("/invoice"):
            number = call.body.get("invoiceNumber", "")
            said[call.method, call.path, number].add(json.dumps(call.body, sort_keys=True))
        return [" ".join(what) for what, bodies in said.items() if len(bodies) > 1]

    def _broken(self, world):
        yield from _some(
            "orders with several invoices", [number for number, one in self.marketplace.orders.items() if len(one.invoices) > 1]
        )
        rules = {rule: times for rule, times in self.marketplace.ledger.counts.items() if rule not in OF_FROZEN_WORKERS}
        if rules:
            yield f"rules of the marketplace broken: {rules}"
        refused = [path.name for path in (world.project.root / "rejected").rglob("*.csv")]
        held = [path.name for path in (world.project.root / "held").rglob("*.csv")]
        yield from _some("files refused or held", [*refused, *held])


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


def _some(what, found):
    if found:
        yield f"{len(found)} {what} ({', '.join(map(str, found[:3]))}…)"
