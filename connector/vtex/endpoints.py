"""Where calls may go: credentials travel to hosts that the operator has written into the settings, and to no other.

An order names an address for its invoices, and that address arrives from outside: whoever can place an order can write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from connector.settings import MarketplaceSettings, is_loopback

# One grammar decides and the address is rebuilt from its groups: two parsers disagree about "\", "@" and odd numbers (reliability §3.3).
_ORIGIN = r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]{1,253}|\[::1\])(?::(?P<port>[0-9]{1,5}))?"
_NAMED = re.compile(_ORIGIN + r"(?P<path>(?:/[A-Za-z0-9._~-]+)*)/*(?:\?(?P<query>[A-Za-z0-9._~=&+,-]*))?")
_SENT = re.compile(_ORIGIN + r"(?P<target>/[!$-;=?-Z_a-z~]*)?")
_LONGEST = 1000
_SHOWN = 200
_OMS = "/api/oms"
_TLS_PORT, _LAST_PORT = 443, 65535
_USUAL_PORT = {"https": _TLS_PORT, "http": 80}


class Origin(NamedTuple):
    """Where a call goes; `host` in lower case, IPv6 without its brackets."""

    scheme: str
    host: str
    port: int

    @property
    def shown(self) -> str:
        """The host as the Host header names it, with its port where that is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _USUAL_PORT[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ServicesBase:
    """Where the post-purchase calls of one order go. `flag` is a sentence where the address that the order names was not used.

    `is_oms` says that it is VTEX's order management itself, whose verbs differ (facts §7.1).
    """

    url: str
    is_oms: bool
    query: str = ""
    flag: str = ""

    @property
    def is_fallback(self) -> bool:
        return bool(self.flag)

    def join(self, path: str) -> str:
        """Append a path that begins with a slash, before the query."""
        return f"{self.url}{path}?{self.query}" if self.query else f"{self.url}{path}"


def services_base(m: MarketplaceSettings, endpoint: str) -> ServicesBase:
    """Say where an order's invoices, tracking and cancellation go.

    The address that the order names is used where it is a plain https address (http on loopback) of a host in the settings;
    otherwise base_url's order management is, with a flag (nothing is flagged where the order names none, or the settings say so).
    Source: reliability §3.3, facts §7.1 (VTEX names its internal host in many real orders).
    """
    named = endpoint.strip(" ") if m.post_purchase == "order" else ""
    reason = _objection(m, named)
    if reason is None:
        return _rebuilt(named)
    base = f"{m.base_url.rstrip('/')}{_OMS}"
    return ServicesBase(base, is_oms=True, flag=_sentence(named, reason, base) if named else "")


def admitted(m: MarketplaceSettings, url: str) -> tuple[Origin, str] | None:
    """Return the origin and the target of an address that credentials may be sent to; None for any other.

    What is called is put together from these two: nobody reads the address a second time, and differently.
    """
    match = _SENT.fullmatch(url)
    if match is None:
        return None
    origin = _origin(match)
    is_ours = origin.host in allowed_hosts(m) and _is_safe(m, origin)
    return (origin, match["target"] or "/") if is_ours else None


def allowed_hosts(m: MarketplaceSettings) -> frozenset[str]:
    """Return the hosts of base_url and suggestions_url, and services_hosts, in lower case."""
    return _hosts(m.base_url, m.suggestions, m.services_hosts)


@lru_cache
def _hosts(base_url: str, suggestions_url: str, others: tuple[str, ...]) -> frozenset[str]:
    return frozenset({_host_of(base_url), _host_of(suggestions_url), *(_plain(host) for host in others)} - {""})


def _objection(m: MarketplaceSettings, named: str) -> str | None:
    match = _NAMED.fullmatch(named) if len(named) <= _LONGEST else None
    if match is None or {".", ".."} & set(match["path"].split("/")):
        return "which is not a plain address"
    if _plain(match["host"]) not in allowed_hosts(m):
        return f"whose host {match['host']} is none of this marketplace's"
    if not _is_safe(m, _origin(match)):
        return "which is not https on its usual port"
    return None


def _rebuilt(named: str) -> ServicesBase:
    match = _NAMED.fullmatch(named)
    assert match is not None
    origin = _origin(match)
    url = f"{origin.scheme}://{origin.shown}{match['path']}"
    return ServicesBase(url, is_oms=url.endswith(_OMS), query=match["query"] or "")


def _sentence(named: str, reason: str, base: str) -> str:
    shown = named if len(named) <= _SHOWN else named[:_SHOWN] + "…"
    return f"the order names {shown!r} for its invoices, {reason}: they go to {base}; if it is right, add its host to services_hosts"


def _is_safe(m: MarketplaceSettings, origin: Origin) -> bool:
    is_usual = is_loopback(origin.host) or (origin.scheme == "https" and origin.port == _TLS_PORT)
    return 0 < origin.port <= _LAST_PORT and (is_usual or origin in _origins(m.base_url, m.suggestions))


def _origin(match: re.Match[str]) -> Origin:
    scheme = match["scheme"]
    return Origin(scheme, _plain(match["host"]), int(match["port"] or _USUAL_PORT[scheme]))


@lru_cache
def _origins(*addresses: str) -> frozenset[Origin]:
    matches = (_SENT.fullmatch(address) for address in addresses)
    return frozenset(_origin(match) for match in matches if match)


def _host_of(address: str) -> str:
    return _plain(urlsplit(address).hostname or "")


def _plain(host: str) -> str:
    return host.strip("[]").lower()
