"""What a marketplace's answer means: the table of statuses, per kind of message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from connector.domain.messages import CATALOG_KINDS, DOCUMENT_KINDS, Blocked, Delivered, GiveUp, Kind, Outcome, Retry
from connector.vtex.complaints import Complaint, complaint, is_web_page, one_line, parsed
from connector.vtex.permissions import right_for

UNTIL_A_PERSON = timedelta(minutes=10)
THROTTLED = timedelta(seconds=60)
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(hours=24)
LONGEST_REST = 60.0
_LONGEST_RECEIPT = 200

# Suggestion codes (facts §2.2): already in the catalogue; judged already, whichever way; the catalogue could not be asked; no EAN was
# found; the settings name a seller that is not one.
_CATALOGUED = frozenset({"22", "23"})
_JUDGED = "18"
_NOT_FOUND = "16"
_PASSING = frozenset({"99", "999"})
_NO_IDENTIFIER = "10"
_WRONG_SELLER = frozenset({"33"})
_AN_INSTANT = 1_000_000_000
_REFUSED = 4
_UNKNOWN_SKU = "not found for this seller"
# Tight on purpose: "already invoiced and cannot be canceled" is the opposite.
_ALREADY_CANCELED = re.compile(
    r"already\s+(?:been\s+|in\s+)?(?:status\s+)?\W?cancell?ed|j[áa]\s+(?:foi\s+|est[áa]\s+)?cancelad|ya\s+(?:fue\s+|est[áa]\s+)?cancelad",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. Without an answer `status` is None and `failure` says in words what happened instead; `address` was called."""

    status: int | None
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    failure: str = ""
    address: str = ""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")

    @property
    def is_calm(self) -> bool:
        """Tell an answer, of whatever meaning, from a failure on either side."""
        return self.status is not None and self.status < HTTPStatus.INTERNAL_SERVER_ERROR


def outcome(kind: Kind, reply: Reply, now: datetime) -> Outcome:
    """Say what an answer to a message of this kind means. `now` is aware UTC; never raises."""
    status = reply.status
    if status is None:
        return Retry(reply.failure or "no answer")
    match status // 100:
        case 2:
            return _success(kind, reply)
        case 3:
            return _moved(reply, now)
        case 4:
            return _refusal(kind, status, reply, now)
        case 5 if is_throttled(reply):
            return _asked_to_wait(reply, now)
    return Retry(_answered(reply))


def is_unknown_sku(reply: Reply) -> bool:
    """Tell VTEX's own "not found for this seller" from a 404 that comes from a wrong address (facts §1)."""
    return reply.status == HTTPStatus.NOT_FOUND and _UNKNOWN_SKU in reply.text.lower()


def is_throttled(reply: Reply) -> bool:
    """Tell whether the marketplace says that it is called too fast: 429, or 503 that names a time (facts §0.6)."""
    is_unavailable = reply.status == HTTPStatus.SERVICE_UNAVAILABLE
    return reply.status == HTTPStatus.TOO_MANY_REQUESTS or (is_unavailable and bool(reply.header("Retry-After")))


def rest_asked_for(reply: Reply, now: datetime) -> float:
    """Return the seconds that calls should rest, at most 60: an answer said that none are left until a reset.

    Read in either spelling, relied on by nothing (facts §0.6). The reset is seconds from now, or an instant in seconds since 1970.
    """
    left, reset = (_rate_header(reply, name) for name in ("Remaining", "Reset"))
    if left is None or left > 0 or reset is None:
        return 0.0
    seconds = reset - now.timestamp() if reset > _AN_INSTANT else float(reset)
    return max(0.0, min(seconds, LONGEST_REST))


def _rate_header(reply: Reply, name: str) -> int | None:
    value = (reply.header(f"X-RateLimit-{name}") or reply.header(f"RateLimit-{name}")).strip()
    return int(value[:12]) if value.isascii() and value.isdigit() else None


def is_forgotten_suggestion(reply: Reply) -> bool:
    """Tell VTEX's own word that it has no such suggestion from a 404 that comes from a wrong address."""
    return reply.status == HTTPStatus.NOT_FOUND and complaint(reply.text, reply.headers).code == _NOT_FOUND


def finds_no_identifier(reply: Reply) -> bool:
    """Tell a suggestion refused for having neither EAN nor RefId (code 10)."""
    return reply.status is not None and reply.status // 100 == _REFUSED and complaint(reply.text, reply.headers).code == _NO_IDENTIFIER


def receipt(reply: Reply) -> str | None:
    """Return the receipt that VTEX gives for an invoice, tracking or cancellation, where it gives one that can be read."""
    document = parsed(reply.text)
    value = document.get("receipt") if isinstance(document, dict) else None
    return one_line(value, _LONGEST_RECEIPT) or None if isinstance(value, str) else None


def _success(kind: Kind, reply: Reply) -> Outcome:
    """Take no web page, and no text where a document is due, for success: it comes from something that stands in VTEX's place."""
    if is_web_page(reply.text) or (kind in DOCUMENT_KINDS and not _is_empty_or_object(reply.text)):
        return Retry(f"answered {reply.status} with something that is no answer of VTEX's: {_words(reply)}")
    return Delivered(receipt=receipt(reply))


def _is_empty_or_object(text: str) -> bool:
    return text.strip() in ("", "null") or isinstance(parsed(text), dict)


