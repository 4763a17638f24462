"""A shop's busy day for the console: files, refused and held rows, SKUs, orders with their stories, letters, runs, acts."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ready_made import migrate
from sqlalchemy import insert

from connector import app as parts
from connector.delivery.suggesting import DENIED
from connector.storage import acts, hourly, tables, watermarks

SETTINGS = """
{more}
[feeds.stock]
expected_every = "1d"
[[shipping.slas]]
id = "Normal"
name = "Entrega Normal"
table = "freight/normal*.csv"
[[marketplaces]]
account = "lojademo"
seller_id = "acme"
base_url = "https://lojademo.vtexcommercestable.com.br"
app_key = "env:HOME"
app_token = "env:HOME"
[[marketplaces]]
account = "outramarca"
seller_id = "acme"
base_url = "https://outramarca.vtexcommercestable.com.br"
app_key = "env:NOT_THERE_KEY"
app_token = "env:NOT_THERE_TOKEN"
"""
NAMES = (
    "Cafeteira Italiana 6 Xícaras",
    "Chaleira Elétrica 1,7 L",
    "Jogo de Panelas 5 Peças",
    "Conjunto de Panelas Antiaderentes com Revestimento Cerâmico e Tampas de Vidro Temperado, 10 Peças, Vermelho",
    "Garrafa Térmica 1 L",
)
PERSON = {
    "firstName": "Maria",
    "lastName": "Conceição Souza",
    "email": "maria@ct.example",
    "document": "52998224725",
    "phone": "+5511987654321",
}
PLACE = {
    "receiverName": "Maria C. Souza",
    "street": "Rua das Laranjeiras",
    "number": "100",
    "postalCode": "22240003",
    "city": "Rio de Janeiro",
    "state": "RJ",
    "country": "BRA",
}


def project(root: Path, more: str = "") -> Path:
    """Make a project directory with its settings; return the settings' path."""
    (root / "config").mkdir(parents=True)
    path = root / "config" / "connector.toml"
    path.write_text(SETTINGS.format(more=more), encoding="utf-8")
    for folder in ("inbox", "outbox"):
        (root / folder).mkdir()
    return path


def busy(root: Path, more: str = "") -> parts.App:
    """Make a project with a busy day in its database."""
    app = parts.load(project(root, more))
    migrate(app.db)
    fill(app)
    return app


def fill(app: parts.App) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    with app.db.write() as tx:
        catalog(tx)
        files(app.root, tx, now)
        orders(tx, now)
        work(tx, now)


def rows(tx, table, found):
    tx.execute(insert(table), found)


# ── catalogue ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def product(sku, name):
    texts = {"product_id": f"P{sku}", "product_name": name, "sku_name": name, "description": f"{name}.", "brand": "Acme"}
    more = {
        "category": "Casa/Cozinha",
        "ean": "7891234567895",
        "ref_id": f"R{sku}",
        "images": json.dumps([["frente", "https://img.example/1.jpg"]]),
    }
    size = {"height_cm": 20.0, "width_cm": 15.0, "length_cm": 15.0, "weight_g": 800, "measurement_unit": "un", "unit_multiplier": 1.0}
    return {"sku": sku, **texts, **more, **size, "product_specs": "{}", "sku_specs": "{}", "active": True}


def price(sku, cents):
    scope = {"sku": sku, "marketplace": "", "sales_channel": "", "valid_until": None}
    return {**scope, "price_cents": cents, "list_price_cents": cents + 1000}


def skus():
    return [f"{number:06d}" for number in range(101, 161)]


def catalog(tx):
    rows(tx, tables.products, [product(sku, NAMES[at % 5]) for at, sku in enumerate(skus())])
    rows(tx, tables.prices, [price(sku, 5990 + 730 * at) for at, sku in enumerate(skus()) if at != 4])
    rows(tx, tables.stock, [{"sku": sku, "warehouse": "", "quantity": (at * 7) % 40} for at, sku in enumerate(skus())])


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────────
PLAN = {
    "feed": "prices",
    "mode": "full",
    "present": 60,
    "rows_read": 60,
    "added": 1,
    "changed": 5,
    "removed": 14,
    "refused": 2,
    "held": 1,
    "changed_by_field": {"price_cents": 5},
    "reasons": ["14 of 60 (23.3 %) rows would be removed; max_removed allows 20 %"],
    "notes": [],
    "samples": {"changed": [{"sku": "000103", "price_cents": [7450, 6990]}, {"sku": "000104", "price_cents": [8180, 7990]}]},
}


