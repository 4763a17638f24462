"""Random kill -9 of the real daemon and the real server while clients place orders and an ERP takes every file within a millisecond.

`make campaign PART=kills ARGS="--times 1000 --seed 1"`, also kills-sftp, kills-postgresql, and kills-trade with all that is told to a
marketplace (`trading.py`). Nothing acknowledged may be lost, doubled or seen half; an order sent again gets the same answer; the database
stays whole.
"""

import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select, text, update

from connector.domain.messages import ERP
from connector.storage import tables
from connector.web import server

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent), str(HERE.parent / "web")]

from servers import Postgresql, postgresql_programs, running_sshd  # noqa: E402  # the tests' own parts, by path
from web_world import free_port, order, set_up  # noqa: E402

from campaigns.greedy import GreedyErp  # noqa: E402
from campaigns.shoppers import Shopper  # noqa: E402
from campaigns.standing import Mould, Standing, signalled  # noqa: E402

CLIENTS = 4
CALM = 0.05
"""Seconds between the orders of each client that leave other tests their share of the machine."""
CRASHED = "PostgreSQL, at once"
CRASHES_PER_KILL = 0.2
BACKENDS_ENDED = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname IS NOT NULL ORDER BY random() LIMIT 2
"""
DRAIN_SECONDS = 120
STILL_SECONDS = 20
TURNED_AWAY_AT_MOST = 0.05
"""Of all orders: a sound store turns nobody away, on a busy machine one in a hundred; one whose transactions begin deferred 12 to 16."""
PATIENCE_SECONDS = 180
"""A busy machine writes a batch of files slowly, and none of it is seen before all of it is written."""
NOBODY = 'base_url = "http://127.0.0.1:9"'
SETTINGS = """
{database}
[erp]
source = "file:inbox"
{target}
{schedule}
[api]
bind = "127.0.0.1:{port}"
workers = 2
threads = 8
"""


EXPORTS_ALONE = """[schedule]
refresh_snapshot = ""
notify_marketplaces = ""
report_documents = ""
housekeeping = ""
export_orders = "every 1s"
"""


@dataclass
class Figures:
    """What a campaign saw; `faults` is empty where every promise was kept."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    taken: int = 0
    seconds: float = 0.0
    rounds: int = 0
    told: str = ""
    faults: list[str] = field(default_factory=list)

    def add(self, other):
        """Count what another round saw, but for its faults."""
        self.rounds += 1
        self.done += other.done
        self.acknowledged, self.taken = self.acknowledged + other.acknowledged, self.taken + other.taken
        self.seconds += other.seconds

    def __str__(self):
        kept = "0 lost, 0 doubled, 0 partial, every answer the same" if not self.faults else "; ".join(self.faults)
        whom = ", ".join(f"{name} {times}" for name, times in sorted(self.done.items()))
        seen = f"{self.done.total()} kills ({whom}) in {self.seconds:.0f} s, {self.acknowledged} orders acknowledged, {self.taken} taken"
        told = f", {self.told}" if self.told else ""
        return f"seed {self.seed}: {seen}{told}: {kept}"


def main(kills=1000, seed=1, place="files", bug="none", folder=None, *, trade=None, to_the_first_fault=False):
    """Run the campaign and return its figures; nothing but orders is traded, unless `trade` says otherwise."""
    began, trade = time.monotonic(), trade or OrdersAlone()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-"))) / "project"
        world = World(root, stack, seed, place=place, bug=bug, trade=trade)
        while world.killed < kills:
            world.wait_a_while()
            world.kill_somebody()
            if world.postgresql and world.chance.random() < CRASHES_PER_KILL:
                world.wait_a_while()
                world.crash_postgresql()
            if to_the_first_fault and world.has_seen_a_fault():
                break
        figures = world.figures()
    figures.seconds = time.monotonic() - began
    return figures


@dataclass
class OrdersAlone:
    """Who trades with a seller where nothing but orders is traded: nobody is told anything (see `trading.Trade`).

    `order_pause` is each client's, in seconds; without one they keep the whole machine busy.
    """

    schedule = EXPORTS_ALONE
    addresses = NOBODY
    erp = GreedyErp
    shopper = Shopper
    document = staticmethod(order)
    order_pause: float = 0.0
    port: int = field(default_factory=free_port)

    def settle(self, _world):
        return []

    def __str__(self):
        return ""


