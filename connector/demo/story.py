"""The story of the demo: the whole job, once, each step played and then verified from outside."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from rich.console import Console

from connector.demo import stage as stages
from connector.demo.legacy_erp import Article
from connector.demo.stage import CommandFailed, Stage
from connector.domain.money import units

KETTLE = Article("000187", "Cafeteira Italiana", 7390, 99)
PAN = Article("000188", "Frigideira de Ferro", 8990, 5)
NUMBER = "1138342255777-01"
INVOICE, TRACKING = "000012345", "SR000987654321BR"


class NotSeen(Exception):
    """What a step should have brought about is not there."""


@dataclass
class Play:
    """What the steps hand on to one another."""

    stage: Stage
    cart: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`act` does it, `verify` looks whether it happened and says so in a line."""

    name: str
    act: Callable[[Play], None]
    verify: Callable[[Play], str]


def play(*, once: bool, leave_out: str = "") -> int:
    """Play every step and verify each; returns 0, or 1 naming the step that was not seen to work.

    `leave_out` names a step whose act is left out: the play must notice.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):  # a closed terminal must not leave the server behind
        signal.signal(number, signal.default_int_handler)
    console = Console(highlight=False, soft_wrap=True)
    console.print("A seller's shop on a legacy ERP, a marketplace hosted on VTEX, and the connector between them. All on this machine.\n")
    try:
        with stages.built() as stage:
            failed = _play(Play(stage), console, leave_out)
            if not failed:
                _stay(console, stage, once=once)
            return int(failed)
    except CommandFailed as error:
        console.print(f"[red]✗[/red] {error}")
        return 1
    except KeyboardInterrupt:
        return 0


def _play(play: Play, console: Console, leave_out: str) -> bool:
    """Play until a step fails; True where one did."""
    for number, step in enumerate(STEPS, 1):
        try:
            if step.name != leave_out:
                step.act(play)
            console.print(f"[green]✓[/green] {number:2}. {step.name}: {step.verify(play)}")
        except (NotSeen, CommandFailed, requests.RequestException, LookupError) as error:
            console.print(f"[red]✗[/red] {number:2}. {step.name}: {error}")
            return True
    return _broken(play.stage, console)


def _broken(stage: Stage, console: Console) -> bool:
    """Name the rules of VTEX's that the connector broke while everything seemed to work; True where there are some."""
    for line in stage.marketplace.ledger.summary()[1:]:
        console.print(f"✗ {line.strip()}", markup=False)
    return bool(stage.marketplace.ledger.counts)


def _stay(console: Console, stage: Stage, *, once: bool) -> None:
    seen = f"none of VTEX's rules was broken in {stage.marketplace.ledger.total} calls"
    console.print(f"\nEvery step was seen to work, and {seen}. Console: {stage.shopper.seller_url}/console/")
    if once:
        return
    console.print(f"Project: {stage.root}   (another terminal: connector --config {stage.config} status)\nCtrl-C ends the demo.")
    sys.stdout.flush()
    threading.Event().wait()


def _see(is_there: object, what: str) -> None:
    if not is_there:
        raise NotSeen(f"not seen: {what}")


# ── 1, 2: from the ERP's files to the snapshot ──────────────────────────────────────────────────────────────────────────
def _export(play: Play) -> None:
    play.stage.marketplace.known.add(KETTLE.sku)
    play.stage.erp.export([KETTLE, PAN])
    play.stage.erp.export_freight()


def _exported(play: Play) -> str:
    files = sorted(path.relative_to(play.stage.root).as_posix() for path in play.stage.erp.inbox.rglob("*.csv"))
    _see(len(files) == 4, "four exports in the inbox")  # noqa: PLR2004  # the three and the freight table
    return ", ".join(files)


def _refreshed(play: Play) -> str:
    snapshot = play.stage.status()["snapshot"]
    _see(snapshot["skus"] == 2, "two SKUs in the snapshot")  # noqa: PLR2004  # KETTLE and PAN
    _see(not list(play.stage.erp.inbox.rglob("*.csv")), "the files gone from the inbox")
    return "2 SKUs with price, stock and freight in the snapshot; the files are in archive/"


# ── 3, 4: what the marketplace is told ──────────────────────────────────────────────────────────────────────────────────
def _told(play: Play) -> str:
    marketplace = play.stage.marketplace
    _see(marketplace.seen(f"/{KETTLE.sku}/price$"), f"the price of SKU {KETTLE.sku} notified")
    _see(PAN.sku in marketplace.suggestions, f"SKU {PAN.sku} suggested")
    return f"SKU {KETTLE.sku} is known there, its price and stock were notified; SKU {PAN.sku} got a 404 and was suggested"


