"""Raw requests that try to make two servers disagree about where a request ends, with the verdict on each.

`alone` is the status that the connector's own server gives, `behind` the one behind nginx; 0: the connection is closed without an answer.
A second request hidden in the first asks for /openapi.json: nobody may answer that.
"""

from typing import NamedTuple

HIDDEN = "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nX-Hidden: 1\r\n\r\n"
CART = '{"items":[]}'


class Case(NamedTuple):
    alone: int
    behind: int
    sent: bytes


def post(*headers, body="", line="POST /pvt/orderForms/simulation HTTP/1.1", host="Host: localhost", end="\r\n"):
    lines = [line, *([host] if host is not None else []), "Connection: close", "Content-Type: application/json", *headers]
    return (end.join(lines) + end + end).encode("latin-1") + body.encode("latin-1")


def get(line, *headers, host="Host: localhost", end="\r\n"):
    lines = [line, *([host] if host is not None else []), "Connection: close", *headers]
    return (end.join(lines) + end + end).encode("latin-1")


def chunked(*headers, body=f"c\r\n{CART}\r\n0\r\n\r\n", coding="Transfer-Encoding: chunked"):
    return post(coding, *headers, body=body)


LENGTH = f"Content-Length: {len(CART)}"
END_CHUNK = "0\r\n\r\n"
HIDDEN_LENGTH = f"Content-Length: {len(END_CHUNK + HIDDEN)}"

