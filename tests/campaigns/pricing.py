"""An ERP that writes prices, and a marketplace that asks for a price whenever it is told that one changed."""

import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue

import requests

PAUSE_SECONDS = 2.0
WHOLE = {"100": 9990, "200": 500}
"""What the orders of a campaign are priced by: it never changes."""


class Pricing(threading.Thread):
    """Writes a full export of prices every few seconds, each complete at once; `written` is what the last one said, in cents."""

    def __init__(self, folder, skus, seed):
        super().__init__(daemon=True)
        self.folder, self.skus, self.chance, self.stop = folder, skus, random.Random(seed), threading.Event()
        self.files, self.written = 0, {}

    def run(self):
        while not self.stop.wait(PAUSE_SECONDS * self.chance.uniform(0.5, 1.5)):
            prices = {sku: 1000 + self.chance.randint(0, 99) for sku in self.skus}
            rows = [f"{sku};{cents // 100},{cents % 100:02}" for sku, cents in {**WHOLE, **prices}.items()]
            self.files += 1
            temporary = self.folder / f".{self.files}"
            temporary.write_text("\n".join(["sku;price", *rows]) + "\n")
            temporary.rename(self.folder / "prices" / f"prices-{self.files:06}.csv")
            self.written = prices


class AskingMarketplace(threading.Thread):
    """Takes every notice, and then asks one of the seller's nodes for the price until it is told: as VTEX does, a little later."""

    def __init__(self, addresses, seed):
        super().__init__(daemon=True)
        self.addresses, self.chance, self.stop = addresses, random.Random(seed), threading.Event()
        self.notices, self.answers, self.known, self._asked = 0, 0, {}, Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._session = requests.Session()
        self._session.trust_env = False

    def _handler(self):
        told = self._told

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                told(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                """Say nothing."""

        return Handler

    def _told(self, path):
        self.notices += 1
        self._asked.put(next(part for part in path.split("/") if part.startswith("C") or part in WHOLE))

    def run(self):
        while not self.stop.is_set():
            try:
                sku = self._asked.get(timeout=0.1)
            except Empty:
                continue
            while not self.stop.is_set() and (cents := self._price(sku)) is None:
                time.sleep(0.1)
            self.known[sku] = cents
            self.answers += 1

    def _price(self, sku):
        """Return the price that a node answers; None where it must be asked again."""
        cart = {"items": [{"id": sku, "quantity": 1, "seller": "1"}], "country": "BRA", "postalCode": "22051-030"}
        try:
            address = f"{self.chance.choice(self.addresses)}/pvt/orderForms/simulation?an=acme-market"
            answer = self._session.post(address, json=cart, timeout=5)
            return answer.json()["items"][0]["price"] if answer.status_code == 200 else None
        except (requests.RequestException, ValueError, LookupError):
            return None

    def end(self):
        self.stop.set()
        self.join()
        self._server.shutdown()
        self._server.server_close()
