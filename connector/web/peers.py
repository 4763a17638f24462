"""Where a request comes from: directly from this machine, or from which address.

What a client says about itself (X-Forwarded-For, Forwarded) counts only where a listed proxy added it: falcon's and gunicorn's own
notions can be set by anyone (measured).
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import falcon

from connector.settings import ApiSettings, is_loopback

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PROXIED = ("HTTP_FORWARDED", "HTTP_X_REAL_IP")
PROXIED_PREFIX = "HTTP_X_FORWARDED"
ON_THIS_MACHINE = "127.0.0.1"  # a peer on a unix socket has no address; it is on this machine


def is_direct(req: falcon.Request, api: ApiSettings) -> bool:
    """Say whether the request came straight from this machine to a loopback bind, through no proxy and under no foreign name."""
    if not api.is_loopback:
        return False
    peer = _address(_peer(req))
    named_here = is_loopback(_host_name(req.env.get("HTTP_HOST", "")))
    return peer is not None and peer.is_loopback and named_here and not _is_proxied(req)


def is_from_proxy(req: falcon.Request, api: ApiSettings) -> bool:
    """Say whether the request was handed over by a proxy that the settings trust."""
    peer = _address(_peer(req))
    return peer is not None and within(peer, api.trusted_proxies)


def _is_proxied(req: falcon.Request) -> bool:
    return any([name.startswith(PROXIED_PREFIX) or name in PROXIED for name in req.env])  # noqa: C419  # in a list: half the time


def _peer(req: falcon.Request) -> str:
    return str(req.env.get("REMOTE_ADDR") or ON_THIS_MACHINE)


def _host_name(host: str) -> str:
    """`127.0.0.1:8000`, `[::1]:8000`, `localhost` → without the port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[")
    return host.partition(":")[0].lower()


def host_of(req: falcon.Request) -> str:
    """Return the name that the request was sent to, without the port."""
    return _host_name(req.env.get("HTTP_HOST", ""))


def client(req: falcon.Request, trusted: tuple[Network, ...]) -> Address | None:
    """Return the client's address: the rightmost hop that is no trusted proxy; None where that hop is no address."""
    hops = [part.strip() for part in req.env.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    for hop in [_peer(req), *reversed(hops)]:
        address = _address(hop)
        if address is None or not within(address, trusted):
            return address
    return _address(hops[0] if hops else _peer(req))


def within(address: Address | None, networks: tuple[Network, ...]) -> bool:
    return address is not None and any(address in network for network in networks)


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    """Read an address; of those met again, as nearly all are, only the first time: it takes as long as a small cart's rows."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