REQUESTS = {
    # a length and chunks
    "length and chunked": Case(400, 400, post(HIDDEN_LENGTH, "Transfer-Encoding: chunked", body=END_CHUNK + HIDDEN)),
    "chunked and length": Case(400, 400, post("Transfer-Encoding: chunked", HIDDEN_LENGTH, body=END_CHUNK + HIDDEN)),
    "length 4 and chunked": Case(400, 400, post("Content-Length: 4", "Transfer-Encoding: chunked", body=f"5c\r\n{HIDDEN}\r\n0\r\n\r\n")),
    "length 0 and chunked": Case(400, 400, post("Content-Length: 0", "Transfer-Encoding: chunked", body=END_CHUNK + HIDDEN)),
    "chunked in HTTP/1.0": Case(
        400, 400, post("Transfer-Encoding: chunked", body=END_CHUNK + HIDDEN, line="POST /pvt/orderForms/simulation HTTP/1.0")
    ),
    # codings written oddly
    "space before the colon": Case(400, 400, chunked(coding="Transfer-Encoding : chunked")),
    "tab before the colon": Case(400, 400, chunked(coding="Transfer-Encoding\t: chunked")),
    "tab after the colon": Case(200, 501, chunked(coding="Transfer-Encoding:\tchunked")),
    "vertical tab in the coding": Case(400, 501, chunked(coding="Transfer-Encoding: \x0bchunked")),
    "form feed in the coding": Case(400, 501, chunked(coding="Transfer-Encoding: chunked\x0c")),
    "NUL in the coding": Case(400, 400, chunked(coding="Transfer-Encoding: chun\0ked")),
    "folded coding": Case(400, 400, chunked(coding="Transfer-Encoding:\r\n chunked")),
    "x before chunked": Case(501, 501, chunked(coding="Transfer-Encoding: xchunked")),
    "quoted chunked": Case(501, 501, chunked(coding='Transfer-Encoding: "chunked"')),
    "chunked, identity": Case(400, 501, chunked(coding="Transfer-Encoding: chunked, identity")),
    "identity, chunked": Case(400, 501, chunked(coding="Transfer-Encoding: identity, chunked")),
    "chunked, chunked": Case(400, 501, chunked(coding="Transfer-Encoding: chunked, chunked")),
    "gzip, chunked": Case(400, 501, chunked(coding="Transfer-Encoding: gzip, chunked")),
    "identity with a length": Case(400, 501, post("Transfer-Encoding: identity", LENGTH, body=CART)),
    "two codings": Case(400, 400, chunked("Transfer-Encoding: identity")),
    "two times chunked": Case(400, 400, chunked("Transfer-Encoding: chunked")),
    "empty coding": Case(501, 501, post("Transfer-Encoding:", LENGTH, body=CART)),
    "coding with an underscore": Case(200, 200, post("Transfer_Encoding: chunked", LENGTH, body=CART)),
    "coding in capitals": Case(200, 200, chunked(coding="TRANSFER-ENCODING: CHUNKED")),
    "chunked with a parameter": Case(501, 501, chunked(coding="Transfer-Encoding: chunked;q=1")),
    # lengths
    "two lengths that differ": Case(400, 400, post(LENGTH, "Content-Length: 0", body=CART)),
    "two lengths that agree": Case(400, 400, post(LENGTH, LENGTH, body=CART)),
    "a list of lengths": Case(400, 400, post("Content-Length: 12, 12", body=CART)),
    "length with a plus": Case(400, 400, post("Content-Length: +12", body=CART)),
    "length with a minus": Case(400, 400, post("Content-Length: -1", body=CART)),
    "length in hex": Case(400, 400, post("Content-Length: 0xc", body=CART)),
    "length with a zero before": Case(200, 200, post("Content-Length: 012", body=CART)),
    "length with an underscore": Case(400, 400, post("Content-Length: 1_2", body=CART)),
    "length with blanks around": Case(200, 200, post("Content-Length:   12  ", body=CART)),
    "length with a letter": Case(400, 400, post("Content-Length: 12a", body=CART)),
    "empty length": Case(400, 400, post("Content-Length:", body=CART)),
    "length beyond 64 bits": Case(413, 400, post("Content-Length: 18446744073709551628", body=CART)),
    "length in full-width digits": Case(400, 400, post("Content-Length: \xef\xbc\x91", body=CART)),
    "space before the length's colon": Case(400, 400, post("Content-Length : 12", body=CART)),
    "length in a GET": Case(200, 200, get("GET /healthz HTTP/1.1", f"Content-Length: {len(HIDDEN)}") + HIDDEN.encode()),
    # chunks
    "chunk size with a plus": Case(400, 400, chunked(body=f"+c\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size with a minus": Case(400, 400, chunked(body=f"-c\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size with 0x": Case(400, 400, chunked(body=f"0xc\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size with an underscore": Case(400, 400, chunked(body=f"1_0\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size with a blank before": Case(400, 400, chunked(body=f" c\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size beyond 64 bits": Case(400, 400, chunked(body=f"1000000000000000c\r\n{CART}\r\n0\r\n\r\n")),
    "chunk size of a letter": Case(400, 400, chunked(body=f"g\r\n{CART}\r\n0\r\n\r\n")),
    "chunk with an extension": Case(200, 200, chunked(body=f"c;a=b\r\n{CART}\r\n0\r\n\r\n")),
    "chunk longer than it says": Case(400, 400, chunked(body=f"3\r\n{CART}\r\n0\r\n\r\n")),
    "chunk line ended by LF": Case(400, 200, chunked(body=f"c\n{CART}\r\n0\r\n\r\n")),
    "chunk ended by LF": Case(400, 200, chunked(body=f"c\r\n{CART}\n0\r\n\r\n")),
    "chunks without an end": Case(400, 0, chunked(body=f"c\r\n{CART}\r\n")),
    "trailer that names a length": Case(400, 200, chunked(body=f"c\r\n{CART}\r\n0\r\nContent-Length: 5\r\n\r\n")),
    "empty body of chunks with a request behind": Case(400, 400, chunked(body=END_CHUNK + HIDDEN)),
    # lines and versions
    "bare LF": Case(400, 200, get("GET /healthz HTTP/1.1", end="\n")),
    "bare CR": Case(0, 400, get("GET /healthz HTTP/1.1", end="\r")),
    "CR in a header": Case(400, 400, get("GET /healthz HTTP/1.1", "X-A: b\rX-B: c")),
    "NUL in a header": Case(400, 400, get("GET /healthz HTTP/1.1", "X-A: b\0c")),
    "header without a name": Case(400, 400, get("GET /healthz HTTP/1.1", ": b")),
    "header without a colon": Case(400, 200, get("GET /healthz HTTP/1.1", "X-A")),
    "header with a blank in its name": Case(400, 400, get("GET /healthz HTTP/1.1", "X A: b")),
    "folded header": Case(400, 400, get("GET /healthz HTTP/1.1", "X-A: b", " c")),
    "blank line first": Case(200, 200, b"\r\n" + get("GET /healthz HTTP/1.1")),
    "blank before the method": Case(400, 400, get(" GET /healthz HTTP/1.1")),
    "two blanks": Case(400, 200, get("GET  /healthz HTTP/1.1")),
    "tab for a blank": Case(400, 400, get("GET\t/healthz HTTP/1.1")),
    "HTTP/0.9": Case(400, 0, b"GET /healthz\r\n"),
    "HTTP/2.0 in words": Case(400, 400, get("GET /healthz HTTP/2.0")),
    "HTTP/1.1 with letters": Case(400, 400, get("GET /healthz HTTP/1.1a")),
    "the preface of HTTP/2": Case(400, 400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "method in small letters": Case(400, 400, get("get /healthz HTTP/1.1")),
    "CONNECT": Case(404, 400, get("CONNECT localhost:443 HTTP/1.1")),
    "TRACE": Case(405, 405, get("TRACE /healthz HTTP/1.1")),
    # hosts and addresses
    "no host": Case(200, 400, get("GET /healthz HTTP/1.1", host=None)),
    "two hosts": Case(400, 400, get("GET /healthz HTTP/1.1", "Host: evil.test")),
    "host with a user": Case(200, 200, get("GET /healthz HTTP/1.1", host="Host: a@evil.test")),
    "host with a slash": Case(200, 400, get("GET /healthz HTTP/1.1", host="Host: localhost/healthz")),
    "whole address": Case(200, 200, get("GET http://localhost/healthz HTTP/1.1")),
    "whole address of another": Case(200, 200, get("GET http://evil.test/healthz HTTP/1.1")),
    "path above the root": Case(404, 400, get("GET /../healthz HTTP/1.1")),
    "path with a backslash": Case(404, 404, get("GET /x\\..\\healthz HTTP/1.1")),
    "path with an encoded NUL": Case(404, 400, get("GET /healthz%00 HTTP/1.1")),
    "asterisk": Case(400, 400, get("GET * HTTP/1.1")),
    "upgrade to h2c": Case(200, 200, get("GET /healthz HTTP/1.1", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__")),
    "expect something": Case(417, 200, post("Expect: 200-ok", LENGTH, body=CART)),
}
