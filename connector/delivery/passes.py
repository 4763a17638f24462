"""One pass over a marketplace's messages: how it stands, the relay, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Connection

from connector.app import App
from connector.delivery.courier import Courier
from connector.delivery.progress import Progress
from connector.delivery.relay import OnSettled, Relay
from connector.delivery.sender import Sender, sender
from connector.delivery.tally import NAMED, Said, Tally
from connector.domain.messages import Blocked, Kind
from connector.domain.standing import Standing
from connector.errors import Busy
from connector.settings import MarketplaceSettings
from connector.storage import accounts, fences, outbox, repeated
from connector.usecases.passes import Pass
from connector.usecases.report import Report

LONG_WAIT = timedelta(minutes=15)
DOUBTS_NAMED = 5
GAP_SECONDS = 0.5
"""Whoever waits for a turn looks every quarter of a second."""


def tell(app: App, m: MarketplaceSettings, couriers: dict[Kind, Courier], how: Pass, report: Report) -> None:
    """Deliver what waits for one marketplace, unless a person paused it or it asked to be left alone (a pass by hand probes it).

    The order of `couriers` is the order of urgency.
    """
    now, kinds = app.now, tuple(couriers)
    is_paused, standing, waits = _begun(app, m.account, kinds, now)
    if not waits:
        return
    line = app.line(m)
    line.recall(standing)
    blocked = line.gate.blocked
    if is_paused:
        report.did(f"{m.account}: paused; {waits} wait until: connector resume {m.account}")
    elif blocked is not None and now < blocked.until and not how.by_hand:
        _say_blocked(report, m.account, blocked, now, f"; {waits} wait")
    else:
        its_sender = sender(line)
        relay = Relay(app, line, couriers, how, Progress(app, m.account, kinds, how), now, lambda: its_sender.is_over)
        try:
            _in_turns(its_sender, relay)
        except Busy as busy:
            if not how.stop.is_set():
                report.failed(f"{m.account}: {busy}")
        finally:
            line.hang_up()
        _say(report, m.account, relay)


@repeated.when_deadlocked
def _begun(app: App, account: str, kinds: tuple[Kind, ...], now: datetime) -> tuple[bool, Standing, int]:
    """Take back what a dead process had in hand; returns whether the marketplace is paused, how it stands, and how much waits."""
    with app.db.write() as tx:
        accounts.know(tx, account)
        outbox.reclaim(tx, account, kinds, now, expired_only=False)
        waits = sum(outbox.waiting(tx, account, kinds).values())
        return accounts.is_paused(tx, account), accounts.standing(tx, account), waits


def _in_turns(its_sender: Sender, relay: Relay) -> None:
    """Send while it is this process's turn, and again after others had theirs, until nothing is left for that reason."""
    while True:
        with its_sender.turn(relay.app, relay.line, relay.how.stop):
            with relay.app.db.read() as tx:  # whoever sent meanwhile may have been throttled
                relay.line.recall(accounts.standing(tx, relay.destination))
            relay.run(_keep_standing(relay.destination))
        if not relay.gave_way or relay.how.stop.wait(GAP_SECONDS):
            return


def everywhere(app: App, name: str, work: Callable[[MarketplaceSettings, Report], None]) -> Report:
    """Do something for every marketplace at once; returns what they report, in the order of the settings."""
    whole = Report(name)

    def one(m: MarketplaceSettings) -> Report:
        report = Report(name)
        work(m, report)
        return report

    with ThreadPoolExecutor(max(1, len(app.marketplaces)), thread_name_prefix="marketplace") as threads:
        for report in threads.map(fences.carried(one), app.marketplaces):
            whole.add(report)
    return whole


def preview(app: App, m: MarketplaceSettings, kinds: Sequence[Kind], report: Report) -> None:
    """Say what a pass would tell a marketplace; nothing is sent and nothing changes."""
    with app.db.read() as tx:
        waits = outbox.waiting(tx, m.account, kinds)
        named = outbox.sample(tx, m.account, kinds, NAMED)
    if waits:
        counts = ", ".join(f"{kind} {count}" for kind, count in sorted(waits.items()))
        examples = ", ".join(f"{reference} ({kind})" for kind, reference in named)
        report.did(f"{m.account}: would tell {counts}: {examples}", **{f"would_{kind}": count for kind, count in waits.items()})


def _keep_standing(destination: str) -> OnSettled:
    def record(tx: Connection, delivered: int, news: Standing | None) -> None:
        if delivered:
            accounts.count_delivered(tx, destination, delivered)
        if news is not None:
            accounts.remember(tx, destination, news)

    return record


def _say(report: Report, account: str, relay: Relay) -> None:
    tally: Tally = relay.tally
    if tally.delivered:
        counts = {kind.value: count for kind, count in sorted(tally.delivered.items())}
        report.did(f"{account}: told {', '.join(f'{kind} {count}' for kind, count in counts.items())}", **counts)
    if tally.doubtful.number:
        _say_doubts(report, account, tally.doubtful)
    if tally.unsold:
        what = f"{tally.unsold} not suggested yet, being inactive or without a price"
        report.did(f"{account}: {what} (connector listings list)", unsold=tally.unsold)
    for sentence, (begins, reason) in tally.unlisted.first:
        report.failed(f"{account}: {sentence}", (f"{account}: {begins}", reason), unlisted=1)
    for sentence, (begins, reason) in tally.dead.first:
        report.failed(f"{account}: given up: {sentence}", (f"{account}: given up: {begins}", reason), dead=1)
    for sentence, (begins, reason) in tally.failing.first:
        logged = (f"{account}: {begins}", reason)
        report.failed(f"{account}: {sentence}", logged, unreachable=tally.unreachable, failing=1)
    if tally.unlisted.unnamed:
        unnamed = tally.unlisted.unnamed
        report.failed(f"{account}: and {unnamed} more: connector listings list names them", unlisted=unnamed)
    unnamed = tally.dead.unnamed + tally.failing.unnamed
    if unnamed:
        report.failed(f"{account}: and {unnamed} more", failing=unnamed)
    if relay.line.gate.blocked is not None:
        _say_blocked(report, account, relay.line.gate.blocked, relay.app.now)


def _say_doubts(report: Report, account: str, doubtful: Said) -> None:
    said, first = f"{account}: {doubtful.number} were suggested with a doubt: ", doubtful.first[:DOUBTS_NAMED]
    more = ", …" if doubtful.number > DOUBTS_NAMED else ""
    logged = said + ", ".join(sku for _, (sku, _) in first) + more
    report.did(said + ", ".join(sentence for sentence, _ in first) + more, (logged, ""), doubtful=doubtful.number)


def _say_blocked(report: Report, account: str, blocked: Blocked, now: datetime, waiting: str = "") -> None:
    """Say until when, with the day where it is another one, and how a person may try earlier."""
    form = "%H:%M:%S" if blocked.until.date() == now.date() else "%Y-%m-%d %H:%M:%S"
    earlier = f" (connector resume {account} tries earlier)" if blocked.until - now > LONG_WAIT else ""
    until = f"{account}: left alone until {blocked.until:{form}} UTC"
    report.failed(f"{until}: {blocked.reason}{earlier}{waiting}", (f"{until}{waiting}", blocked.reason))