def _moved(reply: Reply, now: datetime) -> Outcome:
    """Redirects are never followed: requests would carry the credentials to the other host (reliability §0, 5)."""
    place = str(Complaint("", reply.header("Location")[:200])) or "nowhere"
    reason = f"answered {reply.status}: the address has moved to {place!r}; correct base_url or suggestions_url if that is right"
    return Blocked(reason, until=now + UNTIL_A_PERSON, needs_a_person=True)


def _refusal(kind: Kind, status: int, reply: Reply, now: datetime) -> Outcome:
    match status:
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _asked_to_wait(reply, now)
        case HTTPStatus.REQUEST_TIMEOUT | HTTPStatus.TOO_EARLY:
            return Retry(_answered(reply))
        case HTTPStatus.UNAUTHORIZED:
            return _credentials(kind, reply, now)
        case _ if kind is Kind.STATUS:
            return Delivered(follow_up=(Kind.CATALOG,), note=f"its status cannot be asked for ({_answered(reply)})")
        case HTTPStatus.FORBIDDEN:
            return _credentials(kind, reply, now)
    return _not_taken(kind, reply, now)


def _not_taken(kind: Kind, reply: Reply, now: datetime) -> Outcome:
    if kind in CATALOG_KINDS and reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
        return _not_there(kind, reply, now)
    return _suggestion_refused(reply, now) if kind is Kind.SUGGESTION else _document_refused(kind, reply)


def _credentials(kind: Kind, reply: Reply, now: datetime) -> Outcome:
    right = right_for(kind) or "a right for this call"
    lacks = f"what the key may do (License Manager, in VTEX's admin): it needs {right}"
    cause = "app_key or app_token" if reply.status == HTTPStatus.UNAUTHORIZED else lacks
    return Blocked(f"{_answered(reply)}; check {cause}", until=now + UNTIL_A_PERSON, needs_a_person=True)


def _asked_to_wait(reply: Reply, now: datetime) -> Outcome:
    return Blocked(f"{_answered(reply)}; asked to wait", until=now + _retry_after(reply, now))


def _not_there(kind: Kind, reply: Reply, now: datetime) -> Outcome:
    """Suggest an unknown SKU; where the price or stock route says so, ask the catalogue's first, whose word counts (facts §1).

    A suggestion refused with one of VTEX's codes is that SKU's matter; any other 404 comes from a wrong address, and every SKU would
    meet it: the marketplace is stopped before thousands of messages do. Where others are answered (`routes`) it is the SKU's own.
    """
    if is_unknown_sku(reply) and kind is not Kind.SUGGESTION:
        return Delivered(follow_up=(Kind.SUGGESTION if kind is Kind.CATALOG else Kind.CATALOG,))
    if kind is Kind.SUGGESTION and complaint(reply.text, reply.headers).code.isdigit():
        return _suggestion_refused(reply, now)
    reason = f"{_answered(reply)}; wrong address or account? check base_url, suggestions_url, account and seller_id"
    own = f"{_answered(reply)}; other SKUs are answered, and {reply.address} leads nowhere: give it another SKU in the ERP, or ask VTEX"
    return Blocked(reason, until=now + UNTIL_A_PERSON, needs_a_person=True, of_its_own=own)


def _suggestion_refused(reply: Reply, now: datetime) -> Outcome:
    """Tell stock and price of what is catalogued already, and ask about what was judged: code 18 says so of a denied one too."""
    code = complaint(reply.text, reply.headers).code
    if code in _CATALOGUED:
        return Delivered(follow_up=(Kind.INVENTORY, Kind.PRICE), note=f"already catalogued ({_words(reply)})")
    if code == _JUDGED:
        return Delivered(follow_up=(Kind.STATUS,), note=f"judged already ({_words(reply)})")
    if code in _PASSING or code == _NOT_FOUND:
        return Retry(_answered(reply))
    if code in _WRONG_SELLER:
        return Blocked(f"{_answered(reply)}; check seller_id", until=now + UNTIL_A_PERSON, needs_a_person=True)
    return GiveUp(_answered(reply))


def _document_refused(kind: Kind, reply: Reply) -> Outcome:
    if kind is Kind.CANCEL and _ALREADY_CANCELED.search(reply.text + str(complaint(reply.text, reply.headers))):
        return Delivered(note=f"already canceled ({_words(reply)})")
    if kind in DOCUMENT_KINDS and reply.status == HTTPStatus.NOT_FOUND:
        return GiveUp(f"{_answered(reply)}; the marketplace does not know this order, or not this invoice of it")
    return GiveUp(_answered(reply))


def _answered(reply: Reply) -> str:
    return f"answered {reply.status}: {_words(reply)}"


def _words(reply: Reply) -> str:
    return str(complaint(reply.text, reply.headers)) or "without a word"


def _retry_after(reply: Reply, now: datetime) -> timedelta:
    """Read Retry-After, in seconds or as a date, within 1 s and 24 h; 60 s where there is none that makes sense."""
    value = reply.header("Retry-After").strip()
    is_number = value.isascii() and value.isdigit()
    wait = timedelta(seconds=int(value[:9])) if is_number else _until(value, reply, now)
    return max(SHORTEST_WAIT, min(wait, LONGEST_WAIT))


def _until(value: str, reply: Reply, now: datetime) -> timedelta:
    """Count from the answer's own Date where it has one: their clock and ours may differ."""
    then = _http_date(value)
    return then - (_http_date(reply.header("Date")) or now) if then else THROTTLED


def _http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
