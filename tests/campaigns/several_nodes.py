"""Two API nodes and two daemons on one PostgreSQL, while nodes are killed and frozen, backends are ended and PostgreSQL itself crashes.

`make campaign PART=several-nodes ARGS="--times 600 --seed 1"` (600 seconds). Clients place orders, an ERP takes every file within a
millisecond and writes prices, a marketplace asks after every notice what the price is. Nothing acknowledged may be lost, written twice or
seen half, and in the end the marketplace must know every price as the ERP wrote it last.
"""

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, insert, select, text, update

from connector.storage import tables
from connector.web import server

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "web")]

from servers import Postgresql, postgresql_programs  # noqa: E402  # the tests' own parts, by path
from web_world import Project, free_port, order, price, product, set_up  # noqa: E402

from campaigns.greedy import GreedyErp  # noqa: E402
from campaigns.pricing import AskingMarketplace, Pricing  # noqa: E402
from campaigns.shoppers import Shopper  # noqa: E402
from campaigns.standing import Standing, plain, signalled  # noqa: E402

CLIENTS = 4
NODES = ("one", "two")
LEASE_SECONDS = 4
STILL_SECONDS = 45
SKUS = [f"C{number:03}" for number in range(20)]
SETTINGS = """
[database]
url = "{database}"
lease_seconds = {lease}
[erp]
source = "file:{shared}/inbox"
target = "file:{shared}/outbox"
settle_seconds = 0
[schedule]
refresh_snapshot = "every 1s"
notify_marketplaces = "every 1s"
export_orders = "every 1s"
report_documents = ""
housekeeping = ""
[api]
bind = "127.0.0.1:{port}"
workers = 2
threads = 8
"""


