"""Requests as nobody should send them: random bytes, and valid ones spoiled in their bytes, head, document, length or delivery.

Everything comes from the chance that is passed in: the same seed gives the same requests.
"""

import copy
import json
from typing import NamedTuple
from urllib.parse import quote

SHOP = "/pvt/orderForms/simulation"
HEADS = (
    *("Content-Length: 0", "Content-Length: -1", "Content-Length: 5, 5", "Content-Length: 99999999999999999999", "content-length: 3"),
    *("Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: \x0bchunked", "Transfer-Encoding: x"),
    *("Expect: 100-continue", "Expect: miracles", "Upgrade: h2c", "Connection: keep-alive, close", "Connection: upgrade", "TE: trailers"),
    *("Host: elsewhere.example", "Host:", "X-Forwarded-For: 1.2.3.4", "Forwarded: for=x", "X-Forwarded-Proto: https", "X-Real-IP: \xff"),
    *("Content-Type: text/html", "Content-Type: application/json; charset=utf-16", "Content-Type: \xe9", "Content-Encoding: gzip"),
    *(
        "Accept: \xff",
        "Accept: text/html",
        "If-None-Match: \xe9, W/",
        "Range: bytes=0-1",
        "If-Modified-Since: never",
        "Accept-Encoding: br;q=x",
    ),
    *("Cookie: " + "a=b; " * 500, "Cookie: __Host-connector=\xff", "Authorization: VTEX key=", "Authorization: Basic \xe9", "Origin: null"),
    *("X: a\0b", "X: a\rb", "X : y", ": nameless", "no colon", " folded", "X: " + "y" * 9000, "X\xe9: 1", "x-vtex-operation-id: \xff" * 9),
)
METHODS = ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "FOO", "", "P\xd6ST", "A" * 300)
VERSIONS = ("HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 ", "http/1.1", "", "HTTP/1.11")
ODD = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 10**20, -(10**20), 1.5, 1e308, float("inf"), float("nan"), -0.0),
    *(
        "",
        " ",
        "\0",
        "\ud800",
        "x" * 5000,
        "-1",
        "1e9",
        "NaN",
        "é\r\nX: y",
        "2026-13-99",
        "999999999999d",
        "../../etc/passwd",
        "١٢",
        "=cmd()",
    ),
    *([], {}, [[]], [None], {"": ""}, [1, 2, 3], {"id": "100"}, "\u202e", "﻿", "' OR 1=1 --", "{{7*7}}", "<script>", "${jndi:x}"),
)
SPLINTERS = (
    b"\0",
    b"\r\n",
    b"\n",
    b"\r",
    b"\xff",
    b'"',
    b"{",
    b"[" * 100,
    b"}",
    b":",
    b" ",
    b"%",
    b"%00",
    b"9" * 30,
    b"\xc3",
    b"HTTP/1.1",
    b"0\r\n\r\n",
)
PAGES = (
    *("", "orders", "skus", "files", "quarantine", "held", "letters", "alarms", "schedules", "login", "static/console.css", "static/../x"),
    *("orders/1", "skus/100", "files/1", "orders?page=-1", "skus?q=%00", "orders?after=%ff", "letters?state=x", "acts", "search?q='"),
)
CONSOLE = tuple(f"/console/{page}" for page in PAGES)
PROBES = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/", "/console", "//pvt//orders", "/pvt/orders/%2e%2e/cancel", "*")


class Sent(NamedTuple):
    """A request's bytes; `way` says how they are delivered: whole, in pieces, cut (closed without reading), ended (half closed) early."""

    bytes: bytes
    way: str
    what: str


