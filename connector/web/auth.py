"""Who may call: every credential that is set in `[api.auth]` must hold; with none set, only direct requests on loopback.

VTEX documents credentials on order placement alone, so the path token is what protects all four calls (reliability 3.2). A wrong
setting here makes every product unavailable in silence on VTEX's side: each refusal is logged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hmac import compare_digest

import falcon

from connector.errors import NotAuthorized
from connector.settings import Secret, Settings
from connector.settings.path_token import path_tokens
from connector.web import peers

HEADER = re.compile(r'\s*VTEX\s+key="([^"]*)"(?:\s*,\s*|\s+)token="([^"]*)"\s*', re.IGNORECASE)


class Gate:
    """The credentials, read once when the application is built. Raises SettingsError where a secret is not there or cannot be used."""

    def __init__(self, settings: Settings, reveal: Callable[[Secret], str]) -> None:
        self.api = settings.api
        auth = settings.api.auth
        self.path_tokens = tuple(map(_bytes, path_tokens(settings)))
        self.app_key = _bytes(reveal(auth.app_key)) if auth.app_key else b""
        self.app_token = _bytes(reveal(auth.app_token)) if auth.app_token else b""

    def admit(self, req: falcon.Request, *, token_shown: bool) -> None:
        """Let the request pass, or raise NotAuthorized. Reads headers only, never the body."""
        if not self.api.auth.is_set:
            self._admit_direct(req)
            return
        if self.api.auth.allow_from and not peers.within(peers.client(req, self.api.trusted_proxies), self.api.auth.allow_from):
            raise NotAuthorized("requests from this address are not allowed", known=True)
        if self.path_tokens and not token_shown:
            raise NotAuthorized("the address lacks the seller's token")
        if self.app_key and not self._shows_pair(req):
            raise NotAuthorized("the application key and token are missing or wrong")

    def _admit_direct(self, req: falcon.Request) -> None:
        if not peers.is_direct(req, self.api):
            raise NotAuthorized("only direct requests on loopback are allowed, while [api.auth] holds no credentials", known=True)

    def is_path_token(self, segment: str) -> bool:
        """Say whether a segment of the path is a token that is believed, in constant time."""
        return any([compare_digest(_bytes(segment), token) for token in self.path_tokens])  # noqa: C419  # a list on purpose, as below

    def _shows_pair(self, req: falcon.Request) -> bool:
        """Both spellings; both parts are compared always, so that the time tells nothing."""
        written = HEADER.fullmatch(req.env.get("HTTP_AUTHORIZATION", ""))
        pairs = [(req.env.get("HTTP_X_VTEX_API_APPKEY", ""), req.env.get("HTTP_X_VTEX_API_APPTOKEN", ""))]
        pairs += [(written[1], written[2])] if written else []
        return any([self._is_pair(key, token) for key, token in pairs])  # noqa: C419  # a list on purpose: every pair is compared

    def _is_pair(self, key: str, token: str) -> bool:
        return compare_digest(_wire(key), self.app_key) & compare_digest(_wire(token), self.app_token)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _wire(header: str) -> bytes:
    """Return a header's bytes as they came: WSGI hands them over as Latin-1, and such strings cannot be compared in constant time."""
    return header.encode("latin-1", "replace")