JUDGED = {"held": {"verdict": "hold"}, "applied": {"verdict": "apply", "removed": 0, "reasons": []}}


def files(root, tx, now):
    found = [entry(at, feed, state, now - timedelta(minutes=7 * at)) for at, (feed, state) in enumerate(LEDGER)]
    rows(tx, tables.files, found)
    for one in found:
        if one["place"]:
            path = root / one["place"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(EXPORT)
    rows(tx, tables.rejections, [rejection(at, now) for at in range(6)])
    row = {
        "sku": "000105",
        "price_cents": 190,
        "list_price_cents": 9990,
        "old_price_cents": 8990,
        "marketplace": "",
        "sales_channel": "",
        "line": 6,
    }
    fall = [{"guard": "max_price_change", "sentence": "the price falls by 97.9 %; max_price_change allows 80 %"}]
    share = [{"guard": "max_removed", "sentence": PLAN["reasons"][0]}]
    common = {"state": "held", "held_at": now - timedelta(minutes=50), "decided_at": None, "decided_by": None}
    rows(
        tx,
        tables.holds,
        [
            {**common, "what": "row", "feed": "prices", "file_id": 1, "key": "000105//", "row": row, "reasons": fall},
            {**common, "what": "file", "feed": "prices", "file_id": 4, "key": "", "row": None, "reasons": share},
            {**common, "what": "row", "feed": "prices", "file_id": 1, "key": "000109//", "row": {**row, "sku": "000109"}, "reasons": fall}
            | {"state": "approved", "decided_at": now, "decided_by": "Ana"},
        ],
    )


LEDGER = (
    ("prices", "applied"),
    ("stock", "applied"),
    ("products", "applied"),
    ("prices", "held"),
    ("freight", "refused"),
    ("invoices", "applied"),
    ("tracking", "applied"),
    ("stock", "superseded"),
    ("stock", "applied"),
)
EXPORT = b"sku;price\n000103;69,90\n"
FOLDERS = {"applied": "archive", "superseded": "archive", "held": "held", "refused": "rejected"}


def entry(at, feed, state, when):
    long = "exportacao_noturna_filial_campinas_barao_geraldo_completa_" if state == "superseded" else ""
    name = f"{feed}/{long}{feed}-{at:02d}.csv"
    bad = {"refused": 3, "applied": 2 if at == 0 else 0}.get(state, 0)
    times = {"modified_at": when, "taken_at": when, "settled_at": when, "moved_at": when}
    plan = {**PLAN, "feed": feed, "name": name, **JUDGED[state]} if feed == "prices" else {}
    known = {
        "feed": feed,
        "name": name,
        "size": 18_400,
        "sha256": hashlib.sha256(EXPORT).hexdigest(),
        "state": state,
        "rows_read": 60,
        "rows_refused": bad,
    }
    return {**known, **times, "plan": plan, "place": f"{FOLDERS[state]}/{name}"}


def rejection(at, now):
    of_file = {0: 1, 1: 1, 2: 5, 3: 5, 4: 5, 5: 6}[at]
    feed = {1: "prices", 5: "freight", 6: "invoices"}[of_file]
    told = {"column": "price" if feed == "prices" else "ZipCodeEnd", "value": "=HYPERLINK(1)" if at == 1 else "12,3,4"}
    if feed == "invoices":
        told = {"column": "order_id", "value": "CT-9999"}
    reason = "no order has the id CT-9999" if feed == "invoices" else "it is no number"
    known = {"file_id": of_file, "feed": feed, "key": f"00014{at}//" if feed == "prices" else f"k{at}", "line": 10 + at, "reason": reason}
    return {**known, **told, "record": None, "refused_at": now - timedelta(minutes=40), "healed_at": None}


# ── orders ──────────────────────────────────────────────────────────────────────────────────────────────────────────────
STATES = ("placed", "authorized", "invoiced", "invoiced", "authorized", "canceled", "cancel-asked", "placed", "invoiced", "authorized")


def order(at, now):
    placed = now - timedelta(minutes=53 * at)
    raw = {"marketplaceOrderId": f"1234567890{at:02d}-01", "clientProfileData": PERSON, "shippingData": {"address": PLACE}, "items": []}
    state = STATES[at % len(STATES)]
    known = {
        "order_id": f"CT-{7000 + at}",
        "account": "lojademo" if at % 3 else "outramarca",
        "marketplace_order_id": f"1234567890{at:02d}-01",
        "sales_channel": "1",
        "state": state,
        "placed_at": placed,
        "content_hash": "x",
        "services_endpoint": "",
        "payment_cents": 15080,
        "total_cents": 15080,
        "document": "52998224725",
        "client": PERSON,
        "address": PLACE,
    }
    later = None if state == "placed" else placed + timedelta(minutes=4)
    rest = {
        "raw": json.dumps(raw).encode(),
        "answer": b"{}",
        "flags": ["SKU 000105 came at 68.43, below today's 69.90"] if at == 4 else [],
        "authorized_at": later,
        "receipt": f"R-{at}" if later else None,
        "erp_order_id": f"PV-{88000 + at}" if at > 1 else None,
        "acked_at": later,
    }
    return {**known, **rest, "payments": None, "cancel_request": None, "extras": None}


def item(at):
    detail = {"services": [], "unit_multiplier": 1.0, "tags_cents": 0, "is_gift": False, "estimate": "5bd", "lock_ttl": "8d"}
    more = {"delivery_window": None, "channel": "delivery", "pickup_point": "", "measurement_unit": "un", "attachments": []}
    sku = skus()[at % 20]
    line = {
        "order_id": f"CT-{7000 + at}",
        "position": 0,
        "sku": sku,
        "quantity": 2,
        "price_cents": 6990,
        "sla": "Normal",
        "freight_cents": 1100,
    }
    return {**line, "detail": {**detail, **more}}


def orders(tx, now):
    rows(tx, tables.orders, [order(at, now) for at in range(24)])
    rows(tx, tables.order_items, [item(at) for at in range(24)])
    for at in range(24):
        rows(tx, tables.order_events, events(at, now))
    held = {"quantity": 2, "until": now + timedelta(days=8), "acked_at": None, "released_at": None, "release_reason": None}
    rows(tx, tables.reservations, [{"order_id": f"CT-{7000 + at}", "sku": skus()[at % 20], **held} for at in (0, 1, 4)])
    told = now - timedelta(minutes=30)
    invoice = {"number": "4711", "type": "Output", "issued_at": told.isoformat(), "value_cents": 15080, "items": [], "said": "x"}
    seen = {"invoice_number": "4711", "is_delivered": False, "delivered_at": None, "said": "y"}
    steps = [("Coletado", "Campinas", "SP"), ("Em rota de entrega", "Rio de Janeiro", "RJ")]
    seen["events"] = [{"on": now.date().isoformat(), "city": c, "state": s, "description": d} for d, c, s in steps]
    paper = {
        "order_id": "CT-7002",
        "number": "4711",
        "state": "reported",
        "file_id": 6,
        "taken_at": told,
        "reported_at": told,
        "reason": None,
    }
    rows(
        tx,
        tables.documents,
        [
            {**paper, "kind": "invoice", "key": "4711/Output", "content": invoice, "receipt": "rec-1"},
            {**paper, "kind": "delivery", "key": "d1", "content": seen, "receipt": None},
        ],
    )


def events(at, now):
    placed = now - timedelta(minutes=53 * at)
    state, order_id = STATES[at % len(STATES)], f"CT-{7000 + at}"
    told = [(0, "placed", f"by lojademo as 1234567890{at:02d}-01"), (1, "order file written", f"orders/{order_id}.json")]
    told += [] if state == "placed" else [(4, "authorized", f"receipt R-{at}"), (5, "dispatch file written", f"dispatches/{order_id}.json")]
    told += [(6, "accepted by the ERP", f"as PV-{88000 + at}")] if at > 1 and state != "placed" else []
    told += [(40, "invoiced", "with invoice 4711"), (41, "invoice reported", "receipt rec-1")] if state == "invoiced" else []
    told += [(20, "cancelled", "by the marketplace: the client gave it up")] if state == "canceled" else []
    return [{"order_id": order_id, "at": placed + timedelta(minutes=m), "what": what, "detail": detail} for m, what, detail in told]


# ── the work ────────────────────────────────────────────────────────────────────────────────────────────────────────────
LACKS = 'answered 403: Access denied; check what the key may do (License Manager, in VTEX\'s admin): it needs "Seller SKUs" (Catalog)'
WITHHELD = (
    "images: there is none (code 9); height: it is 0 or missing (code 5)",
    "export at least one image's https address; export the height in cm, or name its column in the layout",
)
REASONS = (
    ("lojademo", "price", "given up after 12 attempts: answered 500: Internal Server Error (operation 8f12-aa{at})"),
    ("outramarca", "catalog", LACKS),
    ("lojademo", "invoice", "answered 422: invoice {at} has a value that is more than the order's"),
)


def letter(at, now):
    destination, kind, reason = REASONS[at % 3]
    is_paper = kind == "invoice"
    order_id = f"CT-{7000 + at}"
    about = {"reference": f"{order_id}/{4700 + at}" if is_paper else skus()[at], "order_id": order_id if is_paper else None}
    times = {"due_at": now, "attempted_at": now, "put_at": now - timedelta(hours=3), "settled_at": now - timedelta(minutes=3 * at)}
    return {"destination": destination, "kind": kind, "state": "dead", "attempt": 12, "reason": reason.format(at=at), **about, **times}


def waiting(at, now):
    return {"destination": "lojademo", "kind": "inventory", "reference": skus()[at + 30], "state": "pending", "put_at": now, "due_at": now}


def work(tx, now):
    rows(tx, tables.outbox, [letter(at, now) for at in range(12)])
    rows(tx, tables.outbox, [waiting(at, now) for at in range(8)])
    done = {"destination": "erp", "state": "delivered", "attempt": 1, "put_at": now, "due_at": now, "settled_at": now - timedelta(hours=1)}
    rows(tx, tables.outbox, [{**done, "kind": kind, "reference": "CT-7002"} for kind in ("order-file", "dispatch-file")])
    places = {"paused": False, "needs_a_person": False, "failures_in_a_row": 0, "openings_in_a_row": 0, "delivered": 18_422}
    rows(tx, tables.marketplaces, [{**places, "account": "lojademo", "rate": 1800.0, "refused_at": now - timedelta(hours=2)}])
    blocked = {
        "blocked_until": now + timedelta(minutes=15),
        "blocked_reason": LACKS,
        "needs_a_person": True,
    }
    rows(tx, tables.marketplaces, [{**places, **blocked, "account": "outramarca", "failures_in_a_row": 3, "delivered": 7}])
    known = [("known", None, None)] * 40 + [("withheld", *WITHHELD)] * 3
    known += [("suggested", None, None)] * 4 + [("denied", *DENIED)] * 2
    rows(
        tx,
        tables.listings,
        [
            {"account": "lojademo", "sku": sku, "state": state, "told_at": now, "note": note, "remedy": remedy}
            for sku, (state, note, remedy) in zip(skus(), known, strict=False)
        ],
    )
    runs(tx, now)
    watermarks.put(tx, "schedules", json.dumps(dict.fromkeys(JOBS, "every 30s") | {"housekeeping": "15 3 * * *"}))
    told = {"via": "console", "state": "done", "now": now}
    acts.note(tx, who="Ana", what="approve-hold", about="3", outcome="the price of 000109 is 1.90 now", **told)
    acts.note(tx, who="root", what="export-order", about="CT-7002", outcome="", **{**told, "via": "cli"})
    acts.note(tx, who="Rui", what="replay-file", about="2", outcome="there is no such file", **{**told, "state": "failed"})


JOBS = ("refresh-snapshot", "notify-marketplaces", "export-orders", "report-documents", "housekeeping")
DONE = {
    "refresh-snapshot": "prices/prices-00.csv: 1 added, 5 changed (price 5), 0 removed, 2 refused (read as utf-8, delimiter semicolon)",
    "notify-marketplaces": "lojademo: told price 19, inventory 3",
    "export-orders": "wrote orders/CT-7002.json",
    "report-documents": "invoices/invoices-05.csv: 3 taken",
    "housekeeping": "12 settled messages removed after 14 days",
}


def runs(tx, now):
    found = []
    for job in JOBS:
        for at in range(20):
            began = now - timedelta(seconds=30 * (20 - at))
            failed = job == "report-documents" and at == 19
            report = {
                "done": [DONE[job]],
                "failures": ["invoices/invoices-05.csv, line 15, order_id 'CT-9999': no order has the id CT-9999"] if failed else [],
            }
            ended = began + timedelta(seconds=1 + at % 7)
            known = {"job": job, "run_id": f"{job}-{at}", "holder": "pid 1 on demo", "started_at": began, "ended_at": ended}
            found.append({**known, "exit_status": int(failed), "report": {**report, "counts": {}}})
    rows(tx, tables.job_runs, found)
    for hour in range(24):
        at = now - timedelta(hours=hour)
        hourly.add(tx, "notify-marketplaces", {"price": 40 + (hour * 37) % 90, "inventory": 10}, at)
        hourly.add(tx, "refresh-snapshot", {"changed": (hour * 53) % 160}, at)
        hourly.add(tx, "export-orders", {"order-file": (hour * 3) % 7}, at)
        hourly.add(tx, "report-documents", {"invoice": (hour * 5) % 6, "failures": 1 if hour == 3 else 0}, at)
