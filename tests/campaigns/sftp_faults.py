"""The ERP's SFTP server fails in nine ways, at random moments of a pass that takes an export and of one that writes an order.

`make campaign PART=sftp-faults ARGS="--times 200 --seed 1"`. After each fault, and a pass in peace, every order has reached a greedy ERP
once and whole, and every export was applied once and has left; no pass outlasts its deadline.
"""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "jobs")]

from catalog_world import Catalog, product  # noqa: E402  # the tests' own parts, by path
from orders_world import Seller  # noqa: E402
from relay import Relay  # noqa: E402
from servers import running_sshd  # noqa: E402

from connector import app as building  # noqa: E402
from connector import settings as settings_module  # noqa: E402
from connector.erp.sftp import SftpStore  # noqa: E402
from connector.erp.ssh import Deadlines  # noqa: E402
from connector.usecases.passes import Pass  # noqa: E402
from jobs import export_orders, refresh_snapshot  # noqa: E402

QUICK = Deadlines(connect=3, answer=1.5, transfer=2, per_megabyte=0)
LONGEST_SECONDS = 30
"""Of a pass: a few calls, each with its deadline and one more try over a new connection."""
WIDE = "x" * 1500
"""A thousand such rows are more than a megabyte: keys are agreed anew on the way."""


