"""How long the server takes for each console page with a million SKUs and 100,000 orders.

Run it: python tests/campaigns/console_pages.py. It ends 1 where a page takes longer than 0.3 s in the middle of its looks.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import console_world
from falcon.testing import TestClient
from sqlalchemy import text

from connector.web.app import create_app

SKUS, ORDERS, RUNS, FILES, REFUSED, LETTERS = 1_000_000, 100_000, 200_000, 50_000, 200_000, 20_000
LIMIT_MS = 300
LOOKS = 7
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
SKU = "printf('K%07d', i)"
FILL = (
    (
        SKUS,
        (
            f"INSERT INTO products SELECT {SKU}, 'P' || i, 'Produto ' || i, 'Produto ' || i, 'Texto.', 'Acme', 'Casa',"
            " printf('789%010d', i), 'R' || i, 1, 1, 1, 100, 'un', 1, '[]', '{}', '{}', 1 FROM n"
        ),
    ),
    (SKUS, f"INSERT INTO prices SELECT {SKU}, '', '', 1000 + i % 9000, 1000 + i % 9000, NULL FROM n"),
    (SKUS, f"INSERT INTO stock SELECT {SKU}, '', i % 50 FROM n"),
    (
        SKUS,
        (
            "INSERT INTO listings (account, sku, state, told_at, denials)"
            f" SELECT 'lojademo', {SKU}, CASE WHEN i % 20 = 0 THEN 'withheld' ELSE 'known' END, '2026-11-20 10:00:00', 0 FROM n"
        ),
    ),
    (
        SKUS,
        (
            "INSERT INTO outbox (destination, kind, reference, state, due_at, attempt, put_at)"
            f" SELECT 'lojademo', 'price', {SKU}, 'pending', '2026-11-20 10:00:00', 0, '2026-11-20 10:00:00' FROM n"
        ),
    ),
    (
        LETTERS,
        (
            "INSERT INTO outbox (destination, kind, reference, state, due_at, attempt, put_at, reason)"
            f" SELECT 'lojademo', 'inventory', {SKU}, 'dead', '2026-11-20 10:00:00', 9, '2026-11-20 10:00:00',"
            " '500 (operation ' || i || ')' FROM n"
        ),
    ),
    (
        ORDERS,
        (
            "INSERT INTO orders SELECT printf('BIG-%07d', i), account, printf('77%08d-01', i), sales_channel,"
            " CASE i % 4 WHEN 0 THEN 'placed' WHEN 1 THEN 'authorized' ELSE 'invoiced' END, datetime('now', '-' || i || ' minutes'),"
            " content_hash, services_endpoint, payment_cents, total_cents, printf('%011d', i), client, address, raw, answer, flags,"
            " authorized_at, receipt, payments, cancel_receipt, cancel_request, canceled_at, 'PV' || i, acked_at, extras"
            " FROM n, (SELECT * FROM orders WHERE order_id = 'CT-7002')"
        ),
    ),
    (
        ORDERS,
        (
            f"INSERT INTO order_items SELECT printf('BIG-%07d', i), 0, {SKU}, 1, 1000, 'Normal', 100, detail"
            " FROM n, (SELECT detail FROM order_items LIMIT 1)"
        ),
    ),
    (
        ORDERS * 5,
        (
            "INSERT INTO order_events (order_id, at, what, detail)"
            f" SELECT printf('BIG-%07d', 1 + i % {ORDERS}), '2026-11-20 10:00:00', 'placed', 'x' FROM n"
        ),
    ),
    (
        RUNS,
        (
            "INSERT INTO job_runs (job, run_id, holder, started_at, ended_at, exit_status, report)"
            " SELECT CASE i % 4 WHEN 0 THEN 'refresh-snapshot' WHEN 1 THEN 'notify-marketplaces' WHEN 2 THEN 'export-orders'"
            " ELSE 'report-documents' END, i, 'h', datetime('now', '-5 minutes'), datetime('now', '-5 minutes'), 0, '{}' FROM n"
        ),
    ),
    (
        FILES,
        (
            "INSERT INTO files (feed, name, size, modified_at, sha256, state, taken_at, settled_at, moved_at, rows_read, rows_refused)"
            " SELECT CASE i % 3 WHEN 0 THEN 'prices' ELSE 'stock' END, 'stock/s' || i || '.csv', 1, datetime('now'), 'x', 'applied',"
            " datetime('now'), datetime('now'), datetime('now'), 100, 0 FROM n"
        ),
    ),
    (
        REFUSED,
        (
            'INSERT INTO rejections (file_id, feed, "key", line, "column", value, reason, refused_at, healed_at)'
            " SELECT 1, 'prices', 'X' || i || '//', i, 'price', 'x', 'it is no number', '2026-11-20 10:00:00',"
            " CASE WHEN i < 150000 THEN '2026-11-21 10:00:00' END FROM n"
        ),
    ),
)
PAGES = (
    "",
    "files",
    "files?feed=prices&state=applied",
    "files?state=refused",
    "file?id=1",
    "held",
    "refused",
    "refused?after=180000",
    "skus",
    "skus?q=K09",
    "skus?account=lojademo&state=withheld&after=K0500000",
    "sku?sku=K0500000",
    "orders",
    "orders?state=invoiced",
    "orders?q=BIG-00999",
    "orders?q=7700050000-01",
    "orders?q=PV77777",
    "orders?q=000.000.777-77",
    "orders?q=K0000777",
    "order?id=BIG-0050000",
    "find?q=K0000777",
    "skus?q=7890000500000",
    "find?q=7890000500001",
    "letters",
    "jobs",
    "marketplaces",
    "acts",
)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        app = console_world.busy(Path(folder, "shop"))
        began = time.monotonic()
        with app.db.write() as tx:
            for count, statement in FILL:
                tx.execute(text(statement.replace(" SELECT", " " + NUMBERS.format(count=count) + "SELECT", 1)))
        app.db.checkpoint()
        say(f"filled in {time.monotonic() - began:.0f} s")
        return measured(TestClient(create_app(app), headers={"Host": "127.0.0.1", "Accept-Language": "pt"}))


def measured(client: TestClient) -> int:
    slow = 0
    for page in PAGES:
        place, _, query = page.partition("?")
        first, *rest = [_milliseconds(client, place, query) for _ in range(LOOKS)]
        began = time.process_time()
        _milliseconds(client, place, query)
        busy = (time.process_time() - began) * 1000
        slow += statistics.median(rest) > LIMIT_MS
        say(f"{statistics.median(rest):7.1f} ms  (first {first:7.1f}, worst {max(rest):7.1f}, processor {busy:6.1f})  {page or 'overview'}")
    return 1 if slow else 0


def _milliseconds(client: TestClient, place: str, query: str) -> float:
    began = time.perf_counter()
    answer = client.simulate_get(f"/console/{place}", query_string=query)
    assert answer.status_code in {200, 303}, answer.text[:500]
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())
