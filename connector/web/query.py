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


def sales_channel(req: falcon.Request) -> str:
    """Return `sc`, "1" where it is left out. Raises RequestInvalid naming it where it cannot be one."""
    found = _value(req, "sc") or DEFAULT_CHANNEL
    if not CHANNEL.fullmatch(found):
        raise RequestInvalid("sc must be a sales channel's id: letters, digits, dot, dash and underscore, at most 64")
    return found


def account(req: falcon.Request, app: App) -> str:
    """Return the account of the marketplace that asks.

    With one marketplace configured it is that one, whatever `an` says: an unknown name is logged, since refusing it would make every
    product unavailable (facts 0.5). With several, `an` decides; raises RequestInvalid naming it where none matches.
    """
    named = _value(req, "an")
    accounts = [marketplace.account for marketplace in app.marketplaces]
    known = next((account for account in accounts if account.casefold() == named.casefold()), None)
    if known:
        return known
    if len(accounts) == 1:
        return _only(accounts[0], named)
    if not accounts:
        raise Unreachable("no marketplace is configured", remedy="add a [[marketplaces]] section to the settings")
    raise RequestInvalid("an must name one of the marketplaces configured here")


def _only(account: str, named: str) -> str:
    if named:
        log.warning(
            "unknown marketplace named, taken for the only one", extra={"action": "unknown-an", "an": named[:64], "account": account}
        )
    return account


def _value(req: falcon.Request, name: str) -> str:
    found = req.params.get(name, "")
    return str(found[-1] if isinstance(found, list) else found).strip()


def context(req: falcon.Request) -> Any:
    """Return the document that a simulation by GET carries in its address; any valid encoding is read. Raises RequestInvalid."""
    if len(req.query_string) > LONGEST:
        raise falcon.HTTPUriTooLong(description=f"the query is longer than {LONGEST} bytes; send the document by POST")
    pairs = (part.partition("=") for part in req.query_string.split("&"))
    found = next((value for name, _, value in pairs if name == CONTEXT_PARAMETER), "")
    if not found:
        raise RequestInvalid(f"{CONTEXT_PARAMETER} is missing: it must hold the simulation's JSON document, percent-encoded")
    return strict_json.parse_quickly(unquote_to_bytes(found.replace("+", " ")), CONTEXT_PARAMETER)
