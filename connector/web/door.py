"""Who need not be waited for: judged by a request's head, before its body has come."""

from __future__ import annotations

from typing import Any

import falcon
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create

from connector.web.middleware import Guarded


class Deaf:
    """Stands in for the connection where a head is only looked at: nothing is said to the client."""

    def send(self, data: bytes) -> int:
        return len(data)


class Door:
    """Reads a head as the server will, and asks whoever guards the application; what is no HTTP is the server's affair at once."""

    def __init__(self, guarded: Guarded, cfg: Any) -> None:
        self._guarded, self._cfg = guarded, cfg

    def keeps_out(self, head: bytes, conn: Any) -> bool:
        """Say whether the answer is known without the body: a refusal, as of what cannot be read."""
        try:
            request = next(RequestParser(self._cfg, iter([head]), conn.client))
            _, environ = create(request, Deaf(), conn.client, conn.server, self._cfg)
            return self._guarded.keeps_out(falcon.Request(environ))
        except (ParseException, NoMoreData, StopIteration, falcon.HTTPError, ValueError):  # the server meets it again, and answers
            return True