class Spoiler:
    """Makes requests. `order` is a function of a number that returns an order's document."""

    def __init__(self, chance, cart, order, name):
        self.chance, self.cart, self.order, self.name = chance, cart, order, name
        self.count, self.known = 0, ["1", "x"]
        """The ids of orders that were placed."""

    def next(self):
        """Return the next request."""
        if self.chance.random() < 0.04:
            return Sent(self.chance.randbytes(self.chance.choice([0, 1, 10, 100, 5000])), self._way(), "random bytes")
        method, path, document = self._valid()
        what = f"{method} {path.partition('?')[0]}"
        body = b"" if document is None else self._body(document)
        data = self._headed(method, path, body)
        while self.chance.random() < 0.3:
            data = self._broken(data)
        return Sent(data, self._way(), what)

    def _way(self):
        return self.chance.choices(["whole", "pieces", "cut", "ended"], [75, 5, 10, 10])[0]

    # ── what is asked ───────────────────────────────────────────────────────────────────────────────────────────────────
    def _valid(self):
        self.count += 1
        known = quote(self.chance.choice(self.known), safe="")
        number = f"{self.name}-{self.count if self.chance.random() < 0.8 else self.chance.randint(1, self.count)}"
        return self.chance.choice(
            [
                ("POST", f"{SHOP}?sc=1&an=acme-market", self.cart),
                ("GET", f"{SHOP}?purchaseContext={quote(json.dumps(self.cart))}", None),
                ("POST", "/pvt/orders?an=acme-market", [self.order(number)]),
                ("POST", "/pvt/orders?an=acme-market", [self.order(number), self.order(f"{number}-b")]),
                ("POST", f"/pvt/orders/{known}/fulfill?an=acme-market", {"marketplaceOrderId": number}),
                ("POST", f"/pvt/orders/{known}/cancel?an=acme-market", {"reason": "gave up"}),
                ("PATCH", f"/pvt/orders/{known}/changes?an=acme-market", {"add": {"items": [{"id": "100", "quantity": 1}]}}),
                ("GET", self.chance.choice(CONSOLE), None),
                ("POST", self.chance.choice(CONSOLE), {"token": "x", "password": "x"}),
                ("GET", self.chance.choice(PROBES), None),
            ]
        )

    def _body(self, document):
        for _ in range(self.chance.choice([0, 1, 1, 2])):
            place = self.chance.choice(list(places(document)) or [()])
            document = changed(document, place, self.chance.choice(ODD)) if place else document
        text = json.dumps(document, ensure_ascii=self.chance.random() < 0.8).encode("utf-8", "surrogatepass")
        chance = self.chance.random()
        if chance < 0.03:
            return text.decode("utf-8", "replace").encode(self.chance.choice(["utf-16", "utf-8-sig", "utf-32"]))
        if chance < 0.05:
            return text.replace(b"{", b'{"items":[],"items":' + b"[" * self.chance.choice([1, 70, 20_000]) + b",", 1)
        if chance < 0.06:
            return b"[" + b",".join([text] * self.chance.choice([2, 50, 500])) + b"]"
        return text

    # ── how it is written ───────────────────────────────────────────────────────────────────────────────────────────────
    def _headed(self, method, path, body):
        chance = self.chance
        method = chance.choice(METHODS) if chance.random() < 0.1 else method
        version = chance.choice(VERSIONS) if chance.random() < 0.05 else "HTTP/1.1"
        length, body = self._delivered(body)
        lines = ["Host: localhost", "Content-Type: application/json", *length]
        lines += chance.sample(HEADS, chance.choice([0, 0, 0, 0, 0, 0, 1, 2]))
        if chance.random() < 0.8:
            lines.append("Connection: close")
        chance.shuffle(lines)
        return "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode("latin-1", "replace") + body

    def _delivered(self, body):
        """Say how long the body is, at times wrongly, or cut it into chunks, at times badly."""
        chance = self.chance.random()
        if chance < 0.1:
            return ["Transfer-Encoding: chunked"], self._chunks(body)
        if chance < 0.15:
            return [f"Content-Length: {max(0, len(body) + self.chance.choice([-1, 1, -20, 1000, 3_000_000]))}"], body
        return ([f"Content-Length: {len(body)}"] if body or chance < 0.5 else []), body

    def _chunks(self, body):
        made, at = b"", 0
        while at < len(body):
            size = self.chance.choice([1, 7, 100, 5000])
            piece, at = body[at : at + size], at + size
            made += b"%x%s\r\n%s\r\n" % (len(piece), self.chance.choice([b"", b"", b";a=b"]), piece)
        return made + self.chance.choice([b"0\r\n\r\n", b"0\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\n", b"-1\r\n\r\n", b""])

    def _broken(self, data):
        at, chance = self.chance.randint(0, len(data)), self.chance
        match chance.randint(0, 5):
            case 0:
                return data[:at] + chance.choice(SPLINTERS) + data[at:]
            case 1:
                return data[:at] + chance.randbytes(1) + data[at + 1 :]
            case 2:
                return data[:at] + data[at + chance.randint(1, 20) :]
            case 3:
                return data[:at] + data[: chance.randint(1, 200)] + data[at:]
            case 4:
                return data[:at]
            case _:
                return data.replace(b"\r\n", chance.choice([b"\n", b"\r", b"\r\n\r\n"]), chance.randint(1, 5))


def places(document, path=()):
    """Every place in a document, its root left out."""
    steps = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


def changed(document, path, value):
    made = copy.deepcopy(document)
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return made
