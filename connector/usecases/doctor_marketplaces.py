"""Can a marketplace be told? Its address, its clock, whether it takes the key and what the key may do."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from connector.app import App
from connector.domain.messages import Kind
from connector.errors import ConnectorError
from connector.settings import MarketplaceSettings
from connector.storage import counts
from connector.usecases import surroundings
from connector.usecases.checking import FAIL, OK, UNREACHABLE, WARN, Check
from connector.vtex import calls, permissions
from connector.vtex.client import Marketplace
from connector.vtex.replies import Reply

TRIAL_SKU = "connector-check"
"""Nobody sells it: asking what became of its suggestion changes nothing, and shows whether the key is taken."""
TRIAL_SECONDS = 10.0
ROLE = f"VTEX's admin, Account settings > Roles: give the key's role {', '.join(permissions.all_rights())}"


def marketplace(app: App, m: MarketplaceSettings) -> Iterator[Check]:
    """Look at one marketplace. Raises SettingsError for a secret that is not there, MarketplaceUnreachable."""
    name = f"marketplace {m.account}"
    yield from _payment(m)
    key, token = app.settings.reveal(m.app_key), app.settings.reveal(m.app_token)
    yield Check(name, OK, "its credentials are at hand")
    answer = surroundings.knock(m.base_url)
    yield Check(name, OK, f"{m.base_url} answers (HTTP {answer.status}, {answer.milliseconds} ms)")
    yield from _clock(app, answer.skew_seconds)
    yield _taken(f"key of {m.account}", _asked(m, key, token))
    yield from _blocked(app, m)


def _payment(m: MarketplaceSettings) -> Iterator[Check]:
    """Warn of a seller that says it takes the payment: VTEX asks such a one for what is not here (facts 4.2, 6.2)."""
    if m.takes_payment:
        lacks = "answers to orders hold no merchantPaymentReferenceId (CHK0088), and /pvt/installments/options and /pvt/payments/ are 404"
        remedy = "takes_payment = false, unless a server in front of this one adds all of that"
        yield Check(f"payment at {m.account}", WARN, f"simulations name you as the merchant, but {lacks}", remedy)


def _asked(m: MarketplaceSettings, key: str, token: str) -> Reply:
    line = Marketplace(m, key, token, total_seconds=TRIAL_SECONDS)
    try:
        return line.send(calls.suggestion_status(m, TRIAL_SKU))
    finally:
        line.close()


def _taken(name: str, reply: Reply) -> Check:
    """Judge the answer to a question that changes nothing: 401 is the key, 403 what it may do (facts 0.3)."""
    match reply.status:
        case None:
            return Check(name, UNREACHABLE, f"suggestions_url gave no answer: {reply.failure}", "check suggestions_url, DNS, the firewall")
        case 401:
            return Check(name, FAIL, "VTEX does not know the key (401)", "make a new one, and put it where app_key and app_token say")
        case 403:
            return Check(name, FAIL, f"the key may not ask for suggestions (403): it lacks {permissions.right_for(Kind.STATUS)}", ROLE)
        case status if status < 300 or status == 404:  # noqa: PLR2004  # found, or no such suggestion: the key was taken
            return Check(name, OK, f"VTEX takes it (HTTP {status} for a suggestion that nobody made)")
        case status:
            return Check(name, WARN, f"VTEX answers {status} to a question", "is suggestions_url right? connector run notify-marketplaces")


def _blocked(app: App, m: MarketplaceSettings) -> Iterator[Check]:
    """Tell what the last call was refused for: some rights show only when they are needed."""
    try:
        with app.db.read() as tx:
            known = counts.marketplaces_now(tx, app.now).get(m.account, {})
    except ConnectorError:  # the database's own line says it
        return
    if known.get("blocked") and known.get("needs_a_person"):
        remedy = f"mend it ({ROLE}), then: connector run notify-marketplaces"
        yield Check(f"calls to {m.account}", FAIL, f"the last one was refused: {known['blocked_reason']}", remedy)
    elif known.get("paused"):
        yield Check(f"calls to {m.account}", WARN, "a person paused them", f"connector resume {m.account}")


def _clock(app: App, skew: float | None) -> Iterator[Check]:
    zone = app.settings.schedule.timezone
    local = f"{app.now.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} in {zone}"
    if skew is None:
        yield Check("clock", OK, local)
    elif abs(skew) <= surroundings.SKEW_SECONDS:
        yield Check("clock", OK, f"{local}; the marketplace's says the same")
    else:
        way = "behind" if skew > 0 else "ahead of"
        found = f"this clock is {abs(skew):.0f} s {way} the marketplace's"
        yield Check("clock", WARN, found, "turn on time synchronization (timedatectl set-ntp true)")