@dataclass
class Figures:
    """What the campaign saw; `faults` is empty where every promise was kept."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    interrupted: int = 0
    longest: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    def __str__(self):
        kept = "every order once and whole, every export once" if not self.faults else "; ".join(self.faults[:10])
        kinds = ", ".join(f"{name} {times}" for name, times in sorted(self.done.items()))
        seen = f"{self.done.total()} faults ({kinds}) in {self.seconds:.0f} s"
        return f"seed {self.seed}: {seen}, {self.interrupted} passes failed, the longest lasted {self.longest:.1f} s: {kept}"


def main(faults=200, seed=1, folder=None):
    """Run until so many faults were met, and return the figures."""
    began = time.monotonic()
    with ExitStack() as stack:
        root = Path(folder or stack.enter_context(tempfile.TemporaryDirectory(prefix="campaign-")))
        world = World(root, stack, seed)
        for number in range(faults):
            world.go_through(number)
    world.figures.seconds = time.monotonic() - began
    return world.figures


class World:
    """A shop that takes exports from the server and a seller that writes orders to it, through a relay."""

    def __init__(self, root, stack, seed):
        self.chance, self.figures, self._deck = random.Random(seed), Figures(seed), []
        self.sshd = stack.enter_context(running_sshd(root / "sshd", extra_settings="RekeyLimit 1M\n"))
        self.relay = Relay(self.sshd.port)
        stack.callback(self.relay.close)
        self.known_hosts, self.target = root / "known_hosts", root / "target"
        self.trusted = f"[127.0.0.1]:{self.relay.port} {self.sshd.host_public_key}\n"
        self.known_hosts.write_text(self.trusted)
        self.other_key = f"[127.0.0.1]:{self.relay.port} {' '.join(_another_key(root))}\n"
        self.target.mkdir()
        self.has_disk = _mounted(self.target, stack)
        os.environ |= {"CATALOG_KEY": "k", "CATALOG_TOKEN": "t"}
        self.shop, self.seller = self._shop(root / "shop"), self._seller(root / "seller")
        for app in (self.shop.app, self.seller.app):
            stack.callback(app.db.close)
        self.placed, self.taken, self.exports, self.frozen = [], Counter(), 0, []

    def _shop(self, root):
        (root / "inbox").mkdir(parents=True)
        shop = Catalog(root, more=self._erp("source", root / "inbox"))
        shop.app.__dict__["source"] = SftpStore(shop.app.settings, shop.app.settings.erp.source, QUICK)
        shop.export("products/p.csv", product("A"))
        return shop

    def _seller(self, root):
        seller = Seller(root)
        seller.config.write_text(f"[erp]\n{self._erp('target', self.target)}{seller.config.read_text()}")
        settings = settings_module.load(seller.config)
        seller.app = building.App(settings, seller.app.db, seller.app.clock)
        seller.app.__dict__["target"] = SftpStore(settings, settings.erp.target, QUICK)
        seller.sells("A", quantity=100_000)
        return seller

    def _erp(self, what, folder):
        address = f"sftp://{self.sshd.user}@127.0.0.1:{self.relay.port}{folder}"
        return f'{what} = "{address}"\nprivate_key = "file:{self.sshd.user_key}"\nknown_hosts = "{self.known_hosts}"\n'

    # ── one round ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def go_through(self, number):
        """Give both jobs work, let one fault befall them, let them work in peace, and look."""
        name, fault = self._drawn()
        self.placed.append(self.seller.placed(f"order-{number}"))
        self.exports += 1
        rows = [f"A;{number + 1};{WIDE if name == 'large' else ''}"] * (1000 if name == "large" else 1)
        self.shop.drop(f"stock/s{number}.csv", *rows, head="sku;quantity;note")
        self._anew()
        heal = fault()
        self._both()
        heal()
        self._anew()
        self._both()
        self._both()  # what was not at rest in the first look, or tried again later
        self.figures.done[name] += 1
        self.figures.faults += [f"{name}, round {number}: {found}" for found in self._wrong(number)]

    def _drawn(self):
        kinds = {"cut": self._cut, "killed": self._killed, "frozen": self._frozen, "mute": self._mute, "stopped": self._stopped}
        kinds |= {"other key": self._other_key, "large": lambda: _nothing}
        if self.has_disk:
            kinds |= {"full": self._full, "read-only": self._read_only}
        if not self._deck:
            self._deck = self.chance.sample(list(kinds), len(kinds))
        name = self._deck.pop()
        return name, kinds[name]

    def _anew(self):
        """Have both begin with a connection of their own: what befalls it may be its first byte."""
        if self.chance.random() < 0.7:
            self.shop.app.source.close()
            self.seller.app.target.close()

    def _both(self):
        for run in (self._export, self._refresh):
            began = time.monotonic()
            report = run()
            self.figures.longest = max(self.figures.longest, time.monotonic() - began)
            self.figures.interrupted += bool(report.failures)
            self._take()

    def _export(self):
        return export_orders.run(self.seller.app, Pass(by_hand=True))

    def _refresh(self):
        return refresh_snapshot.run(self.shop.app, Pass())

    def _take(self):
        for path in self.target.glob("orders/*"):
            try:
                self.taken[json.loads(path.read_bytes())["orderId"]] += 1
            except ValueError:
                self.figures.faults.append(f"{path.name} is no whole file")
            with contextlib.suppress(OSError):  # the disk is read-only: it is taken later, and counted then
                path.unlink()
                continue
            self.taken.clear()

    def _wrong(self, number):
        if self.taken != Counter(self.placed):
            yield f"orders placed {len(self.placed)}, taken {self.taken.total()}"
        applied = [name for name, state in self.shop.ledger() if name.startswith("stock/") and state == "applied"]
        if applied != [f"stock/s{n}.csv" for n in range(number + 1)]:
            yield f"exports applied: {applied[-3:]} of {self.exports}"
        if self.shop.stock().get("A") != number + 1 or self.shop.lies("inbox"):
            yield f"stock {self.shop.stock().get('A')}, in the inbox {self.shop.lies('inbox')}"
        if self.figures.longest > LONGEST_SECONDS:
            yield f"a pass lasted {self.figures.longest:.1f} s"
        left = [path.name for path in (self.target / ".partial").iterdir() if path.name != ".folder-id"]
        if left:
            yield f"left in .partial: {left}"

    # ── what befalls it: each returns how it ends ───────────────────────────────────────────────────────────────────────
    def _cut(self):
        self.relay.cut_after = self.chance.randint(0, max(self.relay.longest, 6000))
        return self._pass_on

    def _stopped(self):
        self.relay.cut_after = 0
        return self._pass_on

    def _pass_on(self):
        self.relay.cut_after, self.relay.mute = None, False

    def _mute(self):
        timer = threading.Timer(self.chance.uniform(0, 0.3), setattr, (self.relay, "mute", True))
        return self._timed(timer, self._pass_on)

    def _killed(self):
        return self._timed(threading.Timer(self.chance.uniform(0, 0.3), self.sshd.signal_sessions, (signal.SIGKILL,)), _nothing)

    def _frozen(self):
        def freeze():
            self.frozen = self.sshd.signal_sessions(signal.SIGSTOP)

        def thaw():
            for pid in self.frozen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

        return self._timed(threading.Timer(self.chance.uniform(0, 0.3), freeze), thaw)

    def _timed(self, timer, heal):
        timer.start()

        def end():
            timer.join()
            heal()

        return end

    def _other_key(self):
        self.known_hosts.write_text(self.other_key)
        self.shop.app.source.close()
        self.seller.app.target.close()
        return lambda: self.known_hosts.write_text(self.trusted)

    def _full(self):
        ballast = self.target / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 512)
        return ballast.unlink

    def _read_only(self):
        _remount(self.target, "ro")
        return lambda: _remount(self.target, "rw")


def _nothing():
    return None


def _another_key(root):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", root / "other"], check=True)
    return (root / "other.pub").read_text().split()[:2]


def _mounted(folder, stack):
    """Give a folder a small disk of its own; False where that cannot be done here."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        return False
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], capture_output=True, check=False).returncode:
        return False
    stack.callback(lambda: subprocess.run(["umount", "-l", folder], check=True))
    return True


def _remount(folder, how):
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True)
