"""What stands in an address behind the question mark: sales channel, marketplace, and a whole simulation."""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote_to_bytes

import falcon

from connector.app import App
from connector.errors import RequestInvalid, Unreachable
from connector.vtex.schemas import CONTEXT_PARAMETER
from connector.web import strict_json

DEFAULT_CHANNEL = "1"
CHANNEL = re.compile(r"[A-Za-z0-9._-]{1,64}")
LONGEST = 8192

log = logging.getLogger(__name__)


def sales_channel(req: falcon.Request, in_document: str | None = None) -> str:
    """Return `sc`, else the one that the document itself names (facts 0.5), else "1".

    Raises RequestInvalid where `sc` cannot be one; a document's own that cannot be one is passed over, since no simulation is refused.
    """
    found = _value(req, "sc")
    if not found:
        return in_document if in_document and CHANNEL.fullmatch(in_document) else DEFAULT_CHANNEL
    if not CHANNEL.fullmatch(found):
        raise RequestInvalid("sc must be a sales channel's id: letters, digits, dot, dash and underscore, at most 64")
    return found


def account(req: falcon.Request, app: App) -> str:
    """Return the account of the marketplace that asks: the one that `an` names.

    Where `an` is missing or names none, it is the only marketplace configured, or the settings' default_account: to refuse an unknown
    name would make every product unavailable (facts 0.5), so it is logged. Raises RequestInvalid naming `an` where neither is there.
    """
    named = _value(req, "an")
    accounts = [marketplace.account for marketplace in app.marketplaces]
    known = next((account for account in accounts if account.casefold() == named.casefold()), None)
    if known:
        return known
    if not accounts:
        raise Unreachable("no marketplace is configured", remedy="add a [[marketplaces]] section to the settings")
    otherwise = app.settings.api.default_account or (accounts[0] if len(accounts) == 1 else "")
    if not otherwise:
        raise RequestInvalid("an must name one of the marketplaces configured here")
    return _instead(otherwise, named)


def merchant(req: falcon.Request, app: App, account: str) -> str | None:
    """Return the name under which the seller takes the payment, as the marketplace called it; None where the marketplace takes it."""
    asking = app.settings.marketplace(account)
    return (_value(req, "an") or account) if asking and asking.takes_payment else None


def _instead(account: str, named: str) -> str:
    if named:
        log.warning("unknown marketplace named, taken for another", extra={"action": "unknown-an", "an": named[:64], "account": account})
    return account


def _value(req: falcon.Request, name: str) -> str:
    found = req.params.get(name, "")
    return str(found[-1] if isinstance(found, list) else found).strip(" ")


def context(req: falcon.Request) -> Any:
    """Return the document that a simulation by GET carries in its address; any valid encoding is read. Raises RequestInvalid."""
    if len(req.query_string) > LONGEST:
        raise falcon.HTTPUriTooLong(description=f"the query is longer than {LONGEST} bytes; send the document by POST")
    pairs = (part.partition("=") for part in req.query_string.split("&"))
    found = next((value for name, _, value in pairs if name == CONTEXT_PARAMETER), "")
    if not found:
        raise RequestInvalid(f"{CONTEXT_PARAMETER} is missing: it must hold the simulation's JSON document, percent-encoded")
    return strict_json.parse_quickly(unquote_to_bytes(found.replace("+", " ")), CONTEXT_PARAMETER)
