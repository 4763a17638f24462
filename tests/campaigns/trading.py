"""A whole trade: an ERP that exports and answers (`exporting.py`), buyers who pay, a marketplace that asks and keeps what it is told.

All jobs have work, many times as often as they are shipped: an hour holds the passes of more than half a day.
"""

import json
import time
from collections import defaultdict
from dataclasses import dataclass

import requests
from web_world import free_port, order

from campaigns.exporting import ORDERED, Erp, first_skus
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
"""
STILL_SECONDS = 60
OF_FROZEN_WORKERS = {"answer-time", "answer-status", "answer-json"}


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
        self.schedule, self.port, self.shopper = SCHEDULE, free_port(), Buyer
        endpoint = f"http://127.0.0.1:{self.port}"
        how = {"account": "acme-market", "app_key": "k", "app_token": "t", "approval": Approval("auto")}
        self.marketplace = Sandbox(known=[*ORDERED, *first_skus()], endpoint=endpoint, **how)
        urls = f'base_url = "{self.marketplace.url}"\nsuggestions_url = "{self.marketplace.suggestions_url}"'
        self.addresses = f"{urls}\nrequests_per_minute = 60000"

    def __str__(self):
        known, ours = self.marketplace, self.our_erp
        invoices = sum(len(found) for found in known.invoices.values())
        taken = sum(suggestion.status == "accepted" for suggestion in known.suggestions.values())
        said = f"{ours.exports} exports of the catalogue, {taken} suggestions taken, {invoices} invoices tracked"
        return f"{said}, {known.ledger.total} calls between marketplace and seller"

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
        several = [number for number, one in self.marketplace.orders.items() if len(one.invoices) > 1]
        yield from _some("orders with several invoices", several)
        yield from _some("documents told otherwise the second time", self._told_otherwise())
        rules = {rule: times for rule, times in self.marketplace.ledger.counts.items() if rule not in OF_FROZEN_WORKERS}
        if rules:
            yield f"rules of the marketplace broken: {rules}"
        refused = [path.name for path in (world.project.root / "rejected").rglob("*.csv")]
        held = [path.name for path in (world.project.root / "held").rglob("*.csv")]
        yield from _some("files refused or held", [*refused, *held])


def _some(what, found):
    if found:
        yield f"{len(found)} {what} ({', '.join(map(str, found[:3]))}…)"