def _change(play: Play) -> None:
    play.stage.marketplace.approve(PAN.sku)
    play.stage.marketplace.calls.clear()
    cheaper = Article(PAN.sku, PAN.name, 7990, PAN.quantity)
    play.stage.erp.export([KETTLE, cheaper])
    play.stage.run("refresh-snapshot")
    play.stage.run("notify-marketplaces")


def _changed(play: Play) -> str:
    marketplace = play.stage.marketplace
    _see(marketplace.seen(f"changenotification/.*{PAN.sku}"), f"SKU {PAN.sku} notified after its price fell")
    _see(not marketplace.seen(f"changenotification/.*{KETTLE.sku}"), f"silence about SKU {KETTLE.sku}, which did not change")
    return f"SKU {PAN.sku} was approved and got cheaper: told once; nothing was said of the other"


# ── 5 to 8: somebody shops ──────────────────────────────────────────────────────────────────────────────────────────────
def _simulate(play: Play) -> None:
    play.cart = play.stage.shopper.simulate([(KETTLE.sku, 2), (PAN.sku, 1)])


def _simulated(play: Play) -> str:
    _see(play.cart, "an answer to the simulation")
    prices = [item["price"] for item in play.cart["items"]]
    _see(prices == [7390, 7990], "today's prices in the answer")
    _see(play.cart == play.stage.shopper.simulate([(KETTLE.sku, 2), (PAN.sku, 1)], method="GET"), "the same answer to GET")
    sla = play.cart["logisticsInfo"][0]["slas"][0]
    return f"R$ {units(prices[0])} and R$ {units(prices[1])}, {sla['name']} R$ {units(sla['price'])} a line in {sla['shippingEstimate']}"


def _place(play: Play) -> None:
    play.order_id = play.stage.shopper.place(NUMBER, play.cart)


def _placed(play: Play) -> str:
    _see(play.order_id, "an order id")
    left = play.stage.shopper.simulate([(KETTLE.sku, 1)])["logisticsInfo"][0]["stockBalance"]
    _see(left == KETTLE.quantity - 2, "two units held")
    return f"{NUMBER} is {play.order_id} here; {left} of {KETTLE.quantity} are left to sell"


def _order_taken(play: Play) -> str:
    play.order = play.stage.erp.take("orders", play.order_id) or {}
    _see(play.order, f"outbox/orders/{play.order_id}.json")
    return f"the ERP took orders/{play.order_id}.json, R$ {units(play.order['totals']['total'])} in all"


def _pay(play: Play) -> None:
    play.stage.erp.accept(play.order_id)
    play.stage.shopper.pay(play.order_id, NUMBER)
    play.stage.run("report-documents")
    play.stage.run("export-orders")


def _paid(play: Play) -> str:
    _see(play.stage.erp.take("dispatches", play.order_id), f"outbox/dispatches/{play.order_id}.json")
    return "the ERP acknowledged the order, the marketplace authorized dispatch, and the ERP was told to ship"


# ── 9, 10: what the ERP reports ─────────────────────────────────────────────────────────────────────────────────────────
def _invoice(play: Play) -> None:
    play.stage.erp.invoice(play.order, INVOICE)
    play.stage.run("report-documents")


def _invoiced(play: Play) -> str:
    invoice = play.stage.marketplace.invoices.get(NUMBER, {}).get(INVOICE)
    _see(invoice, f"invoice {INVOICE} at the marketplace")
    total = play.order["totals"]["total"]
    _see(invoice is not None and invoice["invoiceValue"] == total, "the invoice's value, to the cent")
    return f"invoice {INVOICE} over R$ {units(total)} is at the marketplace"


def _ship(play: Play) -> None:
    play.stage.erp.ship(play.order_id, INVOICE, TRACKING)
    play.stage.run("report-documents")


def _shipped(play: Play) -> str:
    calls = play.stage.marketplace.seen(f"/orders/{NUMBER}/invoice")
    _see(any(call.body and call.body.get("trackingNumber") == TRACKING for call in calls), f"tracking {TRACKING} at the marketplace")
    return f"tracking {TRACKING} is at the marketplace"


STEPS = (
    Step("the ERP exports", _export, _exported),
    Step("refresh-snapshot", lambda play: _run(play, "refresh-snapshot"), _refreshed),
    Step("notify-marketplaces", lambda play: _run(play, "notify-marketplaces"), _told),
    Step("a price changes", _change, _changed),
    Step("simulation", _simulate, _simulated),
    Step("order", _place, _placed),
    Step("export-orders", lambda play: _run(play, "export-orders"), _order_taken),
    Step("dispatch", _pay, _paid),
    Step("invoice", _invoice, _invoiced),
    Step("tracking", _ship, _shipped),
)


def _run(play: Play, job: str) -> None:
    play.stage.run(job)
