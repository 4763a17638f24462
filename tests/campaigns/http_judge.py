"""What may be answered, whatever was asked: HTTP to the letter, errors in VTEX's shape, no failure, no HTML for machines."""

import json
import re
from typing import NamedTuple
from urllib.parse import unquote

ERROR_HEADERS = (b"x-vtex-error-code", b"x-vtex-error-message")


class Answer(NamedTuple):
    status: int
    head: dict[bytes, bytes]
    body: bytes


def answers(data, *, is_head=False):
    """Cut what a connection said into its answers. Raises ValueError where it is no HTTP, or stops in the middle of an answer.

    The answer to a HEAD has no body, unless the request could not be read: then nobody knew that it was one.
    """
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        line, *lines = head.split(b"\r\n")
        status = re.fullmatch(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [^\r\n]*", line)
        if not status or not end:
            raise ValueError(f"it is no answer: {head[:100]!r}")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        code = int(status[1])
        body, data = (b"", data) if code in {100, 204, 304} or (is_head and not data.startswith(b"{")) else _body(fields, data)
        if code != 100:
            found.append(Answer(code, fields, body))
    return found


def _body(fields, data):
    if b"chunked" in fields.get(b"transfer-encoding", b""):
        body = b""
        while True:
            size, _, data = data.partition(b"\r\n")
            piece, data = data[: int(size, 16)], data[int(size, 16) + 2 :]
            if not piece:
                return body, data
            body += piece
    length = int(fields.get(b"content-length", len(data)))
    if len(data) < length:
        raise ValueError(f"its body has {len(data)} of {length} bytes")
    return data[:length], data[length:]


def faults(answer, sent):
    """Yield what is wrong with an answer to these bytes."""
    if answer.status >= 500 and not is_documented(answer, sent):
        yield f"status {answer.status}"
    is_console = b"console" in sent or "console" in unquote(sent.decode("latin-1")).lower()
    if not is_console and (b"html" in answer.head.get(b"content-type", b"") or b"<html" in answer.body.lower()):
        yield "HTML"
    if b"Traceback" in answer.body:
        yield "a traceback"
    if answer.status >= 400 and not is_console:
        yield from _error_faults(answer)


def is_documented(answer, sent):
    """503 invites to come again; 501 is the standard's word for a transfer coding that is not known."""
    if answer.status == 503:
        return b"retry-after" in answer.head
    return answer.status == 501 and b"transfer-encoding" in sent.lower()


def _error_faults(answer):
    if not all(answer.head.get(name) for name in ERROR_HEADERS):
        yield f"{answer.status} without VTEX's headers"
    if answer.body:
        try:
            error = json.loads(answer.body)["error"]
        except (ValueError, KeyError, TypeError):
            yield f"{answer.status} without VTEX's document"
            return
        if set(error) != {"code", "message", "exception"} or not error["message"]:
            yield f"{answer.status} with another document"