@dataclass
class Figures:
    """What a campaign saw; `faults` is empty where every promise was kept."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    taken: int = 0
    notices: int = 0
    price_files: int = 0
    replaced: int = 0
    refused_late: int = 0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "0 lost, 0 doubled, 0 partial, every answer the same, every price known" if not self.faults else "; ".join(self.faults)
        harm = ", ".join(f"{what} {times}" for what, times in sorted(self.done.items()))
        flow = f"{self.acknowledged} orders acknowledged, {self.taken} taken, {self.price_files} price files, {self.notices} notices"
        turns = f"{self.replaced} times a daemon took over, {self.refused_late} passes refused that came late"
        return f"seed {self.seed}: {self.seconds:.0f} s ({harm}), {flow}, {turns}: {kept}"


def main(seed=1, seconds=600, folder=None):
    """Run the campaign for so many seconds and return its figures."""
    began = time.monotonic()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        world = World(root, stack, seed)
        while time.monotonic() < began + seconds:
            time.sleep(world.chance.uniform(0.2, 3.0))
            world.do_harm()
        figures = world.figures()
    figures.seconds = time.monotonic() - began
    return figures


class World:
    """Two nodes of one seller, four clients, a greedy ERP that writes prices, and a marketplace that asks."""

    def __init__(self, root, stack, seed):
        self.seed, self.chance, self.root, self.done = seed, random.Random(seed), root, Counter()
        self.postgresql = Postgresql(postgresql_programs())
        stack.callback(self.postgresql.end)
        ports = {name: free_port() for name in NODES}
        addresses = [f"http://127.0.0.1:{port}" for port in ports.values()]
        self.marketplace = AskingMarketplace(addresses, seed)
        self.projects = [self._project(name, port) for name, port in ports.items()]
        self._stock_up()
        self.apis = [self._standing("api", project) for project in self.projects]
        self.daemons = [self._standing("daemon", project) for project in self.projects]
        self.thaws = []
        self.erp = GreedyErp(root / "outbox")
        self.pricing = Pricing(root / "inbox", SKUS, seed)
        self.clients = [Shopper(f"c{number}", addresses, order, seed * 10 + number, pause=0.05) for number in range(CLIENTS)]
        for thread in (self.marketplace, self.erp, self.pricing, *self.clients):
            thread.start()

    def _project(self, name, port):
        for folder in ("inbox/prices", "outbox"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        given = {"database": f"{self.postgresql.url}/postgres", "lease": LEASE_SECONDS, "shared": self.root, "port": port}
        project = set_up(self.root / name, SETTINGS.format(**given), filled=name == NODES[0])
        project.config.write_text(project.config.read_text().replace("http://127.0.0.1:9", self.marketplace.url))
        return project

    def _stock_up(self):
        app = self.projects[0].app()
        with app.db.write() as tx:
            tx.execute(insert(tables.products), [product(sku) for sku in SKUS])
            tx.execute(insert(tables.prices), [price(sku, 1000) for sku in SKUS])
            tx.execute(insert(tables.stock), [{"sku": sku, "warehouse": "", "quantity": 1} for sku in SKUS])
            tx.execute(insert(tables.listings), [{"account": "acme-market", "sku": sku, "state": "known"} for sku in SKUS])
            tx.execute(update(tables.stock).values(quantity=100_000_000))
        app.db.close()

    def _standing(self, name, project: Project):
        env = os.environ | {"CONNECTOR_CONFIG": str(project.config), "UNUSED_KEY": "k", "UNUSED_TOKEN": "t"}
        line = server.command(project.config) if name == "api" else [sys.executable, "-m", "connector", "daemon"]
        return Standing(plain(name, line, project.root, env))

    # ── harm ────────────────────────────────────────────────────────────────────────────────────────────────────────────
    def do_harm(self):
        harms = {
            "daemons killed": (3, lambda: self.chance.choice(self.daemons).kill()),
            "daemons frozen": (3, lambda: self._freeze(self.chance.choice(self.daemons), self.chance.uniform(0.5, 3 * LEASE_SECONDS))),
            "API nodes killed": (1, lambda: self.chance.choice(self.apis).kill()),
            "workers killed": (2, self._kill_a_worker),
            "API nodes frozen": (1, lambda: self._freeze(self.chance.choice(self.apis), self.chance.uniform(0.5, 5))),
            "backends ended": (2, self._end_backends),
            "PostgreSQL crashed": (1, self.postgresql.crash_and_start),
        }
        name = self.chance.choices(list(harms), [weight for weight, _ in harms.values()])[0]
        harms[name][1]()
        self.done[name] += 1

    def _kill_a_worker(self):
        children = self.chance.choice(self.apis).children()
        if children:
            signalled(self.chance.choice(children), signal.SIGKILL)

    def _freeze(self, service, seconds):
        """Stop the whole group, and let it go on later; meanwhile harm is done to others."""
        pid = service.pid
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGSTOP)
        thaw = threading.Timer(seconds, _thaw, (pid,))
        thaw.start()
        self.thaws.append(thaw)

    def _end_backends(self):
        app = self.projects[0].app()
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL"
        with app.db.read() as tx:
            tx.execute(text(f"{ended} ORDER BY random() LIMIT 3"))
        app.db.close()

    # ── counting ────────────────────────────────────────────────────────────────────────────────────────────────────────
    def figures(self):
        """Let everybody end in peace, and count."""
        for thaw in self.thaws:
            thaw.join()
        for thread in (self.pricing, *self.clients):
            thread.stop.set()
        for thread in (self.pricing, *self.clients):
            thread.join(STILL_SECONDS)
        acknowledged = {number for client in self.clients for number in client.answers}
        self._drain(acknowledged)
        ended = [service.end() for service in (*self.daemons, *self.apis)]
        self.erp.end()
        self.marketplace.end()
        logs = "".join((project.root / "daemon.log").read_text() for project in self.projects)
        return Figures(
            self.seed,
            self.done,
            len(acknowledged),
            self.erp.named.total(),
            self.marketplace.notices,
            self.pricing.files,
            logs.count("the daemon runs"),
            logs.count("is not this process's any more"),
            faults=list(self._faults(acknowledged, ended, logs)),
        )

    def _drain(self, acknowledged):
        """Wait until everything has arrived, or until nothing has come for a while."""
        deadline, seen = time.monotonic() + STILL_SECONDS, None
        while time.monotonic() < deadline and (acknowledged - set(self.erp.named) or self._unknown_prices()):
            now = self.erp.named.total(), self.marketplace.answers
            if now != seen:
                deadline, seen = time.monotonic() + STILL_SECONDS, now
            time.sleep(0.1)

    def _unknown_prices(self):
        return {sku: cents for sku, cents in self.pricing.written.items() if self.marketplace.known.get(sku) != cents}

    def _faults(self, acknowledged, ended, logs):
        yield from _said("lost", sorted(acknowledged - set(self.erp.named)))
        yield from _said("doubled", [number for number, times in self.erp.named.items() if times > 1])
        yield from _said("partial", self.erp.broken)
        yield from _said("answered otherwise", [number for client in self.clients for number in client.changed])
        yield from _said("refused", [refusal for client in self.clients for refusal in client.refused])
        yield from _said("taken and not acknowledged", sorted(set(self.erp.named) - acknowledged))
        yield from _said("stuck clients", [client.name for client in self.clients if client.is_alive()])
        yield from _said("prices that the marketplace does not know", sorted(self._unknown_prices()))
        yield from _said("ended badly", [how for how in ended if how[0] != 0 or how[1] > 30])
        yield from _said("tracebacks", [line for line in logs.splitlines() if line.startswith("Traceback")])
        app = self.projects[0].app()
        with app.db.read() as tx:
            stored = tx.execute(select(func.count()).select_from(tables.orders)).scalar_one()
            dead = tx.execute(select(tables.outbox.c.reason).where(tables.outbox.c.state == "dead")).scalars().all()
        app.db.close()
        if stored != len(acknowledged):
            yield f"{stored} orders are stored"
        yield from _said("dead letters", dead)
        # A replaced node's file that was never marked may lie in .partial/ still: the next pass with something to write clears it.


def _thaw(pid):
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGCONT)


def _said(what, found):
    if found:
        yield f"{len(found)} {what} ({', '.join(map(str, found[:3]))}…)"
