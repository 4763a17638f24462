"""An ERP that takes each file as soon as it sees it, reads it, counts it, and lets it vanish.

A look at the folder in the end cannot see a file that was half there, or there twice: the next start repairs the first, and a second
file of the same name hides the second.
"""

import json
import threading
import time
from collections import Counter
from pathlib import Path


class GreedyErp(threading.Thread):
    """`taken` counts files by our order's id, `named` by what the marketplace sent; `broken` holds what was no whole file."""

    def __init__(self, folder: Path):
        super().__init__(daemon=True)
        self.folder, self.stop = folder, threading.Event()
        self.taken, self.named, self.broken = Counter(), Counter(), []
        self._alone = threading.Lock()

    def run(self):
        while not self.stop.is_set():
            self.take()
            time.sleep(0.001)

    def take(self):
        """Take what is there; also from another thread than its own: it is one ERP, which takes a file once."""
        with self._alone:
            self._take_all()

    def _take_all(self):
        for path in list(self.folder.glob("*/*.json")) if self.folder.exists() else []:
            if not path.parent.name.startswith("."):
                self._take(path)

    def _take(self, path):
        try:
            self.note(path.parent.name, json.loads(path.read_bytes()))
        except (ValueError, KeyError) as error:
            self.broken.append((path.name, repr(error)))
        path.unlink()

    def note(self, _folder, order):
        self.taken[order["orderId"]] += 1
        self.named[order["raw"]["marketplaceOrderId"]] += 1

    def end(self):
        """Stop, and take what is still there."""
        self.stop.set()
        self.join()
        self.take()
