"""Who may use the sandbox's page and controls: this machine's own people, not a page of another site that their browser shows."""

from __future__ import annotations

from urllib.parse import urlsplit

from connector.sandbox.calls import Call

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"


def objection(call: Call) -> tuple[int, str] | None:
    """Return status and sentence with which a call to the controls is refused, or None where it may pass.

    The Host must be loopback (else another site's name could be pointed here), a browser's Origin must be this page's own, and a body
    must say what it is (else a form of another site could send JSON unasked).
    """
    host = call.headers.get("host", "")
    if _name(host) not in _LOOPBACK:
        return 403, f"The host {host!r} is not loopback; open the page at 127.0.0.1."
    if call.method == "GET":
        return None
    origin = call.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return 403, f"The origin {origin!r} is not this page."
    if call.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "Another site may not press these buttons."
    said = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if said in (_FORM, _JSON) else (415, f"The Content-Type {said!r} is neither {_JSON} nor {_FORM}.")


def is_form(call: Call) -> bool:
    return call.headers.get("content-type", "").lower().startswith(_FORM)


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