class World:
    """A seller's project with its services, four marketplaces' clients and a greedy ERP."""

    def __init__(self, root, stack, seed, *, place, bug, trade):
        self.stack, self.seed, self.chance, self.done = stack, seed, random.Random(seed), Counter()
        self.trade, self.sshd, self.postgresql, self.turned_away_at_most = trade, None, None, TURNED_AWAY_AT_MOST
        database, target, outbox = self._place(place, root, stack)
        self.project = set_up(root, SETTINGS.format(database=database, target=target, schedule=trade.schedule, port=trade.port))
        self.project.config.write_text(self.project.config.read_text().replace(NOBODY, trade.addresses))
        outbox.mkdir(parents=True, exist_ok=True)
        self._stock_up()
        self.erp = trade.erp(outbox)
        self.erp.start()
        self.api = self._standing("api", bug, "gunicorn", *after_gunicorn(server.command(self.project.config)))
        names = ["daemon", "other-daemon"] if bug == "no-lock" else ["daemon"]
        self.daemons = [self._standing(name, bug, "connector", "--config", str(self.project.config), "daemon") for name in names]
        address = [f"http://127.0.0.1:{trade.port}"]
        self.clients = [trade.shopper(f"c{number}", address, trade.document, seed * 10 + number) for number in range(CLIENTS)]
        for client in self.clients:
            client.pause = trade.order_pause
            client.start()

    def _place(self, place, root, stack):
        """Return the settings of the database and of the ERP's place, and the folder in which the ERP finds its files."""
        if place == "postgresql":
            self.postgresql = Postgresql(postgresql_programs())
            stack.callback(self.postgresql.end)
            return f'[database]\nurl = "{self.postgresql.url}/postgres"', 'target = "file:outbox"', root / "outbox"
        if place == "sftp":
            root.parent.mkdir(parents=True, exist_ok=True)
            self.sshd = stack.enter_context(running_sshd(root.parent / "sshd"))
            keys = f'private_key = "file:{self.sshd.user_key}"\nknown_hosts = "{self.sshd.known_hosts}"'
            return "", f'target = "{self.sshd.url()}"\n{keys}', self.sshd.home
        return "", 'target = "file:outbox"', root / "outbox"

    def _stock_up(self):
        app = self.project.app()
        with app.db.write() as tx:
            tx.execute(update(tables.stock).values(quantity=100_000_000))
        app.db.close()

    def _standing(self, name, bug, module, *arguments):
        memory = dict([server.MEMORY.split("=")])
        env = os.environ | memory | {"CONNECTOR_CONFIG": str(self.project.config), "UNUSED_KEY": "k", "UNUSED_TOKEN": "t"}
        log = str(self.project.root / f"{name}.log")
        mould = Mould([sys.executable, str(HERE / "planted.py"), bug, log, module, *arguments], self.project.root, env)
        self.stack.callback(mould.end)
        return Standing(mould.start)

    def wait_a_while(self):
        """Mostly until orders flow again, so that there is work to be interrupted; at times not: starting is work, too."""
        if self.chance.random() < 0.8:
            count = self.chance.choice([self._acknowledged, self.erp.named.total])
            enough, deadline = count() + self.chance.randint(1, 20), time.monotonic() + 5
            while count() < enough and time.monotonic() < deadline:
                time.sleep(0.005)
        time.sleep(self.chance.uniform(0.0, 0.3))

    def _acknowledged(self):
        return sum(len(client.answers) for client in self.clients)

    def kill_somebody(self):
        victims = {
            "daemons": (3, self._kill_a_daemon),
            "workers": (3, self._kill_a_worker),
            "masters": (1, self.api.kill),
            "everything": (1, self._kill_all),
        }
        if self.sshd:
            victims["sshd sessions"] = (2, self._kill_sessions)
        if self.postgresql:
            victims["backends"] = (3, self._kill_backends)
        name = self.chance.choices(list(victims), [weight for weight, _ in victims.values()])[0]
        self.done[name] += bool(victims[name][1]())

    @property
    def killed(self):
        """How many were killed, without the crashes of PostgreSQL that came besides."""
        return self.done.total() - self.done[CRASHED]

    def crash_postgresql(self):
        self.postgresql.crash_and_start()
        self.done[CRASHED] += 1

    def has_seen_a_fault(self):
        """Tell whether something is wrong already; what is lost shows in the end alone."""
        doubled = any(times > 1 for times in list(self.erp.named.values()))
        return doubled or bool(self.erp.broken) or any(client.changed or client.refused for client in self.clients)

    def _kill_a_worker(self):
        children = self.api.children()
        return children and signalled(self.chance.choice(children), signal.SIGKILL)

    def _kill_a_daemon(self):
        return self.chance.choice(self.daemons).kill()

    def _kill_all(self):
        return self._kill_a_daemon() | self.api.kill()

    def _kill_sessions(self):
        """Sessions are there only while a pass is on: wait for one."""
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            if self.sshd.signal_sessions(signal.SIGKILL):
                return True
            time.sleep(0.005)
        return False

    def _kill_backends(self):
        app = self.project.app()
        with app.db.read() as tx:
            ended = tx.execute(text(BACKENDS_ENDED)).all()
        app.db.close()
        return bool(ended)

    def figures(self):
        """Let everybody end in peace, and count."""
        self._send_clients_home()
        untold = self.trade.settle(self)
        acknowledged = {number for client in self.clients for number in client.answers}
        self._drain(acknowledged)
        ended = [service.end() for service in (*self.daemons, self.api)]
        self.erp.end()
        faults = [*untold, *self._faults(acknowledged, ended)]
        return Figures(self.seed, self.done, len(acknowledged), self.erp.named.total(), told=str(self.trade), faults=faults)

    def _send_clients_home(self):
        """Let each see through what it has begun."""
        for client in self.clients:
            client.stop.set()
        for client in self.clients:
            client.join(DRAIN_SECONDS)

    def _drain(self, acknowledged):
        """Wait until the ERP has every order, or nothing has come for a while; far longer where the database knows of some that wait."""
        came_at, seen = time.monotonic(), 0
        while acknowledged - set(self.erp.named):
            if self.erp.named.total() != seen:
                came_at, seen = time.monotonic(), self.erp.named.total()
            still = time.monotonic() - came_at
            if still > (PATIENCE_SECONDS if self._waiting() else STILL_SECONDS):
                return
            time.sleep(0.2)

    def _waiting(self):
        """Count the order files that are still to be written."""
        app = self.project.app()
        with app.db.read() as tx:
            waits = (tables.outbox.c.destination == ERP, tables.outbox.c.state.in_(("pending", "sending", "publishing")))
            count = tx.execute(select(func.count()).select_from(tables.outbox).where(*waits)).scalar_one()
        app.db.close()
        return count

    def _faults(self, acknowledged, ended):
        waiting = self._waiting()
        if waiting:
            yield f"{waiting} order files were not written in {PATIENCE_SECONDS} s"
        yield from _said("waiting or lost" if waiting else "lost", sorted(acknowledged - set(self.erp.named)))
        yield from _said("doubled", [number for number, times in self.erp.named.items() if times > 1])
        yield from _said("partial", self.erp.broken)
        yield from _said("answered otherwise", [number for client in self.clients for number in client.changed])
        yield from _said("refused", [refusal for client in self.clients for refusal in client.refused])
        yield from _said("taken and not acknowledged", sorted(set(self.erp.named) - acknowledged))
        yield from _said("stuck clients", [client.name for client in self.clients if client.is_alive()])
        yield from _said("ended badly", [how for how in ended if how[0] != 0 or how[1] > 30])
        turned_away = sum(client.turned_away for client in self.clients)
        if turned_away > len(acknowledged) * self.turned_away_at_most and not self.postgresql:  # that one is away itself at times
            yield f"{turned_away} times a store that nobody holds for long could not be used"
        yield from self._database_faults(acknowledged)

    def _database_faults(self, acknowledged):
        """Look at the database. What a killed process never named as written may lie in `.partial/` until the next pass that writes."""
        app = self.project.app()
        with app.db.read() as tx:
            count = tx.execute(select(func.count()).select_from(tables.orders)).scalar_one()
            whole = tx.execute(text("PRAGMA integrity_check")).scalar_one() if app.db.is_sqlite else "ok"
        app.db.close()
        if count != len(acknowledged):
            yield f"{count} orders are stored"
        if whole != "ok":
            yield f"the database is damaged: {whole}"


def after_gunicorn(command):
    return command[command.index("gunicorn") + 1 :]


def _said(what, found):
    if found:
        yield f"{len(found)} {what} ({', '.join(map(str, found[:3]))}…)"
