"""What VTEX sees of us: our own address asked from outside, its certificate, whether the path token is demanded and right; feeds' ages."""

from __future__ import annotations

from collections.abc import Iterator

from connector.app import App
from connector.domain.alarms import written
from connector.domain.expecting import span
from connector.errors import Unreachable
from connector.storage import counts
from connector.usecases import surroundings
from connector.usecases.checking import FAIL, OK, WARN, Check

CLOSED = (401, 403, 404)
FEEDS = ("products", "prices", "stock", "services", "freight")


def feeds(app: App) -> Iterator[Check]:
    """Say how old what the ERP told is; a feed that is expected and late fails."""
    with app.db.read() as tx:
        known = {feed: counts.told_at(tx, feed) for feed in FEEDS}
    for feed, at in known.items():
        expected = span(app.settings.feeds.of(feed).expected_every)
        if at is None:
            missing = WARN if expected or feed in FEEDS[:3] else OK
            remedy = "does the ERP write to [erp] source? connector run refresh-snapshot takes what lies there" if missing is WARN else ""
            yield Check(f"feed {feed}", missing, "no file was ever taken", remedy)
        else:
            age = app.now - at
            late = expected is not None and age > expected
            found = f"the last file was taken {written(age)} ago" + (f"; one is expected every {written(expected)}" if expected else "")
            yield Check(f"feed {feed}", WARN if late else OK, found, "did the ERP's export run? connector alarms list" if late else "")


def public_address(app: App) -> Iterator[Check]:
    """Ask our own address as VTEX would. Raises Unreachable where it does not answer, or its certificate is not taken."""
    url, auth = app.settings.api.public_url, app.settings.api.auth
    if not url:
        yield Check("public address", WARN, "not set: nobody looks whether VTEX can reach us", "set [api] public_url")
        return
    if not url.startswith("https://"):
        yield Check("public address", WARN, f"{url} is not https: orders hold personal data", "let a proxy speak TLS in front")
    alive = _asked(f"{url}/healthz")
    is_ours = alive.status == 200  # noqa: PLR2004  # HTTP's own number
    ours = "answers" if is_ours else f"answered {alive.status} where 200 is due: something else is there"
    yield Check(
        "public address", OK if is_ours else FAIL, f"{url}/healthz {ours} ({alive.milliseconds} ms)", "" if is_ours else "look at the proxy"
    )
    if is_ours and auth.path_token is not None:
        yield _token(url, app.settings.reveal(auth.path_token))
    elif is_ours and not auth.is_set:
        yield Check("public address", FAIL, "anybody may place orders: no credentials are demanded", "set [api.auth] path_token")


def _token(url: str, token: str) -> Check:
    """Look whether the path without the token is closed, and the one with it open."""
    bare, named = _asked(f"{url}/openapi.json"), _asked(f"{url}/{token}/openapi.json")
    if bare.status not in CLOSED:
        return Check("path token", FAIL, f"{url} answers without it (HTTP {bare.status})", "does the proxy add it, or strip the path?")
    if named.status != 200:  # noqa: PLR2004  # HTTP's own number
        return Check("path token", FAIL, f"with it {url} answers {named.status}", "does the proxy pass the path on unchanged?")
    return Check("path token", OK, "demanded, and right")


def _asked(url: str) -> surroundings.Answer:
    try:
        return surroundings.knock(url, method="GET")
    except Unreachable as error:
        remedy = "from inside, the address may need a route of its own (hairpin NAT); else check DNS, proxy, certificate and firewall"
        raise type(error)(error.message.replace(url, url.partition("//")[2].partition("/")[0]), remedy=remedy) from error
